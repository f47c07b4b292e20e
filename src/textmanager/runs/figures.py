"""All that a page says about a run in figures, read from its tallies in one query."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from textmanager.runs.models import Run


class Line(NamedTuple):
    """How many messages there are, and when the first and the last became so.

    `status` is that of the message; of its record in the lines of records.
    """

    status: str
    cause: str
    messages: int
    segments: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None


@dataclass(frozen=True)
class Figures:
    """The tallies of one run, lines without a message included: they still know their times."""

    statuses: dict[str, Line] = field(default_factory=dict)
    causes: list[Line] = field(default_factory=list)
    records: dict[str, Line] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Messages by status, of those statuses that have any."""
        return {line.status: line.messages for line in self.statuses.values() if line.messages > 0}

    def records_in(self, state: str) -> int:
        line = self.records.get(state)
        return line.messages if line else 0


def figures_of(run: Run) -> Figures:
    found = Figures()
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"run": run.pk})
        for kind, *values in cursor.fetchall():
            line = Line(*values)
            if kind == "status":
                found.statuses[line.status] = line
            elif kind == "cause":
                found.causes.append(line)
            else:
                found.records[line.status] = line
    return found


_LINES = """
SELECT 'status', status, '', messages, segments, first_at, last_at
FROM runs_runtally WHERE run_id = %(run)s
UNION ALL
SELECT 'cause', status, cause, messages, segments, first_at, last_at
FROM runs_causetally WHERE run_id = %(run)s
UNION ALL
SELECT 'record', write_back, '', messages, 0, NULL, last_at
FROM runs_recordtally WHERE run_id = %(run)s
"""
