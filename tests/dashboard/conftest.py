from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from textmanager.organizations.models import User

Count = Callable[[Client, str], int]
Read = Callable[[str], str]


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    """Where Alice, who administers the organization, sits."""
    client.force_login(alice)
    return client


@pytest.fixture
def read(desk: Client) -> Read:
    """A page as Alice reads it: its words without tags."""

    def words(path: str) -> str:
        answer = desk.get(path)
        assert answer.status_code == 200
        html = answer.content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()

    return words


@pytest.fixture
def worker(db: None) -> None:
    """One that was heard of just now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s)", [timezone.now()]
        )
    cache.clear()


@pytest.fixture
def queries() -> Count:
    """How many queries a page makes when nothing of it is remembered from another."""

    def count(client: Client, path: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    return count
