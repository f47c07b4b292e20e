"""The tests' own PostgreSQL, and what every test starts from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections

import world
from jobs import delete_jobs
from processes import copied_as_template, end_other_sessions
from textmanager.campaigns.models import Campaign
from textmanager.config import database
from textmanager.imis import client
from textmanager.organizations.models import Organization, Role, Sender, User
from textmanager.runs.models import Run

EMBEDDED = Path(__file__).parent.parent / ".data" / "test-postgres"
# A test database need not survive a power cut.
FAST = "-c synchronous_commit=off -c fsync=off"


def pytest_configure() -> None:
    """Serves static files from where they are, hashes passwords at no cost, and waits little."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    settings.WHITENOISE_USE_FINDERS = True
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    # Where nothing answers, trying again soon is the same as trying again later.
    client.FIRST_PAUSE = 0.01


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: at the end one worker would wait for the other's last."""
    items.sort(key=lambda item: ("faults" not in item.path.parts, not _is_long(item)))


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("journey") is not None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Points Django at DATABASE_URL, or at an embedded PostgreSQL that starts for the tests.

    Settings are imported long before, by tools too, so importing them starts nothing.
    """
    url = os.environ.get("DATABASE_URL") or database.start_embedded(EMBEDDED, "textmanager")
    parsed = database.settings_for(url)
    # A pool would keep connections open that hinder the next test's clean database.
    parsed["OPTIONS"].pop("pool")
    own = connections["default"].settings_dict
    test = own["TEST"]
    own.update({**parsed, "TEST": test})
    own.setdefault("TIME_ZONE", None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The tests' own database, and a copy of it for installations of real processes."""
    with ExitStack() as kept:
        with django_db_blocker.unblock():
            kept.enter_context(copied_as_template())
        yield
        # A test that failed keeps what it holds, and what is in use cannot be dropped.
        with django_db_blocker.unblock():
            end_other_sessions()


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """What one test read from a sandbox must not answer another."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _no_jobs_left(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """By a test that commits: nothing else empties the queue, and another test may look into it."""
    yield
    marker = request.node.get_closest_marker("django_db")
    says_so = marker is not None and marker.kwargs.get("transaction", False)
    if says_so or "transactional_db" in request.fixturenames:
        with django_db_blocker.unblock():
            delete_jobs()
            connections.close_all()


@pytest.fixture
def no_jobs(transactional_db: None) -> None:
    """Of other tests, for one that commits and counts its own."""
    delete_jobs()


@pytest.fixture
def organization(db: None) -> Organization:
    return world.organization()


@pytest.fixture
def alice(organization: Organization) -> User:
    """Administrator of the organization."""
    return world.person("alice", organization, Role.ADMIN)


@pytest.fixture
def bob(organization: Organization) -> User:
    """Alice's colleague, who may look but not touch."""
    return world.person("bob", organization, Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    """Administrator of another organization: a stranger here."""
    return world.person("charlie", world.organization("other"), Role.ADMIN)


@pytest.fixture
def sender(organization: Organization) -> Sender:
    return world.sender(organization)


@pytest.fixture
def campaign(organization: Organization, sender: Sender) -> Campaign:
    return world.campaign(organization, by=sender)


@pytest.fixture
def run(campaign: Campaign) -> Run:
    return world.run(campaign)
