"""Keeps what people text to us, and acts at once on STOP and START."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from textmanager.gateway.inbound import InboundMessage, plain_number
from textmanager.organizations.models import SenderKind
from textmanager.organizations.senders import sender_at
from textmanager.replies.conversations import conversation_with
from textmanager.replies.models import Conversation, InboundText, OptOutSource
from textmanager.replies.notices import tell_of_replies
from textmanager.replies.opt_outs import (
    clear_opt_out,
    opt_out_in_effect,
    opted_out_among,
    record_opt_out,
    source_of_opt_out,
)
from textmanager.text.keywords import Keyword, classify, looks_like_opt_out

# What Twilio calls the three kinds when its Advanced Opt-Out has recognised a word itself.
_TWILIO_KINDS = {"STOP": Keyword.OPT_OUT, "START": Keyword.OPT_IN, "HELP": Keyword.HELP}
# Who told the office or iMIS said more than STOP, and "yes" answers so many other questions.
_UNDONE_BY_YES = frozenset({OptOutSource.REPLY, OptOutSource.TWILIO})
_STANDING = (Keyword.OPT_OUT, Keyword.OPT_IN)
HELP_AGAIN = dt.timedelta(minutes=5)
# As long as E.164 gets; what else writes to us, such as a name, is shorter.
LONGEST_NUMBER = 16


@dataclass(frozen=True)
class Taken:
    """What an inbound text was, and what to answer at once; an empty answer is none."""

    keyword: Keyword | None
    answer: str = ""


@transaction.atomic
def record_inbound(
    *, organization_id: int, message: InboundMessage, received_at: dt.datetime | None = None
) -> Taken:
    """Writes an inbound text and, in the same transaction, what it does to the register.

    A text that was recorded before changes nothing and is answered nothing. `received_at` is for
    one that came in earlier and was missed: what the person texted after it still holds.
    """
    number = plain_number(message.from_number)[:LONGEST_NUMBER]
    body = message.body.replace("\0", "")
    # Locked before anything is asked: what the person says in the same moment is known then.
    conversation = conversation_with(organization_id, number)
    keyword = _keyword(organization_id, number, message)
    text, is_new = InboundText.objects.get_or_create(
        organization_id=organization_id,
        sid=message.sid,
        defaults={
            "from_number": number,
            "to": plain_number(message.to)[:LONGEST_NUMBER],
            "body": body,
            "keyword": keyword.value if keyword else "",
            "received_at": received_at or timezone.now(),
        },
    )
    if not is_new:
        return Taken(keyword)
    is_overtaken = received_at is not None and _said_more(organization_id, text)
    if not is_overtaken:
        conversation.last_text_at = text.received_at
        conversation.last_words = body[:160]
    has_effect = True
    if keyword in _STANDING and (is_overtaken or _others_said_more(keyword, text, received_at)):
        has_effect = False
    elif keyword is Keyword.OPT_OUT:
        conversation.asks_to_stop = False
        has_effect = record_opt_out(
            organization_id=organization_id,
            number=number,
            source=OptOutSource.REPLY,
            evidence=body,
            sender_address=text.to,
            told_at=text.received_at,
        )
    elif keyword is Keyword.OPT_IN:
        clear_opt_out(organization_id=organization_id, number=number, because=f"Replied “{body}”")
    elif keyword is Keyword.HELP:
        # A machine at the other end may take our answer for a question, and ask again.
        has_effect = not _asked_for_help_lately(conversation, text)
    else:
        conversation.unread += 1
        conversation.is_open = True
        if looks_like_opt_out(body) and not opted_out_among(organization_id, [number]):
            conversation.asks_to_stop = True
        transaction.on_commit(lambda: tell_of_replies(organization_id))
    conversation.save()
    text.conversation = conversation
    text.save(update_fields=["conversation"])
    answer = _confirmation(organization_id, message, keyword) if has_effect else ""
    return Taken(keyword, answer)


def _keyword(organization_id: int, number: str, message: InboundMessage) -> Keyword | None:
    """The keyword that a text is. A "yes" is an answer, but of somebody who had texted STOP.

    On a toll-free number it always is one: the network lifts its block for START and UNSTOP only.
    """
    if message.opt_out_type in _TWILIO_KINDS:
        return _TWILIO_KINDS[message.opt_out_type]
    keyword = classify(message.body)
    if keyword is not Keyword.OPT_IN or message.body.strip(" .!").upper() != "YES":
        return keyword
    sender = sender_at(organization_id, plain_number(message.to))
    if sender is not None and sender.kind == SenderKind.TOLL_FREE:
        return None
    return keyword if source_of_opt_out(organization_id, number) in _UNDONE_BY_YES else None


def _said_more(organization_id: int, text: InboundText) -> bool:
    """Whether the person has said since what should become of texts to them."""
    later = InboundText.objects.filter(
        organization_id=organization_id,
        from_number=text.from_number,
        received_at__gt=text.received_at,
    )
    return later.filter(keyword__in=[each.value for each in _STANDING]).exists()


def _others_said_more(
    keyword: Keyword | None, text: InboundText, received_at: dt.datetime | None
) -> bool:
    """Whether an opt-out was told later than a START that was missed.

    A STOP that was missed always counts: in doubt nobody is texted.
    """
    if received_at is None or keyword is not Keyword.OPT_IN:
        return False
    entry = opt_out_in_effect(text.organization_id, text.from_number)
    return entry is not None and entry.told_at > received_at


def _asked_for_help_lately(conversation: Conversation, text: InboundText) -> bool:
    earlier = conversation.inbound_texts.filter(
        keyword=Keyword.HELP, received_at__gt=text.received_at - HELP_AGAIN
    )
    return earlier.exclude(pk=text.pk).exists()


def _confirmation(organization_id: int, message: InboundMessage, keyword: Keyword | None) -> str:
    """What is answered to a keyword: only where Twilio does not, so that nobody gets two answers.

    Twilio answers for long codes and toll-free numbers by itself, and for any sender whose service
    has Advanced Opt-Out, which then tells by OptOutType. For short codes nobody does.
    """
    sender = sender_at(organization_id, plain_number(message.to))
    if keyword is None or message.opt_out_type:
        return ""
    if sender is None or sender.kind != SenderKind.SHORT_CODE:
        return ""
    name = sender.organization.name
    return {
        Keyword.OPT_OUT: f"{name}: You will get no more texts. Reply START to get them again.",
        Keyword.OPT_IN: f"{name}: You will get texts again. Reply HELP for help, STOP to end.",
        Keyword.HELP: f"{name}: Msg & data rates may apply. Reply STOP to end.",
    }[keyword]
