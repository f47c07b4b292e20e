"""A person's last word counts, whoever changes the register in the same moment."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

import world
from meeting import meet
from textmanager.campaigns.models import Campaign
from textmanager.gateway.inbound import InboundMessage
from textmanager.gateway.outcomes import Refused
from textmanager.gateway.receipts import Receipt
from textmanager.imis.records import FoundActivity
from textmanager.organizations.models import Organization, Sender, User
from textmanager.replies.conversations import decide_wish, mark_read, set_open
from textmanager.replies.imis_reading import take_over
from textmanager.replies.inbound import record_inbound
from textmanager.replies.models import Conversation, OptOut, OptOutSource
from textmanager.replies.opt_outs import (
    clear_opt_out,
    opted_out_among,
    record_opt_out,
    record_opt_outs,
)
from textmanager.runs.models import Message, Run
from textmanager.runs.pipeline.claims import claim
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.runs.pipeline.track import TakenReceipt, apply_receipts
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db(transaction=True)

MEMBER, OTHER, THIRD = "+12025550101", "+12025550102", "+12025550103"
SPRING = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
SUMMER = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
_sids = itertools.count()


def text(
    organization: Organization,
    body: str,
    *,
    number: str = MEMBER,
    received_at: dt.datetime | None = None,
) -> Callable[[], object]:
    """Takes a text of the member."""
    message = InboundMessage(f"SM{next(_sids):032x}", number, "555010", body, "", "", {})
    return lambda: record_inbound(
        organization_id=organization.pk, message=message, received_at=received_at
    )


def enter(
    organization: Organization, number: str, source: OptOutSource = OptOutSource.STAFF
) -> None:
    record_opt_out(organization_id=organization.pk, number=number, source=source)


def clear(organization: Organization) -> None:
    clear_opt_out(organization_id=organization.pk, number=MEMBER, because="They asked for it.")


def test_a_stop_that_meets_the_end_of_an_earlier_one_counts(organization: Organization) -> None:
    enter(organization, MEMBER)
    meet(lambda: clear(organization), text(organization, "STOP"))
    assert opted_out_among(organization.pk, [MEMBER])
    assert OptOut.objects.count() == 2


def test_a_list_that_meets_the_end_of_an_opt_out_counts(organization: Organization) -> None:
    enter(organization, MEMBER)
    meet(
        lambda: clear(organization),
        lambda: record_opt_outs(
            organization_id=organization.pk,
            numbers=[MEMBER],
            source=OptOutSource.STAFF,
            evidence="Imported from a file",
        ),
    )
    assert opted_out_among(organization.pk, [MEMBER])


def test_a_start_that_was_missed_does_not_undo_a_stop_that_comes_just_now(
    organization: Organization,
) -> None:
    earlier = timezone.now() - dt.timedelta(hours=1)
    meet(text(organization, "STOP"), text(organization, "START", received_at=earlier))
    assert opted_out_among(organization.pk, [MEMBER])


def activity(number: str, at: dt.datetime) -> FoundActivity:
    return FoundActivity(party_id="1", description="", uf_1=number, at=at)


def test_reading_imis_ends_no_opt_out_that_was_texted_meanwhile(organization: Organization) -> None:
    take_over(organization.pk, [activity(MEMBER, SPRING)], [])

    def come_back_and_stop() -> None:
        text(organization, "START")()
        text(organization, "STOP")()
        # The reading has looked at the register when it comes to this number, and waits.
        enter(organization, OTHER)

    def read() -> None:
        gone = [activity(MEMBER, SPRING), activity(OTHER, SPRING)]
        take_over(organization.pk, gone, [activity(MEMBER, SUMMER)])

    meet(come_back_and_stop, read)
    assert opted_out_among(organization.pk, [MEMBER])


def told(message: Message) -> TakenReceipt:
    """Twilio's word that the person has opted out there."""
    receipt = Receipt(
        reference=message.reference,
        sid=message.sid,
        status=MessageStatus.FAILED,
        raw_status="failed",
        error_code=21610,
        error_text="",
        to=message.to,
        from_number="555010",
        raw={},
    )
    return TakenReceipt(message.organization_id, receipt, timezone.now())


@pytest.mark.usefixtures("no_jobs")
def test_a_stop_that_meets_the_refusal_of_a_text_to_the_same_person_counts(
    organization: Organization, run: Run, sender: Sender
) -> None:
    for number in (1, 2, 3):
        world.message(run, number)
    texts = claim(sender_id=sender.pk, now=timezone.now()).texts
    refused = [(each, Refused(21610, "They replied with STOP.")) for each in texts]
    meet(
        lambda: enter(organization, OTHER, OptOutSource.IMIS),
        lambda: record_outcomes(sender_id=sender.pk, outcomes=refused, now=timezone.now()),
        text(organization, "STOP", number=THIRD),
    )
    assert opted_out_among(organization.pk, [MEMBER, OTHER, THIRD]) == {MEMBER, OTHER, THIRD}
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.FAILED}
    assert ProcrastinateJob.objects.filter(task_name="write_opt_outs").count() == 1


@pytest.mark.usefixtures("no_jobs")
def test_opt_outs_that_are_told_in_two_orders_all_count(
    organization: Organization, campaign: Campaign
) -> None:
    now = timezone.now()
    one, two = world.run(campaign), world.run(campaign, scheduled_for=now)
    there = [
        world.message(one, place, to=to, status=MessageStatus.ACCEPTED, sid=f"SM{place:032x}")
        for place, to in enumerate([MEMBER, OTHER, THIRD])
    ]
    back = [
        world.message(two, place, to=to, status=MessageStatus.ACCEPTED, sid=f"SM{place + 3:032x}")
        for place, to in enumerate([THIRD, MEMBER])
    ]
    meet(
        lambda: enter(organization, OTHER, OptOutSource.IMIS),
        lambda: apply_receipts([told(each) for each in there]),
        lambda: apply_receipts([told(each) for each in back]),
    )
    assert opted_out_among(organization.pk, [MEMBER, OTHER, THIRD]) == {MEMBER, OTHER, THIRD}


def test_a_list_and_the_opt_outs_of_imis_all_count(organization: Organization) -> None:
    read = [activity(number, SPRING) for number in (THIRD, OTHER, MEMBER)]
    meet(
        lambda: enter(organization, OTHER, OptOutSource.IMIS),
        lambda: take_over(organization.pk, read, []),
        lambda: record_opt_outs(
            organization_id=organization.pk,
            numbers=[MEMBER, THIRD],
            source=OptOutSource.STAFF,
            evidence="Imported from a file",
        ),
    )
    assert opted_out_among(organization.pk, [MEMBER, OTHER, THIRD]) == {MEMBER, OTHER, THIRD}


def test_a_text_that_comes_while_its_conversation_is_closed_stays_unread(
    organization: Organization, alice: User
) -> None:
    text(organization, "Hello")()
    conversation = Conversation.objects.get()
    mark_read(conversation)
    meet(
        text(organization, "I cannot come on Friday."),
        lambda: set_open(conversation, is_open=False, actor=alice),
    )
    kept = Conversation.objects.get()
    assert (kept.is_open, kept.unread) == (True, 1)


def test_a_wish_that_comes_while_an_earlier_one_is_denied_is_shown(
    organization: Organization, alice: User
) -> None:
    text(organization, "Please stop texting me")()
    conversation = Conversation.objects.get()
    mark_read(conversation)
    meet(
        text(organization, "I said stop texting me"),
        lambda: decide_wish(conversation, opts_out=False, actor=alice),
    )
    assert Conversation.objects.get().asks_to_stop
