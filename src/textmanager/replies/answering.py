"""Staff's answers to one person: checked when written, sent at most once, followed to their end."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.hooks import status_path
from textmanager.config.jobs import jobs
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.ledger import LedgerEntry, TwilioReader
from textmanager.gateway.outcomes import Accepted, Ambiguous, Outcome, OutgoingText, Refused
from textmanager.gateway.receipts import Receipt, callback_url
from textmanager.gateway.sender import LiveGateway
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.models import Sender, User
from textmanager.organizations.pacing import lock_allowance
from textmanager.organizations.senders import senders_in_use
from textmanager.replies.answered import is_answer
from textmanager.replies.conversations import latest_inbound
from textmanager.replies.models import Answer, Conversation, OptOutSource
from textmanager.replies.opt_outs import opted_out_among, record_opt_out
from textmanager.runs.allowance import segments_left, sender_segments_left
from textmanager.runs.history import is_text_of_run, texts_to
from textmanager.runs.pipeline.claims import LONGEST_VALIDITY_SECONDS
from textmanager.runs.pipeline.track import OPT_OUT_CODES
from textmanager.runs.texting_hours import window_for
from textmanager.schedule.quiet_hours import Window
from textmanager.text.error_codes import explain
from textmanager.text.phones import Recipient, parse_recipient
from textmanager.text.segments import BodyTooLong, measure
from textmanager.text.statuses import MessageStatus, may_follow

logger = logging.getLogger(__name__)

# Tells a receipt of an answer from one of a run's text.
REFERENCE = "answer-"
# Longer than a call takes, and than Twilio's books may lag.
UNTIL_LOOKED_UP = dt.timedelta(minutes=3)
CLOCKS_DIFFER = dt.timedelta(seconds=30)
GIVE_UP = dt.timedelta(hours=24)


class NotAnswered(Exception):
    """The answer may not go; the message says why, to the person who wrote it."""


@dataclass(frozen=True)
class _Leaving:
    to: str
    body: str
    sender: Sender
    cloud_id: str
    organization_id: int
    validity_seconds: int | None


@transaction.atomic
def write_answer(
    conversation: Conversation,
    *,
    body: str,
    author: User,
    form_id: uuid.UUID | None = None,
    sender: Sender | None = None,
) -> Answer:
    """Keeps an answer and lets a worker send it. Raises NotAnswered.

    `form_id` becomes the answer's own: the same form sent twice is one answer. `sender` is given
    where somebody chose it; otherwise it is the one that the person knows.
    """
    # The lock makes the second of two equal forms wait, and then find the first.
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    answer_id = form_id or uuid.uuid4()
    known = Answer.objects.filter(pk=answer_id, conversation=conversation).first()
    if known is not None:
        return known
    try:
        measured = measure(body.strip())
    except BodyTooLong as error:
        raise NotAnswered(str(error)) from None
    if not body.strip():
        raise NotAnswered("Write something first.")
    sender = sender or sender_for(conversation)
    if sender is None:
        raise NotAnswered("No sender is set up. An administrator can add one.")
    refusal = _refusal(conversation, sender, measured.segments, timezone.now())
    if refusal:
        raise NotAnswered(refusal)
    answer = Answer.objects.create(
        id=answer_id,
        organization_id=conversation.organization_id,
        conversation=conversation,
        sender=sender,
        body=body.strip(),
        segments=measured.segments,
        author=author,
    )
    Conversation.objects.filter(pk=conversation.pk).update(
        last_text_at=answer.created_at, last_words=body.strip()[:160], unread=0, is_open=True
    )
    send_answer.defer(answer_id=str(answer.pk))
    return answer


def sender_for(conversation: Conversation) -> Sender | None:
    """The sender that the person wrote to, or was texted from, or else the first there is."""
    inbound = latest_inbound(conversation)
    texts = texts_to(
        organization_id=conversation.organization_id, number=conversation.number, most=1
    )
    return choose_sender(
        conversation.organization_id,
        written_to=inbound.to if inbound else "",
        texted_from=texts[0].sender_id if texts else None,
    )


def choose_sender(
    organization_id: int, *, written_to: str, texted_from: int | None
) -> Sender | None:
    """Of those in use, the one with the number `written_to`, or the key `texted_from`, or any."""
    senders = list(senders_in_use(organization_id))
    by_number = [each for each in senders if each.number == written_to]
    by_key = [each for each in senders if each.pk == texted_from]
    return next(iter([*by_number, *by_key, *senders]), None)


def why_not_now(conversation: Conversation, now: dt.datetime, *, has_opted_out: bool) -> str:
    """Why nobody need begin to write to this person; empty when they may be texted now.

    What depends on the words, such as the allowance, is looked at when they are there.
    """
    if has_opted_out:
        return "This person has opted out, and must not be texted until they write START."
    organization = conversation.organization
    opens = _window(conversation, now).opens
    if opens <= now:
        return ""
    local = opens.astimezone(organization.zone)
    return (
        "It is outside of texting hours where this person is. "
        f"They may be texted from {local:%B %-d, %-I:%M %p} ({organization.time_zone})."
    )


def _window(conversation: Conversation, now: dt.datetime) -> Window:
    """When this person may be texted: the hours that are open, or else the next."""
    recipient = parse_recipient(conversation.number, conversation.organization.region)
    zones = recipient.time_zones if isinstance(recipient, Recipient) else ()
    return window_for(conversation.organization, zones, now)


def _refusal(conversation: Conversation, sender: Sender, segments: int, now: dt.datetime) -> str:
    """Why this person may not be texted now; empty when they may."""
    organization = conversation.organization
    has_opted_out = bool(opted_out_among(organization.pk, [conversation.number]))
    why_not = why_not_now(conversation, now, has_opted_out=has_opted_out)
    if why_not:
        return why_not
    if segments > segments_left(organization, organization.day_of(now)):
        return "Today's allowance is used up. It is whole again tomorrow."
    left = sender_segments_left(sender, organization.day_of(now))
    if left is not None and segments > left:
        return f"The daily cap of {sender.name} is reached. You can answer tomorrow."
    return ""


@jobs.task(name="send_answer")
async def send_answer(answer_id: str) -> None:
    """Makes the one call that an answer gets."""
    leaving = await in_database(begin_attempt, uuid.UUID(answer_id), timezone.now())
    if leaving is None:
        return
    try:
        credentials = await in_database(twilio_credentials, leaving.organization_id)
    except NotConnected as error:
        await in_database(fail, uuid.UUID(answer_id), str(error))
        return
    async with LiveGateway(credentials) as gateway:
        outcome = await gateway.send(
            OutgoingText(
                to=leaving.to,
                body=leaving.body,
                reference=REFERENCE + answer_id,
                status_callback=callback_url(
                    settings.PUBLIC_URL, status_path(leaving.cloud_id), REFERENCE + answer_id
                ),
                from_number=leaving.sender.number,
                messaging_service_sid=leaving.sender.messaging_service_sid,
                validity_seconds=leaving.validity_seconds,
            )
        )
    await in_database(record_outcome, uuid.UUID(answer_id), outcome)


@transaction.atomic
def begin_attempt(answer_id: uuid.UUID, now: dt.datetime) -> _Leaving | None:
    """Commits the attempt before the call; None when there is nothing to send any more."""
    answer = _locked(answer_id)
    if answer is None or answer.status != MessageStatus.QUEUED:
        return None
    # What held when it was written may have changed: the allowance is counted under a lock.
    organization = lock_allowance(answer.organization_id)
    refusal = _refusal(answer.conversation, answer.sender, answer.segments, now)
    if refusal:
        answer.status, answer.why_not = MessageStatus.FAILED, refusal
        answer.save()
        return None
    answer.status, answer.attempted_at = MessageStatus.SENDING, now
    answer.charged_day = organization.day_of(now)
    answer.save()
    return _Leaving(
        answer.conversation.number,
        answer.body,
        answer.sender,
        organization.cloud_id,
        organization.pk,
        _validity(answer.conversation, now),
    )


def _validity(conversation: Conversation, now: dt.datetime) -> int | None:
    """Seconds until this person's texting hours end, when Twilio drops what still waits there.

    None where they do not end for as long as Twilio keeps a text.
    """
    closes = _window(conversation, now).closes
    left = LONGEST_VALIDITY_SECONDS if closes is None else int((closes - now).total_seconds())
    return max(1, left) if left < LONGEST_VALIDITY_SECONDS else None


@transaction.atomic
def record_outcome(answer_id: uuid.UUID, outcome: Outcome) -> None:
    """Writes what Twilio said. What is unclear stays *sending* until it is looked up."""
    answer = _locked(answer_id)
    if answer is None or answer.status != MessageStatus.SENDING:
        return
    match outcome:
        case Accepted():
            answer.status, answer.sid = outcome.status, outcome.sid
        case Ambiguous(reason=reason):
            answer.why_not = reason[:300]
        case _:
            # A person wrote it and is told at once: they decide whether to try again.
            answer.status = MessageStatus.FAILED
            answer.charged_day = None
            answer.why_not = _in_words(outcome)[:300]
    answer.save()
    if isinstance(outcome, Refused) and outcome.code in OPT_OUT_CODES:
        record_opt_out(
            organization_id=answer.organization_id,
            number=answer.conversation.number,
            source=OptOutSource.TWILIO,
            evidence=f"Refused with error {outcome.code}",
            sender_address=answer.sender.number or answer.sender.messaging_service_sid,
        )


def _in_words(outcome: Outcome) -> str:
    code = getattr(outcome, "code", None)
    text = getattr(outcome, "text", "") or getattr(outcome, "reason", "")
    return explain(code, text).meaning if code else str(text)


@transaction.atomic
def fail(answer_id: uuid.UUID, why: str) -> None:
    """Surely not sent."""
    Answer.objects.filter(pk=answer_id, status=MessageStatus.SENDING).update(
        status=MessageStatus.FAILED, why_not=why[:300], charged_day=None
    )


@transaction.atomic
def apply_answer_receipt(organization_id: int, receipt: Receipt) -> None:
    """Moves an answer forward; never back, and never another organization's."""
    try:
        answer = _locked(uuid.UUID(receipt.reference.removeprefix(REFERENCE)))
    except ValueError:
        return
    if answer is None or answer.organization_id != organization_id or receipt.status is None:
        return
    if answer.sid and answer.sid != receipt.sid:
        return
    if may_follow(MessageStatus(answer.status), receipt.status):
        answer.status, answer.sid = receipt.status, receipt.sid
        answer.why_not = (
            explain(receipt.error_code, receipt.error_text).meaning if receipt.error_code else ""
        )
        answer.save()


@jobs.periodic(cron="* * * * *")
@jobs.task(name="settle_answers", queueing_lock="settle_answers")
async def settle_answers(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Sends what a lost job left waiting, and looks up what a lost answer left unclear."""
    for answer_id in await in_database(forgotten_answers, timezone.now()):
        await send_answer.func(answer_id)
    for answer in await in_database(unclear_answers, timezone.now()):
        try:
            credentials = await in_database(twilio_credentials, answer.organization_id)
            async with TwilioReader(credentials) as reader:
                since = (answer.attempted_at or answer.created_at) - CLOCKS_DIFFER
                found = await reader.find_messages(to=answer.conversation.number, since=since)
        except (GatewayError, NotConnected) as error:
            logger.warning("Twilio cannot be asked about an unclear answer: %s", error)
            found = None
        await in_database(settle, answer.pk, found, timezone.now())


def forgotten_answers(now: dt.datetime) -> list[str]:
    waiting = Answer.objects.filter(
        status=MessageStatus.QUEUED, created_at__lte=now - dt.timedelta(minutes=1)
    )
    return [str(key) for key in waiting.values_list("pk", flat=True)[:100]]


def unclear_answers(now: dt.datetime) -> list[Answer]:
    unclear = Answer.objects.filter(
        status=MessageStatus.SENDING, attempted_at__lte=now - UNTIL_LOOKED_UP
    )
    return list(unclear.select_related("conversation")[:100])


@transaction.atomic
def settle(answer_id: uuid.UUID, found: list[LedgerEntry] | None, now: dt.datetime) -> None:
    """Adopts what Twilio has. What it has not is told to staff, and never sent again by itself."""
    answer = _locked(answer_id)
    if answer is None or answer.status != MessageStatus.SENDING:
        return
    ours = [entry for entry in found or () if _is_it(answer, entry)]
    if ours:
        answer.status, answer.sid = ours[0].status or MessageStatus.ACCEPTED, ours[0].sid
        answer.why_not = ""
    elif found is not None:
        answer.status, answer.charged_day = MessageStatus.FAILED, None
        answer.why_not = "Twilio has not got it. You can write it again."
    elif now - (answer.attempted_at or now) > GIVE_UP:
        answer.status = MessageStatus.UNCONFIRMED
        answer.why_not = "Twilio could not be asked for a day. Look into its console."
    answer.save()


def _is_it(answer: Answer, entry: LedgerEntry) -> bool:
    """The same text to the same number, and not one that is known to be another."""
    is_known = is_text_of_run(entry.sid) or is_answer(entry.sid)
    return entry.has_body(answer.body) and not is_known


def _locked(answer_id: uuid.UUID) -> Answer | None:
    return (
        Answer.objects.select_for_update(of=("self",))
        .select_related("conversation__organization", "sender")
        .filter(pk=answer_id)
        .first()
    )
