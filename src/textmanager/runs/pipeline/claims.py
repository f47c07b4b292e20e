"""Claims texts for sending: the attempt, the pace and the allowance in one transaction.

What is claimed is committed as an attempt *before* Twilio is called. A process that dies later
leaves the text in *sending*, to be looked up at Twilio instead of sent again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from textmanager.campaigns.models import Priority
from textmanager.organizations.models import Organization, Sender
from textmanager.organizations.pacing import keep_pace, lock_for_pacing
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.allowance import next_day_begins, segments_left, sender_segments_left
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.changes import Change, change_messages
from textmanager.runs.pipeline.due import WAITING
from textmanager.runs.texting_hours import window_for
from textmanager.schedule.pacing import Pace
from textmanager.text.statuses import MessageStatus

# Work is claimed for so long ahead: short enough that a pause takes hold at once and that a
# process that dies leaves little to look up.
HORIZON = dt.timedelta(seconds=1)
MOST_AT_ONCE = 300
# A text in *sending* for longer than this has an outcome that nobody waits for any more.
UNTIL_RECONCILED = dt.timedelta(seconds=75)


@dataclass(frozen=True)
class Claimed:
    """One text that is ours to send, once, not before `slot`."""

    run_id: uuid.UUID
    number: int
    to: str
    body: str
    segments: int
    is_test: bool
    reference: str
    attempted_at: dt.datetime
    slot: dt.datetime


@dataclass
class Batch:
    """What a claim gave. Empty and `again_at` None: nothing is due for this sender."""

    texts: list[Claimed] = field(default_factory=list)
    again_at: dt.datetime | None = None


@dataclass
class _Decisions:
    """What was decided about the candidates, and how far the sender's rate is spoken for then."""

    paced_until: dt.datetime
    changes: list[Change] = field(default_factory=list)
    texts: list[Claimed] = field(default_factory=list)


@transaction.atomic
def claim(*, sender_id: int, now: dt.datetime) -> Batch:
    """Takes the texts that may leave this sender within the next second.

    The sender's and the organization's rows are locked meanwhile, so that pace and allowance
    hold over any number of workers.
    """
    sender, organization = lock_for_pacing(sender_id)
    if sender.paced_until > now + HORIZON:
        return Batch(again_at=sender.paced_until - HORIZON)
    candidates = _candidates(sender, now)
    if not candidates:
        return Batch()
    decisions = _decide(sender, organization, candidates, now)
    change_messages(decisions.changes)
    keep_pace(sender, decisions.paced_until)
    return Batch(decisions.texts, again_at=max(now, decisions.paced_until - HORIZON))


def _candidates(sender: Sender, now: dt.datetime) -> list[Message]:
    """What is due, high priority first, then oldest first; passes over what another holds."""
    due = (
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(sender=sender, status__in=WAITING, not_before__lte=now, run__state=RunState.SENDING)
        .order_by("not_before", "run_id", "number")
    )
    found: list[Message] = []
    # A question each: in one, the database would walk over all that is held for later.
    for priority in Priority.values:
        found += due.filter(priority=priority)[: MOST_AT_ONCE - len(found)]
    # Many messages have few runs: read apart, they are not made anew for each.
    runs = Run.objects.in_bulk({message.run_id for message in found})
    for message in found:
        message.run = runs[message.run_id]
    return found


def _decide(
    sender: Sender, organization: Organization, candidates: Sequence[Message], now: dt.datetime
) -> _Decisions:
    """Looks at each text once more: opt-out, texting hours, allowance, then pace."""
    decisions = _Decisions(sender.paced_until)
    pace = Pace(sender.segments_per_second)
    opted_out = opted_out_among(organization.pk, {message.to for message in candidates})
    budget = _Budget.of(sender, organization, now)
    for message in candidates:
        (slot,), paced_until = pace.take(decisions.paced_until, now, [message.segments])
        leaves = now if message.run.is_test else slot
        reason, until = _obstacle(message, organization, opted_out, budget, leaves)
        if reason == "opted_out":
            decisions.changes.append(
                _change(message, MessageStatus.SKIPPED, reason=reason, settled_at=now)
            )
        elif reason:
            decisions.changes.append(
                _change(message, MessageStatus.HELD, reason=reason, not_before=until)
            )
        elif message.run.is_test:
            # Costs nothing and cannot be unclear: no pace, no allowance, nothing to look up.
            decisions.changes.append(_change(message, MessageStatus.SENDING, attempted_at=now))
            decisions.texts.append(_claimed(message, now, now))
        else:
            if slot > now + HORIZON:
                break
            decisions.paced_until = paced_until
            budget.spend(message.segments)
            decisions.changes.append(
                _change(
                    message,
                    MessageStatus.SENDING,
                    attempted_at=now,
                    charged_day=budget.day,
                    check_at=now + UNTIL_RECONCILED,
                )
            )
            decisions.texts.append(_claimed(message, slot, now))
    return decisions


@dataclass
class _Budget:
    """What may still be sent today."""

    day: dt.date
    left: int
    left_for_sender: int | None
    tomorrow: dt.datetime

    @classmethod
    def of(cls, sender: Sender, organization: Organization, now: dt.datetime) -> _Budget:
        day = organization.day_of(now)
        return cls(
            day,
            segments_left(organization, day),
            sender_segments_left(sender, day),
            next_day_begins(organization, now),
        )

    def spend(self, segments: int) -> None:
        self.left -= segments
        if self.left_for_sender is not None:
            self.left_for_sender -= segments


def _obstacle(
    message: Message,
    organization: Organization,
    opted_out: frozenset[str],
    budget: _Budget,
    leaves: dt.datetime,
) -> tuple[str, dt.datetime]:
    """Why this text may not go at its moment, and until when; an empty reason when it may."""
    if message.to in opted_out:
        return "opted_out", leaves
    allowed = window_for(organization, tuple(message.time_zones), leaves).opens
    if allowed > leaves:
        return "quiet_hours", allowed
    if message.run.is_test:
        return "", leaves
    if message.segments > budget.left:
        return "allowance", budget.tomorrow
    if budget.left_for_sender is not None and message.segments > budget.left_for_sender:
        return "sender_cap", budget.tomorrow
    return "", leaves


def _change(message: Message, status: MessageStatus, **values: Any) -> Change:
    return Change(message.run_id, message.number, status, **values)


def _claimed(message: Message, slot: dt.datetime, now: dt.datetime) -> Claimed:
    return Claimed(
        run_id=message.run_id,
        number=message.number,
        to=message.to,
        body=message.body,
        segments=message.segments,
        is_test=message.run.is_test,
        reference=message.reference,
        attempted_at=now,
        slot=slot,
    )
