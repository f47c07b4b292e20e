"""What is told of one text in the same moment, by several processes, all counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

import meeting
import world
from textmanager.gateway.outcomes import Accepted, Ambiguous
from textmanager.gateway.receipts import Receipt as CarriedReceipt
from textmanager.organizations.models import Sender, User
from textmanager.runs.models import Message, Run, WriteBack
from textmanager.runs.pipeline import poll, write_back
from textmanager.runs.pipeline.claims import Claimed, claim
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.runs.pipeline.track import TakenReceipt, apply_receipts
from textmanager.runs.writing_again import write_again
from textmanager.text.statuses import MessageStatus, from_twilio

pytestmark = pytest.mark.django_db(transaction=True)

SID = "SM" + "1" * 32


@pytest.fixture
def claimed(run: Run, sender: Sender) -> Claimed:
    world.message(run, 1)
    (text,) = claim(sender_id=sender.pk, now=timezone.now()).texts
    return text


def receipt(status: str) -> Callable[[], None]:
    """Takes the receipt of a text with that status."""

    return lambda: apply_receipts([taken(Message.objects.get(), status)])


def taken(message: Message, status: str) -> TakenReceipt:
    carried = CarriedReceipt(
        reference=message.reference,
        sid=message.sid or SID,
        status=from_twilio(status),
        raw_status=status,
        error_code=None,
        error_text="",
        to=message.to,
        from_number="555010",
        raw={"MessageStatus": status},
    )
    return TakenReceipt(message.organization_id, carried, timezone.now())


def meet(first: Callable[[], None], second: Callable[[], None]) -> Message:
    """What becomes of the text when the second has to wait for what the first has not committed."""
    meeting.meet(first, second)
    return Message.objects.get()


@pytest.mark.parametrize("status", ["sent", "delivered", "undelivered", "failed"])
def test_a_receipt_that_meets_the_answer_to_its_call_counts(
    claimed: Claimed, sender: Sender, status: str
) -> None:
    def accept() -> None:
        accepted = Accepted(SID, MessageStatus.ACCEPTED, 1)
        record_outcomes(sender_id=sender.pk, outcomes=[(claimed, accepted)], now=timezone.now())

    assert meet(accept, receipt(status)).status == status
    Message.objects.update(status=MessageStatus.SENDING, sid="", settled_at=None, sent_at=None)
    message = meet(receipt(status), accept)
    assert (message.status, message.sid) == (status, SID)


@pytest.mark.usefixtures("claimed")
def test_receipts_that_meet_end_with_the_furthest() -> None:
    for first, second in [("sent", "delivered"), ("delivered", "sent"), ("queued", "failed")]:
        Message.objects.update(status=MessageStatus.SENDING, sid="", settled_at=None)
        message = meet(receipt(first), receipt(second))
        assert message.status == ("failed" if second == "failed" else "delivered")


def test_a_receipt_that_meets_a_lost_answer_counts(claimed: Claimed, sender: Sender) -> None:
    def lose() -> None:
        lost = Ambiguous("The answer was lost.")
        record_outcomes(sender_id=sender.pk, outcomes=[(claimed, lost)], now=timezone.now())

    assert meet(lose, receipt("delivered")).status == MessageStatus.DELIVERED


def asked_later(messages: list[Message], actor: User) -> None:
    poll.put_off(messages, timezone.now(), first=dt.timedelta(minutes=1))


def written_later(messages: list[Message], actor: User) -> None:
    write_back.put_off(messages[0].organization_id, "iMIS is away.", timezone.now())


def written_again(messages: list[Message], actor: User) -> None:
    write_again(organization=messages[0].organization, run_id=messages[0].run_id, actor=actor)


@pytest.mark.parametrize(
    ("change", "record"),
    [
        (asked_later, WriteBack.NONE),
        (written_later, WriteBack.WAITING),
        (written_again, WriteBack.FAILED),
    ],
)
def test_receipts_that_meet_a_change_of_many_texts_count(
    run: Run, alice: User, change: Callable[[list[Message], User], None], record: str
) -> None:
    now = timezone.now()
    # In this order a statement that looks through the table comes to them.
    second, last, first = (
        world.message(
            run,
            number,
            status=MessageStatus.SENT,
            sid=f"SM{number:032x}",
            accepted_at=now,
            check_at=now,
            write_back=record,
            write_back_due=now,
        )
        for number in (2, 3, 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE runs_message")
    meeting.meet(
        lambda: Message.objects.select_for_update(no_key=True).get(number=last.number),
        lambda: change([second, last, first], alice),
        lambda: apply_receipts([taken(first, "delivered"), taken(second, "delivered")]),
    )
    statuses = Message.objects.order_by("number").values_list("status", flat=True)
    assert list(statuses) == ["delivered", "delivered", "sent"]
