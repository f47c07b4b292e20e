"""The one way between asynchronous code (connectors, jobs) and the synchronous database code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

# Bounds the connections that one worker holds, whatever number of jobs it runs.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a synchronous database function for an asynchronous caller, off the event loop.

    The connection goes back to the pool afterwards, so that none is held across a network call.
    """

    def call() -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=False, executor=_threads)()


def wait_for(coroutine: Coroutine[object, object, R]) -> R:
    """Runs one connector call to its end for a synchronous caller, such as a view."""
    return asyncio.run(coroutine)
