"""Ends runs: completed when nothing is left to send, settled when nothing is left to hear."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef

from textmanager.runs.models import Message, Run, RunState
from textmanager.text.statuses import MessageStatus

TO_SEND = (MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.SENDING)


def complete_runs(*, now: dt.datetime) -> int:
    """Marks sending runs with nothing left to send as completed; returns how many."""
    to_send = Message.objects.filter(run=OuterRef("pk"), status__in=TO_SEND)
    sending = Run.objects.filter(state=RunState.SENDING)
    return sending.filter(~Exists(to_send)).update(state=RunState.COMPLETED, completed_at=now)


def settle_runs(*, now: dt.datetime) -> int:
    """Marks ended runs whose every outcome is known as settled; returns how many.

    A text without a receipt is given up after three days, by the step that polls for it.
    """
    unsettled = Message.objects.filter(run=OuterRef("pk"), settled_at=None)
    ended = Run.objects.filter(state__in=[RunState.COMPLETED, RunState.CANCELED], settled_at=None)
    return ended.filter(~Exists(unsettled)).update(settled_at=now)
