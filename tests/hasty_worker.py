"""`textmanager worker` with shorter waits, so that a test sees in seconds what takes minutes.

Their order stays as it is in earnest: a text is too stale to send before it is looked up, and
looked up before it counts as surely absent.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading

from textmanager.commands.leash import follow_parent
from textmanager.commands.preparing import prepare

if __name__ == "__main__":
    prepare()
    from textmanager.config import jobs, upkeep
    from textmanager.runs.pipeline import claims, reconcile, send

    send.STALE = dt.timedelta(seconds=4)
    claims.UNTIL_RECONCILED = dt.timedelta(seconds=8)
    reconcile.SURELY_ABSENT = dt.timedelta(seconds=12)
    reconcile.LOOK_AGAIN = dt.timedelta(seconds=2)
    jobs.SECONDS_BETWEEN_HEARTBEATS = 1.0
    jobs.SECONDS_UNTIL_STALLED = upkeep.SECONDS_UNTIL_STALLED = 4.0

    from textmanager.commands.worker import command

    threading.Thread(target=follow_parent, daemon=True).start()
    command(sys.argv[2:])
