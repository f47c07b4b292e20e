"""Runs of campaigns and the messages in them, with their delivery receipts and tallies."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from textmanager.campaigns.models import ApiMode, Campaign, EmptyValues, Priority, WriteBackTarget
from textmanager.organizations.models import Organization, Sender, User
from textmanager.organizations.templatetags.times import in_zone
from textmanager.runs.keys import message_reference, time_ordered_uuid
from textmanager.runs.tallies import CauseTally, DayTally, RecordTally, RunTally
from textmanager.text.statuses import MessageStatus

__all__ = [
    "BY_ERROR_CODE",
    "WITH_A_CAUSE",
    "CauseTally",
    "DayTally",
    "Message",
    "Receipt",
    "RecordTally",
    "ReportMail",
    "Run",
    "RunState",
    "RunTally",
    "WriteBack",
]


class RunState(models.TextChoices):
    """Where a run stands.

    preparing → sending → completed. A held run stands still until somebody (or the end of what
    held it) lets it go on; canceled, failed, missed (nothing was running) and skipped (staff
    wanted it so) are final.
    """

    PREPARING = "preparing", "Preparing"
    SENDING = "sending", "Sending"
    COMPLETED = "completed", "Completed"
    HELD = "held", "Held"
    CANCELED = "canceled", "Canceled"
    FAILED = "failed", "Failed"
    MISSED = "missed", "Missed"
    SKIPPED = "skipped", "Skipped"

    @classmethod
    def open(cls) -> tuple[RunState, ...]:
        return (cls.PREPARING, cls.SENDING, cls.HELD)

    @classmethod
    def wanting_an_eye(cls) -> tuple[RunState, ...]:
        return (cls.HELD, cls.FAILED, cls.MISSED)


class Run(models.Model):
    """One occurrence of a campaign, with a copy of what the campaign said when it began."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="runs")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="runs")
    scheduled_for = models.DateTimeField()
    started_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The run whose failed texts this one tries again.
    retry_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="retries"
    )
    state = models.CharField(max_length=10, choices=RunState, default=RunState.PREPARING)
    # Why the run is held, failed or was missed, in words for staff.
    reason = models.TextField(blank=True)

    campaign_name = models.CharField(max_length=120)
    report_emails = ArrayField(models.EmailField(), default=list)
    iqa_path = models.CharField(max_length=400)
    prompt_answers = models.JSONField(default=list)
    id_column = models.CharField(max_length=200)
    phone_column = models.CharField(max_length=200)
    api_mode = models.CharField(max_length=4, choices=ApiMode)
    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    template = models.TextField()
    empty_values = models.CharField(max_length=4, choices=EmptyValues)
    days_between_texts = models.PositiveSmallIntegerField(default=0)
    useful_for_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    # A TEST run whose texts Twilio itself judges, by its test credentials.
    tested_with_twilio = models.BooleanField(default=False)
    write_back = models.CharField(max_length=17, choices=WriteBackTarget)

    # Where preparation stands: rows before `next_offset` are messages already.
    contacts = models.PositiveIntegerField(null=True, blank=True)
    next_offset = models.PositiveIntegerField(default=0)
    # The pages did not fit together: somebody came twice, or the total changed between them.
    is_unsteady = models.BooleanField(default=False)
    # Held because iMIS failed, since then: it goes on by itself when iMIS works again.
    waits_for_imis_since = models.DateTimeField(null=True, blank=True)

    # What somebody knew who let the run go on; only what comes after it may hold it for failing.
    outcomes_looked_at = models.PositiveIntegerField(default=0)
    failures_looked_at = models.PositiveIntegerField(default=0)
    # Its pace is measured from here: the time for which it was held is no time of sending.
    resumed_at = models.DateTimeField(null=True, blank=True)
    done_when_resumed = models.PositiveIntegerField(default=0)

    # More texts than one person may send alone: it stays held until somebody else approves.
    needs_approval = models.BooleanField(default=False)
    approved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    prepared_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    # When the last outcome was known, or waited for long enough: the report goes out then.
    settled_at = models.DateTimeField(null=True, blank=True)
    report_sent_at = models.DateTimeField(null=True, blank=True)

    # What Twilio has billed so far, added up as prices come in; and where asking for them stands.
    billed_amount = models.DecimalField(max_digits=12, decimal_places=5, null=True, blank=True)
    billed_unit = models.CharField(max_length=3, blank=True)
    billed_texts = models.PositiveIntegerField(default=0)
    price_due_at = models.DateTimeField(null=True, blank=True)
    price_tries = models.PositiveSmallIntegerField(default=0)
    priced_through = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            # The guarantee that an occurrence runs at most once, whoever plans it.
            models.UniqueConstraint(
                fields=["campaign", "scheduled_for"], name="one_run_an_occurrence"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "-scheduled_for"], name="run_by_campaign"),
            # What ran between two instants: the calendar, deliveries by day, what failed lately.
            models.Index(fields=["organization", "scheduled_for"], name="run_by_time"),
            # Every page: what is open, or did not run?
            models.Index(
                fields=["organization", "scheduled_for"],
                name="run_to_look_at",
                condition=Q(state__in=["preparing", "sending", "held", "failed", "missed"]),
            ),
            models.Index(
                fields=["state"],
                name="run_open",
                condition=Q(state__in=["preparing", "sending", "held"]),
            ),
            models.Index(
                fields=["completed_at"],
                name="run_unsettled",
                condition=Q(state__in=["completed", "canceled"], settled_at=None),
            ),
            models.Index(
                fields=["settled_at"],
                name="run_unreported",
                condition=Q(settled_at__isnull=False, report_sent_at=None),
            ),
            models.Index(
                fields=["price_due_at"],
                name="run_unpriced",
                condition=Q(price_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_name}, {in_zone(self.scheduled_for, self.organization.time_zone)}"

    @property
    def is_test(self) -> bool:
        return self.api_mode == ApiMode.TEST

    @property
    def waits_for_approval(self) -> bool:
        """Whether nobody may let it go on but by approving it, while the organization asks so."""
        is_asked = self.organization.approve_above is not None
        return self.needs_approval and self.approved_at is None and is_asked

    @property
    def wants_an_eye(self) -> bool:
        return self.state in RunState.wanting_an_eye()

    @property
    def useful_until(self) -> dt.datetime | None:
        """From when on its texts are of no use any more; None where that never comes."""
        if self.useful_for_hours is None:
            return None
        return self.scheduled_for + dt.timedelta(hours=self.useful_for_hours)


class ReportMail(models.Model):
    """A status report as it was mailed. Its CSV is made anew from the messages when asked for."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="report_mails")
    to = ArrayField(models.EmailField())
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    sent_at = models.DateTimeField(default=timezone.now)
    # Empty for the one that went out by itself.
    sent_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.subject} to {', '.join(self.to)}"


# A message in one of these has a cause that staff may count and look through.
WITH_A_CAUSE = ("held", "skipped", "error", "failed", "undelivered", "unconfirmed", "canceled")
# In these, Twilio's code says more than our reason; elsewhere it is left from an earlier attempt.
BY_ERROR_CODE = ("error", "failed", "undelivered")


class WriteBack(models.TextChoices):
    """Whether a text is on the member's iMIS record yet."""

    NONE = "none", "Not wanted"
    WAITING = "waiting", "Waiting"  # → writing, once the text was sent
    WRITING = "writing", "Being written"  # the attempt is committed; its outcome is not known
    WRITTEN = "written", "Written"
    FAILED = "failed", "Failed"  # iMIS refused it for good


class Message(models.Model):
    """One text to one recipient in one run, or the reason why there is none.

    The key is the run (whose ID carries its time of creation) and the row of the audience, so
    the table can be range-partitioned by month; nothing has a foreign key to it.
    """

    pk = models.CompositePrimaryKey("run_id", "number")
    # Each index is written anew at each step of each text: these three have none of their own.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="messages", db_index=False)
    number = models.PositiveIntegerField()
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, related_name="+", db_index=False)

    imis_id = models.CharField(max_length=40, blank=True)
    raw_phone = models.CharField(max_length=200, blank=True)
    to = models.CharField(max_length=16, blank=True)
    body = models.TextField(blank=True)
    encoding = models.CharField(max_length=5, blank=True)
    segments = models.PositiveSmallIntegerField(default=0)
    time_zones = ArrayField(models.CharField(max_length=64), default=list)

    status = models.CharField(
        max_length=11, choices=[(status.value, status.value) for status in MessageStatus]
    )
    # Why it was skipped, held, or is in error: a code (see campaigns/reasons.py), never free text.
    reason = models.CharField(max_length=40, blank=True)
    # The run's, kept here for the claims' index.
    priority = models.PositiveSmallIntegerField(default=Priority.NORMAL)
    not_before = models.DateTimeField()

    attempted_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The organization's day whose allowance holds this text's segments; empty while it holds none.
    charged_day = models.DateField(null=True)
    sid = models.CharField(max_length=34, blank=True)
    error_code = models.PositiveIntegerField(null=True)
    error_text = models.CharField(max_length=300, blank=True)
    accepted_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(
        null=True, help_text="When to ask Twilio what became of it, if it has not told by then."
    )
    # Why it is as it is: Twilio's error code, or else the reason; kept by the database.
    cause = models.GeneratedField(
        expression=Case(
            When(~Q(status__in=[*WITH_A_CAUSE, "queued"]), then=Value("")),
            When(
                Q(error_code__isnull=False) & (Q(status__in=BY_ERROR_CODE) | Q(reason="")),
                then=Cast("error_code", models.CharField(max_length=40)),
            ),
            default="reason",
        ),
        output_field=models.CharField(max_length=40),
        db_persist=True,
    )
    price = models.DecimalField(max_digits=10, decimal_places=5, null=True)
    price_unit = models.CharField(max_length=3, blank=True)

    write_back = models.CharField(max_length=7, choices=WriteBack, default=WriteBack.NONE)
    write_back_due = models.DateTimeField(null=True)
    write_back_tries = models.PositiveSmallIntegerField(default=0)
    write_back_ref = models.CharField(max_length=60, blank=True)
    write_back_error = models.CharField(max_length=300, blank=True)

    # The run that tries this failed text again: it does so once.
    retried_in = models.UUIDField(null=True)

    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            # One text to a number in a run, whatever the audience or the code does.
            models.UniqueConstraint(
                fields=["run", "to"],
                condition=~Q(status__in=["error", "skipped"]),
                name="one_text_a_number_in_a_run",
            ),
        ]
        indexes: ClassVar = [
            # Claims: what this sender may send now, in order.
            models.Index(
                fields=["sender", "priority", "not_before", "run", "number"],
                name="message_to_send",
                condition=Q(status__in=["queued", "held"]),
            ),
            # Reconciliation and polling: whose outcome has to be asked for.
            models.Index(
                fields=["check_at"],
                name="message_to_check",
                condition=Q(check_at__isnull=False),
            ),
            models.Index(
                fields=["organization", "write_back_due"],
                name="message_to_write_back",
                condition=Q(
                    write_back__in=["waiting", "writing"],
                    status__in=["sent", "delivered", "undelivered"],
                ),
            ),
            # The run's page: what is on the records, what did iMIS refuse? Written only once a
            # text has been sent, so that sending pays nothing for it.
            models.Index(
                fields=["run", "write_back", "number"],
                name="message_by_record",
                condition=Q(status__in=["sent", "delivered", "undelivered"])
                & ~Q(write_back="none"),
            ),
            # The run's page: who was left out, and failed, for this reason?
            models.Index(
                fields=["run", "status", "cause", "number"],
                name="message_by_cause",
                condition=Q(status__in=WITH_A_CAUSE),
            ),
            # Settling: is anything of this run left to hear?
            models.Index(
                fields=["run"],
                name="message_unheard",
                condition=Q(status="sent", settled_at=None),
            ),
            models.Index(fields=["run", "status", "number"], name="message_by_status"),
            models.Index(fields=["run", "imis_id"], name="message_by_imis_id"),
            # Whom did this campaign text lately? Receipts without our reference.
            models.Index(fields=["organization", "to"], name="message_by_recipient"),
            models.Index(fields=["sid"], name="message_by_sid", condition=Q(sid__gt="")),
        ]

    def __str__(self) -> str:
        return f"{self.to or self.raw_phone} in run {self.run_id}"

    @property
    def reference(self) -> str:
        return message_reference(self.run_id, self.number)


class Receipt(models.Model):
    """A delivery receipt as it was received. Rows are only ever added."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    run_id = models.UUIDField()
    number = models.PositiveIntegerField()
    sid = models.CharField(max_length=34, blank=True)
    twilio_status = models.CharField(max_length=30)
    error_code = models.PositiveIntegerField(null=True)
    raw = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["run_id", "number"], name="receipt_by_message"),
        ]

    def __str__(self) -> str:
        return f"{self.twilio_status} for {self.sid}"
