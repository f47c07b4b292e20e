"""Lists every IQA of a site: in one call where it can, else folder by folder, within bounds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisForbidden, ImisInvalid, ImisNotFound
from textmanager.imis.iqa import IqaDocument, browse, documents
from textmanager.imis.wire import Json, string

ROOT = "$/"
# Somebody waits for it, and a site has other things to do.
MOST_FOLDERS = 300
MOST_SECONDS = 12.0
FOLDERS_AT_ONCE = 4


@dataclass(frozen=True)
class QueryListing:
    """Queries by path; not all of them when the bounds ended the walk."""

    queries: tuple[IqaDocument, ...]
    is_complete: bool


async def list_queries(
    client: ImisClient,
    *,
    most_folders: int = MOST_FOLDERS,
    most_seconds: float = MOST_SECONDS,
) -> QueryListing:
    """Every query that the account may see. Raises ImisError."""
    found = await _all_at_once(client)
    if found:
        return QueryListing(_in_order(found), is_complete=True)
    return await _walk(client, most_folders, time.monotonic() + most_seconds)


async def _all_at_once(client: ImisClient) -> list[IqaDocument]:
    """None where a site does not know the operation: then the walk tells."""
    try:
        found: Json = await client.execute(
            "DocumentSummary",
            "FindDescendantDocumentsInFolder",
            string(ROOT),
            string("IQD"),
            {"$type": "System.Boolean", "$value": False},
        )
    except (ImisNotFound, ImisInvalid, ImisForbidden):
        return []
    return [document for document in documents(found) if not document.is_folder]


async def _walk(client: ImisClient, most_folders: int, until: float) -> QueryListing:
    """Breadth first, a few folders at once."""
    queries: list[IqaDocument] = []
    waiting, looked_into = [ROOT], 0
    while waiting and looked_into < most_folders and time.monotonic() < until:
        now = waiting[: min(FOLDERS_AT_ONCE, most_folders - looked_into)]
        waiting = waiting[len(now) :]
        looked_into += len(now)
        for inside in await asyncio.gather(*(_inside(client, folder) for folder in now)):
            waiting += [document.path for document in inside if document.is_folder]
            queries += [document for document in inside if not document.is_folder]
    return QueryListing(_in_order(queries), is_complete=not waiting)


async def _inside(client: ImisClient, folder: str) -> list[IqaDocument]:
    try:
        return await browse(client, folder)
    except (ImisNotFound, ImisForbidden):
        # A folder below that this account may not open must not end the search; the first may.
        if folder == ROOT:
            raise
        return []


def _in_order(found: list[IqaDocument]) -> tuple[IqaDocument, ...]:
    by_path = {document.path: document for document in found}
    return tuple(sorted(by_path.values(), key=lambda document: document.path.casefold()))
