"""Ends runs: completed when nothing is left to send, settled when nothing is left to hear.

A one-time campaign is completed with its run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef

from textmanager.campaigns import lifecycle
from textmanager.runs.models import Message, Run, RunState, RunTally
from textmanager.runs.pipeline.changes import lock_in_order
from textmanager.runs.pipeline.due import WAITING
from textmanager.text.statuses import MessageStatus

TO_SEND = (*WAITING, MessageStatus.SENDING)
TO_HEAR = (*TO_SEND, MessageStatus.ACCEPTED)
# So soon Twilio may have billed the first texts.
FIRST_PRICE = dt.timedelta(minutes=2)


def complete_runs(*, now: dt.datetime) -> int:
    """Marks sending runs with nothing left to send as completed; returns how many."""
    sending = Run.objects.filter(state=RunState.SENDING)
    return sending.filter(~_some_are(TO_SEND)).update(
        state=RunState.COMPLETED, completed_at=now, price_due_at=now + FIRST_PRICE
    )


def complete_campaigns() -> int:
    """Completes one-time campaigns whose run has ended, however it did; returns how many."""
    going_on = Run.objects.filter(state__in=RunState.open())
    return lifecycle.follow_runs(going_on=going_on.values("campaign_id"))


@transaction.atomic
def cancel_what_came_back(*, now: dt.datetime) -> int:
    """Cancels texts that were being sent while their run was canceled, and were not sent after all.

    Twilio had no room for them, or a pause took them back: they wait again, in a run that has
    ended. Returns how many.
    """
    canceled = Run.objects.filter(state=RunState.CANCELED, settled_at=None)
    runs = canceled.filter(_some_are(WAITING)).values_list("pk", flat=True)
    came_back = Message.objects.filter(run__in=list(runs), status__in=WAITING)
    lock_in_order(came_back)
    return came_back.update(status=MessageStatus.CANCELED, reason="run_canceled", settled_at=now)


def settle_runs(*, now: dt.datetime) -> int:
    """Marks ended runs whose every outcome is known as settled; returns how many.

    A text without a receipt is given up after three days, by the step that polls for it.
    """
    unheard = Message.objects.filter(run=OuterRef("pk"), status=MessageStatus.SENT, settled_at=None)
    ended = Run.objects.filter(state__in=[RunState.COMPLETED, RunState.CANCELED], settled_at=None)
    return ended.filter(~_some_are(TO_HEAR), ~Exists(unheard)).update(
        settled_at=now, price_due_at=now + FIRST_PRICE, price_tries=0
    )


def _some_are(statuses: Collection[MessageStatus]) -> Exists:
    """Asks the tallies: an index over what is open would be written for each step of each text."""
    return Exists(RunTally.objects.filter(run=OuterRef("pk"), status__in=statuses, messages__gt=0))
