"""Between the claim and the call somebody may still say no."""

from __future__ import annotations

import datetime as dt

import pytest

import world
from textmanager.organizations.models import Sender
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.models import DayTally, Message, Run, RunState
from textmanager.runs.pipeline.claims import Claimed, claim
from textmanager.runs.pipeline.withdrawal import withdraw
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def claimed(run: Run, sender: Sender) -> list[Claimed]:
    world.message(run, 1)
    world.message(run, 2)
    return claim(sender_id=sender.pk, now=NOW).texts


def test_usually_everything_leaves(claimed: list[Claimed]) -> None:
    assert withdraw(claimed, now=NOW) == claimed
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.SENDING}


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        (RunState.HELD, MessageStatus.QUEUED, ""),
        (RunState.CANCELED, MessageStatus.CANCELED, "run_canceled"),
    ],
)
def test_a_run_that_was_stopped_takes_its_texts_back(
    claimed: list[Claimed], state: str, status: str, reason: str
) -> None:
    Run.objects.update(state=state)
    assert withdraw(claimed, now=NOW) == []
    assert set(Message.objects.values_list("status", "reason")) == {(status, reason)}
    # What did not leave costs nothing.
    assert sum(tally.segments for tally in DayTally.objects.all()) == 0


def test_an_opt_out_is_in_time_until_the_last_moment(claimed: list[Claimed]) -> None:
    record_opt_out(
        organization_id=Run.objects.get().organization_id,
        number=claimed[0].to,
        source=OptOutSource.REPLY,
    )
    assert withdraw(claimed, now=NOW) == claimed[1:]
    left_out = Message.objects.get(number=1)
    assert (left_out.status, left_out.reason) == (MessageStatus.SKIPPED, "opted_out")


def test_a_text_that_is_in_another_attempt_by_now_is_not_touched(claimed: list[Claimed]) -> None:
    Run.objects.update(state=RunState.CANCELED)
    Message.objects.filter(number=1).update(attempted_at=NOW + dt.timedelta(seconds=90))
    withdraw(claimed, now=NOW)
    assert Message.objects.get(number=1).status == MessageStatus.SENDING
