"""A text of which nobody knows whether it was sent: adopted, queued again, or shown."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import world
from textmanager.gateway.ledger import LedgerEntry
from textmanager.runs.models import DayTally, Message, Run, RunState
from textmanager.runs.pipeline.reconcile import (
    LOOK_AGAIN,
    SURELY_ABSENT,
    UNCONFIRMED_AFTER,
    judge,
    look_again,
    return_tested,
    unclear_texts,
)
from textmanager.text.statuses import MessageStatus

SENT = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
SOON = SENT + dt.timedelta(seconds=80)
LATE = SENT + SURELY_ABSENT + dt.timedelta(seconds=1)
LATER = LATE + LOOK_AGAIN
SID = "SM" + "1" * 32


@pytest.fixture
def unclear(run: Run) -> Message:
    return world.message(
        run,
        1,
        status=MessageStatus.SENDING,
        attempted_at=SENT,
        attempts=1,
        check_at=SENT + dt.timedelta(seconds=75),
        charged_day=dt.date(2026, 11, 23),
    )


def entry(message: Message, **values: Any) -> LedgerEntry:
    known: dict[str, Any] = {
        "sid": SID,
        "to": message.to,
        "from_number": "555010",
        "body": message.body,
        "status": MessageStatus.DELIVERED,
        "raw_status": "delivered",
        "error_code": None,
        "error_text": "",
        "segments": 1,
        "price": None,
        "price_unit": "",
        "date_created": SENT,
        "date_sent": SENT,
    }
    return LedgerEntry(**{**known, **values})


def decide(message: Message, *entries: LedgerEntry, now: dt.datetime) -> Message:
    (unclear,) = unclear_texts(message.organization_id, now)
    judge(unclear, entries, now)
    message.refresh_from_db()
    return message


def decide_twice(message: Message, *entries: LedgerEntry) -> Message:
    """The second look is the one that counts for what is absent."""
    decide(message, *entries, now=LATE)
    return decide(message, *entries, now=LATER)


def test_it_is_not_looked_for_while_its_call_may_still_be_answered(unclear: Message) -> None:
    early = SENT + dt.timedelta(seconds=74)
    assert unclear_texts(unclear.organization_id, early) == []


@pytest.mark.parametrize("status", [MessageStatus.ACCEPTED, MessageStatus.DELIVERED])
def test_what_twilio_has_is_adopted(unclear: Message, status: MessageStatus) -> None:
    message = decide(unclear, entry(unclear, status=status), now=SOON)
    assert (message.status, message.sid) == (status, SID)
    assert message.attempts == 1


@pytest.mark.parametrize(
    "theirs",
    [
        "Hello Ann",
        "Sent from your Twilio trial account - Hello Ann",
        "",  # discarded at Twilio, by the account's own wish
    ],
)
def test_a_body_that_twilio_has_changed_is_still_ours(unclear: Message, theirs: str) -> None:
    assert decide(unclear, entry(unclear, body=theirs), now=LATE).sid == SID


def test_curly_quotes_that_twilio_made_plain_are_still_ours(unclear: Message) -> None:
    Message.objects.update(body="It’s “on” – today…")
    unclear.refresh_from_db()
    theirs = entry(unclear, body='It\'s "on" - today...')
    assert decide(unclear, theirs, now=LATE).sid == SID


@pytest.mark.parametrize(
    "other", [{"body": "Another text"}, {"from_number": "+12025550199"}], ids=str
)
def test_another_text_to_the_same_number_is_not_ours(
    unclear: Message, other: dict[str, str]
) -> None:
    message = decide_twice(unclear, entry(unclear, **other))
    assert (message.status, message.sid) == (MessageStatus.QUEUED, "")


def test_a_text_that_another_message_has_adopted_is_not_ours_too(
    unclear: Message, run: Run
) -> None:
    world.message(run, 2, status=MessageStatus.SENT, sid=SID)
    assert decide_twice(unclear, entry(unclear)).status == MessageStatus.QUEUED


def test_what_is_absent_is_looked_for_again_before_it_counts_as_absent(unclear: Message) -> None:
    message = decide(unclear, now=SOON)
    assert message.status == MessageStatus.SENDING
    assert message.check_at == SOON + LOOK_AGAIN
    assert message.charged_day is not None


def test_what_is_surely_absent_may_be_sent_and_costs_only_then(unclear: Message) -> None:
    message = decide_twice(unclear)
    assert (message.status, message.reason) == (MessageStatus.QUEUED, "retry")
    assert message.not_before == LATER
    assert sum(tally.segments for tally in DayTally.objects.all()) == 0


def test_of_a_canceled_run_it_is_not_sent_any_more(unclear: Message) -> None:
    Run.objects.update(state=RunState.CANCELED)
    message = decide_twice(unclear)
    assert (message.status, message.reason) == (MessageStatus.CANCELED, "run_canceled")
    assert message.settled_at == LATER


def test_when_twilio_cannot_be_asked_for_a_day_staff_are_shown_it(unclear: Message) -> None:
    look_again(unclear, LATE)
    unclear.refresh_from_db()
    assert unclear.status == MessageStatus.SENDING
    tomorrow = SENT + UNCONFIRMED_AFTER + dt.timedelta(seconds=1)
    look_again(unclear, tomorrow)
    unclear.refresh_from_db()
    assert (unclear.status, unclear.reason) == (MessageStatus.UNCONFIRMED, "unclear")
    assert unclear.settled_at == tomorrow
    assert unclear.check_at is None


def test_a_receipt_that_came_meanwhile_has_the_last_word(unclear: Message) -> None:
    (found,) = unclear_texts(unclear.organization_id, LATE)
    Message.objects.update(status=MessageStatus.DELIVERED, sid=SID)
    judge(found, [], LATE)
    unclear.refresh_from_db()
    assert unclear.status == MessageStatus.DELIVERED


def test_a_clock_set_forward_makes_no_text_absent_whose_call_is_under_way(unclear: Message) -> None:
    """At once an hour has passed; the call's own half minute has not."""
    jumped = SENT + dt.timedelta(hours=1)
    assert decide(unclear, now=jumped).status == MessageStatus.SENDING
    settled = decide(unclear, entry(unclear), now=jumped + LOOK_AGAIN)
    assert (settled.status, settled.sid) == (MessageStatus.DELIVERED, SID)


def test_a_clock_set_back_only_delays_the_decision(unclear: Message) -> None:
    Message.objects.update(check_at=SENT - dt.timedelta(hours=2))
    unclear.refresh_from_db()
    before = SENT - dt.timedelta(hours=1)
    assert decide(unclear, now=before).status == MessageStatus.SENDING
    assert decide_twice(unclear).status == MessageStatus.QUEUED


def test_a_text_of_a_rehearsal_whose_worker_died_is_tested_again(unclear: Message) -> None:
    Run.objects.update(api_mode="test")
    return_tested(unclear.organization_id, SENT + dt.timedelta(seconds=70))
    unclear.refresh_from_db()
    assert unclear.status == MessageStatus.SENDING
    # Twilio is not asked: nothing can have been sent.
    assert unclear_texts(unclear.organization_id, SOON) == []
    return_tested(unclear.organization_id, SOON)
    unclear.refresh_from_db()
    assert (unclear.status, unclear.not_before) == (MessageStatus.QUEUED, SOON)
