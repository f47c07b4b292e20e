"""Organizations (the tenants), their people, senders and connections to iMIS and Twilio."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from textmanager.organizations.connection_models import (
    ImisConnection,
    Receiving,
    TwilioConnection,
)
from textmanager.schedule.quiet_hours import TextingHours
from textmanager.text.merge import Formats

__all__ = [
    "AuditEvent",
    "FailedSignIn",
    "ImisConnection",
    "Invitation",
    "Membership",
    "Organization",
    "Receiving",
    "Role",
    "Sender",
    "SenderKind",
    "TwilioConnection",
    "User",
]

NUMBER_OR_SHORT_CODE = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}")
SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


class User(AbstractUser):
    """A person who signs in: staff of one iMIS, or a local administrator of this installation."""

    # An iMIS user name belongs to one organization's iMIS; `username` joins it to the Cloud ID.
    imis_username = models.CharField(max_length=150, blank=True)


class Role(models.TextChoices):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = "viewer", "Viewer"
    AUTHOR = "author", "Author"
    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Administrator"


class Organization(models.Model):
    """One association. Everything else belongs to exactly one of these."""

    name = models.CharField(max_length=200)
    cloud_id = models.CharField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Use a-z, 0-9 and dashes only.")],
    )
    time_zone = models.CharField(max_length=64, default="America/New_York")
    region = models.CharField(
        max_length=2, default="US", help_text="Where numbers without a country code belong."
    )
    daily_allowance = models.PositiveIntegerField(
        default=10_000, help_text="Segments that may be sent in one day of this organization."
    )
    texting_opens = models.TimeField(default=dt.time(8))
    texting_closes = models.TimeField(default=dt.time(21))
    date_format = models.CharField(max_length=40, default=Formats().date)
    time_format = models.CharField(max_length=20, default=Formats().time)
    amount_format = models.CharField(max_length=12, default=Formats().amount)
    reply_emails = ArrayField(
        models.EmailField(), default=list, blank=True, help_text="Who is mailed new replies."
    )
    alert_emails = ArrayField(
        models.EmailField(),
        default=list,
        blank=True,
        help_text="Who is mailed when iMIS or Twilio needs a hand.",
    )
    # A run whose texts fail more often than this pauses itself; 0 percent: never.
    hold_failure_percent = models.PositiveSmallIntegerField(
        default=20,
        validators=[MaxValueValidator(100)],
        help_text="A run pauses itself when so many percent of its texts fail; 0 for never.",
    )
    hold_failure_least = models.PositiveIntegerField(
        default=50, help_text="Only once so many of its texts have an outcome."
    )
    report_emails = ArrayField(
        models.EmailField(),
        default=list,
        blank=True,
        help_text="Who a new campaign mails its status report to, until somebody changes it there.",
    )
    # An audience of so many times its usual size is held, unless it is smaller than the least.
    unusual_times = models.PositiveSmallIntegerField(default=10, validators=[MinValueValidator(2)])
    unusual_least = models.PositiveIntegerField(default=50, validators=[MinValueValidator(1)])
    hold_until_opt_outs_read = models.BooleanField(
        default=True,
        help_text="No LIVE run leaves before the opt-outs that iMIS knows have been read once.",
    )
    approve_above = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="A LIVE run of more texts waits for a second person; empty for never.",
    )
    staff_role = models.CharField(
        max_length=10,
        choices=Role,
        default=Role.AUTHOR,
        help_text="What iMIS staff may do from their first sign-in on.",
    )
    display_name = models.CharField(max_length=60, blank=True)
    accent = models.CharField(
        max_length=7, blank=True, validators=[RegexValidator(r"^#[0-9a-f]{6}$", "Such as #0f766e.")]
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.time_zone not in available_timezones():
            raise ValidationError(
                {"time_zone": f"{self.time_zone} is not a time zone such as America/New_York."}
            )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def texting_hours(self) -> TextingHours:
        return TextingHours(opens=self.texting_opens, closes=self.texting_closes)

    @property
    def formats(self) -> Formats:
        return Formats(self.date_format, self.time_format, self.amount_format)

    @property
    def shown_name(self) -> str:
        """How the organization is called on its pages."""
        return self.display_name or self.name

    def day_of(self, instant: dt.datetime) -> dt.date:
        """The organization's calendar day at `instant`: the day its allowance counts for."""
        return instant.astimezone(self.zone).date()


class Membership(models.Model):
    """A person's place in an organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.AUTHOR)
    email = models.EmailField(blank=True, help_text="Where this person is mailed to.")
    created_at = models.DateTimeField(default=timezone.now)
    # Of a request within this organization, to a few minutes.
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="one_membership_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} as {self.role}"

    def may(self, role: Role) -> bool:
        order = list(Role)
        return order.index(Role(self.role)) >= order.index(role)


class Invitation(models.Model):
    """A link that was mailed to somebody, to make an account without iMIS. It works once."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    # Accepted or withdrawn, whichever came first.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(ended_at=None),
                name="one_open_invitation_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"


class SenderKind(models.TextChoices):
    TOLL_FREE = "toll_free", "Toll-free number"
    TEN_DLC = "10dlc", "Registered local number (10DLC)"
    SHORT_CODE = "short_code", "Short code"
    LONG_CODE = "long_code", "Local number"


class Sender(models.Model):
    """A Twilio number or Messaging Service that texts leave from, with its pace."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="senders")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=SenderKind)
    number = models.CharField(max_length=16, blank=True)
    messaging_service_sid = models.CharField(max_length=34, blank=True)
    segments_per_second = models.FloatField(default=1.0, validators=[MinValueValidator(0.01)])
    daily_cap = models.PositiveIntegerField(
        null=True, blank=True, help_text="Segments a day from this sender; empty for no cap."
    )
    opt_in_text = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    # Why nothing can be sent from it, as its Twilio account was found last; empty when all is well.
    unfit_because = models.CharField(max_length=200, blank=True, editable=False)
    # Up to here the sender's rate is spoken for: the pacing state, exact over workers and
    # restarts because it is claimed in the same transaction as the texts.
    paced_until = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(number__gt="") | Q(messaging_service_sid__gt=""),
                name="sender_has_number_or_service",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number or self.messaging_service_sid})"

    @property
    def address(self) -> str:
        """What Twilio knows it by: its number, or the SID of its service."""
        return self.number or self.messaging_service_sid

    def clean(self) -> None:
        if self.number and not NUMBER_OR_SHORT_CODE.fullmatch(self.number):
            raise ValidationError(
                {"number": f"{self.number} is neither a number such as +12025550143 nor a code."}
            )
        if self.messaging_service_sid and not SERVICE_SID.fullmatch(self.messaging_service_sid):
            raise ValidationError(
                {"messaging_service_sid": "A Messaging Service SID is MG and 32 digits."}
            )


class FailedSignIn(models.Model):
    """One failed sign-in, kept only as long as the limit on them looks back."""

    key = models.CharField(max_length=250)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "at"], name="failed_sign_in_by_key")]

    def __str__(self) -> str:
        return f"{self.key} at {self.at:%Y-%m-%d %H:%M:%S}"


class AuditEvent(models.Model):
    """Who did what to what, with the values before and after. Rows are only ever added."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="audit_events"
    )
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=40)
    subject_name = models.CharField(max_length=200)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization", "-at"], name="audit_by_organization"),
            models.Index(fields=["organization", "actor_name", "-at"], name="audit_by_person"),
            models.Index(fields=["organization", "subject_kind", "-at"], name="audit_by_kind"),
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.subject_name}"
