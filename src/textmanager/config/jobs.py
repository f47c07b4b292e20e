"""Background jobs: where tasks register, how they are deferred, and how a worker runs them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import signal
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone
from procrastinate import App
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.tasks import Task

from textmanager.config.patient_connector import PatientConnector

__all__ = [
    "AFTER_OTHER_JOBS",
    "defer_once",
    "is_stopping",
    "jobs",
    "living_workers",
    "run_worker",
    "workers_alive",
]

# A worker that has not been heard of for this long is dead, and its jobs may be taken over.
SECONDS_UNTIL_STALLED = 15.0
SECONDS_BETWEEN_HEARTBEATS = 3.0
# Under the ten seconds that process managers commonly grant before they kill.
SECONDS_TO_FINISH_JOBS = 8.0

SECONDS_UNTIL_ANEW = 1.0

# The priority of jobs that take long: whatever else waits goes first.
AFTER_OTHER_JOBS = -10

OF_DJANGO_ALONE = frozenset({"context", "cursor_factory"})

logger = logging.getLogger(__name__)
_stopping = threading.Event()


def defer_once(
    task: Task[Any, Any, Any],
    *,
    queueing_lock: str,
    lock: str | None = None,
    after: dt.timedelta | None = None,
    **arguments: Any,
) -> bool:
    """Defers a job unless the same one is already waiting; tells whether it did.

    It begins no sooner than `after` from now. Part of the caller's transaction: the job exists
    exactly when what the caller wrote exists. No task deferred so may have Procrastinate's own
    `retry`: see `textmanager.config.retries`.
    """
    try:
        # The savepoint keeps the caller's transaction usable after the unique violation.
        with transaction.atomic():
            task.configure(
                queueing_lock=queueing_lock,
                lock=lock,
                schedule_at=timezone.now() + after if after else None,
            ).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def worker_app() -> App:
    """The jobs app over a connector fit for a worker.

    Tasks stay bound to the app over Django's connection. A job deferred inside a transaction,
    by the web or by another job, therefore commits or rolls back with it.
    """
    # Whatever DATABASE_URL asks for, its sslmode too, but not what makes Django's rows and types.
    conninfo = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name not in OF_DJANGO_ALONE
    }
    app = App(
        connector=PatientConnector(kwargs=conninfo, min_size=1, max_size=4),
        import_paths=settings.PROCRASTINATE_IMPORT_PATHS,
        worker_defaults=jobs.worker_defaults,
    )
    app.tasks = jobs.tasks
    app.periodic_registry = jobs.periodic_registry
    return app


def is_stopping() -> bool:
    """Whether this worker was told to stop: long jobs end at their next safe point."""
    return _stopping.is_set()


def workers_alive() -> int:
    """How many worker processes of this installation were heard of lately."""
    return living_workers().count()


def living_workers() -> QuerySet[Any, Any]:
    """One row for each worker process that was heard of lately."""
    # A model, so it can be imported only after Django is set up.
    from procrastinate.contrib.django.models import ProcrastinateWorker  # noqa: PLC0415 - see above

    since = timezone.now() - dt.timedelta(seconds=SECONDS_UNTIL_STALLED)
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=since)


async def run_worker(*, concurrency: int, wait: bool = True, name: str = "worker") -> None:
    """Runs jobs until the process gets SIGTERM or SIGINT; with wait=False, until none is left.

    Told to stop, it takes no new job and lets the running ones reach a safe point. When the
    database drops its connections it begins anew: Procrastinate's worker ends by itself then, and
    nothing would run until somebody noticed.
    """
    _stopping.clear()
    while True:
        if await _run_once(concurrency=concurrency, wait=wait, name=name):
            return
        await asyncio.sleep(SECONDS_UNTIL_ANEW)


async def _run_once(*, concurrency: int, wait: bool, name: str) -> bool:
    """Whether it ended because it was to; otherwise the database was lost."""
    app = worker_app()
    try:
        async with app.open_async():
            running = asyncio.ensure_future(
                app.run_worker_async(
                    concurrency=concurrency,
                    wait=wait,
                    name=name,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=SECONDS_BETWEEN_HEARTBEATS,
                    stalled_worker_timeout=SECONDS_UNTIL_STALLED,
                    shutdown_graceful_timeout=SECONDS_TO_FINISH_JOBS,
                )
            )
            with _stopped_by_signals(running), contextlib.suppress(asyncio.CancelledError):
                await running
    except (ConnectorException, psycopg.Error):
        if not wait:
            raise
        logger.exception("The worker has lost the database")
    finally:
        # Periodic jobs are deferred over a connection of Django's own, which nothing else closes,
        # as no request ends here. Dropped by the database, it would stay so for ever.
        await sync_to_async(connections.close_all)()
    if wait and not is_stopping():
        logger.warning("The worker has stopped without being told to, and begins anew")
        return False
    return True


@contextlib.contextmanager
def _stopped_by_signals(running: asyncio.Future[None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        _stopping.set()
        # Procrastinate takes a cancelled worker as the wish to stop gracefully.
        running.cancel()

    is_main = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGTERM, signal.SIGINT) if is_main else ()
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
