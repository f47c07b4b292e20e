"""An installation of real processes that may be killed, each of which is started again."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from subprocess import Popen
from typing import Any

import psutil

from house import House

SECONDS_TO_CRASH = 20


@dataclass
class Kept:
    """A process that is started again whenever it ends, as a process manager does."""

    start: Callable[[], Popen[bytes]]
    process: Popen[bytes]
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def let_go(self) -> None:
        self.over.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.over.wait(0.1):
            if self.process.poll() is not None:
                self.process = self.start()


@dataclass
class Victims:
    """What can be killed."""

    house: House
    postgres: Any
    web: Kept
    workers: list[Kept]

    def kill_postgres(self) -> None:
        """Every process of it at once, as when the machine's memory runs out; then up again."""
        postmaster = psutil.Process(self.postgres.get_pid())
        family = [postmaster, *postmaster.children(recursive=True)]
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
                each.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=SECONDS_TO_CRASH)
        self.postgres.ensure_postgres_running()
        self.house.reconnect()
