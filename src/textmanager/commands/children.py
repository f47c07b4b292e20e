"""Starts processes together, watches them, and stops them together."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

# Longer than a worker takes to let its jobs reach a safe point.
SECONDS_TO_STOP = 12.0
SECONDS_BETWEEN_LOOKS = 0.2
LINES_TO_SHOW = 15


class ChildDied(Exception):
    """A process ended although nobody told it to; the message names it and shows its last words."""


@dataclass(frozen=True)
class Child:
    """A running command of ours and the file that it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LINES_TO_SHOW:])


class Children:
    """A context manager: inside, children may be started; whatever happens, none outlives it."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str) -> None:
        """Starts `textmanager ARGUMENTS`. It writes to a log of its own and ends when we do."""
        log = self._logs / f"{name}.log"
        if log.exists():
            log.replace(self._logs / f"{name}.previous.log")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "textmanager.commands.leash", *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Away from the terminal's Ctrl-C, so that they stop in our order.
                start_new_session=True,
            )
        self._children.append(Child(name, process, log))

    def check(self) -> None:
        """Raises ChildDied when one of them is gone."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise ChildDied(
                    f"The {child.name} process has ended by itself (code {code}). "
                    f"The end of {child.log}:\n{child.last_words()}"
                )

    def watch(self) -> None:
        """Waits for as long as all of them live. Raises ChildDied."""
        while True:
            self.check()
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def stop(self) -> None:
        """Stops one after the other, the last started first, for it may need the others.

        Kills what is left after a while, or when the person presses Ctrl-C again.
        """
        deadline = time.monotonic() + SECONDS_TO_STOP
        try:
            for child in reversed(self._children):
                child.process.terminate()
                child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            for child in self._children:
                child.process.kill()
                child.process.wait()
