"""A one-time campaign is sent once: through races, crashes, downtime and second thoughts."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection

import world
from textmanager.campaigns.archiving import archive_campaign
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState, CatchUp
from textmanager.campaigns.unscheduling import unschedule_campaign
from textmanager.organizations.models import Organization, Role, Sender, User
from textmanager.runs.beginning import run_now
from textmanager.runs.completion import complete_campaigns, complete_runs
from textmanager.runs.holding import cancel_run, hold_run
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.plan import start_due_runs
from textmanager.text.statuses import MessageStatus

DUE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def one_time(organization: Organization, sender: Sender, **values: object) -> Campaign:
    return world.campaign(
        organization,
        by=sender,
        **{
            "kind": CampaignKind.ONE_TIME,
            "state": CampaignState.SCHEDULED,
            "rrule": "",
            "start_date": dt.date(2026, 11, 23),
            "next_run_at": DUE,
            **values,
        },
    )


@pytest.fixture
def due(organization: Organization, sender: Sender) -> Campaign:
    return one_time(organization, sender)


def state_of(campaign: Campaign) -> tuple[str, dt.datetime | None]:
    campaign.refresh_from_db()
    return campaign.state, campaign.next_run_at


def test_it_waits_for_its_moment_and_begins_once(due: Campaign) -> None:
    assert start_due_runs(now=DUE - dt.timedelta(seconds=1)) == 0
    assert start_due_runs(now=DUE) == 1
    assert start_due_runs(now=DUE + HOUR) == 0
    assert Run.objects.get().scheduled_for == DUE
    assert state_of(due) == (CampaignState.SENDING, None)


@pytest.mark.parametrize(
    "state", sorted({*CampaignState} - {CampaignState.SCHEDULED, CampaignState.ACTIVE})
)
def test_nothing_but_a_scheduled_one_begins(due: Campaign, state: str) -> None:
    Campaign.objects.update(state=state)
    assert start_due_runs(now=DUE) == 0
    assert not Run.objects.exists()


def test_a_deleted_one_never_begins(due: Campaign) -> None:
    Campaign.objects.update(deleted_at=DUE)
    assert start_due_runs(now=DUE) == 0


@pytest.mark.parametrize("ending", [*RunState])
def test_it_is_completed_when_its_run_has_ended_however_it_did(
    due: Campaign, ending: RunState
) -> None:
    start_due_runs(now=DUE)
    Run.objects.update(state=ending)
    is_over = ending not in RunState.open()
    assert complete_campaigns() == is_over
    assert complete_campaigns() == 0
    assert state_of(due)[0] == (CampaignState.COMPLETED if is_over else CampaignState.SENDING)


def test_a_run_that_is_sent_to_its_end_takes_the_campaign_with_it(due: Campaign) -> None:
    start_due_runs(now=DUE)
    run = Run.objects.get()
    message = world.message(run, 1)
    Run.objects.update(state=RunState.SENDING)
    for _ in range(2):
        complete_runs(now=DUE)
        complete_campaigns()
        assert state_of(due)[0] == CampaignState.SENDING
    type(message).objects.update(status=MessageStatus.DELIVERED)
    complete_runs(now=DUE)
    complete_campaigns()
    assert state_of(due)[0] == CampaignState.COMPLETED


def test_a_held_run_leaves_it_sending_and_a_canceled_one_completes_it(
    due: Campaign, alice: User
) -> None:
    start_due_runs(now=DUE)
    run = Run.objects.get()
    hold_run(run_id=run.pk, reason="The IQA returned nobody.")
    complete_campaigns()
    assert state_of(due)[0] == CampaignState.SENDING
    cancel_run(organization=run.organization, run_id=run.pk, actor=alice)
    complete_campaigns()
    assert state_of(due)[0] == CampaignState.COMPLETED


def test_it_is_sending_again_while_its_ended_run_goes_on(due: Campaign) -> None:
    start_due_runs(now=DUE)
    Run.objects.update(state=RunState.COMPLETED)
    complete_campaigns()
    Run.objects.update(state=RunState.SENDING)
    complete_campaigns()
    assert state_of(due)[0] == CampaignState.SENDING


def test_runs_of_recurring_campaigns_change_no_state(campaign: Campaign, due: Campaign) -> None:
    world.run(campaign, state=RunState.COMPLETED)
    complete_campaigns()
    assert state_of(campaign)[0] == CampaignState.ACTIVE
    assert state_of(due)[0] == CampaignState.SCHEDULED


@pytest.mark.parametrize(
    ("catch_up", "hours_late", "state"),
    [
        (CatchUp.RUN_LATE, 11.9, RunState.PREPARING),
        (CatchUp.RUN_LATE, 12.1, RunState.MISSED),
        (CatchUp.SKIP, 0.1, RunState.PREPARING),
        (CatchUp.SKIP, 0.2, RunState.MISSED),
    ],
)
def test_after_downtime_it_runs_late_within_its_window_or_is_shown_as_missed(
    due: Campaign, catch_up: str, hours_late: float, state: str
) -> None:
    Campaign.objects.update(catch_up=catch_up, catch_up_hours=12)
    start_due_runs(now=DUE + hours_late * HOUR)
    complete_campaigns()
    run = Run.objects.get()
    assert (run.scheduled_for, run.state) == (DUE, state)
    missed = state == RunState.MISSED
    assert state_of(due)[0] == (CampaignState.COMPLETED if missed else CampaignState.SENDING)
    assert ("not running" in run.reason) == missed


def test_a_missed_one_gets_another_time_and_runs_then(due: Campaign, alice: User) -> None:
    start_due_runs(now=DUE + 13 * HOUR)
    complete_campaigns()
    draft = unschedule_campaign(organization=due.organization, campaign_id=due.pk, actor=alice)
    assert (draft.state, draft.next_run_at) == (CampaignState.DRAFT, None)
    assert draft.typed["template"] == due.template
    again = DUE + 24 * HOUR
    Campaign.objects.update(state=CampaignState.SCHEDULED, next_run_at=again)
    assert start_due_runs(now=again) == 1
    runs = Run.objects.order_by("scheduled_for").values_list("scheduled_for", "state")
    assert list(runs) == [(DUE, RunState.MISSED), (again, RunState.PREPARING)]


@pytest.mark.parametrize(
    "ending", [RunState.COMPLETED, RunState.CANCELED, RunState.FAILED, RunState.HELD]
)
def test_one_that_may_have_texted_somebody_never_becomes_a_draft_again(
    due: Campaign, alice: User, ending: str
) -> None:
    start_due_runs(now=DUE)
    Run.objects.update(state=ending)
    complete_campaigns()
    with pytest.raises(NotPossible):
        unschedule_campaign(organization=due.organization, campaign_id=due.pk, actor=alice)
    with pytest.raises(NotPossible):
        run_now(organization=due.organization, campaign_id=due.pk, actor=alice)
    assert Run.objects.count() == 1


def test_sending_now_takes_the_place_of_its_moment(due: Campaign, alice: User) -> None:
    run = run_now(organization=due.organization, campaign_id=due.pk, actor=alice)
    assert run.started_by == alice
    assert state_of(due) == (CampaignState.SENDING, None)
    assert start_due_runs(now=DUE + HOUR) == 0
    with pytest.raises(NotPossible, match="still going on"):
        run_now(organization=due.organization, campaign_id=due.pk, actor=alice)
    assert Run.objects.count() == 1


@pytest.mark.parametrize("step", ["record_run", "move_on", "defer_prepare"])
def test_a_planner_that_dies_between_two_steps_leaves_nothing_half_done(
    due: Campaign, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    place = {
        "record_run": "textmanager.runs.pipeline.plan.record_run",
        "move_on": "textmanager.campaigns.lifecycle.move_on",
        "defer_prepare": "textmanager.runs.beginning.defer_prepare",
    }[step]
    with monkeypatch.context() as patched:
        patched.setattr(place, die)
        with pytest.raises(KeyboardInterrupt):
            start_due_runs(now=DUE)
    assert state_of(due) == (CampaignState.SCHEDULED, DUE)
    assert not Run.objects.exists()
    assert start_due_runs(now=DUE) == 1
    assert Run.objects.count() == 1


def test_one_cut_off_before_it_completed_campaigns_makes_up_for_it(due: Campaign) -> None:
    start_due_runs(now=DUE + 13 * HOUR)
    assert state_of(due)[0] == CampaignState.SENDING
    complete_campaigns()
    assert state_of(due)[0] == CampaignState.COMPLETED


def together(*acts: Callable[[], object]) -> list[object]:
    """What each did, all at once, each on a connection of its own; a refusal counts as 0."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = []

    def perform(act: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=20)
            results.append(act())
        except NotPossible:
            results.append(0)
        finally:
            connection.close()

    threads = [threading.Thread(target=perform, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


@pytest.mark.django_db(transaction=True)
def test_two_planners_and_a_click_start_it_once() -> None:
    organization = world.organization()
    sender = world.sender(organization)
    alice = world.person("alice", organization, Role.ADMIN)
    for number in range(8):
        campaign = one_time(organization, sender, name=f"Campaign {number}")
        clicked = campaign.pk
        together(
            lambda: start_due_runs(now=DUE),
            lambda: start_due_runs(now=DUE),
            lambda clicked=clicked: run_now(  # type: ignore[misc] # bound on purpose
                organization=organization, campaign_id=clicked, actor=alice
            ),
            complete_campaigns,
        )
        assert campaign.runs.count() == 1
        assert state_of(campaign) == (CampaignState.SENDING, None)


@pytest.mark.django_db(transaction=True)
def test_a_planner_and_a_second_thought_never_both_win() -> None:
    organization = world.organization()
    sender = world.sender(organization)
    alice = world.person("alice", organization, Role.ADMIN)
    for number in range(8):
        campaign = one_time(organization, sender, name=f"Campaign {number}")
        wanted = campaign.pk
        together(
            lambda: start_due_runs(now=DUE),
            lambda wanted=wanted: unschedule_campaign(  # type: ignore[misc] # bound on purpose
                organization=organization, campaign_id=wanted, actor=alice
            ),
        )
        state, next_run_at = state_of(campaign)
        assert next_run_at is None
        assert (state, campaign.runs.count()) in {
            (CampaignState.SENDING, 1),
            (CampaignState.DRAFT, 0),
        }


def test_what_is_going_on_is_not_archived(due: Campaign, alice: User) -> None:
    start_due_runs(now=DUE)
    with pytest.raises(NotPossible):
        archive_campaign(organization=due.organization, campaign_id=due.pk, actor=alice)
    Campaign.objects.update(state=CampaignState.COMPLETED)
    with pytest.raises(NotPossible, match="still going on"):
        archive_campaign(organization=due.organization, campaign_id=due.pk, actor=alice)
