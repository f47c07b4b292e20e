"""Keeps as many calls under way as is worth it, in the order in which they were asked for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textmanager.gateway.concurrency import Concurrency

T = TypeVar("T")


@dataclass
class _Asking:
    """Calls that were asked for together."""

    began: float
    calls_left: int
    ended: asyncio.Future[None]
    error: Exception | None = None

    def end_one(self, error: Exception | None) -> None:
        self.calls_left -= 1
        self.error = self.error or error
        if self.calls_left or self.ended.done():
            return
        if self.error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(self.error)


class Lanes(Generic[T]):
    """A few tasks that make all the calls of one sender, instead of one task a call.

    Hundreds of tasks that wait for the same few connections cost more than the calls themselves.
    """

    def __init__(self, call: Callable[[T], Awaitable[None]], concurrency: Concurrency) -> None:
        self._call = call
        self._concurrency = concurrency
        self._waiting: deque[tuple[T, _Asking]] = deque()
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def call_each(self, items: Sequence[T]) -> None:
        """Returns when the call of each item has ended, or raises what one of them raised."""
        if not items:
            return
        loop = asyncio.get_running_loop()
        asking = _Asking(loop.time(), len(items), loop.create_future())
        self._waiting.extend((item, asking) for item in items)
        self._open_lanes()
        await asking.ended

    def waits_since(self) -> float | None:
        """When the next call was asked for, by the loop's clock; None while none waits."""
        return self._waiting[0][1].began if self._waiting else None

    def _open_lanes(self) -> None:
        for _ in range(min(self._concurrency.limit - self._open, len(self._waiting))):
            self._open += 1
            task = asyncio.create_task(self._drive())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drive(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._waiting and self._open <= self._concurrency.limit:
            item, asking = self._waiting.popleft()
            error: Exception | None = None
            try:
                await self._call(item)
            except Exception as raised:  # noqa: BLE001 - handed to who asked for the call
                error = raised
            asking.end_one(error)
            self._concurrency.answered(clock(), waiting=bool(self._waiting))
            if self._open < self._concurrency.limit:
                self._open_lanes()
        self._open -= 1
