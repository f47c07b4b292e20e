"""Runs in a line: with their figures, and how one ended, in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from textmanager.runs.breakdown import Figure, breakdown_from
from textmanager.runs.models import Run, RunState
from textmanager.runs.shown_state import shown_state, was_paused_by_somebody
from textmanager.text.statuses import MessageStatus


@dataclass(frozen=True)
class RunRow:
    """A run with its figures, as in the list of a campaign's runs."""

    run: Run
    figures: list[Figure]
    contacts: int
    texted: int
    segments: int


def outcome_in_words(run: Run | None) -> str:
    """How a run stands or ended, short enough for a table cell."""
    if run is None:
        return ""
    if was_paused_by_somebody(run):
        return run.reason
    if run.state in {RunState.HELD, RunState.FAILED, RunState.MISSED} and run.reason:
        return f"{RunState(run.state).label}: {run.reason}"
    return shown_state(run).label


def run_rows(runs: Collection[Run]) -> list[RunRow]:
    """Runs with their figures, from tallies that were fetched with them."""
    return [_row(run) for run in runs]


# What left the house, or was as good as sent in TEST mode.
TEXTED = frozenset(
    status.value
    for status in (
        MessageStatus.ACCEPTED,
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
        MessageStatus.UNDELIVERED,
        MessageStatus.TESTED,
    )
)


def _row(run: Run) -> RunRow:
    tallies = [tally for tally in run.tallies.all() if tally.messages > 0]
    texted = [tally for tally in tallies if tally.status in TEXTED]
    return RunRow(
        run=run,
        figures=breakdown_from(tallies),
        contacts=run.contacts or 0,
        texted=sum(tally.messages for tally in texted),
        segments=sum(tally.segments for tally in texted),
    )
