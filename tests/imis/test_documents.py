"""Listing every IQA: at once, or folder by folder within bounds."""

from __future__ import annotations

from textmanager.imis.documents import list_queries
from textmanager.imis.iqa import browse

EXECUTE = "/api/DocumentSummary"
OFF = {"status": 501, "text": "Operation not implemented"}


async def test_one_call_lists_them_all(site, client) -> None:
    listing = await list_queries(client)

    assert listing.is_complete
    paths = [query.path for query in listing.queries]
    assert paths == sorted(paths, key=str.casefold)
    assert {"$/Text Manager/All members", "$/Samples/No aliases"} <= set(paths)
    assert await site.requests(EXECUTE) == 1


async def test_folder_by_folder_finds_the_same(site, client, older_site) -> None:
    at_once = await list_queries(client)
    await site.fault("status", EXECUTE, **OFF)

    assert await list_queries(client) == at_once
    async with older_site.client() as older:
        await older_site.fault("status", EXECUTE, **OFF)
        assert await list_queries(older) == at_once


async def test_a_walk_ends_at_its_bounds_and_says_so(site, client) -> None:
    await site.fault("status", EXECUTE, **OFF)
    two = await list_queries(client, most_folders=2)

    assert not two.is_complete
    assert {query.path.split("/")[1] for query in two.queries} == {"Text Manager"}

    await site.fault("status", EXECUTE, **OFF)
    none = await list_queries(client, most_seconds=0)
    assert (none.queries, none.is_complete) == ((), False)


async def test_a_folder_that_may_not_be_opened_does_not_hide_the_others(site, client) -> None:
    await browse(client)
    await site.fault("status", EXECUTE, **OFF)
    # After the refused call and the root, one of the two folders below it.
    await site.fault("slow", EXECUTE, seconds=0)
    await site.fault("status", EXECUTE, status=403, text="")

    listing = await list_queries(client)

    assert listing.is_complete
    assert len({query.path.split("/")[1] for query in listing.queries}) == 1


async def test_a_folder_is_found_by_its_document_where_its_path_is_not_taken(site, client) -> None:
    """Some clients of iMIS name a folder by its path, others only by its document's ID."""
    usual = await browse(client, "$/Samples")
    not_there = (
        '{"$type":"Asi.Soa.Core.DataContracts.ServiceResponse, Asi.Contracts",'
        '"Result":null,"StatusCode":0}'
    )
    await site.fault("status", EXECUTE, status=200, text=not_there)

    assert await browse(client, "$/Samples") == usual
    assert await site.requests(EXECUTE) == 4
