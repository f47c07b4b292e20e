"""Step 1, plan: starts the runs that are due, and keeps every other step going.

The state of runs and messages is the truth, and jobs are only hints to look at it: every few
seconds this step reads what is due and defers a job for it, unless the same job waits already.
A job that was lost with its worker is therefore made up for by itself.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns import lifecycle
from textmanager.campaigns.models import Campaign, CatchUp
from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, jobs
from textmanager.runs.beginning import record_run
from textmanager.runs.completion import (
    cancel_what_came_back,
    complete_campaigns,
    complete_runs,
    settle_runs,
)
from textmanager.runs.models import RunState
from textmanager.runs.pipeline import due
from textmanager.runs.pipeline.poll import poll
from textmanager.runs.pipeline.prepare import defer_prepare
from textmanager.runs.pipeline.price import price, runs_to_price
from textmanager.runs.pipeline.reconcile import reconcile
from textmanager.runs.pipeline.report import defer_report
from textmanager.runs.pipeline.send import defer_drain
from textmanager.runs.pipeline.write_back import write_back
from textmanager.runs.waiting import take_up_what_waited_for_imis
from textmanager.schedule.recurrence import RecurrenceError

logger = logging.getLogger(__name__)

# An occurrence that starts within this time is on time; a restart takes no longer.
ON_TIME = dt.timedelta(minutes=10)
NOT_RUNNING = "Text Manager was not running at that time."
SKIPPED = "It was skipped on purpose."


@jobs.periodic(cron="* * * * * */3")
@jobs.task(name="plan", queueing_lock="plan")
async def plan(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    await in_database(start_due_runs, now=timezone.now())
    await in_database(complete_runs, now=timezone.now())
    await in_database(complete_campaigns)
    await in_database(cancel_what_came_back, now=timezone.now())
    await in_database(settle_runs, now=timezone.now())
    await in_database(take_up_what_waited_for_imis, now=timezone.now())
    await in_database(defer_what_is_due, now=timezone.now())


def start_due_runs(*, now: dt.datetime) -> int:
    """Writes a run for every campaign that is due; returns how many were started.

    One transaction a campaign: its run and its next occurrence are written together, so that
    two planners, or one that dies half-way, start an occurrence once.
    """
    started = 0
    while True:
        with transaction.atomic():
            campaign = lifecycle.lock_next_due(now)
            if campaign is None:
                return started
            started += _start(campaign, now)


def _start(campaign: Campaign, now: dt.datetime) -> int:
    skipped = set(campaign.skipped)
    try:
        due_now = lifecycle.occurrences_due(campaign, now)
        lifecycle.move_on(campaign, now)
    except RecurrenceError as problem:
        _set_aside(campaign, problem)
        return 0
    for occurrence in skipped.intersection(due_now):
        record_run(
            campaign=campaign, scheduled_for=occurrence, state=RunState.SKIPPED, reason=SKIPPED
        )
    wanted = [occurrence for occurrence in due_now if occurrence not in skipped]
    return _start_latest(campaign, wanted, now) if wanted else 0


def _set_aside(campaign: Campaign, problem: RecurrenceError) -> None:
    """Shows a campaign whose schedule cannot be followed, and lets all others go on."""
    logger.error("The schedule of campaign %s cannot be followed: %s", campaign.pk, problem)
    if campaign.next_run_at is not None:
        _miss(campaign, campaign.next_run_at, f"The campaign is paused. {problem}")
    lifecycle.pause_unfollowable(campaign, reason=str(problem))


def _start_latest(campaign: Campaign, wanted: list[dt.datetime], now: dt.datetime) -> int:
    """Runs the last occurrence if that is not too late; the others are shown as missed."""
    *passed, latest = wanted
    for occurrence in passed:
        _miss(campaign, occurrence, NOT_RUNNING)
    late = now - latest
    if late > ON_TIME and campaign.catch_up == CatchUp.SKIP:
        _miss(campaign, latest, f"{NOT_RUNNING} The campaign is set to skip what it missed.")
        return 0
    if late > max(ON_TIME, dt.timedelta(hours=campaign.catch_up_hours)):
        _miss(campaign, latest, f"{NOT_RUNNING} It was too late to run it afterwards.")
        return 0
    return 1 if record_run(campaign=campaign, scheduled_for=latest) else 0


def _miss(campaign: Campaign, occurrence: dt.datetime, reason: str) -> None:
    record_run(campaign=campaign, scheduled_for=occurrence, state=RunState.MISSED, reason=reason)


def defer_what_is_due(*, now: dt.datetime) -> None:
    """Defers a job for everything that waits for one. Asking twice defers once."""
    for run_id in due.runs_to_prepare():
        defer_prepare(run_id)
    for sender_id in due.senders_to_drain(now):
        defer_drain(sender_id)
    for organization_id in due.organizations_to_reconcile(now):
        name = f"reconcile-{organization_id}"
        defer_once(reconcile, queueing_lock=name, lock=name, organization_id=organization_id)
    for organization_id in due.organizations_to_poll(now):
        name = f"poll-{organization_id}"
        defer_once(poll, queueing_lock=name, lock=name, organization_id=organization_id)
    for organization_id in due.organizations_to_write_back(now):
        name = f"write-back-{organization_id}"
        defer_once(write_back, queueing_lock=name, lock=name, organization_id=organization_id)
    for run_id in due.runs_to_report():
        defer_report(run_id)
    for run_id in runs_to_price(now):
        name = f"price-{run_id}"
        defer_once(price, queueing_lock=name, lock=name, run_id=str(run_id))
