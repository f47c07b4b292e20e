"""Two who do something about a run in the same moment: neither undoes the other's, or waits on."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

import world
from meeting import meet
from textmanager.gateway.outcomes import AccountProblem
from textmanager.organizations.models import Organization, Sender, User
from textmanager.runs.holding import cancel_run
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.claims import claim
from textmanager.runs.pipeline.outcomes import record_outcomes
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
