"""A whole installation over real HTTP: both outside systems, the web process, and a worker."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from house import House
from house import house as open_house
from serving_in_thread import serve_in_thread
from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, run_worker
from textmanager.organizations.models import (
    ImisConnection,
    Organization,
    Sender,
    TwilioConnection,
)
from textmanager.runs.models import Message
from textmanager.runs.pipeline.plan import plan
from textmanager.sandbox.imis import ImisSettings
from textmanager.sandbox.imis import create_app as create_imis
from textmanager.sandbox.twilio import TwilioSettings
from textmanager.sandbox.twilio import create_app as create_twilio
from visitor import Visitor

SHORT_CODE = "555010"


@dataclass
class Installation:
    """What a journey works with: addresses, one organization, somebody at its pages."""

    imis: str
    twilio: str
    organization: Organization
    sender: Sender
    visitor: Visitor

    def texts(self) -> list[dict[str, Any]]:
        """Every message on Twilio's own books."""
        found = requests.get(f"{self.twilio}/_sandbox/messages", timeout=20).json()
        return list(found["messages"])

    def activities(self) -> list[dict[str, Any]]:
        """Every activity in iMIS."""
        found = requests.get(f"{self.imis}/_sandbox/activities", timeout=20).json()
        return list(found["activities"])

    def work_until(self, done: Callable[[], bool], *, seconds: float = 60) -> None:
        """Lets a worker plan and do what is due, until `done`; fails when it never is."""

        async def work() -> None:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                await in_database(defer_once, plan, queueing_lock="plan", timestamp=0)
                await run_worker(concurrency=10, wait=False)
                if await in_database(done):
                    return
                await asyncio.sleep(0.1)
            texts = await in_database(statuses)
            pytest.fail(f"The work was not done in time. The texts: {texts}")

        asyncio.run(work())


def statuses() -> Counter[str]:
    return Counter(Message.objects.values_list("status", flat=True))


@pytest.fixture
def installation(no_jobs: None, settings: Any) -> Iterator[Installation]:
    from textmanager.config.asgi import application

    numbers = TwilioSettings(delay_scale=0.0)
    with (
        serve_in_thread(create_imis(ImisSettings())) as imis,
        serve_in_thread(create_twilio(numbers)) as twilio,
        serve_in_thread(application) as web,
    ):
        settings.PUBLIC_URL = web
        organization = Organization.objects.create(
            name="Sample Association", cloud_id="sample", time_zone="America/New_York"
        )
        connection = ImisConnection(
            organization=organization, base_url=imis, username="textmanager"
        )
        connection.set_password("background-password")
        connection.save()
        account = TwilioConnection(
            organization=organization, account_sid=numbers.account_sid, base_url=twilio
        )
        account.set_auth_token(numbers.auth_token)
        account.save()
        sender = Sender.objects.create(
            organization=organization,
            name="Short code",
            kind="short_code",
            number=SHORT_CODE,
            segments_per_second=100,
        )
        yield Installation(imis, twilio, organization, sender, Visitor(web))


@pytest.fixture
def house(transactional_db: None, tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened
