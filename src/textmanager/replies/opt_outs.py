"""The register of numbers that must not be texted."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection

from django.db import connection, transaction
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from textmanager.config.jobs import jobs
from textmanager.organizations.models import User
from textmanager.replies.models import OptOut, OptOutRecord, OptOutSource


def opted_out_among(organization_id: int, numbers: Collection[str]) -> frozenset[str]:
    """Those of `numbers` (E.164) that this organization must not text, as of now."""
    with connection.cursor() as cursor:
        cursor.execute(_OPTED_OUT, {"organization": organization_id, "numbers": list(numbers)})
        return frozenset(number for (number,) in cursor)


# One array instead of a parameter a number: this is asked before every batch of texts.
_OPTED_OUT = """
SELECT number FROM replies_optout
WHERE organization_id = %(organization)s AND cleared_at IS NULL AND number = ANY(%(numbers)s)
"""


def source_of_opt_out(organization_id: int, number: str) -> OptOutSource | None:
    """Who told us that a number must not be texted; None for one that may be."""
    entry = opt_out_in_effect(organization_id, number)
    return OptOutSource(entry.source) if entry else None


def opt_out_in_effect(organization_id: int, number: str) -> OptOut | None:
    """The entry by which a number must not be texted; None for one that may be."""
    return OptOut.objects.filter(
        organization_id=organization_id, number=number, cleared_at=None
    ).first()


@transaction.atomic
def record_opt_out(
    *,
    organization_id: int,
    number: str,
    source: OptOutSource,
    evidence: str = "",
    sender_address: str = "",
    by: User | None = None,
    told_at: dt.datetime | None = None,
) -> bool:
    """Enters a number, in effect at once for every campaign; False if it is entered already.

    `sender_address` is the number or service of ours that was told; `told_at`, when, if not just
    now. What is told here is written to iMIS by a worker, though iMIS may have told it before.
    """
    at = told_at or timezone.now()
    # Locked: an entry that is being cleared just now is none, and the number is entered anew.
    entry, is_new = OptOut.objects.select_for_update(of=("self",)).get_or_create(
        organization_id=organization_id,
        number=number,
        cleared_at=None,
        defaults={
            "source": source,
            "evidence": evidence[:200],
            "sender_address": sender_address[:34],
            "created_by": by,
            "told_at": at,
        },
    )
    if source == OptOutSource.IMIS:
        return is_new
    was_told_by_imis = entry.source == OptOutSource.IMIS
    if was_told_by_imis:
        # What iMIS told, iMIS may end: what was told here since then must outlast that.
        entry.source, entry.evidence = source, evidence[:200]
        entry.sender_address, entry.created_by = sender_address[:34], by
    if not is_new:
        entry.told_at = max(entry.told_at, at)
        entry.save()
    if is_new or was_told_by_imis:
        _let_imis_know(organization_id, number, timezone.now(), evidence, ends_it=False)
    return is_new


@transaction.atomic
def record_opt_outs(
    *,
    organization_id: int,
    numbers: Collection[str],
    source: OptOutSource,
    evidence: str,
    by: User | None = None,
) -> frozenset[str]:
    """Enters many numbers at once, as record_opt_out does each; those that are new."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTER,
            {
                "organization": organization_id,
                # In one order, so that two imports cannot wait for each other in a circle.
                "numbers": sorted(set(numbers)),
                "source": source.value,
                "evidence": evidence[:200],
                "by": by.pk if by else None,
                "now": now,
            },
        )
        new = frozenset(number for number, is_new in cursor if is_new)
    OptOutRecord.objects.bulk_create(
        OptOutRecord(
            organization_id=organization_id,
            number=number,
            ends_it=False,
            happened_at=now,
            words=evidence[:200],
            of_list=True,
            due_at=now,
        )
        for number in sorted(new)
    )
    if new:
        _defer_writing(organization_id)
    return new


# One statement however many there are, which locks them in its order; who else enters one of them
# meanwhile has been first. What iMIS told, iMIS may end: what a list tells too must outlast that.
_ENTER = """
INSERT INTO replies_optout (organization_id, number, source, evidence, sender_address, created_at,
                            told_at, created_by_id, cleared_because)
SELECT %(organization)s, number, %(source)s, %(evidence)s, '', %(now)s, %(now)s, %(by)s, ''
FROM unnest(%(numbers)s::text[]) AS number
ON CONFLICT (organization_id, number) WHERE cleared_at IS NULL DO UPDATE SET
    told_at = EXCLUDED.told_at,
    source = CASE WHEN replies_optout.source = 'imis' THEN EXCLUDED.source
        ELSE replies_optout.source END,
    evidence = CASE WHEN replies_optout.source = 'imis' THEN EXCLUDED.evidence
        ELSE replies_optout.evidence END,
    created_by_id = CASE WHEN replies_optout.source = 'imis' THEN EXCLUDED.created_by_id
        ELSE replies_optout.created_by_id END
-- Only a row that was there before has been written over by a transaction.
RETURNING number, xmax = 0
"""


@transaction.atomic
def clear_opt_out(
    *,
    organization_id: int,
    number: str,
    because: str,
    by: User | None = None,
    imis_knows: bool = False,
) -> bool:
    """Lets a number be texted again; the entry stays as history. False if there was none.

    `imis_knows`: it was iMIS that told, which ends only what iMIS told.
    """
    entered = OptOut.objects.filter(organization_id=organization_id, number=number, cleared_at=None)
    if imis_knows:
        entered = entered.filter(source=OptOutSource.IMIS)
    at = timezone.now()
    if not entered.update(cleared_at=at, cleared_because=because[:200], cleared_by=by):
        return False
    if not imis_knows:
        _let_imis_know(organization_id, number, at, because, ends_it=True)
    return True


def _let_imis_know(
    organization_id: int, number: str, at: dt.datetime, words: str, *, ends_it: bool
) -> None:
    OptOutRecord.objects.create(
        organization_id=organization_id,
        number=number,
        ends_it=ends_it,
        happened_at=at,
        words=words[:200],
        due_at=at,
    )
    _defer_writing(organization_id)


def _defer_writing(organization_id: int) -> None:
    """Lets a worker write to iMIS, once the caller has committed.

    Two callers can wait for each other at a number of theirs, but not at the place of this job too:
    it is taken last of all. One that is lost is made up for within a minute.
    """
    transaction.on_commit(lambda: _defer_once(organization_id))


def _defer_once(organization_id: int) -> None:
    # By its name: what writes to iMIS asks the runs whose number it is, and they ask this register.
    name = f"opt-outs-to-imis-{organization_id}"
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        jobs.configure_task("write_opt_outs", queueing_lock=name, lock=name).defer(
            organization_id=organization_id
        )
