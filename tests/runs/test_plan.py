"""An occurrence runs once, or is shown as missed; nothing is forgotten after downtime."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

import world
from jobs import delete_jobs
from textmanager.campaigns.editing import SAVED_FIELDS
from textmanager.campaigns.models import Campaign, CampaignState, CatchUp
from textmanager.organizations.models import Organization, Sender
from textmanager.runs.beginning import SAID
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.plan import defer_what_is_due, start_due_runs
from textmanager.text.statuses import MessageStatus

# 9:00 AM Eastern Standard Time, every day.
DUE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def due(organization: Organization, sender: Sender) -> Campaign:
    return world.campaign(organization, by=sender, next_run_at=DUE)


def states() -> list[tuple[dt.datetime, str]]:
    return list(Run.objects.order_by("scheduled_for").values_list("scheduled_for", "state"))


def test_nothing_starts_before_its_time(due: Campaign) -> None:
    assert start_due_runs(now=DUE - dt.timedelta(seconds=1)) == 0
    assert states() == []


def test_an_occurrence_starts_once_and_the_next_one_is_set(due: Campaign) -> None:
    assert start_due_runs(now=DUE) == 1
    assert start_due_runs(now=DUE) == 0
    assert states() == [(DUE, RunState.PREPARING)]
    due.refresh_from_db()
    assert due.next_run_at == DUE + DAY


def test_the_run_is_the_campaign_as_it_was_then(due: Campaign) -> None:
    start_due_runs(now=DUE)
    Campaign.objects.update(template="Something else", iqa_path="$/Other")
    run = Run.objects.get()
    assert (run.template, run.iqa_path) == ("Hello ${FirstName}", due.iqa_path)


def test_the_same_occurrence_never_has_two_runs(due: Campaign) -> None:
    start_due_runs(now=DUE)
    # As after a clock that was put back, or a schedule that was edited to and fro.
    Campaign.objects.update(next_run_at=DUE)
    assert start_due_runs(now=DUE) == 0
    assert Run.objects.count() == 1


def test_after_downtime_the_latest_runs_late_and_the_others_are_shown_as_missed(
    due: Campaign,
) -> None:
    assert start_due_runs(now=DUE + 2 * DAY + dt.timedelta(hours=3)) == 1
    assert states() == [
        (DUE, RunState.MISSED),
        (DUE + DAY, RunState.MISSED),
        (DUE + 2 * DAY, RunState.PREPARING),
    ]
    assert "not running" in Run.objects.earliest("scheduled_for").reason


@pytest.mark.parametrize(
    ("catch_up", "hours_late", "state"),
    [
        (CatchUp.RUN_LATE, 11.9, RunState.PREPARING),
        (CatchUp.RUN_LATE, 12.1, RunState.MISSED),
        (CatchUp.SKIP, 0.1, RunState.PREPARING),  # within ten minutes it is on time
        (CatchUp.SKIP, 0.2, RunState.MISSED),
    ],
)
def test_a_campaign_says_whether_late_is_better_than_never(
    due: Campaign, catch_up: str, hours_late: float, state: str
) -> None:
    Campaign.objects.update(catch_up=catch_up, catch_up_hours=12)
    start_due_runs(now=DUE + dt.timedelta(hours=hours_late))
    assert states() == [(DUE, state)]


def test_after_its_last_occurrence_a_campaign_has_ended(due: Campaign) -> None:
    Campaign.objects.update(rrule="FREQ=DAILY;COUNT=23")
    assert start_due_runs(now=DUE) == 1
    due.refresh_from_db()
    assert (due.state, due.next_run_at) == (CampaignState.ENDED, None)


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.DRAFT, CampaignState.ENDED])
def test_only_active_campaigns_run(due: Campaign, state: str) -> None:
    Campaign.objects.update(state=state)
    assert start_due_runs(now=DUE) == 0


def test_a_run_is_given_all_that_it_has_of_a_campaigns_fields() -> None:
    of_a_run = {field.name for field in Run._meta.get_fields()}
    of_both = {"sender_id" if name == "sender" else name for name in of_a_run & set(SAVED_FIELDS)}
    assert set(SAID) == of_both


@pytest.mark.django_db(transaction=True)
def test_many_planners_start_an_occurrence_once() -> None:
    organization = world.organization()
    sender = world.sender(organization)
    for number in range(10):
        world.campaign(organization, by=sender, next_run_at=DUE, name=f"Campaign {number}")
    together = threading.Barrier(4)
    started: list[int] = []

    def planner() -> None:
        try:
            together.wait()
            started.append(start_due_runs(now=DUE))
        finally:
            connection.close()

    planners = [threading.Thread(target=planner) for _ in range(4)]
    for each in planners:
        each.start()
    for each in planners:
        each.join(timeout=20)
    assert sum(started) == 10
    assert Run.objects.count() == 10


def test_what_waits_gets_a_job_and_only_one(due: Campaign, sender: Sender) -> None:
    delete_jobs()
    sending = world.run(due)
    world.message(sending, 1)
    world.message(sending, 2, status=MessageStatus.SENDING, check_at=DUE)
    world.message(sending, 3, status=MessageStatus.SENT, check_at=DUE, sid="SM1")
    start_due_runs(now=DUE + DAY)
    for _ in range(2):
        defer_what_is_due(now=DUE + DAY)
    tasks = sorted(ProcrastinateJob.objects.values_list("task_name", flat=True))
    assert tasks == ["drain", "poll", "prepare", "reconcile"]


def test_a_clock_that_goes_back_starts_no_occurrence_again(due: Campaign) -> None:
    assert due.next_run_at is not None
    occurrence = due.next_run_at
    assert start_due_runs(now=occurrence) == 1
    for back in (dt.timedelta(seconds=1), dt.timedelta(hours=3), dt.timedelta(days=2)):
        assert start_due_runs(now=occurrence - back) == 0
    assert start_due_runs(now=occurrence) == 0
    assert Run.objects.count() == 1


def test_a_schedule_that_cannot_be_followed_is_shown_and_hinders_nobody_else(
    due: Campaign, sender: Sender
) -> None:
    healthy = world.campaign(due.organization, by=sender, next_run_at=DUE + DAY / 24, name="Other")
    Campaign.objects.filter(pk=due.pk).update(time_zone="Atlantis/Capital")
    assert start_due_runs(now=DUE + DAY / 12) == 1
    assert healthy.runs.get().state == RunState.PREPARING
    missed = due.runs.get()
    assert missed.state == RunState.MISSED
    assert "Atlantis" in missed.reason
    due.refresh_from_db()
    assert due.state == CampaignState.PAUSED


def test_a_skipped_occurrence_is_shown_and_the_next_one_runs(due: Campaign) -> None:
    Campaign.objects.update(skipped=[DUE])
    assert start_due_runs(now=DUE) == 0
    assert start_due_runs(now=DUE) == 0
    assert start_due_runs(now=DUE + DAY) == 1
    assert states() == [(DUE, RunState.SKIPPED), (DUE + DAY, RunState.PREPARING)]
    due.refresh_from_db()
    assert due.skipped == []


def test_after_downtime_what_was_skipped_neither_runs_late_nor_is_missed(due: Campaign) -> None:
    Campaign.objects.update(skipped=[DUE + DAY], catch_up_hours=48)
    assert start_due_runs(now=DUE + DAY + dt.timedelta(hours=3)) == 1
    assert states() == [(DUE, RunState.PREPARING), (DUE + DAY, RunState.SKIPPED)]
