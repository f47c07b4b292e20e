"""Everything that is known of one message: what was tried, what was heard, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from textmanager.organizations.connections import imis_address
from textmanager.replies.conversations import conversation_of
from textmanager.replies.models import Conversation, OptOut, OptOutSource
from textmanager.replies.register import history_of
from textmanager.runs.finding import Found, texts_for_person
from textmanager.runs.message_list import MessageRow, message_row
from textmanager.runs.models import Message, Receipt, Run
from textmanager.text.segments import in_plain_words
from textmanager.text.statuses import MessageStatus, from_twilio, staff_name

# A shorter wait is the pace of the sender, or another try.
WORTH_TELLING = dt.timedelta(minutes=10)
MOST_RECEIPTS = 100
MOST_OTHERS = 10


@dataclass(frozen=True)
class Step:
    at: dt.datetime
    words: str
    more: str = ""


@dataclass(frozen=True)
class ReceivedReceipt:
    """A receipt as it came; `ours` is the status it stands for, empty for a word we do not know."""

    receipt: Receipt
    ours: str


@dataclass(frozen=True)
class Story:
    """`opted_out` is the entry of the register that held at the time; `opted_out_now` a later one.

    `conversation` is None where nobody has texted us from that number.
    """

    row: MessageRow
    steps: list[Step]
    receipts: list[ReceivedReceipt]
    opted_out: OptOut | None
    opted_out_now: OptOut | None
    conversation: Conversation | None
    others: list[Found]
    has_more_others: bool
    imis_url: str
    retried_in: Run | None

    @property
    def others_to(self) -> str:
        """Whom the others are to: a number may be that of several members."""
        imis_id = self.row.message.imis_id
        if not imis_id:
            return "this number"
        whose = {one.row.message.imis_id == imis_id for one in self.others}
        if whose == {False}:
            return "this number, of other members"
        return "this member or this number" if False in whose else "this member"

    @property
    def opted_out_how(self) -> str:
        return OptOutSource(self.opted_out.source).label if self.opted_out else ""


def story_of(run: Run, message: Message) -> Story:
    """The story, in six queries or seven."""
    receipts = Receipt.objects.filter(
        organization=run.organization, run_id=run.pk, number=message.number
    ).order_by("received_at", "pk")[:MOST_RECEIPTS]
    moment = message.attempted_at or message.settled_at or message.created_at
    entries = history_of(run.organization, message.to) if message.to else []
    held_then = [entry for entry in entries if _in_effect(entry, moment)]
    in_effect = [entry for entry in entries if entry.cleared_at is None]
    others = texts_for_person(
        run.organization,
        imis_id=message.imis_id,
        number=message.to,
        besides=message,
        most=MOST_OTHERS + 1,
    )
    return Story(
        row=message_row(message),
        steps=sorted(_steps(run, message), key=lambda step: step.at),
        receipts=[_received(receipt) for receipt in receipts],
        opted_out=held_then[0] if held_then else None,
        opted_out_now=in_effect[0] if in_effect and not held_then else None,
        conversation=conversation_of(run.organization, message.to) if message.to else None,
        others=others[:MOST_OTHERS],
        has_more_others=len(others) > MOST_OTHERS,
        imis_url=imis_address(run.organization),
        retried_in=Run.objects.filter(pk=message.retried_in, organization=run.organization).first()
        if message.retried_in
        else None,
    )


def _in_effect(entry: OptOut, moment: dt.datetime) -> bool:
    return entry.created_at <= moment and (entry.cleared_at is None or entry.cleared_at > moment)


def _received(receipt: Receipt) -> ReceivedReceipt:
    status = from_twilio(receipt.twilio_status)
    return ReceivedReceipt(receipt, staff_name(status) if status else "")


def _steps(run: Run, message: Message) -> Iterable[Step]:
    yield Step(message.created_at, "Prepared", _as_prepared(message))
    if message.not_before - message.created_at > WORTH_TELLING:
        yield Step(message.not_before, _waited(run, message))
    if message.attempted_at:
        tries = f"attempt {message.attempts}" if message.attempts > 1 else ""
        yield Step(
            message.attempted_at, "Handed to Twilio" if not run.is_test else "Checked", tries
        )
    if message.accepted_at:
        yield Step(message.accepted_at, "Taken by Twilio", message.sid)
    if message.sent_at:
        yield Step(message.sent_at, "Handed to the carrier")
    if message.settled_at:
        yield Step(message.settled_at, _end(message), "")


def _as_prepared(message: Message) -> str:
    if not message.segments:
        return "no text was made"
    segments = f"{message.segments} segment{'s' if message.segments != 1 else ''}"
    return f"{segments}, {in_plain_words(message.encoding)}"


def _waited(run: Run, message: Message) -> str:
    """For what a text waited is told as long as it waits; later by the moment it waited for."""
    midnight = message.not_before.astimezone(run.organization.zone).time() == dt.time.min
    what = "the next day's allowance" if midnight else "the recipient's texting hours"
    still = message.status in {MessageStatus.HELD, MessageStatus.QUEUED}
    return f"{'Waits' if still else 'Waited'} until then for {what}"


def _end(message: Message) -> str:
    if message.status == MessageStatus.SENT:
        return "No receipt within three days: not asked for any more"
    return staff_name(MessageStatus(message.status))
