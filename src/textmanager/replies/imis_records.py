"""Writes opt-outs, and their ends, on the members' iMIS records: each once, as soon as can be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, jobs
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.records import Activity, create_activity, find_activity
from textmanager.organizations.activity_types import activity_types
from textmanager.organizations.imis_writing import (
    SOURCE,
    UNTIL_LOOKED_FOR,
    UNTIL_NEXT_SIGN_IN,
    is_refused_for_good,
    next_try,
    write_what_is_due,
)
from textmanager.replies.models import OptOutRecord, RecordState
from textmanager.runs.history import last_texted_as

AT_ONCE = 50
FIRST_RETRY = dt.timedelta(seconds=30)
OPEN = (RecordState.WAITING, RecordState.WRITING)


@dataclass(frozen=True)
class _ToWrite:
    """`may_exist`: an earlier attempt ended without a known outcome."""

    record_id: int
    tries: int
    may_exist: bool
    activity: Activity


@jobs.periodic(cron="* * * * *")
@jobs.task(name="keep_opt_outs_written", queueing_lock="keep_opt_outs_written")
async def keep_opt_outs_written(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Takes up what a lost job or a failing iMIS left unwritten."""
    await in_database(defer_what_is_due, timezone.now())


def defer_what_is_due(now: dt.datetime) -> None:
    due = OptOutRecord.objects.filter(state__in=OPEN, due_at__lte=now)
    for organization_id in due.values_list("organization_id", flat=True).distinct():
        name = f"opt-outs-to-imis-{organization_id}"
        defer_once(write_opt_outs, queueing_lock=name, lock=name, organization_id=organization_id)


@jobs.task(name="write_opt_outs")
async def write_opt_outs(organization_id: int) -> None:
    """Writes what is due, until nothing is or iMIS fails; the rest is taken up again later."""
    await write_what_is_due(organization_id, claim=claim_records, write=_write_all, put_off=put_off)


async def _write_all(client: ImisClient, records: Sequence[_ToWrite]) -> bool:
    """Writes claimed records until iMIS fails as a whole; tells whether it did."""
    for place, record in enumerate(records, start=1):
        if await _write(client, record):
            await in_database(give_back, records[place:])
            return True
    return False


async def _write(client: ImisClient, record: _ToWrite) -> bool:
    """Whether iMIS failed, and not for this record's own sake."""
    try:
        found = await find_activity(client, record.activity) if record.may_exist else None
        ref = found or await create_activity(client, record.activity)
    except ImisError as error:
        await in_database(keep_failure, record, error, timezone.now())
        return not is_refused_for_good(error)
    await in_database(keep_success, record, ref)
    return False


def claim_records(organization_id: int, now: dt.datetime) -> list[_ToWrite]:
    """Commits the attempts before the calls; empty when nothing is due.

    Passes over those who were never texted: they have no record to write on.
    """
    while (claimed := _claim(organization_id, now)) is not None:
        if claimed:
            return claimed
    return []


@transaction.atomic
def _claim(organization_id: int, now: dt.datetime) -> list[_ToWrite] | None:
    """Those of the next few that there is a record for; None when nothing is due."""
    due = list(
        OptOutRecord.objects.select_for_update(skip_locked=True)
        .filter(organization_id=organization_id, state__in=OPEN, due_at__lte=now)
        .order_by("of_list", "due_at", "pk")[:AT_ONCE]
    )
    if not due:
        return None
    names = activity_types(organization_id)
    imis_ids = last_texted_as(
        organization_id=organization_id, numbers={record.number for record in due}
    )
    claimed = []
    for record in due:
        if record.number not in imis_ids:
            record.state, record.due_at = RecordState.NOBODY, None
            continue
        claimed.append(
            _ToWrite(
                record.pk,
                record.tries,
                may_exist=record.state == RecordState.WRITING,
                activity=Activity(
                    party_id=imis_ids[record.number],
                    activity_type=names.came_back if record.ends_it else names.opt_outs,
                    transaction_date=record.happened_at,
                    description=record.number,
                    note=record.words,
                    category=SOURCE,
                    uf_1=record.number,
                ),
            )
        )
        record.state, record.due_at = RecordState.WRITING, now + UNTIL_LOOKED_FOR
        record.tries += 1
    OptOutRecord.objects.bulk_update(due, ["state", "due_at", "tries"])
    return claimed


def give_back(records: Sequence[_ToWrite]) -> None:
    """Undoes the claim of records for which no call was made."""
    for record in records:
        _of_this_attempt(record).update(
            state=RecordState.WRITING if record.may_exist else RecordState.WAITING,
            due_at=timezone.now(),
            tries=record.tries,
        )


def put_off(organization_id: int, words: str, now: dt.datetime) -> None:
    """Lets everything wait, with the reason, until iMIS may let us in again."""
    OptOutRecord.objects.filter(
        organization_id=organization_id, state__in=OPEN, due_at__lte=now
    ).update(due_at=now + UNTIL_NEXT_SIGN_IN, error=words[:300])


def keep_success(record: _ToWrite, ref: str) -> None:
    OptOutRecord.objects.filter(pk=record.record_id).update(
        state=RecordState.WRITTEN, due_at=None, ref=ref[:60], error=""
    )


def keep_failure(record: _ToWrite, error: ImisError, now: dt.datetime) -> None:
    """What iMIS refuses for good is shown; everything else is tried again, less and less often."""
    kept = _of_this_attempt(record)
    if is_refused_for_good(error):
        kept.update(state=RecordState.FAILED, due_at=None, error=str(error)[:300])
        return
    may_exist = error.ambiguous or record.may_exist
    kept.update(
        # One that may be there stays *writing*: it is looked for before the next try.
        state=RecordState.WRITING if may_exist else RecordState.WAITING,
        due_at=next_try(now, first=FIRST_RETRY, tries=record.tries),
        error=str(error)[:300],
    )


def _of_this_attempt(record: _ToWrite) -> QuerySet[OptOutRecord]:
    """None once another attempt has been made: a worker that was taken for dead may be late."""
    return OptOutRecord.objects.filter(
        pk=record.record_id, state=RecordState.WRITING, tries=record.tries + 1
    )
