"""Tallies are what a count would give, whatever is done to messages."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

import world
from textmanager.runs.models import (
    WITH_A_CAUSE,
    CauseTally,
    DayTally,
    Message,
    Receipt,
    RecordTally,
    Run,
    RunTally,
    WriteBack,
)
from textmanager.runs.pipeline.due import SENT
from textmanager.text.statuses import MessageStatus


def assert_tallies_equal_counts(run: Run) -> None:
    counted: Counter[str] = Counter()
    segments: Counter[str] = Counter()
    charged: Counter[object] = Counter()
    causes: Counter[object] = Counter()
    records: Counter[object] = Counter()
    for message in Message.objects.filter(run=run):
        counted[message.status] += 1
        segments[message.status] += message.segments
        if message.charged_day:
            charged[message.charged_day] += message.segments
        if message.status in WITH_A_CAUSE:
            causes[message.status, message.cause] += message.segments + 1000
        if message.status in SENT and message.write_back != WriteBack.NONE:
            records[message.write_back] += 1
    tallies = RunTally.objects.filter(run=run)
    assert Counter({t.status: t.messages for t in tallies}) == counted
    assert Counter({t.status: t.segments for t in tallies}) == segments
    found = CauseTally.objects.filter(run=run)
    assert Counter({(t.status, t.cause): t.segments + 1000 * t.messages for t in found}) == causes
    record_tallies = RecordTally.objects.filter(run=run)
    assert Counter({t.write_back: t.messages for t in record_tallies}) == records
    days = DayTally.objects.filter(organization=run.organization)
    assert Counter({t.day: t.segments for t in days}) == charged


@pytest.mark.parametrize("seed", range(5))
def test_tallies_follow_inserts_updates_and_deletes(run: Run, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(20):
        world.message(run, number, segments=chance.randint(1, 3))
    today = timezone.now().date()
    for _ in range(30):
        some = Message.objects.filter(run=run, number__in=chance.sample(range(20), 5))
        match chance.randrange(7):
            case 0:
                some.update(status=chance.choice([s.value for s in MessageStatus]))
            case 1:
                some.update(charged_day=chance.choice([today, None]))
            case 2:
                some.update(segments=chance.randint(1, 9))
            case 3:
                some.update(error_code=chance.choice([None, 30003, 30007]))
            case 4:
                some.update(reason=chance.choice(["", "opted_out", "quiet_hours"]))
            case 5:
                some.update(write_back=chance.choice([state.value for state in WriteBack]))
            case _:
                Message.objects.filter(run=run, number=chance.randrange(20)).delete()
        assert_tallies_equal_counts(run)


def test_a_number_cannot_have_two_texts_in_one_run(run: Run) -> None:
    world.message(run, 1, to="+12025550100")
    world.message(run, 2, to="+12025550100", status=MessageStatus.SKIPPED)
    with pytest.raises(DatabaseError), transaction.atomic():
        world.message(run, 3, to="+12025550100")


def test_a_receipt_cannot_be_changed(run: Run) -> None:
    receipt = Receipt.objects.create(
        organization=run.organization,
        run_id=run.pk,
        number=1,
        twilio_status="sent",
        raw={},
        received_at=timezone.now(),
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        Receipt.objects.filter(pk=receipt.pk).update(twilio_status="delivered")


@pytest.mark.parametrize(
    ("status", "reason", "code", "cause"),
    [
        ("skipped", "opted_out", None, "opted_out"),
        ("held", "allowance", 63038, "allowance"),
        ("failed", "", 30007, "30007"),
        ("undelivered", "retry", 30003, "30003"),  # the reason is left from an earlier attempt
        ("canceled", "run_canceled", 20429, "run_canceled"),  # and here the code is
        ("queued", "retry", None, "retry"),
        ("delivered", "", 20429, ""),
        ("unconfirmed", "unclear", None, "unclear"),
    ],
)
def test_a_message_has_the_cause_of_the_status_that_it_is_in(
    run: Run, status: str, reason: str, code: int | None, cause: str
) -> None:
    message = world.message(run, 1, status=status, reason=reason, error_code=code)
    message.refresh_from_db()
    assert message.cause == cause


def test_a_tally_knows_when_the_first_and_the_last_came(run: Run) -> None:
    """Each transaction has its moment; here they are one, so only that they are kept is seen."""
    world.message(run, 1)
    Message.objects.update(status=MessageStatus.HELD, reason="allowance")
    Message.objects.update(status=MessageStatus.ACCEPTED, reason="")
    queued, accepted = (RunTally.objects.get(run=run, status=s) for s in ("queued", "accepted"))
    assert queued.messages == 0
    assert queued.first_at is not None
    assert accepted.last_at is not None
    held = CauseTally.objects.get(run=run, status="held", cause="allowance")
    assert held.messages == 0
    assert held.first_at is not None
