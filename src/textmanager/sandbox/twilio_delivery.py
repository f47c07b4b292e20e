"""The carriers' side: each message waits for its sender's turn, leaves, and arrives or does not.

A message's next step follows from its status alone, so that after a restart the journal is
enough to go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import math
import time
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

from textmanager.sandbox.twilio_billing import PRICE
from textmanager.sandbox.twilio_faults import Faults
from textmanager.sandbox.twilio_settings import TwilioSettings
from textmanager.sandbox.twilio_store import FINAL, Message, Store
from textmanager.sandbox.twilio_webhooks import Form, Webhooks

# A sender's queue holds ten hours.
QUEUE_SECONDS = 36_000.0
_EXPIRED = 30036
_OVERFLOW = 30001
# Reasons for which a message never leaves Twilio; every other one comes with a receipt.
_NEVER_LEFT = frozenset({30001, 30002, 30036, 30037, 30410, 30500})
_UNDELIVERED = ((0.4, 30003), (0.65, 30005), (0.85, 30006), (1.0, 30007))
_LONGEST_LAG = 20.0
_AFTER_THE_NEXT = 0.2


def fate(settings: TwilioSettings, phone: str) -> int | None:
    """The error code that texts to this phone end with; None when they arrive."""
    if phone in settings.failing:
        return settings.failing[phone]
    digest = hashlib.blake2b(f"{settings.seed}|{phone}".encode(), digest_size=16).digest()
    first, second = (int.from_bytes(part) / 2**64 for part in (digest[:8], digest[8:]))
    if first < settings.failed_share:
        return 30500
    if first < settings.failed_share + settings.undelivered_share:
        return next(code for limit, code in _UNDELIVERED if second <= limit)
    return None


class Carriers:
    """Moves every message to its end, in the order in which things fall due."""

    def __init__(self, store: Store, webhooks: Webhooks, faults: Faults) -> None:
        self._store = store
        self._settings = store.settings
        self._webhooks = webhooks
        self._faults = faults
        self._due: list[tuple[float, int, Message]] = []
        self._free_at: dict[str, float] = {}
        self._shuffled: dict[str, Form] = {}
        self._wake = asyncio.Event()
        self._count = 0

    def take(self, message: Message) -> None:
        """Bring a message on its way from wherever its status says it is."""
        if message.status not in FINAL:
            self._count += 1
            heapq.heappush(self._due, (self._next_instant(message), self._count, message))
            self._wake.set()

    def backlog(self, sender: str) -> float:
        """Seconds until the sender is free."""
        waiting = self._free_at.get(sender, 0.0) - time.time()
        return max(0.0, waiting / (self._settings.delay_scale or 1.0))

    def cancel(self, message: Message) -> None:
        self._to_status(message, "canceled")

    async def run(self) -> None:
        for message in self._store.unfinished():
            self.take(message)
        while True:
            self._wake.clear()
            now = time.time()
            while self._due and self._due[0][0] <= now:
                _, _, message = heapq.heappop(self._due)
                self._step(message)
                self.take(message)
                # Create calls are answered between any two steps.
                await asyncio.sleep(0)
            await self._rest()

    async def _rest(self) -> None:
        seconds = self._due[0][0] - time.time() if self._due else None
        # Not wait_for, which in Python 3.11 can swallow the cancellation that ends the sandbox.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _next_instant(self, message: Message) -> float:
        now, scale = time.time(), self._settings.delay_scale
        chance = Random(f"{self._settings.seed}|{message.sid}|{message.status}")  # noqa: S311  # no secret
        match message.status:
            case "scheduled":
                return message.send_at
            case "accepted":
                return now + scale * chance.uniform(0.05, 0.2)
            case "queued":
                return self._turn(message, now)
            case "sending":
                return now + scale * chance.uniform(0.1, 0.4)
            case _:
                lag = chance.lognormvariate(math.log(0.9), 0.7)
                return now + scale * min(lag, _LONGEST_LAG)

    def _turn(self, message: Message, now: float) -> float:
        number = self._store.numbers.get(message.sender)
        pace = number.segments_per_second if number else 1.0
        turn = max(now, self._free_at.get(message.sender, 0.0))
        self._free_at[message.sender] = turn + self._settings.delay_scale * message.segments / pace
        return turn

    def _step(self, message: Message) -> None:
        match message.status:
            case "accepted" | "scheduled":
                self._assign_sender(message)
            case "queued":
                self._leave(message)
            case "sending":
                self._to_status(message, "sent", sent=time.time())
            case "sent":
                self._arrive(message)

    def _assign_sender(self, message: Message) -> None:
        pool = self._store.services[message.service].numbers
        # The same person is always texted from the same number of the pool.
        place = int.from_bytes(hashlib.blake2b(message.to.encode(), digest_size=4).digest())
        sender = message.sender or pool[place % len(pool)]
        if self.backlog(sender) > QUEUE_SECONDS:
            self._to_status(message, "failed", sender=sender, error_code=_OVERFLOW)
        else:
            self._to_status(message, "queued", sender=sender)

    def _leave(self, message: Message) -> None:
        code = fate(self._settings, message.to)
        if time.time() - max(message.created, message.send_at) > message.validity:
            self._to_status(message, "failed", error_code=_EXPIRED)
        elif code in _NEVER_LEFT:
            self._to_status(message, "failed", error_code=code)
        else:
            self._store.change(message, status="sending")

    def _arrive(self, message: Message) -> None:
        code = fate(self._settings, message.to)
        price = f"-{PRICE * message.segments:.5f}"
        status = "delivered" if code is None else "undelivered"
        self._to_status(message, status, error_code=code, price=price)

    def _to_status(self, message: Message, status: str, **changes: object) -> None:
        self._store.change(message, status=status, **changes)
        if message.callback:
            self._call_back(message.callback, self._receipt(message), message)

    def _receipt(self, message: Message) -> list[tuple[str, str]]:
        """Names and order as seen in real traffic."""
        form = [
            ("SmsSid", message.sid),
            ("SmsStatus", message.status),
            ("MessageStatus", message.status),
            ("To", message.to),
            ("MessageSid", message.sid),
            ("AccountSid", self._settings.account_sid),
            ("From", message.sender),
            ("ApiVersion", "2010-04-01"),
        ]
        if message.status in {"delivered", "undelivered"}:
            form.insert(0, ("RawDlrDoneDate", f"{datetime.now(UTC):%y%m%d%H%M}"))
        if message.error_code is not None:
            form.insert(0, ("ErrorCode", str(message.error_code)))
        if message.service:
            form.append(("MessagingServiceSid", message.service))
        return form

    def _call_back(self, url: str, form: Form, message: Message) -> None:
        fault = self._faults.next_for_receipt()
        kind = fault.kind if fault else ""
        held = self._shuffled.pop(message.sid, None)
        if kind == "receipt-shuffled" and message.status not in FINAL:
            # Goes out after the next one.
            self._shuffled[message.sid] = form
        elif kind in {"receipt-shuffled", "receipt-delayed"} and fault:
            self._webhooks.in_background(self._post_later(url, form, fault.seconds))
        elif kind != "receipt-lost":
            for _ in range(2 if kind == "receipt-doubled" else 1):
                self._webhooks.in_background(self._webhooks.post(url, form))
        if held:
            self._webhooks.in_background(self._post_later(url, held, _AFTER_THE_NEXT))

    async def _post_later(self, url: str, form: Form, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._webhooks.post(url, form)
