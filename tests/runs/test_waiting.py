"""A run whose iMIS failed is held, not lost: it goes on by itself, unless it is too late."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.campaigns.models import Campaign, CampaignState, CatchUp
from textmanager.organizations import imis_health
from textmanager.organizations.imis_health import Seen
from textmanager.organizations.models import AuditEvent, ImisConnection, User
from textmanager.runs.holding import resume_run
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.prepare import PATIENCE, prepare
from textmanager.runs.waiting import take_up_what_waited_for_imis, wait_for_imis
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app

MINUTE = dt.timedelta(minutes=1)


def work(run: Run, *, tries: int = PATIENCE.tries - 1) -> None:
    """Runs the job as a worker would, for the last time unless told otherwise."""
    asyncio.run(prepare.func(str(run.pk), tries))


@pytest.fixture
def held(campaign: Campaign) -> Run:
    """Scheduled a minute ago, and held since then."""
    now = timezone.now()
    run = world.run(
        campaign, state=RunState.PREPARING, prepared_at=None, scheduled_for=now - MINUTE
    )
    wait_for_imis(run_id=run.pk, reason="iMIS is away.", now=now)
    run.refresh_from_db()
    return run


def take_up(run: Run, *, works: bool = True, after: dt.timedelta = MINUTE) -> Run:
    """Lets the watch see iMIS so much later, then the planner look."""
    at = timezone.now() + after
    imis_health.note(run.organization_id, Seen() if works else Seen("Away."), at)
    take_up_what_waited_for_imis(now=at)
    run.refresh_from_db()
    return run


def test_people_are_told_until_when_it_goes_on_by_itself(held: Run) -> None:
    assert held.state == RunState.HELD
    assert held.reason.startswith("iMIS is away. The run goes on by itself if iMIS works again")
    assert " EST" in held.reason or " EDT" in held.reason


def test_it_waits_while_imis_fails(held: Run) -> None:
    assert take_up(held, works=False).state == RunState.HELD
    assert held.waits_for_imis_since is not None


def test_a_success_from_before_is_none(held: Run) -> None:
    assert take_up(held, after=-2 * MINUTE).state == RunState.HELD


def test_it_goes_on_when_imis_works_again(held: Run) -> None:
    assert take_up(held).state == RunState.PREPARING
    assert (held.reason, held.waits_for_imis_since) == ("", None)
    event = AuditEvent.objects.get(action="resumed")
    assert event.actor_name == "Text Manager"
    assert take_up_what_waited_for_imis(now=timezone.now()) == 0


@pytest.mark.parametrize(
    ("catch_up", "hours", "late", "goes_on"),
    [
        (CatchUp.RUN_LATE, 12, 11 * 60, True),
        (CatchUp.RUN_LATE, 12, 13 * 60, False),
        (CatchUp.SKIP, 12, 5, True),
        (CatchUp.SKIP, 12, 20, False),
    ],
)
def test_too_late_for_its_campaign_it_waits_for_a_person(
    held: Run, catch_up: str, hours: int, late: int, *, goes_on: bool
) -> None:
    Campaign.objects.update(catch_up=catch_up, catch_up_hours=hours)
    take_up(held, after=late * MINUTE)
    assert (held.state == RunState.PREPARING) == goes_on
    assert ("later than the campaign lets a run start" in held.reason) != goes_on


def test_of_several_that_waited_only_the_latest_goes_on_by_itself(held: Run) -> None:
    latest = world.run(
        held.campaign,
        state=RunState.PREPARING,
        prepared_at=None,
        scheduled_for=held.scheduled_for + MINUTE,
    )
    wait_for_imis(run_id=latest.pk, reason="iMIS is away.", now=timezone.now())
    assert take_up(held).state == RunState.HELD
    assert "whoever is in both would be texted twice" in held.reason
    latest.refresh_from_db()
    assert latest.state == RunState.PREPARING


@pytest.mark.parametrize("state", [RunState.MISSED, RunState.SKIPPED])
def test_an_occurrence_that_did_not_run_holds_no_earlier_one_back(held: Run, state: str) -> None:
    world.run(held.campaign, state=state, scheduled_for=held.scheduled_for + MINUTE)
    assert take_up(held).state == RunState.PREPARING


@pytest.mark.django_db(transaction=True)
def test_a_preparation_that_is_tried_again_does_not_follow_a_newer_run(campaign: Campaign) -> None:
    now = timezone.now()
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None, scheduled_for=now)
    world.run(campaign, scheduled_for=now + MINUTE)
    work(run, tries=3)
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert "A later run of this campaign has begun" in run.reason


@pytest.mark.parametrize(
    "changed", [{"state": CampaignState.PAUSED}, {"deleted_at": timezone.now()}]
)
def test_a_campaign_that_was_paused_or_deleted_meanwhile_stays_still(
    held: Run, changed: dict[str, Any]
) -> None:
    Campaign.objects.update(**changed)
    assert take_up(held).state == RunState.HELD
    assert "paused or deleted meanwhile" in held.reason


def test_what_a_person_held_does_not_go_on_by_itself(run: Run) -> None:
    Run.objects.update(state=RunState.HELD, reason="Paused by alice.")
    assert take_up(run).state == RunState.HELD


def test_a_person_may_resume_it_earlier(held: Run, alice: User) -> None:
    resume_run(organization=held.organization, run_id=held.pk, actor=alice)
    held.refresh_from_db()
    assert (held.state, held.waits_for_imis_since) == (RunState.PREPARING, None)


@pytest.mark.django_db(transaction=True)
def test_a_password_that_expired_overnight_costs_no_run() -> None:
    organization = world.organization(alert_emails=["office@example.org"])
    campaign = world.campaign(organization, by=world.sender(organization))
    run = world.run(
        campaign,
        state=RunState.PREPARING,
        prepared_at=None,
        scheduled_for=timezone.now(),
        report_emails=["office@example.org"],
    )
    with serve_in_thread(create_app(ImisSettings())) as imis:
        kept = ImisConnection.objects.get(organization=organization)
        kept.base_url = imis
        kept.set_password("the password of last quarter")
        kept.save()
        # At once: a refused password is not right a moment later.
        work(run, tries=0)
        run.refresh_from_db()
        assert (run.state, run.waits_for_imis_since is not None) == (RunState.HELD, True)
        assert "does not accept" in run.reason
        assert ["Held" in each.subject for each in mail.outbox] == [True]

        kept.set_password(BACKGROUND.password)
        kept.save()
        asyncio.run(imis_health.watch_imis.func(0))
        assert take_up_what_waited_for_imis(now=timezone.now()) == 1
        work(run)
    run.refresh_from_db()
    assert run.state == RunState.SENDING
    assert Message.objects.filter(run=run).count() == 8


@pytest.mark.django_db(transaction=True)
def test_a_failure_that_only_a_person_mends_waits_for_one() -> None:
    organization = world.organization()
    campaign = world.campaign(organization, by=world.sender(organization), iqa_path="$/Gone")
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    with serve_in_thread(create_app(ImisSettings())) as imis:
        ImisConnection.objects.update(base_url=imis)
        work(run)
    run.refresh_from_db()
    assert (run.state, run.waits_for_imis_since) == (RunState.HELD, None)
