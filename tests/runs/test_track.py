"""Statuses only move forward, however receipts are ordered, doubled or addressed."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.receipts import Receipt as CarriedReceipt
from textmanager.gateway.sender import Accepted, LiveGateway, OutgoingText
from textmanager.organizations.models import Organization, Sender, TwilioConnection
from textmanager.replies.models import Conversation, OptOut
from textmanager.runs.models import Message, Receipt, Run, RunState
from textmanager.runs.pipeline import poll
from textmanager.runs.pipeline.poll import overdue_texts, put_off
from textmanager.runs.pipeline.track import FIRST_POLL, TakenReceipt, apply_receipts
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.text.statuses import MessageStatus, from_twilio

SID = "SM" + "1" * 32


def taken(message: Message, status: str, **values: object) -> TakenReceipt:
    receipt = CarriedReceipt(
        **{
            "reference": message.reference,
            "sid": SID,
            "status": from_twilio(status),
            "raw_status": status,
            "error_code": None,
            "error_text": "",
            "to": message.to,
            "from_number": "555010",
            "raw": {"MessageStatus": status},
            **values,
        }
    )
    return TakenReceipt(message.organization_id, receipt, timezone.now())


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
@pytest.mark.parametrize("together", [True, False])
def test_any_order_ends_with_the_furthest_status(
    run: Run, *, order: tuple[str, ...], together: bool
) -> None:
    message = world.message(run, 1, status=MessageStatus.SENDING)
    receipts = [taken(message, status) for status in (*order, *order)]
    for batch in [receipts] if together else [[receipt] for receipt in receipts]:
        apply_receipts(batch)
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert message.sid == SID
    assert message.settled_at is not None
    assert message.sent_at is not None
    assert Receipt.objects.count() == 6


@pytest.mark.parametrize("final", ["delivered", "undelivered", "failed"])
@pytest.mark.parametrize("late", ["queued", "sent", "delivered", "undelivered", "failed"])
def test_nothing_follows_a_final_status(run: Run, final: str, late: str) -> None:
    message = world.message(run, 1, status=MessageStatus.SENDING)
    apply_receipts([taken(message, final)])
    apply_receipts([taken(message, late)])
    message.refresh_from_db()
    assert message.status == final


def test_an_unknown_status_is_kept_and_changes_nothing(run: Run) -> None:
    message = world.message(run, 1, status=MessageStatus.ACCEPTED)
    apply_receipts([taken(message, "teleported")])
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED
    assert Receipt.objects.get().twilio_status == "teleported"


def test_a_receipt_for_another_sid_does_not_touch_the_text(run: Run) -> None:
    message = world.message(run, 1, status=MessageStatus.ACCEPTED, sid="SM" + "2" * 32)
    apply_receipts([taken(message, "delivered")])
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


def test_another_organization_cannot_move_a_text(run: Run) -> None:
    message = world.message(run, 1, status=MessageStatus.ACCEPTED)
    stranger = world.organization("other")
    receipt = taken(message, "delivered").receipt
    apply_receipts([TakenReceipt(stranger.pk, receipt, timezone.now())])
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


@pytest.mark.parametrize("reference", ["", "nonsense", "0" * 32, "0" * 32 + "-9999999999999"])
def test_a_reference_that_is_not_ours_is_left_out(run: Run, reference: str) -> None:
    message = world.message(run, 1)
    apply_receipts([taken(message, "delivered", reference=reference)])
    assert not Receipt.objects.exists()


def test_a_receipt_that_says_opted_out_enters_the_register(
    organization: Organization, run: Run
) -> None:
    message = world.message(run, 1, status=MessageStatus.ACCEPTED)
    apply_receipts([taken(message, "failed", error_code=30630)])
    assert OptOut.objects.get(organization=organization).number == message.to


def test_polling_slows_down_and_ends_after_three_days(run: Run) -> None:
    now = timezone.now()
    young = world.message(
        run, 1, status=MessageStatus.SENT, sid=SID, accepted_at=now - dt.timedelta(hours=1),
        check_at=now,
    )  # fmt: skip
    old = world.message(
        run, 2, status=MessageStatus.SENT, sid="SM3", accepted_at=now - dt.timedelta(hours=73),
        check_at=now,
    )  # fmt: skip
    overdue = overdue_texts(run.organization_id, now)
    assert {message.number for message in overdue} == {1, 2}
    put_off(overdue, now, first=FIRST_POLL)
    young.refresh_from_db()
    old.refresh_from_db()
    assert young.check_at == now + dt.timedelta(hours=1)
    assert young.settled_at is None
    assert (old.status, old.check_at, old.settled_at) == (MessageStatus.SENT, None, now)


def test_a_suspended_account_holds_the_run_instead_of_burning_through_it(
    run: Run, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    message = world.message(run, 1, status=MessageStatus.SENDING)
    world.message(run, 2)
    with django_capture_on_commit_callbacks(execute=True):
        apply_receipts([taken(message, "failed", error_code=30002)])
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert "suspended the account (error 30002)" in run.reason
    assert Message.objects.get(number=2).status == MessageStatus.QUEUED


@pytest.mark.parametrize(("kind", "is_suggested"), [("toll_free", True), ("10dlc", False)])
def test_a_block_from_a_toll_free_number_may_be_an_opt_out(
    run: Run, kind: str, *, is_suggested: bool
) -> None:
    Sender.objects.update(kind=kind)
    message = world.message(run, 1, status=MessageStatus.SENT, sid=SID)
    for _ in range(2):
        apply_receipts([taken(message, "undelivered", error_code=30004)])
    assert not OptOut.objects.exists()
    suggested = Conversation.objects.filter(number=message.to, asks_to_stop=True, is_open=True)
    assert suggested.exists() is is_suggested


def test_an_opt_out_that_came_as_an_error_names_the_sender(run: Run, sender: Sender) -> None:
    message = world.message(run, 1, status=MessageStatus.SENT, sid=SID)
    apply_receipts([taken(message, "undelivered", error_code=30630)])
    assert OptOut.objects.get().sender_address == sender.number


def test_without_receipts_twilio_is_asked_after_a_minute(organization: Organization) -> None:
    assert poll.first_poll(organization) == FIRST_POLL
    TwilioConnection.objects.update(reach_problem="It does not lead here")
    organization.twilio.refresh_from_db()
    assert poll.first_poll(organization) == poll.FIRST_POLL_WITHOUT_RECEIPTS


@pytest.mark.django_db(transaction=True)
def test_where_many_are_overdue_the_list_tells_of_all(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)
    now = timezone.now()
    with serve_in_thread(create_app(settings)) as address:
        connection = TwilioConnection.objects.get()
        connection.account_sid, connection.base_url = settings.account_sid, address
        connection.set_auth_token(settings.auth_token)
        connection.save()
        sids = asyncio.run(_send(connection.credentials(), 5))
        for number, sid in enumerate(sids):
            overdue = {"sid": sid, "accepted_at": now, "check_at": now}
            world.message(run, number, status=MessageStatus.ACCEPTED, **overdue)
        # One by one is not to be needed: nothing is asked for after the list.
        monkeypatch.setattr(poll, "POLLS_AT_ONCE", 5)
        monkeypatch.setattr(poll, "_ask", _nothing)
        for _ in range(100):
            # The sandbox's carriers need a moment.
            Message.objects.filter(status__in=["accepted", "sent"]).update(check_at=now)
            asyncio.run(poll.poll(run.organization_id))
            if not Message.objects.exclude(status=MessageStatus.DELIVERED).exists():
                break
            monkeypatch.setattr(poll, "POLLS_AT_ONCE", 1)
    assert set(Message.objects.values_list("status", "check_at")) == {("delivered", None)}


async def _nothing(*_: object) -> list[object]:
    return []


async def _send(credentials: TwilioCredentials, count: int) -> list[str]:
    async with LiveGateway(credentials) as gateway:
        sent = [
            await gateway.send(
                OutgoingText(f"+1202555010{n}", "Hello", "", None, from_number="+12025550143")
            )
            for n in range(count)
        ]
    return [each.sid for each in sent if isinstance(each, Accepted)]
