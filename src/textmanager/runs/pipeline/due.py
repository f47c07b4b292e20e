"""What waits for a step of the pipeline; each question rides on an index over what is open."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Q

from textmanager.runs.models import Message, Run, RunState, WriteBack
from textmanager.text.statuses import MessageStatus

WAITING = (MessageStatus.QUEUED, MessageStatus.HELD)
WITH_TWILIO = (MessageStatus.ACCEPTED, MessageStatus.SENT)
# What counts as sent: the text left for the carrier, whatever became of it there.
SENT = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED)


def runs_to_prepare() -> list[uuid.UUID]:
    return list(Run.objects.filter(state=RunState.PREPARING).values_list("pk", flat=True))


def senders_to_drain(now: dt.datetime) -> list[int]:
    """Senders with a text that may leave now."""
    waiting = Message.objects.filter(
        status__in=WAITING, not_before__lte=now, run__state=RunState.SENDING
    )
    return list(waiting.values_list("sender_id", flat=True).distinct())


def organizations_to_reconcile(now: dt.datetime) -> list[int]:
    """Organizations with a text of which nobody knows whether Twilio took it."""
    unclear = Message.objects.filter(status=MessageStatus.SENDING, check_at__lte=now)
    return list(unclear.values_list("organization_id", flat=True).distinct())


def organizations_to_poll(now: dt.datetime) -> list[int]:
    """Organizations with a text whose delivery receipt is overdue."""
    overdue = Message.objects.filter(status__in=WITH_TWILIO, check_at__lte=now)
    return list(overdue.values_list("organization_id", flat=True).distinct())


def to_write_back(now: dt.datetime) -> Q:
    """Texts that were sent and are not on the member's iMIS record yet."""
    return Q(
        write_back__in=[WriteBack.WAITING, WriteBack.WRITING],
        status__in=SENT,
        write_back_due__lte=now,
    )


def organizations_to_write_back(now: dt.datetime) -> list[int]:
    unwritten = Message.objects.filter(to_write_back(now))
    return list(unwritten.values_list("organization_id", flat=True).distinct())


def runs_to_report() -> list[uuid.UUID]:
    """Settled runs with report addresses whose report has not gone out."""
    unreported = Run.objects.filter(settled_at__isnull=False, report_sent_at=None)
    return list(unreported.exclude(report_emails=[]).values_list("pk", flat=True))
