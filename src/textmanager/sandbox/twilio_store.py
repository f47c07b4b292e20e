"""The simulated account's books: messages, block lists and number settings, kept in a journal."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from textmanager.sandbox.journal import Journal
from textmanager.sandbox.twilio_settings import SandboxNumber, SandboxService, TwilioSettings

FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})


@dataclass(slots=True)
class Message:
    """One row of the books. Times are seconds since the epoch; `ordinal` is its place in them.

    `auto` marks an answer that the carrier or Twilio gave by itself (the replies to STOP, START
    and HELP).
    """

    to: str
    sender: str
    body: str
    direction: str = "outbound-api"
    status: str = "queued"
    segments: int = 1
    service: str = ""
    callback: str = ""
    validity: int = 36_000
    send_at: float = 0.0
    error_code: int | None = None
    price: str | None = None
    auto: bool = False
    created: float = field(default_factory=time.time)
    sent: float | None = None
    updated: float = field(default_factory=time.time)
    sid: str = field(default_factory=lambda: "SM" + uuid.uuid4().hex)
    ordinal: int = -1

    @property
    def inbound(self) -> bool:
        return self.direction == "inbound"

    @property
    def phone(self) -> str:
        """The person's end of it."""
        return self.sender if self.inbound else self.to


_FIELDS = frozenset(each.name for each in fields(Message))


class Store:
    """Holds the books in memory and writes each change to the journal before it can be seen."""

    def __init__(self, settings: TwilioSettings) -> None:
        self.settings = settings
        self.version = 0
        self.spent = 0.0
        self.numbers: dict[str, SandboxNumber] = {n.e164: n for n in settings.numbers}
        self.services: dict[str, SandboxService] = {s.sid: s for s in settings.services}
        self.sms_urls: dict[str, str] = {n.e164: n.sms_url for n in settings.numbers}
        self.applications = {n.e164: n.application for n in settings.numbers if n.application}
        self.sms_urls |= {s.sid: s.inbound_url for s in settings.services}
        self.messages: list[Message | None] = []
        self.by_sid: dict[str, Message] = {}
        self.by_to: dict[str, list[Message]] = {}
        # Ordered by the latest text, oldest first.
        self.phones: dict[str, list[Message]] = {}
        self.blocked: set[tuple[str, str]] = set()
        folder = settings.journal
        self._journal = Journal(folder / "twilio.jsonl" if folder else None)
        for record in self._journal.replay():
            self._apply(record)

    def add(self, message: Message) -> None:
        message.ordinal = len(self.messages)
        self._journal.append({"do": "add", **asdict(message)})
        self._add(message)

    def change(self, message: Message, **changes: Any) -> None:
        changes["updated"] = time.time()
        self._journal.append({"do": "change", "sid": message.sid, **changes})
        self._change(message, changes)

    def delete(self, message: Message) -> None:
        self._journal.append({"do": "delete", "sid": message.sid})
        self._delete(message)

    def block(self, sender: str, phone: str) -> None:
        self._journal.append({"do": "block", "sender": sender, "phone": phone})
        self.blocked.add((sender, phone))

    def unblock(self, sender: str, phone: str) -> None:
        self._journal.append({"do": "unblock", "sender": sender, "phone": phone})
        self.blocked.discard((sender, phone))

    def set_inbound_url(self, number_or_service: str, url: str) -> None:
        self._journal.append({"do": "inbound", "of": number_or_service, "url": url})
        self.sms_urls[number_or_service] = url

    def clear_application(self, number: str) -> None:
        self._journal.append({"do": "no-application", "of": number})
        self.applications.pop(number, None)

    def is_blocked(self, sender: str, phone: str) -> bool:
        """Whether the phone has stopped this number, or the service that it belongs to."""
        service = self.service_of(sender)
        return (sender, phone) in self.blocked or bool(
            service and (service.sid, phone) in self.blocked
        )

    def unfinished(self) -> list[Message]:
        return [m for m in self.messages if m is not None and m.status not in FINAL]

    def newest_first(self, to: str | None = None, before: int | None = None) -> Iterator[Message]:
        """All messages, or those to one number, from the one before the given ordinal."""
        rows = self.messages if to is None else self.by_to.get(to, [])
        for message in reversed(rows):
            if message is not None and (before is None or message.ordinal < before):
                yield message

    def service_of(self, number: str) -> SandboxService | None:
        return next((s for s in self.services.values() if number in s.numbers), None)

    def close(self) -> None:
        self._journal.close()

    def _add(self, message: Message) -> None:
        self.messages.append(message)
        self.by_sid[message.sid] = message
        self.by_to.setdefault(message.to, []).append(message)
        conversation = self.phones.pop(message.phone, [])
        conversation.append(message)
        self.phones[message.phone] = conversation
        self.version += 1

    def _change(self, message: Message, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            setattr(message, name, value)
        if "price" in changes:
            self.spent -= float(message.price or 0)
        self.version += 1

    def _delete(self, message: Message) -> None:
        self.messages[message.ordinal] = None
        del self.by_sid[message.sid]
        self.by_to[message.to].remove(message)
        self.phones[message.phone].remove(message)
        if not self.phones[message.phone]:
            del self.phones[message.phone]
        self.version += 1

    def _apply(self, record: dict[str, Any]) -> None:
        match record.pop("do"):
            case "add":
                self._add(Message(**{k: v for k, v in record.items() if k in _FIELDS}))
            case "change":
                self._change(self.by_sid[record.pop("sid")], record)
            case "delete":
                self._delete(self.by_sid[record["sid"]])
            case "block":
                self.blocked.add((record["sender"], record["phone"]))
            case "unblock":
                self.blocked.discard((record["sender"], record["phone"]))
            case "inbound":
                self.sms_urls[record["of"]] = record["url"]
            case "no-application":
                self.applications.pop(record["of"], None)
