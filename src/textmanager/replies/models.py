"""What recipients tell us: opt-outs and inbound texts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from textmanager.organizations.models import Organization


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
    created_at = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_because = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "number"],
                condition=Q(cleared_at=None),
                name="one_opt_out_a_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} since {self.created_at:%Y-%m-%d}"


class InboundText(models.Model):
    """A text that somebody sent to one of the organization's numbers."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="inbound_texts"
    )
    sid = models.CharField(max_length=34)
    from_number = models.CharField(max_length=20)
    to = models.CharField(max_length=20)
    body = models.TextField(blank=True)
    keyword = models.CharField(max_length=7, blank=True)
    received_at = models.DateTimeField(default=timezone.now)

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
