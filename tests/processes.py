"""Our commands as real processes, as an installation runs them, on free loopback ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.db import connections
from psycopg import sql

SECONDS_TO_START = 180
SECONDS_TO_STOP = 30
COMMAND = ("-c", "from textmanager.cli import main; main()")
# Ends when the other end of its standard input closes, however that came about.
ON_A_LEASH = ("-m", "textmanager.commands.leash")
# The same in a hurry, for what takes minutes in earnest.
HASTY = (str(Path(__file__).parent / "hasty.py"),)
MIGRATED = "migrated"
# How Django calls the databases that it makes for tests.
OF_TESTS = "test_"


@dataclass
class Processes:
    """Processes that share a folder and an environment. None outlives the test."""

    folder: Path
    environ: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(
        self, *arguments: str, program: tuple[str, ...] = ON_A_LEASH
    ) -> subprocess.Popen[bytes]:
        """Starts `textmanager ARGUMENTS`, or another Python program with them."""
        log = self.folder / f"{arguments[0]}-{len(self.running)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *program, *arguments],
                env=self.environ,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(process)
        return process

    def run(self, *arguments: str, program: tuple[str, ...] = COMMAND, expect: int = 0) -> str:
        """Runs `textmanager ARGUMENTS`, or another program, to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, *program, *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS_TO_START,
            check=False,
        )
        output = done.stdout.decode()
        assert done.returncode == expect, output
        return output

    def output(self) -> str:
        """Everything that the processes have written."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')}" for log in logs)

    def stop(self) -> None:
        """Ends all at once: one after the other, each would wait for what has ended before."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running:
            _wait_for_the_end_of(process)


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    """Ends a process in order; its exit code. Kills it when it does not end."""
    if process.poll() is None:
        process.send_signal(number)
    return _wait_for_the_end_of(process)


def _wait_for_the_end_of(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        if process.stdin:
            process.stdin.close()


@contextmanager
def processes(folder: Path, **environ: str) -> Iterator[Processes]:
    """Processes that see none of this environment's own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TEXTMANAGER_") and name not in {"DATABASE_URL", "CI"}
    }
    started = Processes(folder, {**kept, "TEXTMANAGER_DATA_DIR": str(folder), **environ})
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def own_database(suffix: str = "processes") -> Iterator[str]:
    """The address of an empty database beside the tests' own; dropped afterwards."""
    with _database(suffix, template="template1") as url:
        yield url


@contextmanager
def migrated_database(suffix: str = "processes") -> Iterator[str]:
    """The same with all tables, copied: to migrate one anew takes longer than most tests.

    Empty where there is none to copy: among tests that are chosen none may need the tests' own.
    """
    ours = connections["default"].get_connection_params()["dbname"]
    template = f"{ours}_{MIGRATED}" if ours.startswith(OF_TESTS) else "template1"
    with _database(suffix, template=template) as url:
        yield url


@contextmanager
def copied_as_template() -> Iterator[None]:
    """Keeps the tests' own database as it is now for `migrated_database`, if it was made."""
    ours = connections["default"].get_connection_params()["dbname"]
    if not ours.startswith(OF_TESTS):
        yield
        return
    # PostgreSQL copies no database that somebody is connected to.
    connections.close_all()
    with _database(MIGRATED, template=ours):
        yield


def end_other_sessions() -> None:
    """Of the tests' own database, whoever left them open."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def _database(suffix: str, *, template: str) -> Iterator[str]:
    ours = connections["default"].get_connection_params()
    server = {key: ours[key] for key in ("user", "password", "host", "port") if ours.get(key)}
    name = f"{ours['dbname']}_{suffix}"
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield _url(server, name)
        finally:
            connection.execute(drop)


def _url(server: dict[str, str], name: str) -> str:
    """An embedded server is reached by a folder with its socket, others by host and port."""
    who = quote(server.get("user", ""))
    if server.get("password"):
        who += f":{quote(server['password'], safe='')}"
    host, port = server.get("host", "localhost"), server.get("port", 5432)
    if host.startswith("/"):
        return f"postgresql://{who}@/{name}?host={quote(host, safe='')}&port={port}"
    return f"postgresql://{who}@{host}:{port}/{name}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_until(
    done: Callable[[], object],
    *,
    seconds: float,
    what: str,
    instead: Callable[[], object] = lambda: "",
) -> None:
    """Asks again and again until `done`; fails with `what` did not happen, and what did."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"After {seconds:.0f} s still not: {what}. {instead()}"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
