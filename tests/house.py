"""A whole installation of real processes, as an administrator would set it up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests

from processes import (
    ON_A_LEASH,
    SECONDS_TO_START,
    Processes,
    answers,
    free_ports,
    migrated_database,
    processes,
    wait_until,
)
from visitor import Visitor

SEED = """
import sys
from textmanager.commands.preparing import prepare
prepare(migrated=False)
from textmanager.commands.migrate import migrate
migrate()
from textmanager.commands.seed import Sandboxes, seed
seed(Sandboxes(*sys.argv[1:]))
"""


@dataclass
class House:
    """Sandboxes and web process up, the demo's organization seeded, no worker yet."""

    started: Processes
    url: str
    database: psycopg.Connection[Any]
    visitor: Visitor
    imis: str
    twilio: str
    serve: tuple[str, ...]
    serving: subprocess.Popen[bytes]

    def reconnect(self) -> None:
        """After PostgreSQL was killed."""
        self.database.close()
        self.database = psycopg.connect(self.url, autocommit=True)

    def texts(self) -> list[dict[str, Any]]:
        """Every message on the simulated Twilio's own books."""
        return list(requests.get(f"{self.twilio}/_sandbox/messages", timeout=20).json()["messages"])

    def activities(self) -> list[dict[str, Any]]:
        """Every activity in the simulated iMIS."""
        found = requests.get(f"{self.imis}/_sandbox/activities", timeout=20).json()
        return list(found["activities"])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.database.execute(query).fetchall()


@contextmanager
def house(
    folder: Path,
    database_at: AbstractContextManager[str] | None = None,
    program: tuple[str, ...] = ON_A_LEASH,
) -> Iterator[House]:
    """Everything that it starts has ended when the block is left.

    `database_at` gives the address of a database; one is made beside the tests' own.
    `program` runs the web process.
    """
    web_port, imis_port, twilio_port = free_ports(3)
    web, imis, twilio = (f"http://localhost:{p}" for p in (web_port, imis_port, twilio_port))
    with (
        database_at or migrated_database() as url,
        processes(folder, DATABASE_URL=url, TEXTMANAGER_PUBLIC_URL=web) as started,
    ):
        started.start("sandbox", f"--imis-port={imis_port}", f"--twilio-port={twilio_port}")
        started.run(imis, twilio, program=("-c", SEED))
        serve = ("serve", f"--port={web_port}")
        serving = started.start(*serve, program=program)
        for address in (f"{web}/health", f"{imis}/", f"{twilio}/phones"):
            wait_until(
                lambda at=address: answers(at),
                seconds=SECONDS_TO_START,
                what=f"{address} answers",
            )
        database = psycopg.connect(url, autocommit=True)
        opened = House(started, url, database, Visitor(web), imis, twilio, serve, serving)
        try:
            yield opened
        finally:
            opened.database.close()
