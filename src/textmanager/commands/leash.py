"""Runs a command that ends when the process that started it does, however that one ended.

    python -m textmanager.commands.leash serve --port 8000

The parent holds the other end of our standard input. Even a kill that it cannot catch closes it.
"""

from __future__ import annotations

import os
import signal
import threading

from textmanager.cli import main

STANDARD_INPUT = 0


def follow_parent() -> None:
    # Not sys.stdin: its lock, held by a thread that waits, would abort the interpreter's end.
    while os.read(STANDARD_INPUT, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=follow_parent, daemon=True).start()
    main()
