"""Step 6, write back: records every text that was sent on the member's iMIS record, once.

Like sending, an attempt is committed before the call. iMIS has no idempotency key either: a
record whose outcome is not known is looked for before it is written again. A failing iMIS
delays only its own records.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from textmanager.campaigns.models import WriteBackTarget
from textmanager.config.bridge import in_database
from textmanager.config.jobs import jobs
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.records import (
    Activity,
    CommunicationLogEntry,
    create_activity,
    create_communication_log_entry,
    find_activity,
    find_communication_log_entry,
)
from textmanager.organizations.activity_types import activity_types
from textmanager.organizations.imis_writing import (
    SOURCE,
    UNTIL_LOOKED_FOR,
    UNTIL_NEXT_SIGN_IN,
    is_refused_for_good,
    next_try,
    write_what_is_due,
)
from textmanager.runs.models import Message, WriteBack
from textmanager.runs.pipeline.changes import lock_in_order
from textmanager.runs.pipeline.due import to_write_back

AT_ONCE = 100
CALLS_AT_ONCE = 8
FIRST_RETRY = dt.timedelta(seconds=15)


@dataclass(frozen=True)
class Record:
    """One record to write. `may_exist`: an earlier attempt ended without a known outcome."""

    run_id: uuid.UUID
    number: int
    tries: int
    may_exist: bool
    target: str
    activity_type: str
    imis_id: str
    to: str
    body: str
    subject: str
    sent_at: dt.datetime


@dataclass(frozen=True)
class Written:
    ref: str


@dataclass(frozen=True)
class NotWritten:
    """`permanent`: iMIS will refuse it the next time too. `ambiguous`: it may be there."""

    words: str
    permanent: bool
    ambiguous: bool


@jobs.task(name="write_back")
async def write_back(organization_id: int) -> None:
    """Writes what waits, until nothing does or iMIS fails; the rest is taken up again later."""
    await write_what_is_due(organization_id, claim=claim_records, write=_write_all, put_off=put_off)


async def _write_all(client: ImisClient, records: Sequence[Record]) -> bool:
    """Writes claimed records, a few at a time, until iMIS fails as a whole; whether it did."""
    free = asyncio.Semaphore(CALLS_AT_ONCE)
    has_failed = False

    async def one(record: Record) -> None:
        nonlocal has_failed
        async with free:
            if has_failed:
                await in_database(give_back, record, timezone.now())
                return
            outcome = await _write(client, record)
            has_failed |= isinstance(outcome, NotWritten) and not outcome.permanent
        await in_database(keep_outcome, record, outcome, timezone.now())

    await asyncio.gather(*(one(record) for record in records))
    return has_failed


async def _write(client: ImisClient, record: Record) -> Written | NotWritten:
    try:
        if record.target == WriteBackTarget.ACTIVITIES:
            return await _write_activity(client, record)
        return await _write_log_entry(client, record)
    except ImisError as error:
        return NotWritten(
            str(error)[:300],
            permanent=is_refused_for_good(error),
            ambiguous=error.ambiguous,
        )


async def _write_activity(client: ImisClient, record: Record) -> Written:
    activity = Activity(
        party_id=record.imis_id,
        activity_type=record.activity_type,
        transaction_date=record.sent_at,
        description=record.to,
        note=record.body,
        category=SOURCE,
    )
    found = await find_activity(client, activity) if record.may_exist else None
    return Written(found or await create_activity(client, activity))


async def _write_log_entry(client: ImisClient, record: Record) -> Written:
    entry = CommunicationLogEntry(
        party_id=record.imis_id, subject=record.subject, body=record.body, address=record.to
    )
    found = await find_communication_log_entry(client, entry) if record.may_exist else None
    return Written(found or await create_communication_log_entry(client, entry))


@transaction.atomic
def put_off(organization_id: int, words: str, now: dt.datetime) -> None:
    """Lets everything that is due wait, with the reason, until iMIS may let us in again."""
    due = Message.objects.filter(to_write_back(now), organization_id=organization_id)
    lock_in_order(due)
    due.update(write_back_due=now + UNTIL_NEXT_SIGN_IN, write_back_error=words[:300])


@transaction.atomic
def claim_records(organization_id: int, now: dt.datetime) -> list[Record]:
    """Takes the records that wait longest, and commits the attempt to write them."""
    messages = list(
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("run")
        .filter(to_write_back(now), organization_id=organization_id)
        .order_by("write_back_due")[:AT_ONCE]
    )
    activity_type = activity_types(organization_id).texts
    records = [
        Record(
            run_id=message.run_id,
            number=message.number,
            tries=message.write_back_tries,
            may_exist=message.write_back == WriteBack.WRITING,
            target=message.run.write_back,
            activity_type=activity_type,
            imis_id=message.imis_id,
            to=message.to,
            body=message.body,
            subject=message.run.campaign_name,
            sent_at=message.sent_at or message.accepted_at or now,
        )
        for message in messages
    ]
    for message in messages:
        message.write_back = WriteBack.WRITING
        message.write_back_due = now + UNTIL_LOOKED_FOR
        message.write_back_tries += 1
    Message.objects.bulk_update(messages, ["write_back", "write_back_due", "write_back_tries"])
    return records


def keep_outcome(record: Record, outcome: Written | NotWritten, now: dt.datetime) -> None:
    """Writes what became of one record; a failure only while no other attempt has been made.

    A worker that was taken for dead may be late with it, and the record be written by then.
    """
    message = Message.objects.filter(run_id=record.run_id, number=record.number)
    ours = _of_this_attempt(record)
    match outcome:
        case Written(ref=ref):
            message.update(
                write_back=WriteBack.WRITTEN,
                write_back_ref=ref[:60],
                write_back_due=None,
                write_back_error="",
            )
        case NotWritten(words=words, permanent=True):
            ours.update(write_back=WriteBack.FAILED, write_back_due=None, write_back_error=words)
        case NotWritten(words=words, ambiguous=ambiguous):
            # One that may be there stays *writing*: it will be looked for before the next try.
            ours.update(
                write_back=WriteBack.WRITING
                if ambiguous or record.may_exist
                else WriteBack.WAITING,
                write_back_due=next_try(now, first=FIRST_RETRY, tries=record.tries),
                write_back_error=words,
            )


def give_back(record: Record, now: dt.datetime) -> None:
    """Undoes the claim of a record for which no call was made."""
    _of_this_attempt(record).update(
        write_back=WriteBack.WRITING if record.may_exist else WriteBack.WAITING,
        write_back_due=now,
        write_back_tries=record.tries,
    )


def _of_this_attempt(record: Record) -> QuerySet[Message]:
    """None once another attempt has been made: a worker that was taken for dead may be late."""
    return Message.objects.filter(
        run_id=record.run_id,
        number=record.number,
        write_back=WriteBack.WRITING,
        write_back_tries=record.tries + 1,
    )
