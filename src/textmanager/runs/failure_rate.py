"""Stops a run by itself when too many of its texts fail, before the rest fail the same way."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Collection

from django.db import transaction

from textmanager.runs.breakdown import outcomes_so_far
from textmanager.runs.holding import hold_run
from textmanager.runs.models import Run, RunState


def watch_failures(run_ids: Collection[uuid.UUID | str]) -> None:
    """Holds those of the runs that fail too often, once the caller's transaction is committed.

    Called with the runs of which a text has just failed. Afterwards, because whoever holds a run
    locks it first, and the caller holds its messages.
    """
    for run_id in sorted(set(map(str, run_ids))):
        transaction.on_commit(functools.partial(hold_if_failing, run_id))


def hold_if_failing(run_id: str) -> bool:
    """Holds the run if its organization's limits say so; tells whether it did.

    What happened before somebody last let the run go on is not counted again: a person who has
    looked at it and goes on is not stopped by the same failures.
    """
    run = Run.objects.select_related("organization").get(pk=run_id)
    percent, least = run.organization.hold_failure_percent, run.organization.hold_failure_least
    if run.state not in {RunState.PREPARING, RunState.SENDING} or not percent:
        return False
    so_far = outcomes_so_far(run)
    known = so_far.known - run.outcomes_looked_at
    failed = so_far.failed - run.failures_looked_at
    if known < max(1, least) or failed * 100 < percent * known:
        return False
    return hold_run(
        run_id=run.pk,
        reason=(
            f"Too many texts fail: {failed:,} of the last {known:,} with an outcome, "
            f"{100 * failed // known} %. Look at the reasons below. Resume the run if they are to "
            "be expected, or cancel it."
        ),
    )
