"""Two who do something about a run in the same moment: neither undoes the other's, or waits on."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

import world
from meeting import meet
from textmanager.organizations.models import Organization, Sender, User
from textmanager.runs.holding import cancel_run
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.claims import claim
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
