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
from textmanager.schedule.recurrence import Recurrence


class CampaignKind(models.TextChoices):
    ONE_TIME = "one_time", "One-Time"
    RECURRING = "recurring", "Recurring"


class CampaignState(models.TextChoices):
    """Where a campaign stands.

    One-time: draft → scheduled → sending → completed → archived.
    Recurring: draft → active ⇄ paused → ended → archived.
    """

    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    SENDING = "sending", "Sending"
    COMPLETED = "completed", "Completed"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"
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
    next_run_at = models.DateTimeField(null=True, blank=True)

    # What the form of a draft holds, field by field as it was typed; empty once it is none.
    typed = models.JSONField(default=dict, blank=True)

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
        indexes: ClassVar = [
            # The planner's question, asked every few seconds: which campaigns are due?
            models.Index(
                fields=["next_run_at"],
                name="campaign_due",
                condition=Q(state__in=["active", "scheduled"], deleted_at=None),
            ),
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
    def recurrence(self) -> Recurrence:
        """When this campaign runs. Only for a campaign whose schedule is filled in."""
        if not (self.rrule and self.start_date and self.start_time):
            raise ValueError(f"Campaign {self.pk} has no recurring schedule.")
        start = dt.datetime.combine(self.start_date, self.start_time)
        return Recurrence(self.rrule, start, self.time_zone)

    @property
    def schedule_in_words(self) -> str:
        return self.recurrence.in_words() if self.rrule else "No schedule"
