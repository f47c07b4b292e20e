"""Tallies are what a count would give, whatever is done to messages."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

import world
from textmanager.runs.models import DayTally, Message, Receipt, Run, RunTally
from textmanager.text.statuses import MessageStatus


def assert_tallies_equal_counts(run: Run) -> None:
    counted: Counter[str] = Counter()
    segments: Counter[str] = Counter()
    charged: Counter[object] = Counter()
    for message in Message.objects.filter(run=run):
        counted[message.status] += 1
        segments[message.status] += message.segments
        if message.charged_day:
            charged[message.charged_day] += message.segments
    tallies = RunTally.objects.filter(run=run)
    assert Counter({t.status: t.messages for t in tallies}) == counted
    assert Counter({t.status: t.segments for t in tallies}) == segments
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
        match chance.randrange(4):
            case 0:
                some.update(status=chance.choice([s.value for s in MessageStatus]))
            case 1:
                some.update(charged_day=chance.choice([today, None]))
            case 2:
                some.update(segments=chance.randint(1, 9))
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
