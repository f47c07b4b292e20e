"""Two who do something about a run in the same moment: neither undoes the other's, or waits on."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

import world
from meeting import meet
from textmanager.campaigns.editing import SAVED_FIELDS, update_campaign
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.gateway.outcomes import AccountProblem, NotSent
from textmanager.organizations import imis_health
from textmanager.organizations.imis_health import Seen
from textmanager.organizations.models import Organization, Sender, User
from textmanager.runs.completion import cancel_what_came_back, complete_runs, settle_runs
from textmanager.runs.holding import cancel_run, pause_campaign, pause_run
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.claims import claim
from textmanager.runs.pipeline.follow_up import take_page
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.runs.pipeline.plan import start_due_runs
from textmanager.runs.pipeline.prepare import store_page
from textmanager.runs.pipeline.price import wait_or_end
from textmanager.runs.pipeline.withdrawal import withdraw
from textmanager.runs.waiting import take_up_what_waited_for_imis, wait_for_imis
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)


def statuses() -> list[str]:
    return list(Message.objects.order_by("run_id", "number").values_list("status", flat=True))


def test_the_first_claim_of_a_run_meets_its_cancellation(
    organization: Organization, run: Run, sender: Sender, alice: User
) -> None:
    world.message(run, 1)
    world.message(run, 2, not_before=timezone.now() + DAY)
    meet(
        lambda: claim(sender_id=sender.pk, now=timezone.now()),
        lambda: cancel_run(organization=organization, run_id=run.pk, actor=alice),
    )
    assert Run.objects.get().state == RunState.CANCELED
    # The claimed one is taken back before it leaves.
    assert statuses() == [MessageStatus.SENDING, MessageStatus.CANCELED]


def test_a_problem_of_the_account_meets_the_cancellation_of_its_run(
    organization: Organization, run: Run, sender: Sender, alice: User
) -> None:
    world.message(run, 1)
    (claimed,) = claim(sender_id=sender.pk, now=timezone.now()).texts
    world.message(run, 2)
    problem = AccountProblem(20003, "Authenticate")
    meet(
        # Keeps the cancellation waiting once it has begun.
        lambda: Message.objects.select_for_update(no_key=True).get(number=2),
        lambda: cancel_run(organization=organization, run_id=run.pk, actor=alice),
        lambda: record_outcomes(
            sender_id=sender.pk, outcomes=[(claimed, problem)], now=timezone.now()
        ),
    )
    assert Run.objects.get().state == RunState.CANCELED
    assert Message.objects.get(number=1).error_code == problem.code


def end_what_can_be() -> Run:
    """As the planner does every few seconds."""
    cancel_what_came_back(now=timezone.now())
    settle_runs(now=timezone.now())
    return Run.objects.get()


def test_a_text_that_twilio_had_no_room_for_ends_with_its_run(
    organization: Organization, run: Run, sender: Sender, alice: User
) -> None:
    world.message(run, 1)
    (claimed,) = claim(sender_id=sender.pk, now=timezone.now()).texts
    cancel_run(organization=organization, run_id=run.pk, actor=alice)
    busy = NotSent("Twilio had too many requests at once.")
    record_outcomes(sender_id=sender.pk, outcomes=[(claimed, busy)], now=timezone.now())
    assert end_what_can_be().settled_at is not None
    message = Message.objects.get()
    assert (message.status, message.reason) == (MessageStatus.CANCELED, "run_canceled")


def test_a_text_that_a_pause_takes_back_while_its_run_is_canceled_ends_with_it(
    organization: Organization, run: Run, sender: Sender, alice: User
) -> None:
    world.message(run, 1)
    (claimed,) = claim(sender_id=sender.pk, now=timezone.now()).texts
    pause_run(organization=organization, run_id=run.pk, actor=alice)
    meet(
        lambda: cancel_run(organization=organization, run_id=run.pk, actor=alice),
        lambda: withdraw([claimed], now=timezone.now()),
    )
    assert end_what_can_be().settled_at is not None
    assert statuses() == [MessageStatus.CANCELED]


@pytest.fixture
def due(campaign: Campaign) -> Campaign:
    """Since its last occurrence; no planner has come to it yet."""
    now = timezone.now()
    campaign.next_run_at = campaign.recurrence.between(now - DAY, now)[-1]
    campaign.save()
    return campaign


def save(campaign: Campaign, actor: User, **values: object) -> None:
    said = {name: getattr(campaign, name) for name in SAVED_FIELDS}
    update_campaign(
        organization=campaign.organization,
        actor=actor,
        campaign_id=campaign.pk,
        values={**said, "version": campaign.version, **values},
    )


def test_what_is_due_while_its_campaign_is_saved_is_not_left_out(
    due: Campaign, alice: User
) -> None:
    # The planner passes over a campaign that somebody has locked.
    changes = {"name": "Renamed", "rrule": "FREQ=DAILY;COUNT=9999"}
    meet(lambda: save(due, alice, **changes), lambda: start_due_runs(now=timezone.now()))
    assert not Run.objects.exists()
    start_due_runs(now=timezone.now())
    run = Run.objects.get()
    assert (run.scheduled_for, run.campaign_name) == (due.next_run_at, "Renamed")


def test_what_was_due_by_an_earlier_schedule_does_not_run_besides_the_new_one(
    due: Campaign, alice: User
) -> None:
    save(due, alice, start_time=dt.time(11))
    assert start_due_runs(now=timezone.now()) == 0
    assert not Run.objects.exists()


def test_a_run_that_is_settled_while_prices_are_asked_for_is_asked_about_anew(run: Run) -> None:
    now = timezone.now()
    # The last time that they are asked for, unless it is settled.
    Run.objects.update(state=RunState.COMPLETED, completed_at=now, price_tries=5, price_due_at=now)
    world.message(run, 1, status=MessageStatus.DELIVERED)
    meet(lambda: settle_runs(now=now), lambda: wait_or_end(run.pk, now))
    priced = Run.objects.get()
    assert (priced.price_tries, priced.price_due_at is None) == (1, False)


def test_a_campaign_is_paused_although_its_run_ends_just_then(
    organization: Organization, run: Run, alice: User
) -> None:
    meet(
        lambda: complete_runs(now=timezone.now()),
        lambda: pause_campaign(organization=organization, campaign_id=run.campaign_id, actor=alice),
    )
    assert Campaign.objects.get().state == CampaignState.PAUSED
    assert Run.objects.get().state == RunState.COMPLETED


def test_a_run_that_waited_for_imis_does_not_go_on_while_its_campaign_is_paused(
    organization: Organization, campaign: Campaign, alice: User
) -> None:
    now = timezone.now()
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None, scheduled_for=now)
    wait_for_imis(run_id=run.pk, reason="iMIS is away.", now=now)
    imis_health.note(organization.pk, Seen(), now + dt.timedelta(seconds=1))
    meet(
        lambda: pause_campaign(organization=organization, campaign_id=campaign.pk, actor=alice),
        lambda: take_up_what_waited_for_imis(now=now + dt.timedelta(seconds=2)),
    )
    assert Run.objects.get().state == RunState.HELD


@pytest.fixture
def preparing(campaign: Campaign) -> Run:
    """Of a campaign that texts nobody twice within a week."""
    return world.run(campaign, state=RunState.PREPARING, prepared_at=None, days_between_texts=7)


def store(run: Run) -> bool:
    """Prepares a run over one member."""
    row = {"ID": "10002", "MobilePhone": "202-555-0101", "FirstName": "Ann"}
    return store_page(run_id=str(run.pk), offset=0, rows=[row], total=1)


def test_two_runs_that_are_prepared_at_once_text_nobody_twice(
    campaign: Campaign, preparing: Run
) -> None:
    second = world.run(
        campaign,
        state=RunState.PREPARING,
        prepared_at=None,
        days_between_texts=7,
        scheduled_for=preparing.scheduled_for + DAY,
    )
    meet(lambda: store(preparing), lambda: store(second))
    assert statuses() == [MessageStatus.QUEUED, MessageStatus.SKIPPED]


def test_a_failed_text_is_not_tried_again_besides_that_of_a_run_being_prepared(
    campaign: Campaign,
) -> None:
    now = timezone.now()
    failed = world.run(campaign, state=RunState.COMPLETED)
    world.message(failed, 1, status=MessageStatus.FAILED, error_code=30003)
    retry, later = (
        world.run(
            campaign,
            state=RunState.PREPARING,
            prepared_at=None,
            days_between_texts=7,
            scheduled_for=now - place * DAY,
            retry_of=retry_of,
        )
        for place, retry_of in enumerate([failed, None])
    )
    meet(lambda: take_page(retry.pk, now=now), lambda: store(later))
    assert set(statuses()[1:]) == {MessageStatus.QUEUED, MessageStatus.SKIPPED}
