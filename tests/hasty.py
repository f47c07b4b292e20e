"""The `textmanager` command with shorter waits: a test sees in seconds what takes minutes.

Their order stays as it is in earnest: a text is too stale to send before it is looked up, and
looked up before it counts as surely absent.
"""

from __future__ import annotations

import datetime as dt
import functools
import threading

from textmanager.cli import main
from textmanager.commands.leash import follow_parent
from textmanager.commands.preparing import prepare

if __name__ == "__main__":
    prepare()
    from textmanager.config import jobs, upkeep
    from textmanager.gateway.transport import Timeouts
    from textmanager.runs.pipeline import claims, outcomes, reconcile, send, track, write_back

    send.LiveGateway = functools.partial(send.LiveGateway, timeouts=Timeouts(1, 2, 3))
    send.STALE = dt.timedelta(seconds=4)
    outcomes.LOOK_UP_AFTER = dt.timedelta(seconds=2)
    claims.UNTIL_RECONCILED = dt.timedelta(seconds=8)
    reconcile.SURELY_ABSENT = dt.timedelta(seconds=12)
    reconcile.LOOK_AGAIN = dt.timedelta(seconds=4)
    track.FIRST_POLL = outcomes.FIRST_POLL = dt.timedelta(seconds=5)
    write_back.FIRST_RETRY = dt.timedelta(seconds=1)
    write_back.LONGEST_RETRY = dt.timedelta(seconds=5)
    write_back.UNTIL_LOOKED_FOR = dt.timedelta(seconds=8)
    write_back.UNTIL_NEXT_SIGN_IN = dt.timedelta(seconds=3)
    jobs.SECONDS_BETWEEN_HEARTBEATS = 1.0
    jobs.SECONDS_UNTIL_STALLED = upkeep.SECONDS_UNTIL_STALLED = 4.0

    threading.Thread(target=follow_parent, daemon=True).start()
    main()
