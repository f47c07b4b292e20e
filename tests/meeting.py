"""Lets transactions meet on purpose: each goes as far as it can while another has not committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

SECONDS_TO_MEET = 20.0


class Other(threading.Thread):
    """Does something over a connection of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = work
        self._backend = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (self._backend,) = cursor.fetchone()
            self._work()
        except Exception as failure:  # noqa: BLE001 - a thread's edge: it is raised by meet
            self.failure = failure
        finally:
            connection.close()

    def go_as_far_as_can_be(self) -> None:
        """Begins, and returns when it waits for somebody's lock or has ended."""
        self.start()
        deadline = time.monotonic() + SECONDS_TO_MEET
        while self.is_alive() and not self._waits():
            if time.monotonic() > deadline:
                pytest.fail("It neither waits nor ends.")
            time.sleep(0.01)

    def _waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", [self._backend])
            return cursor.fetchone() is not None


def meet(first: Callable[[], object], *others: Callable[[], object]) -> None:
    """Does all of it at once: each of the others begins when those before it can go no further.

    The first commits when all others wait, or have ended without waiting. Raises what any raises.
    """
    begun = [Other(work) for work in others]
    try:
        with transaction.atomic():
            first()
            for other in begun:
                other.go_as_far_as_can_be()
    finally:
        for other in begun:
            if other.ident is not None:
                other.join(timeout=SECONDS_TO_MEET)
    assert not any(other.is_alive() for other in begun)
    for other in begun:
        if other.failure is not None:
            raise other.failure
