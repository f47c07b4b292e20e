"""Trying a job again after a failure that passes, some time later and not for ever.

Procrastinate's own retry puts the failed job back into its queue. One that has a queueing lock
finds its place taken there when the same job was asked for meanwhile, and then stays under way for
ever. Here the next try is a job of its own, deferred as any other: it joins the one that waits.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from procrastinate.tasks import Task

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long to wait before each further try: doubled each time, from `first` to `longest`."""

    first: dt.timedelta
    longest: dt.timedelta
    tries: int

    def pause(self, tries: int) -> dt.timedelta | None:
        """What to wait when so many tries have failed; None when it is enough."""
        if tries >= self.tries:
            return None
        # Bounded, as no interval is longer than a million days.
        doublings = min(tries - 1, 16)
        return min(self.first * (1 << doublings), self.longest)


# Four days: a mail server's weekend.
FOR_MAIL = Patience(first=dt.timedelta(minutes=1), longest=dt.timedelta(hours=4), tries=32)


def try_again(
    task: Task[Any, Any, Any],
    patience: Patience,
    *,
    tries: int,
    name: str,
    **arguments: Any,
) -> dt.timedelta | None:
    """Defers the next try of a job that has failed `tries` times; the pause until then.

    None when patience is at its end. The task takes the number as its argument `tries`; `name` is
    its lock and its queueing lock. Part of the caller's transaction.
    """
    pause = patience.pause(tries)
    if pause is not None:
        defer_once(task, queueing_lock=name, lock=name, after=pause, tries=tries, **arguments)
    return pause


@asynccontextmanager
async def tried_again(
    task: Task[Any, Any, Any],
    patience: Patience,
    *,
    tries: int,
    name: str,
    **arguments: Any,
) -> AsyncIterator[None]:
    """Around the work of a job: whatever fails in it is logged, and tried again as above.

    `tries` have failed before this one.
    """
    try:
        yield
    except Exception:
        logger.exception("The job %s has failed, %d times so far", name, tries + 1)
        await in_database(try_again, task, patience, tries=tries + 1, name=name, **arguments)
