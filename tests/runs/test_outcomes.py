"""Each outcome of a call leads to one status, and only what was surely not sent may be repeated."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.core import mail

import world
from textmanager.gateway.outcomes import (
    Accepted,
    AccountProblem,
    Ambiguous,
    NotSent,
    Outcome,
    Refused,
    Tested,
    TryTomorrow,
)
from textmanager.organizations.models import Sender
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.models import DayTally, Message, Run, RunState
from textmanager.runs.pipeline.claims import Claimed, claim
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(seconds=1)
MIDNIGHT = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)
SID = "SM" + "1" * 32


@pytest.fixture
def claimed(run: Run, sender: Sender) -> Claimed:
    world.message(run, 1, segments=2)
    (text,) = claim(sender_id=sender.pk, now=NOW).texts
    return text


def record(claimed: Claimed, outcome: Outcome) -> Message:
    sender = Sender.objects.get()
    record_outcomes(sender_id=sender.pk, outcomes=[(claimed, outcome)], now=LATER)
    return Message.objects.get(run_id=claimed.run_id, number=claimed.number)


def segments_of_the_day() -> int:
    return sum(tally.segments for tally in DayTally.objects.all())


def test_accepted(claimed: Claimed) -> None:
    message = record(claimed, Accepted(SID, MessageStatus.ACCEPTED, 2))
    assert (message.status, message.sid) == (MessageStatus.ACCEPTED, SID)
    assert message.accepted_at == LATER
    assert message.check_at is not None
    assert message.check_at > LATER
    assert message.settled_at is None
    assert segments_of_the_day() == 2


@pytest.mark.parametrize(
    ("code", "status"), [(21211, MessageStatus.ERROR), (21408, MessageStatus.FAILED)]
)
def test_refused_for_good(claimed: Claimed, code: int, status: str) -> None:
    message = record(claimed, Refused(code, "Twilio's words"))
    assert (message.status, message.error_code) == (status, code)
    assert message.error_text == "Twilio's words"
    assert message.settled_at == LATER
    assert segments_of_the_day() == 0


def test_a_refusal_because_of_an_opt_out_enters_the_register(claimed: Claimed) -> None:
    message = record(claimed, Refused(21610, "Unsubscribed"))
    assert opted_out_among(message.organization_id, [message.to]) == {message.to}


def test_a_refusal_in_a_test_run_leaves_the_register_alone(claimed: Claimed) -> None:
    message = record(dataclasses.replace(claimed, is_test=True), Refused(21610, "Unsubscribed"))
    assert message.status == MessageStatus.FAILED
    assert opted_out_among(message.organization_id, [message.to]) == frozenset()


def test_what_was_surely_not_sent_is_tried_again_when_twilio_wants(claimed: Claimed) -> None:
    message = record(claimed, NotSent("Twilio had too many requests at once.", 30.0, 20429))
    assert (message.status, message.reason) == (MessageStatus.QUEUED, "retry")
    assert dt.timedelta(seconds=30) <= message.not_before - LATER <= dt.timedelta(seconds=60)
    assert message.check_at is None
    assert segments_of_the_day() == 0


def test_a_daily_limit_at_twilio_waits_for_tomorrow(claimed: Claimed) -> None:
    message = record(claimed, TryTomorrow(63038, "Daily limit"))
    assert (message.status, message.reason) == (MessageStatus.HELD, "allowance")
    assert message.not_before == MIDNIGHT


def test_a_problem_of_the_account_holds_the_run_instead_of_burning_through_it(
    claimed: Claimed, django_capture_on_commit_callbacks: object
) -> None:
    Run.objects.update(report_emails=["office@example.org"])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator] # a fixture
        message = record(claimed, AccountProblem(30002, "Account suspended"))
    assert message.status == MessageStatus.QUEUED
    run = Run.objects.get()
    assert run.state == RunState.HELD
    assert "Account suspended" in run.reason
    assert "30002" in run.reason
    (told,) = mail.outbox
    assert run.reason in told.body


def test_an_ambiguous_outcome_is_looked_up_and_never_queued(claimed: Claimed) -> None:
    message = record(claimed, Ambiguous("Twilio answered with HTTP 503."))
    assert message.status == MessageStatus.SENDING
    assert message.check_at is not None
    assert message.check_at > LATER
    assert segments_of_the_day() == 2
    assert claim(sender_id=message.sender_id, now=LATER + dt.timedelta(days=1)).texts == []


def test_a_rehearsed_text_is_tested_and_costs_nothing(run: Run, sender: Sender) -> None:
    Run.objects.update(api_mode="test")
    world.message(run, 1)
    (text,) = claim(sender_id=sender.pk, now=NOW).texts
    message = record(text, Tested(1))
    assert (message.status, message.settled_at) == (MessageStatus.TESTED, LATER)
    assert segments_of_the_day() == 0


def test_a_receipt_that_was_quicker_is_not_undone(claimed: Claimed) -> None:
    Message.objects.update(status=MessageStatus.DELIVERED, sid=SID, settled_at=NOW)
    message = record(claimed, Accepted(SID, MessageStatus.ACCEPTED, 2))
    assert message.status == MessageStatus.DELIVERED
    assert message.settled_at == NOW
    assert message.accepted_at == LATER
    assert segments_of_the_day() == 2


@pytest.mark.parametrize(
    "outcome", [Accepted(SID, MessageStatus.ACCEPTED, 2), Refused(21408, "No"), NotSent("No")]
)
def test_an_outcome_of_an_earlier_attempt_changes_nothing(
    claimed: Claimed, outcome: Outcome
) -> None:
    again = NOW + dt.timedelta(minutes=5)
    Message.objects.update(attempted_at=again)
    message = record(claimed, outcome)
    assert (message.status, message.sid) == (MessageStatus.SENDING, "")


def test_outcomes_of_a_batch_are_written_in_one_statement(
    run: Run, sender: Sender, django_assert_max_num_queries: object
) -> None:
    for number in range(50):
        world.message(run, number)
    texts = claim(sender_id=sender.pk, now=NOW).texts
    outcomes: list[tuple[Claimed, Outcome]] = [
        (text, Accepted(f"SM{text.number:032d}", MessageStatus.ACCEPTED, 1)) for text in texts
    ]
    with django_assert_max_num_queries(4):  # type: ignore[operator] # a fixture
        record_outcomes(sender_id=sender.pk, outcomes=outcomes, now=LATER)
    assert Message.objects.filter(status=MessageStatus.ACCEPTED).count() == 50


def test_without_a_wish_of_twilios_each_wait_is_longer_up_to_a_bound(claimed: Claimed) -> None:
    waits = []
    for attempt in (1, 2, 3, 8, 20):
        Message.objects.update(status=MessageStatus.SENDING)
        again = dataclasses.replace(claimed, attempt=attempt)
        message = record(again, NotSent("No connection to Twilio."))
        waits.append((message.not_before - LATER).total_seconds())
    for wait, least in zip(waits, (2, 4, 8, 256, 300), strict=True):
        assert least <= wait <= 2 * least
