"""Starts processes together, watches them, and stops them together."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

# Longer than a worker takes to let its jobs reach a safe point.
SECONDS_TO_STOP = 12.0
SECONDS_BETWEEN_LOOKS = 0.2
LINES_TO_SHOW = 15
# What ends sooner than that after its start would end again.
SECONDS_TO_PROVE_ITSELF = 10.0


class ChildDied(Exception):
    """A process ended although nobody told it to; the message names it and shows its last words."""


@dataclass
class Child:
    """A running command of ours and the file that it writes to."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes]
    began: float

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
        self._children.append(Child(name, arguments, log, _spawn(arguments, log), time.monotonic()))

    def check(self) -> None:
        """Raises ChildDied when one of them is gone."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise ChildDied(
                    f"The {child.name} process has ended by itself (code {code}). "
                    f"The end of {child.log}:\n{child.last_words()}"
                )

    def watch(self, say: Callable[[str], None]) -> None:
        """Keeps all of them alive: starts one again that ends by itself, and says so.

        Raises ChildDied when one does not even live for a few seconds.
        """
        while True:
            for child in self._children:
                if child.process.poll() is None:
                    continue
                if time.monotonic() - child.began < SECONDS_TO_PROVE_ITSELF:
                    self.check()
                code = child.process.returncode
                child.process = _spawn(child.arguments, child.log)
                child.began = time.monotonic()
                say(
                    f"The {child.name} process has ended (code {code}) and is started again, "
                    f"as process {child.process.pid}."
                )
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


def _spawn(arguments: tuple[str, ...], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "textmanager.commands.leash", *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Away from the terminal's Ctrl-C, so that they stop in our order.
            start_new_session=True,
        )
