"""Figures of runs and days that pages read instead of counting messages; see tallies.sql."""

from __future__ import annotations

from django.db import models

from textmanager.organizations.models import Organization, Sender


class RunTally(models.Model):
    """How many messages of a run have a status, and their segments; kept by triggers."""

    pk = models.CompositePrimaryKey("run_id", "status")
    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="tallies")
    status = models.CharField(max_length=11)
    messages = models.IntegerField()
    segments = models.IntegerField()
    # When the first and the last of its messages came to this status, gone ones included.
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.messages} {self.status}"


class CauseTally(models.Model):
    """How many messages of a run have a status for the same cause; kept by triggers."""

    pk = models.CompositePrimaryKey("run_id", "status", "cause")
    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="cause_tallies")
    status = models.CharField(max_length=11)
    cause = models.CharField(max_length=40)
    messages = models.IntegerField()
    segments = models.IntegerField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.messages} {self.status}: {self.cause}"


class RecordTally(models.Model):
    """How many texts that were sent are on their member's iMIS record; kept by triggers."""

    pk = models.CompositePrimaryKey("run_id", "write_back")
    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="record_tallies")
    write_back = models.CharField(max_length=7)
    messages = models.IntegerField()
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.messages} {self.write_back}"


class DayTally(models.Model):
    """The segments that one sender has used of an organization's day; kept by triggers."""

    pk = models.CompositePrimaryKey("organization_id", "day", "sender_id")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    sender = models.ForeignKey(Sender, on_delete=models.CASCADE, related_name="+")
    messages = models.IntegerField()
    segments = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.segments} segments on {self.day}"
