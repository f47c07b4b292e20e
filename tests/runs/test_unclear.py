"""Texts whose worker was killed: a run's pages say that they are looked up, and until when."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

import world
from textmanager.organizations.models import User
from textmanager.runs.models import Message, Run
from textmanager.runs.pipeline import reconcile
from textmanager.runs.unclear import NO_ANSWER_AFTER, unclear_texts_of
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def attempted(run: Run, number: int, ago: dt.timedelta, now: dt.datetime = NOW) -> Message:
    return world.message(
        run,
        number,
        status=MessageStatus.SENDING,
        attempted_at=now - ago,
        attempts=1,
        check_at=now - ago + dt.timedelta(seconds=75),
    )


def test_only_what_has_had_no_answer_for_long_is_unclear(run: Run) -> None:
    attempted(run, 1, NO_ANSWER_AFTER - SECOND)
    assert unclear_texts_of([run.pk], now=NOW) == {}
    attempted(run, 2, NO_ANSWER_AFTER + 2 * SECOND)
    attempted(run, 3, NO_ANSWER_AFTER + SECOND)
    found = unclear_texts_of([run.pk], now=NOW)[run.pk]
    assert (found.texts, found.is_late) == (2, False)
    assert found.until == NOW - NO_ANSWER_AFTER - SECOND + reconcile.DECIDED_WITHIN


@pytest.mark.parametrize("late", range(0, 40, 7))
def test_what_is_promised_holds_when_every_look_comes_as_late_as_it_may(
    run: Run, late: int
) -> None:
    """The planner looks every three seconds; a first look may come at any moment after 75."""
    message = attempted(run, 1, dt.timedelta())
    now = NOW + dt.timedelta(seconds=75 + late)
    while True:
        message.refresh_from_db()
        if message.status != MessageStatus.SENDING:
            break
        unclear = reconcile.Unclear(message, run.sender.number)
        reconcile.judge(unclear, [], now)
        decided = now
        now += reconcile.LOOK_AGAIN + 3 * SECOND
    assert message.status == MessageStatus.QUEUED
    assert decided <= NOW + reconcile.DECIDED_WITHIN


def test_the_pages_say_how_many_are_looked_up_and_no_longer_that_all_is_nearly_done(
    page: Client, run: Run
) -> None:
    now = timezone.now()
    for number in range(30):
        world.message(run, number, status=MessageStatus.DELIVERED, settled_at=now)
    attempted(run, 40, dt.timedelta(seconds=25), now)
    attempted(run, 41, dt.timedelta(seconds=25), now)
    Run.objects.update(prepared_at=now - dt.timedelta(seconds=60))
    for address in (f"/runs/{run.pk}/", "/", "/under-way/"):
        html = page.get(address).content.decode()
        assert "2 texts have no answer yet: they are looked up at Twilio" in html, address
        assert "in 4 minutes at the latest" in html, address
        assert "done in less than a minute" not in html, address


def test_a_run_whose_last_texts_have_just_left_promises_nothing(page: Client, run: Run) -> None:
    now = timezone.now()
    for number in range(30):
        world.message(run, number, status=MessageStatus.DELIVERED, settled_at=now)
    attempted(run, 40, SECOND, now)
    Run.objects.update(prepared_at=now - dt.timedelta(seconds=60))
    html = page.get(f"/runs/{run.pk}/").content.decode()
    assert "1 text is under way." in html
    assert "no answer yet" not in html
    assert "done in less than a minute" not in html


def test_while_twilio_cannot_be_asked_it_says_until_when_it_is(page: Client, run: Run) -> None:
    attempted(run, 1, dt.timedelta(hours=1), timezone.now())
    html = page.get(f"/runs/{run.pk}/").content.decode()
    assert "1 text has no known outcome, and Twilio could not tell yet." in html
    assert "(in 22 hours)" in html or "(in 23 hours)" in html


def test_texts_of_a_test_run_are_checked_again_and_not_looked_up(page: Client, run: Run) -> None:
    Run.objects.update(api_mode="test")
    attempted(run, 1, dt.timedelta(seconds=25), timezone.now())
    html = page.get(f"/runs/{run.pk}/").content.decode()
    assert "1 text was left by a worker that stopped, and is checked again" in html
    assert "looked up at Twilio" not in html
