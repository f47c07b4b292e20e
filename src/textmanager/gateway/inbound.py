"""Texts that people send to our numbers, as Twilio's webhook tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


def reply_xml(text: str) -> str:
    """TwiML that lets Twilio send `text` back to the phone; with an empty one, nothing."""
    message = f"<Message>{escape(text)}</Message>" if text else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'


@dataclass(frozen=True)
class InboundMessage:
    """One text from a person.

    `opt_out_type` is STOP, START or HELP when Twilio itself has dealt with the keyword (Advanced
    Opt-Out) and nothing must be answered; empty otherwise.
    """

    sid: str
    from_number: str
    to: str
    body: str = field(repr=False)
    opt_out_type: str
    messaging_service_sid: str
    raw: dict[str, str] = field(repr=False)


def plain_number(address: str) -> str:
    """The number in an address, which has its channel before it where that is not SMS."""
    return address.rpartition(":")[2].strip()


def parse_inbound(form: Mapping[str, str]) -> InboundMessage:
    """Reads an inbound webhook whose signature was found valid. Nothing is required to be there."""
    return InboundMessage(
        sid=form.get("MessageSid") or form.get("SmsSid") or "",
        from_number=form.get("From", ""),
        to=form.get("To", ""),
        body=form.get("Body", ""),
        opt_out_type=form.get("OptOutType", "").upper(),
        messaging_service_sid=form.get("MessagingServiceSid", ""),
        raw=dict(form),
    )
