"""What people are shown of where a run stands: whom it waits for, and not only that it does."""

from __future__ import annotations

from dataclasses import dataclass

from textmanager.runs.models import Run, RunState

PAUSED_BY = "Paused by "


@dataclass(frozen=True)
class ShownState:
    """`key` is that of the tag's color."""

    key: str
    label: str


def was_paused_by_somebody(run: Run) -> bool:
    """Whether a held run stands still because a person wished it, and not for a reason of ours."""
    return run.state == RunState.HELD and run.reason.startswith(PAUSED_BY)


def shown_state(run: Run) -> ShownState:
    """A run that somebody paused is told from one that was held for a reason of ours."""
    if was_paused_by_somebody(run):
        return ShownState("paused", "Paused")
    return ShownState(run.state, str(RunState(run.state).label))
