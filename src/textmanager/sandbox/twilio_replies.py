"""What people text back: block lists for STOP and START, Twilio's own answers, the webhook."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree as ET

from textmanager.sandbox.twilio_delivery import Carriers
from textmanager.sandbox.twilio_settings import SHORT_CODE, TOLL_FREE, SandboxService
from textmanager.sandbox.twilio_store import Message, Store
from textmanager.sandbox.twilio_webhooks import Webhooks
from textmanager.text.segments import measure

# The whole text must be the word; Twilio's defaults for long codes and toll-free numbers.
STOP_WORDS = frozenset(
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
)
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
# The toll-free network lifts its block for these only.
_TOLL_FREE_START = frozenset({"START", "UNSTOP"})

_ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages "
    "from this number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP "
    "for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
_NETWORK_STOP = (
    'NETWORK MSG: You replied with the word "stop" which blocks all texts sent from this number. '
    'Text back "unstop" to receive messages again.'
)
_NETWORK_START = 'NETWORK MSG: You have replied "unstop" and will begin receiving messages again.'


class Replies:
    """Takes texts from the phones."""

    def __init__(self, store: Store, carriers: Carriers, webhooks: Webhooks) -> None:
        self._store = store
        self._carriers = carriers
        self._webhooks = webhooks

    def receive(self, phone: str, number: str, body: str) -> Message:
        """One text from a phone to one of the account's numbers. Raises KeyError for any other."""
        self._store.numbers[number]
        service = self._store.service_of(number)
        message = Message(
            number,
            phone,
            body,
            direction="inbound",
            status="received",
            sent=time.time(),
            segments=measure(body).segments,
            service=service.sid if service else "",
        )
        self._store.add(message)
        word = self._keyword(body, number)
        if word:
            self._obey(word, message, service)
        self._webhooks.in_background(self._tell(message, service, word))
        return message

    def _keyword(self, body: str, number: str) -> str:
        service = self._store.service_of(number)
        is_short = self._store.numbers[number].kind == SHORT_CODE
        if is_short and not (service and service.advanced_opt_out):
            return ""  # what a short code answers is its owner's business
        word = body.strip().upper()
        toll_free = self._store.numbers[number].kind == TOLL_FREE
        if word in STOP_WORDS:
            return "STOP"
        if word in (_TOLL_FREE_START if toll_free else START_WORDS):
            return "START"
        return "HELP" if word in HELP_WORDS else ""

    def _obey(self, word: str, message: Message, service: SandboxService | None) -> None:
        key = service.sid if service else message.to
        if word == "STOP":
            self._store.block(key, message.phone)
        elif word == "START":
            self._store.unblock(key, message.phone)
        answer = _ANSWERS[word]
        if self._store.numbers[message.to].kind == TOLL_FREE:
            answer = {"STOP": _NETWORK_STOP, "START": _NETWORK_START}.get(word, answer)
        self._answer(message, answer, auto=True)

    def _answer(self, message: Message, body: str, *, auto: bool = False) -> None:
        reply = Message(
            message.phone,
            message.to,
            body,
            direction="outbound-reply",
            segments=measure(body).segments,
            auto=auto,
        )
        self._store.add(reply)
        self._carriers.take(reply)

    async def _tell(self, message: Message, service: SandboxService | None, word: str) -> None:
        if service and not service.numbers_decide:
            url = self._store.sms_urls[service.sid]
        elif message.to in self._store.applications:
            return
        else:
            url = self._store.sms_urls[message.to]
        if not url:
            return
        form = _inbound_form(message, self._store.settings.account_sid)
        if word and service and service.advanced_opt_out:
            form.append(("OptOutType", word))
        answer = await self._webhooks.post(url, form)
        for body in _texts_of(answer.body):
            self._answer(message, body)


def _inbound_form(message: Message, account_sid: str) -> list[tuple[str, str]]:
    """Names and order as seen in real traffic; the place names are blank, as they may be."""
    form = [
        ("ToCountry", "US"),
        ("ToState", ""),
        ("SmsMessageSid", message.sid),
        ("NumMedia", "0"),
        ("ToCity", ""),
        ("FromZip", ""),
        ("SmsSid", message.sid),
        ("FromState", ""),
        ("SmsStatus", "received"),
        ("FromCity", ""),
        ("Body", message.body),
        ("FromCountry", "US"),
        ("To", message.to),
        ("ToZip", ""),
        ("NumSegments", str(message.segments)),
        ("MessageSid", message.sid),
        ("AccountSid", account_sid),
        ("From", message.sender),
        ("ApiVersion", "2010-04-01"),
    ]
    if message.service:
        form.insert(12, ("MessagingServiceSid", message.service))
    return form


def _texts_of(twiml: str) -> list[str]:
    """The bodies of the <Message> verbs; a document type is refused, entities could nest."""
    if "<Message" not in twiml or re.search("<!", twiml):
        return []
    try:
        root = ET.fromstring(twiml)  # noqa: S314  # no document type gets here
    except ET.ParseError:
        return []
    return ["".join(verb.itertext()).strip() for verb in root.findall("Message")]
