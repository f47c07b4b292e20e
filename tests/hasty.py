"""The `textmanager` command with shorter waits: a test sees in seconds what takes minutes.

Their order stays as it is in earnest: a text is too stale to send before it is looked up, and
looked up before it counts as surely absent.
"""

from __future__ import annotations

import datetime as dt
import functools
import threading
from types import ModuleType
from typing import Any

from textmanager.cli import main
from textmanager.commands.leash import follow_parent
from textmanager.commands.preparing import prepare


def hurry(module: ModuleType, **shorter: Any) -> None:
    """Only what the module has: a wait that got another name would last as long as in earnest."""
    for name, value in shorter.items():
        assert hasattr(module, name), f"{module.__name__} has no {name} any more."
        setattr(module, name, value)


def seconds(count: float) -> dt.timedelta:
    return dt.timedelta(seconds=count)


if __name__ == "__main__":
    prepare()
    from textmanager.config import jobs, upkeep
    from textmanager.gateway.transport import Timeouts
    from textmanager.organizations import imis_writing
    from textmanager.runs.pipeline import claims, outcomes, poll, reconcile, send, track, write_back

    patient = functools.partial(send.LiveGateway, timeouts=Timeouts(1, 2, 3))
    hurry(send, LiveGateway=patient, STALE=seconds(4))
    hurry(outcomes, LOOK_UP_AFTER=seconds(2))
    hurry(claims, UNTIL_RECONCILED=seconds(8))
    hurry(reconcile, SURELY_ABSENT=seconds(12), LOOK_AGAIN=seconds(4))
    hurry(track, FIRST_POLL=seconds(5))
    hurry(poll, FIRST_POLL=seconds(5))
    hurry(
        write_back,
        FIRST_RETRY=seconds(1),
        UNTIL_LOOKED_FOR=seconds(8),
        UNTIL_NEXT_SIGN_IN=seconds(3),
    )
    hurry(imis_writing, LONGEST_RETRY=seconds(5))
    hurry(jobs, SECONDS_BETWEEN_HEARTBEATS=1.0, SECONDS_UNTIL_STALLED=4.0)
    hurry(upkeep, SECONDS_UNTIL_STALLED=4.0)

    threading.Thread(target=follow_parent, daemon=True).start()
    main()
