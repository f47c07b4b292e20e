"""What recipients tell us: opt-outs, inbound texts, and the conversations that follow."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Reverse
from django.utils import timezone

from textmanager.organizations.models import Organization, Sender, User
from textmanager.text.statuses import MessageStatus


class OptOutSource(models.TextChoices):
    """Who told us that a number must not be texted."""

    REPLY = "reply", "Replied with an opt-out word"
    TWILIO = "twilio", "Refused by Twilio as opted out"
    STAFF = "staff", "Entered by staff"
    IMIS = "imis", "Read from iMIS"


class OptOut(models.Model):
    """A number that this organization must not text. Cleared ones stay, as history."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="opt_outs"
    )
    number = models.CharField(max_length=16)
    source = models.CharField(max_length=6, choices=OptOutSource)
    evidence = models.CharField(
        max_length=200, blank=True, help_text="The reply, or the SID of the refused message."
    )
    # Ours: the number or service that was told to stop. Empty where nobody was.
    sender_address = models.CharField(max_length=34, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # When it was told last: what a person said before that does not end it.
    told_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_because = models.CharField(max_length=200, blank=True)
    cleared_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "number"],
                condition=Q(cleared_at=None),
                name="one_opt_out_a_number",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-created_at", "-id"], name="opt_out_by_time"),
            models.Index(fields=["organization", "number"], name="opt_out_by_number"),
            # The register is looked through by the last digits of a number.
            models.Index("organization", Reverse("number"), name="opt_out_by_last_digits"),
        ]

    def __str__(self) -> str:
        return f"{self.number} since {self.created_at:%Y-%m-%d}"


class ImportState(models.TextChoices):
    """How far an import of opt-outs got."""

    WAITING = "waiting", "Waits for a worker"
    READING = "reading", "Being read"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


# A worker has something left to do for these.
OPEN_IMPORTS = (ImportState.WAITING, ImportState.READING)


class OptOutImport(models.Model):
    """A file of numbers that a worker enters into the register, some lines at a time.

    What the lines before `done` brought is in the register; both are written together.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=100, blank=True)
    # The file itself, until it is read.
    text = models.TextField(blank=True)
    state = models.CharField(max_length=7, choices=ImportState, default=ImportState.WAITING)
    # In lines with something in them.
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    not_taken = models.PositiveIntegerField(default=0)
    # The first of those not taken: line, what stood there, why not.
    wrong = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            # The register's page: which was the latest?
            models.Index(fields=["organization", "-created_at"], name="import_by_time"),
            # Asked four times a minute: which did a worker leave?
            models.Index(
                fields=["updated_at"],
                name="import_open",
                condition=Q(state__in=["waiting", "reading"]),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or "a list"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_IMPORTS

    @property
    def untold(self) -> int:
        """How many lines that were not taken are not kept one by one."""
        return self.not_taken - len(self.wrong)


class Conversation(models.Model):
    """What one person and the organization have texted each other, by the person's number."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="conversations"
    )
    number = models.CharField(max_length=20)
    # As whom the number was texted last; empty for a stranger.
    imis_id = models.CharField(max_length=40, blank=True)
    is_open = models.BooleanField(default=False)
    unread = models.PositiveIntegerField(default=0)
    asks_to_stop = models.BooleanField(
        default=False, help_text="Its wording may ask for no more texts; a person decides."
    )
    assigned_to = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    last_text_at = models.DateTimeField(default=timezone.now)
    last_words = models.CharField(max_length=160, blank=True)

    # Whether the number has opted out by now: known where find_conversation read the row.
    opted_out: bool

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "number"], name="one_conversation_a_number"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-last_text_at"], name="conversation_by_time"),
            models.Index(fields=["organization", "imis_id"], name="conversation_by_imis_id"),
            models.Index(
                fields=["organization"], name="conversation_unread", condition=Q(unread__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class InboundText(models.Model):
    """A text that somebody sent to one of the organization's numbers."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="inbound_texts"
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, null=True, related_name="inbound_texts"
    )
    sid = models.CharField(max_length=34)
    from_number = models.CharField(max_length=20)
    to = models.CharField(max_length=20)
    body = models.TextField(blank=True)
    keyword = models.CharField(max_length=7, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    # When it was mailed to those who want to know; empty for keywords, which nobody is told of.
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            # Twilio repeats a webhook that we answered too late.
            models.UniqueConstraint(fields=["organization", "sid"], name="one_row_an_inbound_text"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "from_number", "-received_at"], name="inbound_by_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_number}: {self.body[:40]}"


class Answer(models.Model):
    """A text that staff wrote to one person, sent at most once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="answers")
    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    segments = models.PositiveSmallIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(
        max_length=11,
        choices=[(status.value, status.value) for status in MessageStatus],
        default=MessageStatus.QUEUED,
    )
    attempted_at = models.DateTimeField(null=True)
    # The organization's day whose allowance holds its segments; empty while it holds none.
    charged_day = models.DateField(null=True)
    sid = models.CharField(max_length=34, blank=True)
    why_not = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["status", "created_at"],
                name="answer_open",
                condition=Q(status__in=["queued", "sending"]),
            ),
            models.Index(
                fields=["organization", "charged_day"],
                name="answer_charged",
                condition=Q(charged_day__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation}: {self.body[:40]}"


class RecordState(models.TextChoices):
    """How far the iMIS record of an opt-out got."""

    WAITING = "waiting", "Waits to be written"
    WRITING = "writing", "Being written, or unclear whether it is"
    WRITTEN = "written", "Written"
    NOBODY = "nobody", "No member was ever texted at this number"
    FAILED = "failed", "iMIS refused it"


class OptOutRecord(models.Model):
    """The activity in iMIS that tells of an opt-out, or of its end."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=16)
    ends_it = models.BooleanField(help_text="The person came back.")
    happened_at = models.DateTimeField()
    words = models.CharField(max_length=200, blank=True)
    # What a person says is written before what a long list says.
    of_list = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=RecordState, default=RecordState.WAITING)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    ref = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "of_list", "due_at"],
                name="opt_out_to_write",
                condition=Q(state__in=["waiting", "writing"]),
            ),
            # The register's page: what did iMIS refuse? And one number's story.
            models.Index(
                fields=["organization"], name="opt_out_refused", condition=Q(state="failed")
            ),
            models.Index(fields=["organization", "number"], name="opt_out_record_by_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number}, {self.get_state_display()}"
