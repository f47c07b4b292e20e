"""What happened to a run, in order: from its own times, its tallies' and the audit trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from textmanager.organizations import audit
from textmanager.organizations.models import AuditEvent
from textmanager.runs.figures import Figures
from textmanager.runs.models import Run, RunState, WriteBack
from textmanager.runs.progress import how_far
from textmanager.text.statuses import MessageStatus

LEFT = (MessageStatus.ACCEPTED, MessageStatus.TESTED)
WITH_RECEIPT = (MessageStatus.DELIVERED, MessageStatus.UNDELIVERED)
MOST_EVENTS = 100

_WAITS = {
    "allowance": "Today's allowance was reached; texts wait for the next day",
    "sender_cap": "The sender's daily cap was reached; texts wait for the next day",
    "quiet_hours": "First texts wait for their recipients' texting hours",
}
_RECORDS = {
    WriteBack.WRITTEN: "Records written to iMIS",
    WriteBack.FAILED: "Records refused by iMIS",
}
_DONE = {
    "held": "Held by {who}",
    "paused": "Paused by {who}",
    "resumed": "Resumed by {who}",
    "canceled": "Canceled by {who}",
    "wrote again": "Refused records handed to iMIS again by {who}",
    "tried again": "Failed texts tried again by {who}",
    "mailed report": "Status report mailed by {who}",
    "exported": "Messages exported by {who}",
}


@dataclass(frozen=True)
class Happening:
    """One thing that happened; `more` says what there is to say about it."""

    at: dt.datetime
    words: str
    more: str = ""
    run_id: str = ""


def timeline(run: Run, figures: Figures) -> list[Happening]:
    """What happened so far, the oldest first. One query, however large the run."""
    found = [
        *_own_times(run),
        *_texts(run, figures),
        *_waits(figures),
        *_records(figures),
        *_in_the_audit_trail(run),
    ]
    return sorted(found, key=lambda one: one.at)


def _own_times(run: Run) -> Iterable[Happening]:
    started = f"Started by {run.started_by}" if run.started_by else "Started on schedule"
    if run.state == RunState.MISSED:
        yield Happening(run.scheduled_for, "Missed", run.reason)
        return
    yield Happening(run.created_at, started)
    if run.prepared_at:
        yield Happening(run.prepared_at, "Prepared", f"{run.contacts or 0:,} contacts")
    if run.completed_at and run.state == RunState.COMPLETED:
        yield Happening(run.completed_at, "Completed: nothing is left to send")
    if run.settled_at:
        yield Happening(run.settled_at, "Settled: every outcome is known, or waited for in vain")


def _texts(run: Run, figures: Figures) -> Iterable[Happening]:
    tallies = figures.statuses
    left = [tallies[status] for status in LEFT if status in tallies]
    first = min((tally.first_at for tally in left if tally.first_at), default=None)
    last = max((tally.last_at for tally in left if tally.last_at), default=None)
    done = "was checked" if run.is_test else "left"
    is_over = run.completed_at is not None
    if first and first == last and is_over:
        yield Happening(first, _all_at_once(how_far(figures.counts).left, done))
    elif first:
        yield Happening(first, f"The first text {done}")
        if last and last != first and is_over:
            yield Happening(last, f"The last text {done}")
    receipts = [tallies[status] for status in WITH_RECEIPT if status in tallies]
    heard = max((tally.last_at for tally in receipts if tally.last_at), default=None)
    if heard:
        yield Happening(heard, "The latest delivery receipt came")


def _all_at_once(texts: int, done: str) -> str:
    """One statement writes down a batch: then its first and its last text have one moment."""
    if texts > 1:
        return f"The first and the last text {done}, together"
    return f"The first and only text {done}"


def _waits(figures: Figures) -> Iterable[Happening]:
    for line in figures.causes:
        if line.status == MessageStatus.HELD and line.cause in _WAITS and line.first_at:
            yield Happening(line.first_at, _WAITS[line.cause])


def _records(figures: Figures) -> Iterable[Happening]:
    for state, words in _RECORDS.items():
        line = figures.records.get(state)
        if line and line.messages and line.last_at:
            yield Happening(line.last_at, words, f"{line.messages:,} so far")


def _in_the_audit_trail(run: Run) -> Iterable[Happening]:
    events = audit.events_of(organization=run.organization, subject=run, most=MOST_EVENTS)
    return [_happening(event) for event in events if event.action in _DONE]


def _happening(event: AuditEvent) -> Happening:
    more = event.after.get("reason") or event.after.get("words") or ""
    return Happening(
        event.at,
        _DONE[event.action].format(who=event.actor_name),
        str(more),
        str(event.after.get("run", "")),
    )
