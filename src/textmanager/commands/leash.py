"""Runs a command that ends when the process that started it does, however that one ended.

    python -m textmanager.commands.leash serve --port 8000

The parent holds the other end of our standard input. Even a kill that it cannot catch closes it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from textmanager.cli import main


def follow_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=follow_parent, daemon=True).start()
    main()
