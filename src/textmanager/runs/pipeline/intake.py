"""Collects the delivery receipts of one web process and makes them durable many at a time.

Each request waits for the commit that holds its receipt. While one commit is under way the next
batch gathers, so that the rate grows with the load instead of the number of commits.
"""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass, field

from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.gateway.receipts import Receipt
from textmanager.runs.pipeline.track import TakenReceipt, apply_receipts

MOST_AT_ONCE = 500


async def durable(organization_id: int, receipt: Receipt) -> None:
    """Returns when the receipt is written and applied. Raises what the database raises."""
    loop = asyncio.get_running_loop()
    intake = _intakes.setdefault(loop, _Intake())
    taken = TakenReceipt(organization_id, receipt, received_at=timezone.now())
    await intake.add(taken)


@dataclass
class _Intake:
    waiting: list[tuple[TakenReceipt, asyncio.Future[None]]] = field(default_factory=list)
    writer: asyncio.Task[None] | None = None

    async def add(self, receipt: TakenReceipt) -> None:
        done = asyncio.get_running_loop().create_future()
        self.waiting.append((receipt, done))
        if self.writer is None or self.writer.done():
            self.writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:MOST_AT_ONCE], self.waiting[MOST_AT_ONCE:]
            try:
                await in_database(apply_receipts, [receipt for receipt, _ in batch])
            except Exception as error:  # noqa: BLE001 - the webhook's edge: every waiter is told
                _end(batch, error)
            else:
                _end(batch, None)


def _end(batch: list[tuple[TakenReceipt, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in batch:
        if done.done():
            continue  # its request was given up meanwhile
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


_intakes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Intake] = (
    weakref.WeakKeyDictionary()
)
