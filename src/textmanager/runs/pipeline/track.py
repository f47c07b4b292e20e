"""Step 4, track: follows texts to their final status by what Twilio tells of them.

It tells by receipts, or when it is asked: that is poll.py.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from textmanager.gateway.ledger import LedgerEntry
from textmanager.gateway.receipts import Receipt as CarriedReceipt
from textmanager.organizations.models import SenderKind
from textmanager.organizations.senders import senders_by_id
from textmanager.replies.conversations import suggest_opt_out
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.breakdown import FAILED
from textmanager.runs.failure_rate import watch_failures
from textmanager.runs.holding import hold_run
from textmanager.runs.keys import parse_reference
from textmanager.runs.models import Message, Receipt
from textmanager.text.statuses import MessageStatus, is_final, may_follow, rank

logger = logging.getLogger(__name__)

# How long a receipt is waited for before Twilio is asked.
FIRST_POLL = dt.timedelta(minutes=10)

OPT_OUT_CODES = frozenset({21610, 30630})
# What a toll-free recipient's STOP to the network looks like too, but not only that: a person
# decides.
MAY_BE_OPT_OUT = 30004
MAY_BE_OPT_OUT_WORDS = (
    "Twilio: blocked (error 30004). From a toll-free number this may mean that the person texted "
    "STOP, of which the network did not tell us."
)
# The account is suspended: whatever else of the run is sent fails the same way.
ACCOUNT_CODES = frozenset({30002})
ACCOUNT_SUSPENDED = (
    "Twilio has suspended the account (error 30002). Look into Twilio's console for what is due "
    "there, then resume this run."
)


@dataclass(frozen=True)
class TakenReceipt:
    """A receipt whose signature was checked for this organization."""

    organization_id: int
    receipt: CarriedReceipt
    received_at: dt.datetime


@dataclass(frozen=True)
class News:
    """What is now known of one message."""

    organization_id: int
    run_id: str
    number: int
    status: MessageStatus
    sid: str
    error_code: int | None
    error_text: str
    at: dt.datetime


@transaction.atomic
def apply_receipts(taken: Sequence[TakenReceipt]) -> None:
    """Keeps receipts as they came, and moves their messages forward; in one transaction.

    Receipts may come in any order, twice, late, or before our own outcome is written. One whose
    reference is none of ours is not kept: there is nothing to join it to.
    """
    rows, news = [], []
    for one in taken:
        key = parse_reference(one.receipt.reference)
        if key is None:
            logger.warning("A receipt without a reference of ours was left out.")
            continue
        run_id, number = key
        rows.append(
            Receipt(
                organization_id=one.organization_id,
                run_id=run_id,
                number=number,
                sid=one.receipt.sid,
                twilio_status=one.receipt.raw_status[:30],
                error_code=one.receipt.error_code,
                raw=one.receipt.raw,
                received_at=one.received_at,
            )
        )
        if one.receipt.status is not None:
            news.append(
                News(
                    one.organization_id,
                    str(run_id),
                    number,
                    one.receipt.status,
                    one.receipt.sid,
                    one.receipt.error_code,
                    one.receipt.error_text[:300],
                    one.received_at,
                )
            )
    Receipt.objects.bulk_create(rows)
    apply_news(news)


def apply_news(news: Iterable[News], *, ask_after: dt.timedelta | None = None) -> None:
    """Moves messages to the furthest status among the news of each; never back.

    What is not final then is asked about after `ask_after`, or `FIRST_POLL`, if no receipt comes
    before.

    Which status may follow which is the table in textmanager.text.statuses; it goes into the
    statement, so that the database decides over the row as it is at that moment.
    """
    furthest: dict[tuple[str, int], News] = {}
    for one in news:
        known = furthest.get((one.run_id, one.number))
        if known is None or rank(one.status) > rank(known.status):
            furthest[one.run_id, one.number] = one
    if not furthest:
        return
    # In key order, so that two batches lock the rows they share in the same order.
    ordered = [furthest[key] for key in sorted(furthest)]
    with connection.cursor() as cursor:
        cursor.execute(
            _APPLY,
            {
                "news": json.dumps([_as_json(one) for one in ordered]),
                "steps": _STEPS,
                "first_poll": (ask_after or FIRST_POLL).total_seconds(),
                "final": [status.value for status in MessageStatus if is_final(status)],
            },
        )
        moved = cursor.fetchall()
    _tell_register(moved)
    watch_failures({row[1] for row in moved if row[6] in FAILED})
    for run_id in {row[1] for row in moved if row[3] in ACCOUNT_CODES}:
        # Once the messages' locks are given back: others lock the run first.
        hold = functools.partial(hold_run, run_id=run_id, reason=ACCOUNT_SUSPENDED)
        transaction.on_commit(hold)


def _tell_register(
    moved: Sequence[tuple[int, uuid.UUID, str, int | None, str, int, str]],
) -> None:
    """Opt-outs that came as an error, and what may be one."""
    told = [row for row in moved if row[3] in OPT_OUT_CODES or row[3] == MAY_BE_OPT_OUT]
    senders = senders_by_id({row[5] for row in told}) if told else {}
    # By number, so that whoever else enters many cannot wait for this in a circle.
    told.sort(key=lambda row: row[2])
    for organization_id, _run_id, number, code, sid, sender_id, _status in told:
        sender = senders[sender_id]
        if code in OPT_OUT_CODES:
            record_opt_out(
                organization_id=organization_id,
                number=number,
                source=OptOutSource.TWILIO,
                evidence=sid,
                sender_address=sender.address,
            )
        elif sender.kind == SenderKind.TOLL_FREE:
            suggest_opt_out(organization_id, number, MAY_BE_OPT_OUT_WORDS)


_STEPS = [
    f"{before.value} {after.value}"
    for before in MessageStatus
    for after in MessageStatus
    if may_follow(before, after)
]

# The row locks come first and in key order. Whoever waited for one is judged over the row as it
# is then, and that holds for expressions over the row alone: steps that were joined as a table
# would be those of the status as it was before, and the news lost.
# A receipt with another SID than the one we know belongs to a text that is not ours to follow.
_APPLY = """
WITH news AS (
    SELECT * FROM json_to_recordset(%(news)s) AS news(
        organization_id bigint, run_id uuid, number integer, status text, sid text,
        error_code integer, error_text text, at timestamptz
    )
), current AS (
    SELECT m.run_id, m.number FROM runs_message AS m JOIN news USING (run_id, number)
    WHERE m.organization_id = news.organization_id
    ORDER BY m.run_id, m.number FOR NO KEY UPDATE OF m
)
UPDATE runs_message AS m SET
    status = news.status,
    reason = '',
    sid = CASE WHEN m.sid = '' THEN news.sid ELSE m.sid END,
    error_code = coalesce(news.error_code, m.error_code),
    error_text = CASE WHEN news.error_text = '' THEN m.error_text ELSE news.error_text END,
    accepted_at = coalesce(m.accepted_at, news.at),
    sent_at = CASE
        WHEN news.status IN ('sent', 'delivered', 'undelivered') THEN coalesce(m.sent_at, news.at)
        ELSE m.sent_at END,
    settled_at = CASE WHEN news.status = ANY(%(final)s) THEN news.at ELSE m.settled_at END,
    check_at = CASE WHEN news.status = ANY(%(final)s) THEN NULL
        ELSE greatest(m.check_at, news.at + make_interval(secs => %(first_poll)s)) END
FROM news JOIN current USING (run_id, number)
WHERE m.run_id = news.run_id AND m.number = news.number
  AND (m.sid = '' OR m.sid = news.sid)
  AND m.status || ' ' || news.status = ANY(%(steps)s)
RETURNING m.organization_id, m.run_id, m."to", m.error_code, m.sid, m.sender_id, m.status
"""


def _as_json(news: News) -> dict[str, object]:
    return {**news.__dict__, "status": news.status.value, "at": news.at.isoformat()}


def news_from_entry(
    organization_id: int, message: Message, entry: LedgerEntry, status: MessageStatus
) -> News:
    """What Twilio's books say of a message."""
    return News(
        organization_id,
        str(message.run_id),
        message.number,
        status,
        entry.sid,
        entry.error_code,
        entry.error_text[:300],
        timezone.now(),
    )
