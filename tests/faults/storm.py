"""Faults of every kind, committed in an order that a seed decides."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from faults.victims import Victims

SECONDS_BETWEEN = 1.0

CALLS = (
    "reset", "lost-201", "slow-201", "garbled-201", "500-after", "500-before",
    "502", "503", "504", "408", "429",
)  # fmt: skip
RECEIPTS = ("receipt-lost", "receipt-doubled", "receipt-delayed", "receipt-shuffled")
IMIS_PATHS = ("/token", "/api/query", "/api/querydefinition", "/api/activity")
IMIS_STATUSES = (429, 500, 502, 503, 504)


@dataclass
class Storm:
    """Commits faults in an order that its seed decides."""

    victims: Victims
    chance: random.Random
    committed: list[str] = field(default_factory=list)

    def rage(self, faults: int) -> None:
        kinds: dict[Callable[[], str], int] = {
            self.kill_a_worker: 14,
            self.stop_a_worker: 5,
            self.kill_the_web: 7,
            self.kill_postgres: 7,
            self.drop_connections: 4,
            self.fail_calls: 27,
            self.fail_reads: 6,
            self.disturb_receipts: 15,
            self.fail_imis: 15,
        }
        # Each kind once, then as chance has it.
        plan = [*kinds, *self.chance.choices(list(kinds), list(kinds.values()), k=faults)][:faults]
        self.chance.shuffle(plan)
        began = time.monotonic()
        for commit in plan:
            time.sleep(self.chance.uniform(0.2, 2 * SECONDS_BETWEEN - 0.2))
            self.committed.append(f"{time.monotonic() - began:6.1f} s  {commit()}")
        self._clear_up()

    def kill_a_worker(self) -> str:
        self.chance.choice(self.victims.workers).signal(signal.SIGKILL)
        return "kill -9 of a worker"

    def stop_a_worker(self) -> str:
        self.chance.choice(self.victims.workers).signal(signal.SIGTERM)
        return "a worker is asked to stop"

    def kill_the_web(self) -> str:
        self.victims.web.signal(signal.SIGKILL)
        return "kill -9 of the web process"

    def kill_postgres(self) -> str:
        self.victims.kill_postgres()
        return "kill -9 of PostgreSQL"

    def drop_connections(self) -> str:
        dropped = self.victims.house.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return f"PostgreSQL drops {len(dropped)} connections"

    def fail_calls(self) -> str:
        kind, count = self.chance.choice(CALLS), self.chance.randint(1, 12)
        seconds = self.chance.uniform(0.5, 4)
        self._tell_twilio(kind=kind, count=count, on="create", seconds=seconds)
        return f"{count} texts meet {kind} at Twilio"

    def fail_reads(self) -> str:
        kind = self.chance.choice(("reset", "500-before", "503", "429", "slow-201", "doubled"))
        self._tell_twilio(kind=kind, count=3, on="read", seconds=self.chance.uniform(0.5, 4))
        return f"3 look-ups meet {kind} at Twilio"

    def disturb_receipts(self) -> str:
        kind, count = self.chance.choice(RECEIPTS), self.chance.randint(5, 50)
        self._tell_twilio(kind=kind, count=count, seconds=self.chance.uniform(0.5, 5))
        return f"{count} times {kind}"

    def fail_imis(self) -> str:
        path, count = self.chance.choice(IMIS_PATHS), self.chance.randint(1, 6)
        kind = self.chance.choice(("slow", "status", "status", "reset", "lost_answer", "html"))
        # A doubled write is two records: like a doubled text it is nothing a client can prevent.
        if path == "/api/query" and self.chance.random() < 0.3:
            kind = "doubled"
        fault = {
            "kind": kind,
            "path": path,
            "count": count,
            "seconds": self.chance.uniform(0.5, 2),
            "status": self.chance.choice(IMIS_STATUSES),
        }
        requests.post(
            f"{self.victims.house.imis}/_sandbox/faults", json=fault, timeout=20
        ).raise_for_status()
        shown = fault["status"] if kind == "status" else kind
        return f"{count} requests to {path} of iMIS meet {shown}"

    def _clear_up(self) -> None:
        """What nobody has met by now is over: an outage lasts a time, not a number of calls."""
        for at in (self.victims.house.imis, self.victims.house.twilio):
            requests.delete(f"{at}/_sandbox/faults", timeout=20).raise_for_status()

    def _tell_twilio(self, **fault: Any) -> None:
        requests.post(
            f"{self.victims.house.twilio}/_sandbox/faults", json=fault, timeout=20
        ).raise_for_status()
