"""Changes many messages in one statement.

One statement a transaction, its rows in key order: the tallies' triggers then also lock in one
order, and no two transactions can wait for each other in a circle.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from textmanager.runs.models import Message
from textmanager.text.statuses import MessageStatus


@dataclass(frozen=True)
class Change:
    """What a message becomes. `not_before` and `attempted_at` None: as they were.

    `of_attempt` makes the change conditional: the message must still be *sending* in the
    attempt that was made at that moment.
    """

    status: MessageStatus
    reason: str = ""
    not_before: dt.datetime | None = None
    attempted_at: dt.datetime | None = None
    charged_day: dt.date | None = None
    check_at: dt.datetime | None = None
    settled_at: dt.datetime | None = None
    of_attempt: dt.datetime | None = None


def lock_in_order(messages: QuerySet[Message]) -> None:
    """Locks messages until the transaction ends; the caller then changes them in one statement.

    That statement alone would lock them in whatever order it finds them, and could wait in a circle
    with another that changes some of them.
    """
    locked = messages.select_for_update(no_key=True, of=("self",))
    # A site that lets nobody in may have the records of a million texts put off.
    for _ in locked.order_by("run_id", "number").values_list("number").iterator():
        pass


class Changes:
    """Changes of messages, gathered until they are made; most are the same for many messages."""

    def __init__(self) -> None:
        self._numbers: defaultdict[tuple[uuid.UUID, Change], list[int]] = defaultdict(list)

    def add(self, run_id: uuid.UUID, number: int, change: Change) -> None:
        self._numbers[run_id, change].append(number)

    def make(self) -> int:
        """Makes them all in one statement; returns how many messages it changed."""
        if not self._numbers:
            return 0
        rows = [
            {"run_id": run_id, "numbers": numbers, **change.__dict__}
            for (run_id, change), numbers in self._numbers.items()
        ]
        with connection.cursor() as cursor:
            cursor.execute(_CHANGE, {"changes": json.dumps(rows, default=str)})
            return int(cursor.rowcount)


_CHANGE = """
WITH change AS (
    SELECT run_id, unnest(numbers) AS number, status, reason, not_before, attempted_at,
        charged_day, check_at, settled_at, of_attempt
    FROM json_to_recordset(%(changes)s) AS change(
        run_id uuid, numbers integer[], status text, reason text, not_before timestamptz,
        attempted_at timestamptz, charged_day date, check_at timestamptz,
        settled_at timestamptz, of_attempt timestamptz
    )
), current AS (
    SELECT m.run_id, m.number FROM runs_message AS m JOIN change USING (run_id, number)
    ORDER BY m.run_id, m.number FOR NO KEY UPDATE OF m
)
UPDATE runs_message AS m SET
    status = change.status,
    reason = change.reason,
    not_before = coalesce(change.not_before, m.not_before),
    attempted_at = coalesce(change.attempted_at, m.attempted_at),
    attempts = m.attempts + (change.attempted_at IS NOT NULL)::integer,
    charged_day = change.charged_day,
    check_at = change.check_at,
    settled_at = change.settled_at
FROM change JOIN current USING (run_id, number)
WHERE m.run_id = change.run_id AND m.number = change.number
  AND (change.of_attempt IS NULL
       OR (m.status = 'sending' AND m.attempted_at = change.of_attempt))
"""
