"""A simulated iMIS over HTTP, and what talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from serving import serve
from textmanager.imis.client import ImisClient
from textmanager.imis.tokens import TokenStore
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app

QUICK = aiohttp.ClientTimeout(total=2, sock_connect=1, sock_read=0.3)
SETTINGS = ImisSettings(slow_seconds=0)


@dataclass(frozen=True)
class Site:
    """A sandbox's address, and the requests that only tests make."""

    base_url: str
    http: aiohttp.ClientSession

    def client(self, **options: Any) -> ImisClient:
        """The background account with tokens of its own, in a hurry."""
        given = {
            "username": BACKGROUND.username,
            "password": BACKGROUND.password,
            "tokens": TokenStore(),
            "timeout": QUICK,
            "first_pause": 0.01,
        }
        return ImisClient(self.base_url, **{**given, **options})

    async def fault(self, kind: str, path: str, **details: Any) -> None:
        address = f"{self.base_url}/_sandbox/faults"
        body = {"kind": kind, "path": path, **details}
        async with self.http.post(address, json=body) as answer:
            assert answer.status == 201, await answer.text()

    async def requests(self, path: str) -> int:
        """How many requests have come in below a path."""
        async with self.http.get(f"{self.base_url}/_sandbox/requests") as answer:
            counts = await answer.json()
        return sum(
            count for seen, count in counts.items() if seen.casefold().startswith(path.casefold())
        )

    async def forget_tokens(self) -> None:
        async with self.http.delete(f"{self.base_url}/_sandbox/tokens") as answer:
            assert answer.status == 204

    async def activities(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.base_url}/_sandbox/activities") as answer:
            return (await answer.json())["activities"]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def site(http: aiohttp.ClientSession) -> AsyncIterator[Site]:
    async with serve(create_app(SETTINGS)) as base_url:
        yield Site(base_url, http)


@pytest.fixture
async def older_site(http: aiohttp.ClientSession) -> AsyncIterator[Site]:
    """An iMIS 2017."""
    async with serve(create_app(ImisSettings(slow_seconds=0, older=True))) as base_url:
        yield Site(base_url, http)


@pytest.fixture
async def client(site: Site) -> AsyncIterator[ImisClient]:
    async with site.client() as entered:
        yield entered
