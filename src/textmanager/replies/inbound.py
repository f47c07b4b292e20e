"""Keeps what people text to us, and acts at once on STOP and START."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from textmanager.gateway.inbound import InboundMessage
from textmanager.organizations.models import SenderKind
from textmanager.organizations.senders import sender_at
from textmanager.replies.conversations import conversation_with
from textmanager.replies.models import InboundText, OptOutSource
from textmanager.replies.notices import tell_of_replies
from textmanager.replies.opt_outs import clear_opt_out, record_opt_out
from textmanager.text.keywords import Keyword, classify, looks_like_opt_out

# What Twilio calls the three kinds when its Advanced Opt-Out has recognised a word itself.
_TWILIO_KINDS = {"STOP": Keyword.OPT_OUT, "START": Keyword.OPT_IN, "HELP": Keyword.HELP}


@dataclass(frozen=True)
class Taken:
    """What an inbound text was, and what to answer at once; an empty answer is none."""

    keyword: Keyword | None
    answer: str = ""


@transaction.atomic
def record_inbound(*, organization_id: int, message: InboundMessage) -> Taken:
    """Writes an inbound text and, in the same transaction, what it does to the register.

    A text that was recorded before changes nothing and is answered nothing.
    """
    keyword = _TWILIO_KINDS.get(message.opt_out_type) or classify(message.body)
    text, is_new = InboundText.objects.get_or_create(
        organization_id=organization_id,
        sid=message.sid,
        defaults={
            "from_number": message.from_number[:20],
            "to": message.to[:20],
            "body": message.body,
            "keyword": keyword.value if keyword else "",
        },
    )
    if not is_new:
        return Taken(keyword)
    conversation = conversation_with(organization_id, text.from_number)
    conversation.last_text_at = timezone.now()
    conversation.last_words = message.body[:160]
    if keyword is Keyword.OPT_OUT:
        conversation.asks_to_stop = False
        record_opt_out(
            organization_id=organization_id,
            number=message.from_number,
            source=OptOutSource.REPLY,
            evidence=message.body,
            sender_address=message.to,
        )
    elif keyword is Keyword.OPT_IN:
        clear_opt_out(
            organization_id=organization_id,
            number=message.from_number,
            because=f"Replied “{message.body}”",
        )
    elif keyword is None:
        conversation.unread += 1
        conversation.is_open = True
        conversation.asks_to_stop = looks_like_opt_out(message.body)
        transaction.on_commit(lambda: tell_of_replies(organization_id))
    conversation.save()
    text.conversation = conversation
    text.save(update_fields=["conversation"])
    return Taken(keyword, _confirmation(organization_id, message, keyword))


def _confirmation(organization_id: int, message: InboundMessage, keyword: Keyword | None) -> str:
    """What is answered to a keyword: only where Twilio does not, so that nobody gets two answers.

    Twilio answers for long codes and toll-free numbers by itself, and for any sender whose service
    has Advanced Opt-Out, which then tells by OptOutType. For short codes nobody does.
    """
    sender = sender_at(organization_id, message.to)
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
