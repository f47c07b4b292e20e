"""What Twilio itself has on its books: one message by SID, or those to one number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import TracebackType
from typing import Any, Self

from twilio.base import values

from textmanager.gateway.account import TwilioCredentials, reading, sdk_client
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.gateway.transport import Timeouts, TwilioTransport
from textmanager.text.segments import smart_encode
from textmanager.text.statuses import MessageStatus, from_twilio

_NOT_FOUND = 404
_PAGE_SIZE = 100
_LARGEST_PAGE = 1000


@dataclass(frozen=True)
class LedgerEntry:
    """One message in Twilio's books; times are aware UTC.

    `price` is what it cost, a positive amount in `price_unit` (ISO 4127), None until Twilio has
    billed it.
    """

    sid: str
    to: str
    from_number: str
    body: str = field(repr=False)
    status: MessageStatus | None
    raw_status: str
    error_code: int | None
    error_text: str
    segments: int | None
    price: Decimal | None
    price_unit: str
    date_created: datetime | None
    date_sent: datetime | None
    is_inbound: bool = False

    def has_body(self, body: str) -> bool:
        """Whether Twilio's body is this one, after what Twilio may do to one.

        It may replace characters (smart encoding), put a trial account's notice in front, or
        have discarded it, which leaves an empty one. In doubt it is the same: a text too few is
        the lesser evil.
        """
        if not self.body:
            return True
        return smart_encode(self.body).body.endswith(smart_encode(body).body)


class TwilioReader:
    """Reads the account's messages. Raises `GatewayError`; reading may always be repeated."""

    def __init__(self, credentials: TwilioCredentials, *, timeouts: Timeouts | None = None) -> None:
        self._transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
        self._messages = sdk_client(credentials, self._transport).messages

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def fetch_message(self, sid: str) -> LedgerEntry | None:
        """None when Twilio has no such message."""
        try:
            async with reading():
                return _entry(await self._messages(sid).fetch_async())
        except TwilioRefused as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def find_messages(
        self, *, to: str, since: datetime, max_pages: int = 10
    ) -> list[LedgerEntry]:
        """Every message to a number that was created at or after `since`.

        Twilio cannot filter by creation, and its filter by sending leaves out what still waits,
        so all pages are read. What is not in the result is not in the books: where that cannot
        be said after `max_pages`, `GatewayError` is raised instead.
        """
        found: list[LedgerEntry] = []
        async with reading():
            page = await self._messages.page_async(to=to, page_size=_PAGE_SIZE)
            for _ in range(max_pages):
                entries = [_entry(message) for message in page]
                found += [entry for entry in entries if _is_since(entry, since)]
                if not page.next_page_url or _nothing_newer_follows(entries, since):
                    return found
                page = await page.next_page_async()
        raise GatewayError(f"More than {max_pages} pages of messages to one number.")

    async def pages_sent(
        self, *, since: datetime, until: datetime | None = None, to: str = ""
    ) -> AsyncIterator[list[LedgerEntry]]:
        """Every message that left or came in between two moments, page by page, newest first.

        `to` narrows it to one number, ours for what people text to us.
        """
        async with reading():
            page = await self._messages.page_async(
                to=to or values.unset,
                date_sent_after=since,
                date_sent_before=until or values.unset,
                page_size=_LARGEST_PAGE,
            )
        while True:
            yield [_entry(message) for message in page]
            if not page.next_page_url:
                return
            async with reading():
                page = await page.next_page_async()


def _nothing_newer_follows(entries: list[LedgerEntry], since: datetime) -> bool:
    """Twilio lists newest first, which its reference does not promise: seen, not assumed."""
    times = [entry.date_created for entry in entries if entry.date_created]
    return len(times) > 1 and times[0] > times[-1] and not _is_since(entries[-1], since)


def _is_since(entry: LedgerEntry, since: datetime) -> bool:
    """Twilio's times have whole seconds."""
    created = entry.date_created
    return created is None or created >= since.replace(microsecond=0)


def _entry(message: Any) -> LedgerEntry:
    raw_status = str(message.status or "")
    segments = str(message.num_segments or "")
    return LedgerEntry(
        sid=str(message.sid),
        to=message.to or "",
        from_number=message.from_ or "",
        body=message.body or "",
        status=from_twilio(raw_status),
        raw_status=raw_status,
        error_code=message.error_code if isinstance(message.error_code, int) else None,
        error_text=message.error_message or "",
        segments=int(segments) if segments.isdecimal() else None,
        price=_price(message.price),
        price_unit=(message.price_unit or "").upper(),
        date_created=message.date_created,
        date_sent=message.date_sent,
        is_inbound=str(message.direction or "") == "inbound",
    )


def _price(price: object) -> Decimal | None:
    """Twilio writes a cost as a negative string, such as "-0.00750"."""
    try:
        return -Decimal(str(price)) if price is not None else None
    except InvalidOperation:
        return None
