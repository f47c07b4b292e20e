"""Why texts did not arrive lately, the commonest reasons first; read from the tallies."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from textmanager.campaigns.reasons import explain_reason
from textmanager.organizations.models import Organization
from textmanager.text.error_codes import explain
from textmanager.text.statuses import MessageStatus, staff_key


@dataclass(frozen=True)
class FailureReason:
    """One reason in plain words, and the run that most of its texts belong to.

    `runs` is how many have it; where codes or statuses share the words, those of the commonest.
    """

    words: str
    what_to_do: str
    messages: int
    runs: int
    run_id: uuid.UUID
    campaign_name: str
    status_key: str


@dataclass(frozen=True)
class FailedLately:
    """The commonest reasons, and how many texts failed for any."""

    reasons: list[FailureReason]
    messages: int
    reasons_total: int


def failed_lately(organization: Organization, *, since: dt.datetime, most: int) -> FailedLately:
    """Of the LIVE runs scheduled since then, in one query that answers with a row a reason."""
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, {"organization": organization.pk, "since": since})
        rows = [_Row(*row) for row in cursor.fetchall()]
    by_words: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        by_words[_why(row.cause, row.status_key)].append(row)
    reasons = sorted(
        (_reason(words, alike) for words, alike in by_words.items()),
        key=lambda reason: (-reason.messages, reason.words),
    )
    return FailedLately(reasons[:most], sum(each.messages for each in reasons), len(reasons))


@dataclass(frozen=True)
class _Row:
    status: str
    cause: str
    messages: int
    runs: int
    worst: int
    run_id: uuid.UUID
    campaign_name: str

    @property
    def status_key(self) -> str:
        return staff_key(MessageStatus(self.status))


def _why(cause: str, key: str) -> tuple[str, str]:
    """The same words as beside the message itself."""
    if cause.isdecimal():
        explanation = explain(int(cause))
        return explanation.meaning, explanation.what_to_do
    if cause:
        explained = explain_reason(cause)
        return explained.words, explained.what_to_do
    return f"{key.capitalize()}, and nobody gave a reason", ""


def _reason(words: tuple[str, str], alike: list[_Row]) -> FailureReason:
    """One reason of rows that say the same: different codes, or found at different moments."""
    worst = max(alike, key=lambda row: row.worst)
    return FailureReason(
        words=words[0],
        what_to_do=words[1],
        messages=sum(row.messages for row in alike),
        runs=max(row.runs for row in alike),
        run_id=worst.run_id,
        campaign_name=worst.campaign_name,
        status_key=worst.status_key,
    )


# Tallies are few a run. Beside each reason stands the run with most of it, looked for in the same
# rows: to put them in order first costs five times as much.
_REASONS = """
WITH told AS MATERIALIZED (
    SELECT tally.status, tally.cause, tally.messages, run.id, run.campaign_name
    FROM runs_run AS run JOIN runs_causetally AS tally ON tally.run_id = run.id
    WHERE run.organization_id = %(organization)s AND run.scheduled_for >= %(since)s
      AND run.api_mode = 'live' AND tally.messages > 0
      AND tally.status IN ('failed', 'undelivered', 'error', 'unconfirmed')
), summed AS (
    SELECT status, cause,
           sum(messages) AS messages, count(*) AS runs, max(messages) AS worst
    FROM told GROUP BY status, cause
)
SELECT summed.*, run.id, run.campaign_name
FROM summed, LATERAL (
    SELECT id, campaign_name FROM told
    WHERE (status, cause, messages)
        = (summed.status, summed.cause, summed.worst)
    LIMIT 1
) AS run
"""
