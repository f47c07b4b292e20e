from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateWorker

from textmanager.organizations.models import User


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def _worker(db: None) -> Iterator[None]:
    """One that was heard of just now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s)", [timezone.now()]
        )
    yield
    ProcrastinateWorker.objects.all()


@pytest.fixture
def queries() -> Callable[[Client, str], int]:
    """How many queries a page makes."""

    def count(client: Client, path: str) -> int:
        with CaptureQueriesContext(connection, ) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    return count


def words(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()
