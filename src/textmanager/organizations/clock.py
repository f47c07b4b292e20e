"""How this machine's clock stands to another's: campaigns run by it."""

from __future__ import annotations

import datetime as dt

from textmanager.config.finding import Finding

# A run starts within seconds of its occurrence; nobody notices a clock that is wrong by less.
CLOCKS_MAY_DIFFER = dt.timedelta(seconds=10)


def clock_beside(whose: str, theirs: dt.datetime) -> Finding:
    """How this machine's clock stands to another's."""
    ahead = dt.datetime.now(dt.UTC) - theirs
    if abs(ahead) <= CLOCKS_MAY_DIFFER:
        return Finding("Clock", f"It agrees with {whose}.")
    direction = "ahead of" if ahead > dt.timedelta(0) else "behind"
    return Finding(
        "Clock",
        f"It is {abs(ahead).total_seconds():.0f} s {direction} {whose}: campaigns would run "
        "at the wrong time.",
        "Let the clocks be set over the network: timedatectl set-ntp true",
    )
