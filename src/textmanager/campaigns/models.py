"""Campaigns: what is said to whom, from which sender, and when."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from textmanager.organizations.models import Organization, Sender, User
from textmanager.schedule.recurrence import Recurrence, RecurrenceError
from textmanager.schedule.words import clock, day, zone_name


class CampaignKind(models.TextChoices):
    ONE_TIME = "one_time", "One-Time"
    RECURRING = "recurring", "Recurring"


class CampaignState(models.TextChoices):
    """Where a campaign stands.

    One-time: draft ⇄ scheduled → sending ⇄ completed ⇄ archived. The planner (or "Send now")
    takes it from scheduled to sending together with its run. It is completed as soon as none of
    its runs is open, and sending again when one is let go on. One whose run was missed may
    become a draft again.
    Recurring: draft → active ⇄ paused → ended → archived; paused and ended ones are archived.
    Only scheduled and active campaigns ever start by themselves. Deleted ones are archived too.
    """

    DRAFT = "draft", "Draft"  # may lack anything; `typed` has what the form held
    SCHEDULED = "scheduled", "Scheduled"  # its one moment is `next_run_at`
    SENDING = "sending", "Sending"  # its run is open: preparing, sending or held
    COMPLETED = "completed", "Completed"  # sent, canceled, failed or missed
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"  # no occurrence lies ahead
    ARCHIVED = "archived", "Archived"


class ApiMode(models.TextChoices):
    LIVE = "live", "LIVE"
    TEST = "test", "TEST"


class WriteBackTarget(models.TextChoices):
    NONE = "none", "Do not write to iMIS"
    ACTIVITIES = "activities", "Activities"
    COMMUNICATION_LOG = "communication_log", "Communication Log (Interactions)"


class CatchUp(models.TextChoices):
    """What becomes of an occurrence that passed while nothing was running."""

    RUN_LATE = "run_late", "Run it late"
    SKIP = "skip", "Skip it"


class Priority(models.IntegerChoices):
    """Whose texts leave first when several runs wait for one sender; the lower goes first."""

    HIGH = 0, "Before other campaigns"
    NORMAL = 1, "In turn"


class EmptyValues(models.TextChoices):
    """What becomes of a text one of whose merge fields is empty and has no fallback."""

    SEND = "send", "Send the text without it"
    SKIP = "skip", "Leave this person out"


class Campaign(models.Model):
    """A text campaign. Runs keep their own copy of what it said when they began."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="campaigns"
    )
    kind = models.CharField(max_length=10, choices=CampaignKind, default=CampaignKind.RECURRING)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    name = models.CharField(max_length=120)
    report_emails = ArrayField(models.EmailField(), default=list, blank=True)

    iqa_path = models.CharField(max_length=400)
    # Pairs of a prompt's name and its answer, in the IQA's order.
    prompt_answers = models.JSONField(default=list, blank=True)
    id_column = models.CharField(max_length=200)
    phone_column = models.CharField(max_length=200)

    api_mode = models.CharField(max_length=4, choices=ApiMode, default=ApiMode.TEST)
    # Empty only in a draft.
    sender = models.ForeignKey(
        Sender, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    template = models.TextField()
    empty_values = models.CharField(max_length=4, choices=EmptyValues, default=EmptyValues.SEND)
    days_between_texts = models.PositiveSmallIntegerField(
        default=0, help_text="Leave out whom this campaign texted within so many days; 0: nobody."
    )
    useful_for_hours = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 30)],
        help_text="No text leaves later than so many hours after its run was to begin.",
    )

    write_back = models.CharField(
        max_length=17, choices=WriteBackTarget, default=WriteBackTarget.ACTIVITIES
    )

    # RFC 5545 text together with the local start in an IANA zone: an occurrence stays at its
    # local time through daylight-saving changes.
    rrule = models.CharField(max_length=300, blank=True)
    start_date = models.DateField(null=True, blank=True)
    start_time = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64)
    catch_up = models.CharField(max_length=8, choices=CatchUp, default=CatchUp.RUN_LATE)
    catch_up_hours = models.PositiveSmallIntegerField(default=12)
    # The next occurrence, skipped or not; of a one-time campaign its one moment.
    next_run_at = models.DateTimeField(null=True, blank=True)
    # Coming occurrences that are to be passed over. Kept as instants beside the schedule, so that
    # saving the form, which computes `next_run_at` anew, forgets no skip.
    skipped = ArrayField(models.DateTimeField(), default=list, blank=True)

    # What the form of a draft holds, field by field as it was typed; empty once it is none.
    typed = models.JSONField(default=dict, blank=True)

    # The form that it was made with: the same form sent twice is one campaign.
    form_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)

    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    # Deleted campaigns stay, so that their runs can still be seen.
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            # A campaign without a sender would stop the planner, and with it all others.
            models.CheckConstraint(
                condition=Q(sender__isnull=False) | Q(state__in=["draft", "archived"]),
                name="only_a_draft_lacks_a_sender",
            ),
        ]
        indexes: ClassVar = [
            # The planner's question, asked every few seconds: which campaigns are due?
            models.Index(
                fields=["next_run_at"],
                name="campaign_due",
                condition=Q(state__in=["active", "scheduled"], deleted_at=None),
            ),
            # Which one-time campaigns may be completed by now? Asked as often.
            models.Index(fields=["id"], name="campaign_sending", condition=Q(state="sending")),
            models.Index(
                fields=["organization", "kind", "name"],
                name="campaign_list",
                condition=Q(deleted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_test(self) -> bool:
        return self.api_mode == ApiMode.TEST

    @property
    def is_one_time(self) -> bool:
        return self.kind == CampaignKind.ONE_TIME

    @property
    def recurrence(self) -> Recurrence:
        """When this campaign runs. Only for a recurring one whose schedule is filled in."""
        if not (self.rrule and self.start_date and self.start_time):
            raise ValueError(f"Campaign {self.pk} has no recurring schedule.")
        start = dt.datetime.combine(self.start_date, self.start_time)
        return Recurrence(self.rrule, start, self.time_zone)

    @property
    def next_run(self) -> dt.datetime | None:
        """When it starts next by itself, in UTC: the first occurrence that is not skipped."""
        if self.state not in {CampaignState.ACTIVE, CampaignState.SCHEDULED}:
            return None
        coming = self.next_run_at
        while coming is not None and coming in self.skipped:
            coming = self.recurrence.next_after(coming)
        return coming

    @property
    def schedule_in_words(self) -> str:
        if self.rrule and self.start_date and self.start_time:
            try:
                return self.recurrence.in_words()
            except RecurrenceError:
                return "A schedule that cannot be read"
        if self.is_one_time and self.start_date and self.start_time:
            return (
                f"Once, on {day(self.start_date)} at {clock(self.start_time)}, "
                f"{zone_name(self.time_zone)}"
            )
        return "No schedule"


class OpenForm(models.Model):
    """A person at the form of a campaign: when last seen there, and what is typed but not saved."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="open_forms")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # Field by field as it was typed; empty while nothing is unsaved.
    typed = models.JSONField(default=dict, blank=True)
    # The campaign's version that the person began from.
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "user"], name="one_open_form_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.campaign}"


class CountState(models.TextChoices):
    """How far the counting of an audience got."""

    WAITING = "waiting", "Waits for a worker"
    COUNTING = "counting", "Counting"
    DONE = "done", "Done"
    FAILED = "failed", "Could not be counted"
    ABANDONED = "abandoned", "Not wanted any more"


class AudienceCount(models.Model):
    """What a message to a whole audience would come to, counted by a worker for the form.

    Kept for minutes only: an answer to look at, not a record.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # The form that asked last; when it asks something else, this count is abandoned.
    form_key = models.CharField(max_length=60)
    # Of `question`: equal questions share an answer.
    digest = models.CharField(max_length=64)
    question = models.JSONField()
    state = models.CharField(max_length=9, choices=CountState, default=CountState.WAITING)
    # Whoever counts holds this; a second one that begins takes it over, and the first stops.
    held_by = models.UUIDField(null=True, editable=False)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    figures = models.JSONField(default=dict)
    # The first people left out for each reason: place in the audience, iMIS ID, number as it is.
    left_out = models.JSONField(default=dict)
    # Four bytes a row, in the audience's order, by which a person is found again by the iMIS ID.
    places = models.BinaryField(default=bytes)
    error = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization", "digest", "-asked_at"], name="count_by_question"),
            models.Index(fields=["asked_at"], name="count_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.done} of {self.total}"
