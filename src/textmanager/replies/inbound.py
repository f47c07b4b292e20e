"""Keeps what people text to us, and acts at once on STOP and START."""

from __future__ import annotations

from django.db import transaction

from textmanager.gateway.inbound import InboundMessage
from textmanager.replies.models import InboundText, OptOutSource
from textmanager.replies.opt_outs import clear_opt_out, record_opt_out
from textmanager.text.keywords import Keyword, classify

# What Twilio calls the three kinds when its Advanced Opt-Out has recognised a word itself.
_TWILIO_KINDS = {"STOP": Keyword.OPT_OUT, "START": Keyword.OPT_IN, "HELP": Keyword.HELP}


@transaction.atomic
def record_inbound(*, organization_id: int, message: InboundMessage) -> Keyword | None:
    """Writes an inbound text and, in the same transaction, what it does to the register.

    Returns the keyword that it is. A text that was recorded before changes nothing.
    """
    keyword = _TWILIO_KINDS.get(message.opt_out_type) or classify(message.body)
    _, is_new = InboundText.objects.get_or_create(
        organization_id=organization_id,
        sid=message.sid,
        defaults={
            "from_number": message.from_number[:20],
            "to": message.to[:20],
            "body": message.body,
            "keyword": keyword.value if keyword else "",
        },
    )
    if is_new and keyword is Keyword.OPT_OUT:
        record_opt_out(
            organization_id=organization_id,
            number=message.from_number,
            source=OptOutSource.REPLY,
            evidence=message.body,
        )
    elif is_new and keyword is Keyword.OPT_IN:
        clear_opt_out(
            organization_id=organization_id,
            number=message.from_number,
            because=f"Replied “{message.body}”",
        )
    return keyword
