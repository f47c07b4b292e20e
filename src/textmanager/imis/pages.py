"""Reads a query to its end: in order, a few pages at once where the site can bear it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress

from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisUnavailable, ImisUnreachable
from textmanager.imis.iqa import IqaPage, PromptAnswers, fetch_page
from textmanager.imis.wire import LARGEST_PAGE

PAGES_AT_ONCE = 4
# A site that could not bear it is asked for one page at a time for so long.
SECONDS_OF_CARE = 1800.0


class _Care:
    """Sites that failed while several pages were asked for. Safe to share among threads."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def pages_at_once(self, base_url: str) -> int:
        with self._lock:
            return 1 if time.monotonic() < self._until.get(base_url, 0.0) else PAGES_AT_ONCE

    def take(self, base_url: str) -> None:
        with self._lock:
            self._until[base_url] = time.monotonic() + SECONDS_OF_CARE


_CARE = _Care()


async def read_pages(
    client: ImisClient,
    path: str,
    *,
    answers: PromptAnswers = (),
    offset: int = 0,
    limit: int = LARGEST_PAGE,
    most_rows: int | None = None,
) -> AsyncGenerator[IqaPage, None]:
    """The pages from `offset` on, each where the one before it ends, the last without a next.

    The order is the site's, as if they were asked for one after the other; whoever reads sees to
    it that nothing repeats. Ends early after `most_rows`. Close it (`aclosing`) when you leave
    before its end. Raises ImisError, at the page where it happened.
    """
    reading = _Reading(client, path, answers, limit, most_rows)
    try:
        page = await reading.fetch(offset)
        while True:
            reading.ask_ahead(page)
            yield page
            if page.next_offset is None or reading.is_enough(page.next_offset - offset):
                return
            page = await reading.next_page(page.next_offset)
    finally:
        await reading.drop_what_is_ahead()


class _Reading:
    """The requests that are ahead of the page that was given last, in their order."""

    def __init__(
        self,
        client: ImisClient,
        path: str,
        answers: PromptAnswers,
        limit: int,
        most_rows: int | None,
    ) -> None:
        self._client = client
        self._path = path
        self._answers = answers
        self._limit = limit
        self._most_rows = most_rows
        self._ahead: deque[tuple[int, asyncio.Task[IqaPage]]] = deque()
        self._failures = client.failed_reads

    async def fetch(self, offset: int) -> IqaPage:
        return await fetch_page(
            self._client, self._path, offset=offset, limit=self._limit, answers=self._answers
        )

    def is_enough(self, rows: int) -> bool:
        return self._most_rows is not None and rows >= self._most_rows

    def ask_ahead(self, page: IqaPage) -> None:
        """Keeps as many requests on their way as the site bears, itself counted.

        Each is a full page after the one before: a site that gives fewer rows than were asked for
        gives as many each time.
        """
        if self._client.failed_reads > self._failures:
            _CARE.take(self._client.base_url)
        at_once = _CARE.pages_at_once(self._client.base_url)
        if at_once == 1 or page.next_offset is None or not page.rows:
            return
        step = len(page.rows)
        after = self._ahead[-1][0] + step if self._ahead else page.next_offset
        end = page.total if self._most_rows is None else min(page.total, self._most_rows)
        while after < end and len(self._ahead) < at_once:
            self._ahead.append((after, asyncio.create_task(self.fetch(after))))
            after += step

    async def next_page(self, offset: int) -> IqaPage:
        if not self._ahead or self._ahead[0][0] != offset:
            # A page was shorter than the others: what was asked for after it overlaps.
            await self.drop_what_is_ahead()
            return await self.fetch(offset)
        _, asked = self._ahead.popleft()
        try:
            return await asked
        except (ImisUnavailable, ImisUnreachable):
            if not self._ahead:
                raise
        # Perhaps it was too much at once: the same page by itself, before it counts as a failure.
        _CARE.take(self._client.base_url)
        await self.drop_what_is_ahead()
        return await self.fetch(offset)

    async def drop_what_is_ahead(self) -> None:
        dropped = [task for _, task in self._ahead]
        self._ahead.clear()
        for task in dropped:
            task.cancel()
        for task in dropped:
            with suppress(asyncio.CancelledError, Exception):
                await task
