"""Reading a query to its end: in order and whole, several pages at once where the site bears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import aiohttp
import pytest

from serving import serve
from textmanager.imis import pages
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisNotFound, ImisUnavailable
from textmanager.imis.iqa import IqaPage, fetch_page
from textmanager.imis.pages import PAGES_AT_ONCE, read_pages
from textmanager.imis.tokens import TokenStore
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app

EVERYBODY = "$/Text Manager/All members"
IDS = [str(10_001 + place) for place in range(5_000)]


@pytest.fixture(autouse=True)
def _no_memory_of_other_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_CARE", pages._Care())


@asynccontextmanager
async def reader(**settings: object) -> AsyncIterator[ImisClient]:
    """A client of a site with these settings."""
    app = create_app(ImisSettings(slow_seconds=0, **settings))
    async with serve(app) as address:
        client = ImisClient(
            address,
            BACKGROUND.username,
            BACKGROUND.password,
            tokens=TokenStore(),
            first_pause=0.01,
        )
        async with client:
            yield client


async def at_once(client: ImisClient) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{client.base_url}/_sandbox/pages") as answer,
    ):
        return int((await answer.json())["at_once"])


async def everybody(client: ImisClient, **options: int) -> list[IqaPage]:
    return [page async for page in read_pages(client, EVERYBODY, **options)]


async def rest(found: AsyncIterator[IqaPage]) -> list[IqaPage]:
    return [page async for page in found]


def on_their_way() -> int:
    return sum(task.get_coro().__qualname__ == "_Reading.fetch" for task in asyncio.all_tasks())


def ids(found: list[IqaPage]) -> list[str]:
    return [str(row["ID"]) for page in found for row in page.rows]


@pytest.mark.parametrize("older", [False, True])
async def test_everybody_comes_once_and_in_order(*, older: bool) -> None:
    async with reader(older=older) as client:
        found = await everybody(client)

    assert ids(found) == IDS
    assert [page.offset for page in found] == list(range(0, 5_000, 500))
    assert [page.next_offset for page in found][-2:] == [4_500, None]


async def test_a_few_pages_are_on_their_way_at_once_and_no_more() -> None:
    async with reader(page_seconds=0.05) as client:
        await everybody(client)
        assert await at_once(client) == PAGES_AT_ONCE


async def test_it_goes_on_where_somebody_stopped() -> None:
    async with reader() as client:
        assert ids(await everybody(client, offset=4_000)) == IDS[4_000:]
        assert ids(await everybody(client, offset=1_234, limit=100)) == IDS[1_234:]


async def test_it_ends_after_as_many_rows_as_are_wanted() -> None:
    async with reader(page_seconds=0.01) as client:
        assert ids(await everybody(client, most_rows=1_000)) == IDS[:1_000]
        # Nobody asked for what nobody wanted.
        assert await at_once(client) <= 2


async def test_a_site_that_takes_one_at_a_time_is_read_to_its_end() -> None:
    async with reader(pages_at_once=1, page_seconds=0.02) as client:
        assert ids(await everybody(client)) == IDS
        refused = client.failed_reads
        assert refused > 0
        # It is known by now: the next reading does not press it again.
        assert ids(await everybody(client)) == IDS
        assert client.failed_reads == refused


async def test_a_site_that_bears_two_is_read_to_its_end() -> None:
    async with reader(pages_at_once=2, page_seconds=0.02) as client:
        assert ids(await everybody(client)) == IDS


async def test_pages_shorter_than_asked_for_leave_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A site may cut a page short once, for example by the size of its answer."""

    async def cut(client: ImisClient, path: str, *, offset: int, limit: int, **rest: object):
        limit = 123 if offset == 1_000 else limit
        return await fetch_page(client, path, offset=offset, limit=limit, **rest)

    monkeypatch.setattr(pages, "fetch_page", cut)
    async with reader() as client:
        assert ids(await everybody(client)) == IDS


async def test_a_failure_is_told_at_its_page(site) -> None:
    async with site.client() as client:
        found = read_pages(client, EVERYBODY, limit=500)
        async with aclosing(found):
            first = await anext(found)
            await site.fault("status", "/api/query", status=500, count=100)
            with pytest.raises(ImisUnavailable):
                await rest(found)
    assert first.offset == 0


async def test_a_query_that_is_not_there(site, client) -> None:
    with pytest.raises(ImisNotFound, match="no IQA at"):
        await anext(read_pages(client, "$/Nobody"))


async def test_who_leaves_early_leaves_no_request_behind() -> None:
    async with reader(page_seconds=0.05) as client:
        found = read_pages(client, EVERYBODY)
        async with aclosing(found):
            await anext(found)
            assert on_their_way() == PAGES_AT_ONCE
        assert on_their_way() == 0
