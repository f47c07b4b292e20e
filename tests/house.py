"""A whole installation of real processes, as an administrator would set it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests

from processes import Processes, answers, free_ports, own_database, processes, wait_until
from visitor import Visitor

SEED = """
import sys
from textmanager.commands.preparing import prepare
prepare()
from textmanager.commands.seed import Sandboxes, seed
seed(Sandboxes(*sys.argv[1:]))
"""


@dataclass
class House:
    """Sandboxes and web process up, the demo's organization seeded, no worker yet."""

    started: Processes
    database: psycopg.Connection[Any]
    visitor: Visitor
    imis: str
    twilio: str

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
def house(folder: Path) -> Iterator[House]:
    """Everything that it starts has ended when the block is left."""
    web_port, imis_port, twilio_port = free_ports(3)
    web, imis, twilio = (f"http://localhost:{p}" for p in (web_port, imis_port, twilio_port))
    with (
        own_database() as url,
        processes(folder, DATABASE_URL=url, TEXTMANAGER_PUBLIC_URL=web) as started,
    ):
        started.start("sandbox", f"--imis-port={imis_port}", f"--twilio-port={twilio_port}")
        started.run("migrate")
        started.run(imis, twilio, program=("-c", SEED))
        started.start("serve", f"--port={web_port}")
        for address in (f"{web}/health", f"{imis}/", f"{twilio}/phones"):
            wait_until(lambda at=address: answers(at), seconds=30, what=f"{address} answers")
        with psycopg.connect(url, autocommit=True) as database:
            yield House(started, database, Visitor(web), imis, twilio)
