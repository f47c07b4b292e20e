"""Places in a list ordered by time: where its next page begins, whatever comes meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


def page_of(rows: QuerySet[Row], *, by: str, before: str, most: int) -> tuple[list[Row], str]:
    """At most so many rows, the latest first, and where the next page begins; empty at the end.

    `by` names the column with the time; `before` is a place that an earlier page gave.
    """
    begin = read_place(before)
    if begin is not None:
        at, key = begin
        rows = rows.filter(Q((f"{by}__lt", at)) | Q((by, at), ("pk__lt", key)))
    found = list(rows.order_by(f"-{by}", "-pk")[: most + 1])
    shown = found[:most]
    is_cut = len(found) > most
    return shown, place(getattr(shown[-1], by), shown[-1].pk) if is_cut else ""


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
