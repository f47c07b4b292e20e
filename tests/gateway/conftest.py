"""A simulated Twilio over HTTP, and what talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from serving import serve
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.sender import LiveGateway, OutgoingText
from textmanager.gateway.transport import Timeouts
from textmanager.sandbox.twilio import TwilioSettings, create_app

SETTINGS = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)
QUICK = Timeouts(connect=1.0, read=0.3, total=2.0)


@dataclass(frozen=True)
class Sandbox:
    """The sandbox's address, and the requests that only tests make."""

    base_url: str
    http: aiohttp.ClientSession

    @property
    def credentials(self) -> TwilioCredentials:
        return TwilioCredentials(SETTINGS.account_sid, SETTINGS.auth_token, base_url=self.base_url)

    async def fault(self, kind: str, **details: Any) -> None:
        address = f"{self.base_url}/_sandbox/faults"
        async with self.http.post(address, json={"kind": kind, **details}) as answer:
            assert answer.status == 201, await answer.text()

    async def messages(self, to: str = "") -> list[dict[str, Any]]:
        params = {"to": to} if to else {}
        async with self.http.get(f"{self.base_url}/_sandbox/messages", params=params) as answer:
            return (await answer.json())["messages"]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def sandbox(http: aiohttp.ClientSession) -> AsyncIterator[Sandbox]:
    async with serve(create_app(SETTINGS)) as base_url:
        yield Sandbox(base_url, http)


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[LiveGateway]:
    async with LiveGateway(sandbox.credentials, timeouts=QUICK) as live:
        yield live


@pytest.fixture
def text() -> OutgoingText:
    return OutgoingText(
        to="+12025550100",
        body="Your membership ends on June 30.",
        reference="7",
        status_callback=None,
        from_number="+12025550143",
    )
