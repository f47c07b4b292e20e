"""The figures of a run as staff see them: the six names, and ours beside them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from textmanager.runs.figures import Figures, Line
from textmanager.runs.models import Run, RunTally
from textmanager.text.statuses import NEVER_LEFT, STAFF_STATUSES, MessageStatus


@dataclass(frozen=True)
class Figure:
    """One line of the breakdown. `share` is of all messages of the run, 0 to 1.

    `segments` of texts that never leave are 0.
    """

    key: str
    label: str
    meaning: str
    messages: int
    segments: int
    share: float


# A text that its carrier has taken counts as one that has not failed, so far.
FAILED = frozenset({MessageStatus.UNDELIVERED.value, MessageStatus.FAILED.value})
NOT_YET_SENT = (MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.SENDING)
NOT_FOR_SENDING = (MessageStatus.ERROR, MessageStatus.SKIPPED)
WITH_OUTCOME = FAILED | {MessageStatus.SENT.value, MessageStatus.DELIVERED.value}


@dataclass(frozen=True)
class Outcomes:
    """How many texts of a run have an outcome, and how many of them failed."""

    known: int
    failed: int


def outcomes_so_far(run: Run) -> Outcomes:
    counts = counts_by_status(run)
    return Outcomes(
        known=sum(n for status, n in counts.items() if status in WITH_OUTCOME),
        failed=sum(n for status, n in counts.items() if status in FAILED),
    )


def counts_by_status(run: Run) -> dict[str, int]:
    """Messages of the run by status, from the tallies; those of no message are left out."""
    tallies = RunTally.objects.filter(run=run, messages__gt=0)
    return dict(tallies.values_list("status", "messages"))


def done_of(counts: Mapping[str, int]) -> int:
    """How many of a run's texts have been dealt with, by its messages by status."""
    not_done = {*NOT_FOR_SENDING, *NOT_YET_SENT, MessageStatus.CANCELED}
    return sum(messages for status, messages in counts.items() if status not in not_done)


def breakdown(run: Run) -> list[Figure]:
    """The six names always, ours where a message has them."""
    return breakdowns([run])[run.pk]


def breakdown_of(figures: Figures) -> list[Figure]:
    """The same from figures that were read already."""
    return breakdown_from(line for line in figures.statuses.values() if line.messages > 0)


def breakdowns(runs: Collection[Run]) -> dict[uuid.UUID, list[Figure]]:
    """The breakdown of each run, in one query."""
    tallies: dict[uuid.UUID, list[RunTally]] = defaultdict(list)
    for tally in RunTally.objects.filter(run__in=[run.pk for run in runs], messages__gt=0):
        tallies[tally.run_id].append(tally)
    return {run.pk: breakdown_from(tallies[run.pk]) for run in runs}


def statuses_of(key: str) -> tuple[str, ...]:
    """The message statuses behind one line of the breakdown; none for a key that is no line."""
    for staff in STAFF_STATUSES:
        if staff.key == key:
            return tuple(status.value for status in staff.statuses)
    return ()


def breakdown_from(tallies: Iterable[RunTally | Line]) -> list[Figure]:
    """The same from tallies that were read already, of statuses that have messages."""
    by_status = {tally.status: tally for tally in tallies}
    total = sum(tally.messages for tally in by_status.values())
    figures = []
    for staff in STAFF_STATUSES:
        found = [by_status[status] for status in staff.statuses if status in by_status]
        messages = sum(tally.messages for tally in found)
        if messages or staff.is_always_shown:
            figures.append(
                Figure(
                    key=staff.key,
                    label=staff.label,
                    meaning=staff.meaning,
                    messages=messages,
                    segments=sum(
                        tally.segments for tally in found if tally.status not in NEVER_LEFT
                    ),
                    share=messages / total if total else 0.0,
                )
            )
    return figures
