"""The runs that somebody should know of now: going on, held, paused, and what did not run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from textmanager.organizations.models import Organization
from textmanager.runs.models import Run, RunState, RunTally
from textmanager.runs.progress import Progress, progress
from textmanager.runs.shown_state import was_paused_by_somebody
from textmanager.runs.unclear import Unclear, unclear_texts_of
from textmanager.text.statuses import MessageStatus

# A page shows few of them, and says how many there are.
MOST = 200


@dataclass(frozen=True)
class RunUnderWay:
    """A run that is preparing or sending, with how far it is."""

    run: Run
    progress: Progress


@dataclass(frozen=True)
class Standing:
    """Each list with the latest first; lists end at MOST."""

    under_way: list[RunUnderWay]
    held: list[Run]
    paused: list[Run]
    missed: list[Run]
    failed: list[Run]


def standing(organization: Organization, *, now: dt.datetime, since: dt.datetime) -> Standing:
    """Open runs of whatever age; missed and failed ones scheduled since then. One query."""
    runs = list(
        Run.objects.filter(organization=organization)
        .filter(
            Q(state__in=RunState.open())
            | Q(state__in=[RunState.FAILED, RunState.MISSED], scheduled_for__gte=since)
        )
        .annotate(
            counted=ArraySubquery(
                RunTally.objects.filter(run=OuterRef("pk"), messages__gt=0).values(
                    tally=JSONObject(status="status", messages="messages")
                )
            )
        )
        .order_by("-scheduled_for")[:MOST]
    )
    held = [run for run in runs if run.state == RunState.HELD]
    going_on = {RunState.PREPARING, RunState.SENDING}
    return Standing(
        under_way=[_under_way(run, now) for run in runs if run.state in going_on],
        held=[run for run in held if not was_paused_by_somebody(run)],
        paused=[run for run in held if was_paused_by_somebody(run)],
        missed=[run for run in runs if run.state == RunState.MISSED],
        failed=[run for run in runs if run.state == RunState.FAILED],
    )


def _under_way(run: Run, now: dt.datetime, unclear: Unclear | None = None) -> RunUnderWay:
    return RunUnderWay(run, progress(run, _counts(run), now=now, unclear=unclear))


def _counts(run: Run) -> dict[str, int]:
    return {each["status"]: each["messages"] for each in run.counted}  # type: ignore[attr-defined]  # annotated


def with_unclear(under_way: Sequence[RunUnderWay], *, now: dt.datetime) -> list[RunUnderWay]:
    """The same runs, with what of each is being looked up at Twilio; one query at most."""
    asked = [each.run.pk for each in under_way if _counts(each.run).get(MessageStatus.SENDING)]
    unclear = unclear_texts_of(asked, now=now)
    return [_under_way(each.run, now, unclear.get(each.run.pk)) for each in under_way]
