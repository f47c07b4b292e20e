"""Places in a list ordered by time: where its next page begins, whatever comes meanwhile."""

from __future__ import annotations

import datetime as dt


def place(at: dt.datetime, key: int) -> str:
    """The place of a row, to be put into an address."""
    return f"{at.isoformat()}_{key}"


def read_place(text: str) -> tuple[dt.datetime, int] | None:
    """The place that an address names; None for none, and for what somebody made up."""
    at, _, key = text.rpartition("_")
    try:
        moment, number = dt.datetime.fromisoformat(at), int(key)
    except ValueError:
        return None
    return (moment, number) if moment.tzinfo and 0 < number < 2**63 else None
