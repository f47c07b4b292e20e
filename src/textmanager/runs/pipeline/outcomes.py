"""Writes what became of the texts that were handed to the gateway."""

from __future__ import annotations

import datetime as dt
import functools
import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from textmanager.gateway.outcomes import (
    Accepted,
    AccountProblem,
    Ambiguous,
    NotSent,
    Outcome,
    Refused,
    Tested,
    TryTomorrow,
)
from textmanager.organizations.senders import sender_with_organization
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.allowance import next_day_begins
from textmanager.runs.failure_rate import watch_failures
from textmanager.runs.holding import hold_run
from textmanager.runs.pipeline.claims import Claimed
from textmanager.runs.pipeline.poll import first_poll
from textmanager.runs.pipeline.track import OPT_OUT_CODES
from textmanager.text.statuses import MessageStatus

# Twilio's words for "this number cannot be a recipient": the same as a number we find invalid.
INVALID_NUMBER_CODES = frozenset({21211, 21214, 21217, 21614})
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0
# An answer that was lost is looked for soon, and given time to appear in Twilio's books.
LOOK_UP_AFTER = dt.timedelta(seconds=20)

Row = dict[str, object]
Outcomes = Sequence[tuple[Claimed, Outcome]]


@dataclass(frozen=True)
class _Times:
    """`tomorrow` is when the organization's next day begins; `ask_at`, when Twilio is asked."""

    now: dt.datetime
    tomorrow: dt.datetime
    ask_at: dt.datetime


@transaction.atomic
def record_outcomes(*, sender_id: int, outcomes: Outcomes, now: dt.datetime) -> None:
    """Writes a batch of outcomes in one statement, and acts on those that concern a whole run.

    Only a text that is still in this very attempt is changed: a receipt may have been quicker,
    and a text that was reconciled meanwhile belongs to its new attempt.
    """
    sender = sender_with_organization(sender_id)
    times = _Times(
        now=now,
        tomorrow=next_day_begins(sender.organization, now),
        ask_at=now + first_poll(sender.organization),
    )
    rows = [_row(claimed, outcome, times) for claimed, outcome in outcomes]
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, {"outcomes": json.dumps(rows, default=str)})
    # By number, so that whoever else enters many cannot wait for this in a circle.
    for claimed, outcome in sorted(outcomes, key=lambda one: one[0].to):
        if claimed.is_test:
            # What a TEST run is told is a rehearsal: it says nothing of the person.
            continue
        if isinstance(outcome, Refused) and outcome.code in OPT_OUT_CODES:
            record_opt_out(
                organization_id=sender.organization_id,
                number=claimed.to,
                source=OptOutSource.TWILIO,
                evidence=f"Refused with error {outcome.code}",
                sender_address=sender.number or sender.messaging_service_sid,
            )
    _hold_runs(outcomes)
    watch_failures({claimed.run_id for claimed, one in outcomes if isinstance(one, Refused)})


def _hold_runs(outcomes: Outcomes) -> None:
    problems: dict[uuid.UUID, AccountProblem] = {
        claimed.run_id: outcome
        for claimed, outcome in outcomes
        if isinstance(outcome, AccountProblem)
    }
    for run_id, problem in problems.items():
        code = f" (error {problem.code})" if problem.code else ""
        reason = f"Twilio refuses the sender or the account{code}: {problem.text}"
        # Once the messages' locks are given back: others lock the run first.
        transaction.on_commit(functools.partial(hold_run, run_id=run_id, reason=reason))


def _row(claimed: Claimed, outcome: Outcome, times: _Times) -> Row:
    """What is written of one text: the same columns, whatever the outcome."""
    return {
        "run_id": claimed.run_id,
        "number": claimed.number,
        "attempted_at": claimed.attempted_at,
        "status": MessageStatus.SENDING.value,
        "reason": "",
        "sid": "",
        "error_code": None,
        "error_text": "",
        "accepted_at": None,
        "settled_at": None,
        "check_at": None,
        "not_before": times.now,
        "keeps_charge": False,
        **_told(outcome, claimed.attempt, times),
    }


def _told(outcome: Outcome, attempt: int, times: _Times) -> Row:
    told: Row
    match outcome:
        case Accepted():
            told = {
                "status": outcome.status.value,
                "sid": outcome.sid,
                "accepted_at": times.now,
                "check_at": times.ask_at,
                "keeps_charge": True,
            }
        case Tested():
            told = {"status": MessageStatus.TESTED.value, "settled_at": times.now}
        case Refused(code=code, text=text):
            invalid = code in INVALID_NUMBER_CODES
            told = {
                "status": (MessageStatus.ERROR if invalid else MessageStatus.FAILED).value,
                "error_code": code,
                "error_text": text[:300],
                "settled_at": times.now,
            }
        case NotSent(reason=reason, retry_after=retry_after, code=code):
            told = {
                "status": MessageStatus.QUEUED.value,
                "reason": "retry",
                "error_code": code,
                "error_text": reason[:300],
                "not_before": times.now + _retry_after(retry_after, attempt),
            }
        case TryTomorrow(code=code, text=text):
            told = {
                "status": MessageStatus.HELD.value,
                "reason": "allowance",
                "error_code": code,
                "error_text": text[:300],
                "not_before": times.tomorrow,
            }
        case AccountProblem(code=code, text=text):
            told = {
                "status": MessageStatus.QUEUED.value,
                "error_code": code,
                "error_text": text[:300],
            }
        case Ambiguous(reason=reason):
            told = {
                "error_text": reason[:300],
                "check_at": times.now + LOOK_UP_AFTER,
                "keeps_charge": True,
            }
    return told


def _retry_after(seconds: float | None, attempt: int) -> dt.timedelta:
    """Twilio's own wish, or else twice as long each time; never the same for all."""
    backed_off = FIRST_RETRY_SECONDS * 2 ** min(attempt - 1, 10)
    wanted = min(backed_off if seconds is None else seconds, LONGEST_RETRY_SECONDS)
    return dt.timedelta(seconds=wanted * random.uniform(1.0, 2.0))  # noqa: S311 - jitter


# A receipt that was quicker has moved the text on: then only what it could not tell is added.
_RECORD = """
WITH outcome AS (
    SELECT * FROM json_to_recordset(%(outcomes)s) AS outcome(
        run_id uuid, number integer, attempted_at timestamptz, status text, reason text,
        sid text, error_code integer, error_text text, accepted_at timestamptz,
        settled_at timestamptz, check_at timestamptz, not_before timestamptz,
        keeps_charge boolean
    )
), current AS (
    SELECT m.run_id, m.number
    FROM runs_message AS m JOIN outcome USING (run_id, number)
    ORDER BY m.run_id, m.number FOR NO KEY UPDATE OF m
)
UPDATE runs_message AS m SET
    status = CASE WHEN m.status = 'sending' THEN outcome.status ELSE m.status END,
    reason = CASE WHEN m.status = 'sending' THEN outcome.reason ELSE m.reason END,
    sid = CASE WHEN m.sid = '' THEN outcome.sid ELSE m.sid END,
    error_code = coalesce(m.error_code, outcome.error_code),
    error_text = CASE WHEN m.status = 'sending' THEN outcome.error_text ELSE m.error_text END,
    accepted_at = coalesce(m.accepted_at, outcome.accepted_at),
    settled_at = CASE WHEN m.status = 'sending' THEN outcome.settled_at ELSE m.settled_at END,
    check_at = CASE WHEN m.status = 'sending' THEN outcome.check_at ELSE m.check_at END,
    not_before = CASE WHEN m.status = 'sending' THEN outcome.not_before ELSE m.not_before END,
    charged_day = CASE
        WHEN m.status <> 'sending' OR outcome.keeps_charge THEN m.charged_day END
FROM outcome JOIN current USING (run_id, number)
WHERE m.run_id = outcome.run_id AND m.number = outcome.number
  AND m.attempted_at = outcome.attempted_at
"""
