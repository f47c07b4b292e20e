"""Finds every message of one person over all runs, to tell why that member got nothing.

No index covers iMIS IDs over all runs, because each would be written anew at each step of each
text. The one that each run has is asked instead, for the latest runs, some hundreds at a time
(docs/decisions/0092-a-person-is-looked-for-run-by-run.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from textmanager.organizations.models import Organization
from textmanager.runs.message_list import MessageRow, message_row
from textmanager.runs.message_search import in_each_area
from textmanager.runs.models import Message, Run
from textmanager.text.phones import Recipient, digits_in, parse_recipient

RUNS_AT_ONCE = 500
MOST_SHOWN = 30


@dataclass(frozen=True)
class Found:
    """A message of a person, with its run."""

    row: MessageRow
    run: Run


@dataclass(frozen=True)
class Search:
    """What was found, the newest first. `older_than` is the run to look further back from.

    `is_cut` when there were more in these runs than are shown. `seen` are the numbers and iMIS
    IDs that were found: more than one person may fit.
    """

    found: list[Found]
    runs_looked_at: int
    older_than: uuid.UUID | None
    is_cut: bool

    @property
    def members(self) -> list[str]:
        return sorted({one.row.message.imis_id for one in self.found if one.row.message.imis_id})


def find(organization: Organization, query: str, *, older_than: uuid.UUID | None = None) -> Search:
    """Messages to an iMIS ID, or to a number however it is typed (also without its area code)."""
    runs = _latest_runs(organization, older_than)
    keys = _by_imis_id(organization, older_than, query)
    keys += _by_number(organization, runs, _numbers(organization, query))
    keys = sorted(set(keys), reverse=True)
    return Search(
        found=_found(organization, keys[:MOST_SHOWN]),
        runs_looked_at=runs.count,
        older_than=runs.first if runs.count == RUNS_AT_ONCE else None,
        is_cut=len(keys) > MOST_SHOWN,
    )


def texts_for_person(
    organization: Organization, *, imis_id: str, number: str, besides: Message, most: int
) -> list[Found]:
    """At most so many other messages of the latest runs to the same member or number.

    The newest first.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_PERSON,
            {**_which_runs(organization, None), "imis_id": imis_id, "to": number, "most": most + 1},
        )
        keys = [(run_id, place) for run_id, place in cursor.fetchall()]
    others = [key for key in keys if key != (besides.run_id, besides.number)]
    return _found(organization, others[:most])


# A run's ID carries its time: the order of IDs is that of creation.
_LATEST = """
WITH latest AS MATERIALIZED (
    SELECT id FROM runs_run
    WHERE organization_id = %(organization)s AND (%(before)s::uuid IS NULL OR id < %(before)s)
    ORDER BY id DESC LIMIT %(runs)s
)
"""
_OF_PERSON = """
WITH latest
(
    SELECT latest.id, found.number FROM latest, LATERAL (
        SELECT m.number FROM runs_message AS m
        WHERE m.run_id = latest.id AND m.imis_id = %(imis_id)s AND %(imis_id)s <> ''
        ORDER BY m.imis_id, m.number LIMIT 100
    ) AS found
) UNION (
    SELECT m.run_id, m.number FROM runs_message AS m
    WHERE m.organization_id = %(organization)s AND m."to" = %(to)s AND %(to)s <> ''
    ORDER BY m.run_id DESC LIMIT %(most)s
)
ORDER BY 1 DESC, 2 LIMIT %(most)s
""".replace("WITH latest", _LATEST)


@dataclass(frozen=True)
class LatestRuns:
    """How many are looked through, and the first and last of them; None without any."""

    count: int
    first: uuid.UUID | None
    last: uuid.UUID | None


def _latest_runs(organization: Organization, older_than: uuid.UUID | None) -> LatestRuns:
    with connection.cursor() as cursor:
        cursor.execute(_ENDS_OF_LATEST, _which_runs(organization, older_than))
        return LatestRuns(*cursor.fetchone())


def _by_imis_id(
    organization: Organization, older_than: uuid.UUID | None, imis_id: str
) -> list[tuple[uuid.UUID, int]]:
    with connection.cursor() as cursor:
        which = _which_runs(organization, older_than)
        cursor.execute(_IN_EACH_RUN, {**which, "imis_id": imis_id[:40]})
        return [(run_id, number) for run_id, number in cursor.fetchall()]


def _which_runs(
    organization: Organization, older_than: uuid.UUID | None
) -> dict[str, int | uuid.UUID | None]:
    return {"organization": organization.pk, "before": older_than, "runs": RUNS_AT_ONCE}


_ENDS_OF_LATEST = """
WITH latest
SELECT count(*), (SELECT id FROM latest ORDER BY id LIMIT 1),
    (SELECT id FROM latest ORDER BY id DESC LIMIT 1)
FROM latest
""".replace("WITH latest", _LATEST)
# A probe of message_by_imis_id for each run. Asked as one condition the database might rather
# read the latest run as a whole.
_IN_EACH_RUN = """
WITH latest
SELECT latest.id, found.number FROM latest, LATERAL (
    SELECT m.number FROM runs_message AS m
    WHERE m.run_id = latest.id AND m.imis_id = %(imis_id)s
    ORDER BY m.imis_id, m.number LIMIT 100
) AS found
""".replace("WITH latest", _LATEST)


def _by_number(
    organization: Organization, runs: LatestRuns, numbers: Iterable[str]
) -> list[tuple[uuid.UUID, int]]:
    to = list(numbers)
    if not to or not runs.count:
        return []
    messages = Message.objects.filter(
        Q(to__in=to), organization=organization, run_id__gte=runs.first, run_id__lte=runs.last
    )
    return list(messages.order_by("-run_id").values_list("run_id", "number")[: 10 * MOST_SHOWN])


def _numbers(organization: Organization, query: str) -> list[str]:
    recipient = parse_recipient(query, organization.region)
    if isinstance(recipient, Recipient):
        return [recipient.e164]
    return in_each_area(digits_in(query), organization.region)


def _found(organization: Organization, keys: list[tuple[uuid.UUID, int]]) -> list[Found]:
    if not keys:
        return []
    messages = Message.objects.filter(pk__in=keys, organization=organization).select_related(
        "run", "run__campaign"
    )
    by_key = {(message.run_id, message.number): message for message in messages}
    return [Found(message_row(by_key[key]), by_key[key].run) for key in keys if key in by_key]
