"""Calls go out in order, as many at once as is worth it, and none is lost."""

from __future__ import annotations

import asyncio

import pytest

from textmanager.gateway.concurrency import Concurrency
from textmanager.runs.pipeline.lanes import Lanes


class Calls:
    """Calls that end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.go_on = asyncio.Event()

    async def __call__(self, item: int) -> None:
        self.begun.append(item)
        await self.go_on.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_are_under_way_than_the_limit_and_the_order_is_kept() -> None:
    calls = Calls()
    lanes = Lanes(calls, Concurrency(limit=3))
    first = asyncio.create_task(lanes.call_each(range(5)))
    second = asyncio.create_task(lanes.call_each(range(5, 8)))
    await settle()
    assert calls.begun == [0, 1, 2]
    calls.go_on.set()
    await asyncio.wait_for(asyncio.gather(first, second), 5)
    assert calls.begun == list(range(8))


async def test_nothing_to_call_ends_at_once() -> None:
    await asyncio.wait_for(Lanes(Calls(), Concurrency()).call_each([]), 5)


async def test_what_one_call_raises_reaches_who_asked_and_stops_no_other() -> None:
    made: list[int] = []

    async def call(item: int) -> None:
        made.append(item)
        if item == 1:
            raise ZeroDivisionError

    lanes = Lanes(call, Concurrency(limit=2))
    other = asyncio.create_task(lanes.call_each([10, 11]))
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(lanes.call_each([0, 1, 2, 3]), 5)
    await asyncio.wait_for(other, 5)
    assert sorted(made) == [0, 1, 2, 3, 10, 11]


async def test_a_lower_limit_takes_hold_and_never_stops_the_rest() -> None:
    calls = Calls()
    concurrency = Concurrency(limit=10)
    lanes = Lanes(calls, concurrency)
    asked = asyncio.create_task(lanes.call_each(range(40)))
    await settle()
    concurrency.limit = 1
    calls.go_on.set()
    calls.go_on = asyncio.Event()
    await settle()
    assert len(calls.begun) == 11
    calls.go_on.set()
    await asyncio.wait_for(asked, 5)
    assert calls.begun == list(range(40))


async def test_a_higher_limit_takes_hold_with_the_next_answer() -> None:
    calls = Calls()
    concurrency = Concurrency(limit=1)
    lanes = Lanes(calls, concurrency)
    asked = asyncio.create_task(lanes.call_each(range(20)))
    await settle()
    concurrency.limit = 5
    calls.go_on.set()
    calls.go_on = asyncio.Event()
    await settle()
    assert len(calls.begun) == 6
    calls.go_on.set()
    await asyncio.wait_for(asked, 5)


async def test_it_tells_since_when_the_next_one_waits() -> None:
    calls = Calls()
    lanes = Lanes(calls, Concurrency(limit=1))
    assert lanes.waits_since() is None
    began = asyncio.get_running_loop().time()
    asked = asyncio.create_task(lanes.call_each(range(2)))
    await settle()
    since = lanes.waits_since()
    assert since is not None
    assert began <= since <= asyncio.get_running_loop().time()
    calls.go_on.set()
    await asyncio.wait_for(asked, 5)
    assert lanes.waits_since() is None
