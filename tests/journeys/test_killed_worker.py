"""A worker that is killed while it sends: the run completes, and nobody gets it twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from processes import Processes, answers, free_ports, own_database, processes, wait_until
from visitor import Visitor

pytestmark = pytest.mark.journey

HASTY_WORKER = (str(Path(__file__).parent.parent / "hasty_worker.py"),)
SEED = """
import sys
from textmanager.commands.preparing import prepare
prepare()
from textmanager.commands.seed import Sandboxes, seed
seed(Sandboxes(*sys.argv[1:]))
"""
MEMBERS = 240


@dataclass
class House:
    """Sandboxes and web process up, an organization seeded, no worker yet."""

    started: Processes
    database: psycopg.Connection[Any]
    visitor: Visitor
    imis: str
    twilio: str

    def texts(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.twilio}/_sandbox/messages", timeout=20).json()["messages"])

    def activities(self) -> list[dict[str, Any]]:
        found = requests.get(f"{self.imis}/_sandbox/activities", timeout=20).json()
        return list(found["activities"])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.database.execute(query).fetchall()


@pytest.fixture
def house(transactional_db: None, tmp_path: Path) -> Iterator[House]:
    web_port, imis_port, twilio_port = free_ports(3)
    web, imis, twilio = (f"http://localhost:{p}" for p in (web_port, imis_port, twilio_port))
    with (
        own_database() as url,
        processes(tmp_path, DATABASE_URL=url, TEXTMANAGER_PUBLIC_URL=web) as started,
    ):
        started.start("sandbox", f"--imis-port={imis_port}", f"--twilio-port={twilio_port}")
        started.run("migrate")
        started.run(imis, twilio, program=("-c", SEED))
        started.start("serve", f"--port={web_port}")
        for address in (f"{web}/health", f"{imis}/", f"{twilio}/phones"):
            wait_until(lambda at=address: answers(at), seconds=30, what=f"{address} answers")
        with psycopg.connect(url, autocommit=True) as database:
            yield House(started, database, Visitor(web), imis, twilio)


def test_each_member_has_one_text_although_the_worker_was_killed(house: House) -> None:
    visitor = house.visitor
    visitor.sign_in("demo", "jordan.lee", "demo-password")
    ((campaign,),) = house.ask("SELECT id FROM campaigns_campaign WHERE name = 'Dues reminder'")
    answer = visitor.post(f"/campaigns/{campaign}/run-now/")
    assert "/runs/" in answer.url

    first = house.started.start("worker", program=HASTY_WORKER)
    wait_until(lambda: len(house.texts()) > MEMBERS / 4, seconds=30, what="a quarter is sent")
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = len(house.texts())
    assert left < MEMBERS, "It was killed too late to show anything."

    house.started.start("worker", program=HASTY_WORKER)
    wait_until(
        lambda: house.ask("SELECT 1 FROM runs_run WHERE completed_at IS NOT NULL"),
        seconds=60,
        what="the run is completed",
    )
    texts = Counter(text["to"] for text in house.texts())
    assert len(texts) == MEMBERS
    assert set(texts.values()) == {1}
    assert house.ask("SELECT count(*) FROM runs_message WHERE attempts > 1")[0][0] > 0, (
        "Nothing was under way when the worker was killed."
    )

    unwritten = """
        SELECT 1 FROM runs_message WHERE status IN ('queued', 'sending', 'accepted')
        OR (status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'written')
    """
    wait_until(lambda: not house.ask(unwritten), seconds=60, what="every text is written back")
    sent = house.ask(
        "SELECT imis_id FROM runs_message WHERE status IN ('sent', 'delivered', 'undelivered')"
    )
    activities = Counter(activity["PartyId"] for activity in house.activities())
    assert activities == Counter(imis_id for (imis_id,) in sent)
    tallied = house.ask("SELECT status, messages FROM runs_runtally WHERE messages > 0")
    assert dict(tallied) == dict(
        house.ask("SELECT status, count(*) FROM runs_message GROUP BY status")
    )
