"""A worker reaches the database as the web does: with everything that DATABASE_URL asks for."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from procrastinate.exceptions import ConnectorException

from textmanager.config.jobs import run_worker, worker_app


async def ask(question: str) -> str:
    app = worker_app()
    async with app.open_async():
        row = await app.connector.execute_query_one_async(question)
    return str(row["answer"])


@pytest.mark.django_db
def test_a_worker_keeps_the_options_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**connection.settings_dict["OPTIONS"], "application_name": "seen by the server"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    answer = asyncio.run(ask("SELECT current_setting('application_name') AS answer"))
    assert answer == "seen by the server"


@pytest.mark.django_db
def test_a_worker_insists_on_encryption_when_the_address_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = {**connection.settings_dict["OPTIONS"], "sslmode": "verify-full"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert worker_app().connector._pool_args["kwargs"]["sslmode"] == "verify-full"


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_job_is_told_although_the_database_dropped_the_connection() -> None:
    """Untold, the job would count as under way for as long as its worker lives."""

    async def tell() -> None:
        app = worker_app()
        async with app.open_async():
            await app.connector.execute_query_async(DROPPED_THE_FIRST_TIME)
            with pytest.raises(ConnectorException):
                await app.connector.execute_query_async("SELECT nonsense")

    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE tellings")
        try:
            asyncio.run(tell())
            cursor.execute("SELECT last_value FROM tellings")
            assert cursor.fetchone() == (2,)
        finally:
            cursor.execute("DROP SEQUENCE tellings")


@pytest.mark.usefixtures("no_periodic_jobs")
def test_a_worker_begins_anew_although_the_connection_of_its_periodic_jobs_was_dropped() -> None:
    async def work() -> None:
        await sync_to_async(lose_connection)()
        for _ in range(2):
            await run_worker(concurrency=1, wait=False)

    asyncio.run(work())
    assert periodic_jobs() > 0


@pytest.mark.usefixtures("no_periodic_jobs")
def test_a_worker_that_has_ended_leaves_nobody_connected() -> None:
    async def work() -> bool:
        await run_worker(concurrency=1, wait=False)
        return await sync_to_async(is_connected)()

    assert not asyncio.run(work())
    assert periodic_jobs() > 0


@pytest.fixture
def no_periodic_jobs(no_jobs: None) -> None:
    """As if no worker had ever run, so that the next one defers them all."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")


def periodic_jobs() -> int:
    """How many were ever deferred."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_periodic_defers")
        return int(cursor.fetchone()[0])


def lose_connection() -> None:
    """In the thread of whoever asks, as the database does when it is stopped."""
    with contextlib.suppress(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def is_connected() -> bool:
    return connection.connection is not None


DROPPED_THE_FIRST_TIME = """
    SELECT CASE WHEN nextval('tellings') = 1 THEN pg_terminate_backend(pg_backend_pid()) END
"""
