"""What campaigns want to know of their runs: the latest of each, and whether one is going on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from textmanager.runs.models import Run, RunState
from textmanager.runs.overview import TEXTED, outcome_in_words

# These texted nobody and never will.
TEXTED_NOBODY = (RunState.MISSED, RunState.SKIPPED)
# One question a campaign, each answered by the first entry of an index, however many runs it has.
_LATEST = """
    SELECT latest.*, (
        SELECT coalesce(sum(messages), 0) FROM runs_runtally
        WHERE run_id = latest.id AND status = ANY(%s)
    ) AS texted
    FROM unnest(%s::bigint[]) AS asked (campaign_id)
    CROSS JOIN LATERAL (
        SELECT * FROM runs_run WHERE runs_run.campaign_id = asked.campaign_id
        ORDER BY scheduled_for DESC LIMIT 1
    ) AS latest
"""


@dataclass(frozen=True)
class LatestRun:
    """A campaign's latest run, with what the tallies say of it."""

    run: Run
    outcome: str
    texted: int
    contacts: int


def latest_runs_of(campaign_ids: Collection[int]) -> dict[int, LatestRun]:
    """The latest run of each campaign that has one, in one query."""
    return {
        run.campaign_id: LatestRun(
            run, outcome_in_words(run), texted=vars(run)["texted"], contacts=run.contacts or 0
        )
        for run in Run.objects.raw(_LATEST, [sorted(TEXTED), list(campaign_ids)])
    }


def latest_run_time() -> Subquery:
    """When the campaign of the outer query ran last, to sort by."""
    runs = Run.objects.filter(campaign=OuterRef("pk")).order_by("-scheduled_for")
    return Subquery(runs.values("scheduled_for")[:1])


def has_open_run(campaign_id: int) -> bool:
    return Run.objects.filter(campaign_id=campaign_id, state__in=RunState.open()).exists()


def has_sent_or_may_send(campaign_id: int) -> bool:
    """Whether the campaign has a run that is more than a note that nothing ran."""
    return Run.objects.filter(campaign_id=campaign_id).exclude(state__in=TEXTED_NOBODY).exists()
