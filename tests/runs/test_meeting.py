"""What is told of one text in the same moment, by several processes, all counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

import meeting
import world
from textmanager.gateway.outcomes import Accepted, Ambiguous
from textmanager.gateway.receipts import Receipt as CarriedReceipt
from textmanager.organizations.models import Sender
from textmanager.runs.models import Message, Run
from textmanager.runs.pipeline.claims import Claimed, claim
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.runs.pipeline.track import TakenReceipt, apply_receipts
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

    def take() -> None:
        message = Message.objects.get()
        carried = CarriedReceipt(
            reference=message.reference,
            sid=SID,
            status=from_twilio(status),
            raw_status=status,
            error_code=None,
            error_text="",
            to=message.to,
            from_number="555010",
            raw={"MessageStatus": status},
        )
        apply_receipts([TakenReceipt(message.organization_id, carried, timezone.now())])

    return take


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
