"""Claims texts for sending: the attempt, the pace and the allowance in one transaction.

What is claimed is committed as an attempt *before* Twilio is called. A process that dies later
leaves the text in *sending*, to be looked up at Twilio instead of sent again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction

from textmanager.campaigns.models import ApiMode, Priority
from textmanager.organizations.models import Organization, Sender
from textmanager.organizations.pacing import keep_pace, lock_for_pacing
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.allowance import next_day_begins, segments_left, sender_segments_left
from textmanager.runs.keys import message_reference
from textmanager.runs.models import Message, RunState
from textmanager.runs.pipeline.changes import Change, Changes
from textmanager.runs.pipeline.due import WAITING
from textmanager.runs.texting_hours import window_for
from textmanager.schedule.pacing import Pace
from textmanager.schedule.quiet_hours import Window
from textmanager.text.statuses import MessageStatus

# Work is claimed for so long ahead: short enough that a pause takes hold at once and that a
# process that dies leaves little to look up.
HORIZON = dt.timedelta(seconds=1)
MOST_AT_ONCE = 300
# The shortest time that Twilio can be given for a text, and how long it keeps one unless told.
LEAST_VALIDITY = dt.timedelta(seconds=1)
LONGEST_VALIDITY_SECONDS = 36_000
# 1,600 characters, 67 a segment.
MOST_SEGMENTS = 24
# Reasons that waiting does not change.
NEVER_AGAIN = ("opted_out", "too_late")
# A text in *sending* for longer than this has an outcome that nobody waits for any more.
UNTIL_RECONCILED = dt.timedelta(seconds=75)


@dataclass(frozen=True)
class Claimed:
    """One text that is ours to send, once, not before `slot`.

    `attempt` is which of this text's attempts this is, from 1. After `validity_seconds` Twilio
    drops what still waits in its queue, because the recipient's texting hours end or the text is
    of no use any more; None where neither happens for as long as Twilio keeps a text.
    """

    run_id: uuid.UUID
    number: int
    to: str
    body: str
    segments: int
    is_test: bool
    reference: str
    attempted_at: dt.datetime
    slot: dt.datetime
    attempt: int = 1
    validity_seconds: int | None = None
    tested_with_twilio: bool = False


class _Candidate(NamedTuple):
    """What deciding about a text needs of its row, at a fraction of a whole message's cost."""

    run_id: uuid.UUID
    number: int
    to: str
    body: str
    segments: int
    time_zones: list[str]
    attempts: int
    api_mode: str
    tested_with_twilio: bool
    scheduled_for: dt.datetime
    useful_for_hours: int | None

    @property
    def is_test(self) -> bool:
        return self.api_mode == ApiMode.TEST

    @property
    def useful_until(self) -> dt.datetime | None:
        if self.useful_for_hours is None:
            return None
        return self.scheduled_for + dt.timedelta(hours=self.useful_for_hours)


@dataclass
class Batch:
    """What a claim gave. Empty and `again_at` None: nothing is due for this sender.

    `is_out_of_use`: staff have taken the sender out of use, and whatever is due does not leave.
    """

    texts: list[Claimed] = field(default_factory=list)
    again_at: dt.datetime | None = None
    is_out_of_use: bool = False


@dataclass
class _Decisions:
    """What was decided about the candidates, and how far the sender's rate is spoken for then."""

    paced_until: dt.datetime
    changes: Changes = field(default_factory=Changes)
    texts: list[Claimed] = field(default_factory=list)


@transaction.atomic
def claim(*, sender_id: int, now: dt.datetime) -> Batch:
    """Takes the texts that may leave this sender within the next second.

    The sender's and the organization's rows are locked meanwhile, so that pace and allowance
    hold over any number of workers.
    """
    sender, organization = lock_for_pacing(sender_id)
    if not sender.is_active:
        return Batch(is_out_of_use=True)
    longest_text = dt.timedelta(seconds=MOST_SEGMENTS / sender.segments_per_second)
    if sender.paced_until > now + HORIZON + longest_text:
        # No claim goes so far: the clock was set back, and the pace begins anew.
        sender.paced_until = now
    if sender.paced_until > now + HORIZON:
        return Batch(again_at=sender.paced_until - HORIZON)
    candidates = _candidates(sender, now)
    if not candidates:
        return Batch()
    decisions = _decide(sender, organization, candidates, now)
    decisions.changes.make()
    keep_pace(sender, decisions.paced_until)
    return Batch(decisions.texts, again_at=max(now, decisions.paced_until - HORIZON))


def _candidates(sender: Sender, now: dt.datetime) -> list[_Candidate]:
    """What is due, high priority first, then oldest first; passes over what another holds."""
    due = (
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(sender=sender, status__in=WAITING, not_before__lte=now, run__state=RunState.SENDING)
        .order_by("not_before", "run_id", "number")
        .values_list(
            "run_id",
            "number",
            "to",
            "body",
            "segments",
            "time_zones",
            "attempts",
            "run__api_mode",
            "run__tested_with_twilio",
            "run__scheduled_for",
            "run__useful_for_hours",
        )
    )
    found: list[_Candidate] = []
    # A question each: in one, the database would walk over all that is held for later.
    for priority in Priority.values:
        rows = due.filter(priority=priority)[: MOST_AT_ONCE - len(found)]
        found += [_Candidate(*row) for row in rows]
    return found


def _decide(
    sender: Sender, organization: Organization, candidates: Sequence[_Candidate], now: dt.datetime
) -> _Decisions:
    """Looks at each text once more: opt-out, texting hours, allowance, then pace."""
    decisions = _Decisions(sender.paced_until)
    changes = decisions.changes
    pace = Pace(sender.segments_per_second)
    opted_out = opted_out_among(organization.pk, {text.to for text in candidates})
    budget = _Budget.of(sender, organization, now)
    hours = _Hours(organization, now)
    skipped = {
        reason: Change(MessageStatus.SKIPPED, reason, settled_at=now) for reason in NEVER_AGAIN
    }
    # Costs nothing: no pace, no allowance. If its worker dies it is tested again.
    is_tested = Change(MessageStatus.SENDING, attempted_at=now, check_at=now + UNTIL_RECONCILED)
    leaves_soon = Change(
        MessageStatus.SENDING,
        attempted_at=now,
        charged_day=budget.day,
        check_at=now + UNTIL_RECONCILED,
    )
    for text in candidates:
        (slot,), paced_until = pace.take(decisions.paced_until, now, [text.segments])
        leaves = now if text.is_test else slot
        window = hours.of(text)
        reason, until = _obstacle(text, hours, opted_out, budget, leaves)
        if reason in skipped:
            changes.add(text.run_id, text.number, skipped[reason])
        elif reason:
            held = Change(MessageStatus.HELD, reason, not_before=until)
            changes.add(text.run_id, text.number, held)
        elif text.is_test:
            changes.add(text.run_id, text.number, is_tested)
            decisions.texts.append(_claimed(text, now, now, None))
        else:
            if slot > now + HORIZON:
                break
            decisions.paced_until = paced_until
            budget.spend(text.segments)
            changes.add(text.run_id, text.number, leaves_soon)
            decisions.texts.append(_claimed(text, slot, now, window.closes))
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


class _Hours:
    """Texting hours as they are now; a claim has few kinds of recipients."""

    def __init__(self, organization: Organization, now: dt.datetime) -> None:
        self._organization = organization
        self._now = now
        self._windows: dict[tuple[str, ...], Window] = {}

    def of(self, text: _Candidate) -> Window:
        """The window that is open for this recipient, or else the next."""
        zones = tuple(text.time_zones)
        window = self._windows.get(zones)
        if window is None:
            window = window_for(self._organization, zones, self._now)
            self._windows[zones] = window
        return window

    def opens_for(self, text: _Candidate, leaves: dt.datetime) -> dt.datetime:
        """When this text may leave: `leaves`, or the beginning of its next hours."""
        window = self.of(text)
        if window.closes is not None and leaves > window.closes - LEAST_VALIDITY:
            return window_for(self._organization, tuple(text.time_zones), window.closes).opens
        return max(leaves, window.opens)


def _obstacle(
    text: _Candidate,
    hours: _Hours,
    opted_out: frozenset[str],
    budget: _Budget,
    leaves: dt.datetime,
) -> tuple[str, dt.datetime]:
    """Why this text may not go at its moment, and until when; an empty reason when it may.

    One that would have to wait until it is of no use any more is not waited for.
    """
    reason, until = _hindrance(text, hours, opted_out, budget, leaves)
    useful_until = text.useful_until
    if (
        reason not in NEVER_AGAIN
        and useful_until is not None
        and until > useful_until - LEAST_VALIDITY
    ):
        return "too_late", until
    return reason, until


def _hindrance(
    text: _Candidate,
    hours: _Hours,
    opted_out: frozenset[str],
    budget: _Budget,
    leaves: dt.datetime,
) -> tuple[str, dt.datetime]:
    """The same, however long the text is useful."""
    if text.to in opted_out:
        return "opted_out", leaves
    allowed = hours.opens_for(text, leaves)
    if allowed > leaves:
        return "quiet_hours", allowed
    if text.is_test:
        return "", leaves
    if text.segments > budget.left:
        return "allowance", budget.tomorrow
    if budget.left_for_sender is not None and text.segments > budget.left_for_sender:
        return "sender_cap", budget.tomorrow
    return "", leaves


def _claimed(
    text: _Candidate, slot: dt.datetime, now: dt.datetime, closes: dt.datetime | None
) -> Claimed:
    ends = [end for end in (closes, text.useful_until) if end is not None]
    validity = int((min(ends) - slot).total_seconds()) if ends else None
    return Claimed(
        run_id=text.run_id,
        number=text.number,
        to=text.to,
        body=text.body,
        segments=text.segments,
        is_test=text.is_test,
        reference=message_reference(text.run_id, text.number),
        attempted_at=now,
        slot=slot,
        attempt=text.attempts + 1,
        tested_with_twilio=text.tested_with_twilio,
        validity_seconds=None
        if validity is None or validity >= LONGEST_VALIDITY_SECONDS
        else validity,
    )
