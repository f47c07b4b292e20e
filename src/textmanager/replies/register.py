"""The opt-out register as staff keep it: looked through, added to, corrected, moved in and out."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Reverse
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.keyset import page_of
from textmanager.config.spreadsheet import safe_cell
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.replies.models import OptOut, OptOutRecord, OptOutSource, RecordState
from textmanager.replies.opt_outs import clear_opt_out, record_opt_out
from textmanager.text.phones import Invalid, Recipient, beginnings, digits_in, parse_recipient

A_PAGE = 50
EXPORTED_AT_ONCE = 500
MOST_REFUSED_TOLD = 20
# As a column holds it: a plus sign and fifteen digits.
LONGEST_NUMBER = 16
CLEARED = "Cleared at (UTC)"


class NotANumber(ValueError):
    """What was entered is no number; the message says why, in the user's words."""


@dataclass(frozen=True)
class RegisterPage:
    """Some of the entries that were asked for, the newest first."""

    entries: list[OptOut]
    total: int
    older: str


def register_page(
    organization: Organization, *, query: str, cleared: bool, before: str = ""
) -> RegisterPage:
    """Entries in effect, or those that were cleared, from the place `before` on.

    `query` is a number, the beginning or end of one, or words of the evidence.
    """
    entries = OptOut.objects.filter(organization=organization, cleared_at__isnull=not cleared)
    if query:
        entries = entries.alias(reversed=Reverse("number"))
        entries = entries.filter(_matches(query, organization.region))
    total = entries.count()
    rows = entries.select_related("created_by", "cleared_by")
    shown, older = page_of(rows, by="created_at", before=before, most=A_PAGE)
    return RegisterPage(shown, total, older)


def records_of(organization: Organization, number: str) -> list[OptOutRecord]:
    """What of the number's opt-outs is on the member's record in iMIS, the newest first."""
    records = OptOutRecord.objects.filter(organization=organization, number=number)
    return list(records.order_by("-happened_at", "-pk"))


def refused_by_imis(organization: Organization) -> list[str]:
    """Some numbers whose opt-out, or its end, iMIS did not take. The register holds without it."""
    refused = OptOutRecord.objects.filter(organization=organization, state=RecordState.FAILED)
    return list(refused.order_by("-pk").values_list("number", flat=True)[:MOST_REFUSED_TOLD])


@transaction.atomic
def write_again(*, organization: Organization, number: str, actor: User) -> int:
    """Lets what iMIS refused be written once more; how many records that are."""
    refused = OptOutRecord.objects.filter(
        organization=organization, number=number, state=RecordState.FAILED
    )
    again = refused.update(state=RecordState.WAITING, due_at=timezone.now(), tries=0, error="")
    if again:
        _tell(organization, actor, "wrote opt-out again", number, {"records": again})
    return again


def history_of(organization: Organization, number: str) -> list[OptOut]:
    """Every time the number opted out, the newest first."""
    entries = OptOut.objects.filter(organization=organization, number=number)
    return list(entries.select_related("created_by", "cleared_by").order_by("-created_at", "-id"))


def add_number(*, organization: Organization, raw: str, note: str, actor: User) -> str:
    """Enters a number as somebody typed it; returns it as it is kept. Raises NotANumber."""
    number = number_as_kept(raw, organization.region)
    with transaction.atomic():
        is_new = record_opt_out(
            organization_id=organization.pk,
            number=number,
            source=OptOutSource.STAFF,
            evidence=note,
            by=actor,
        )
        if is_new:
            _tell(organization, actor, "opted out", number, {"note": note})
    if not is_new:
        # Once it is committed that staff know it too: what iMIS alone told, iMIS may end.
        raise NotANumber(f"{number} is in the register already.")
    return number


@transaction.atomic
def remove_number(*, organization: Organization, number: str, because: str, actor: User) -> bool:
    """Lets a number be texted again, for a reason that is kept. False if it was not entered."""
    entry = OptOut.objects.filter(organization=organization, number=number, cleared_at=None).first()
    if entry is None:
        return False
    clear_opt_out(organization_id=organization.pk, number=number, because=because, by=actor)
    audit.record(
        organization=organization,
        actor=actor,
        action="cleared opt-out",
        subject=entry,
        after={"because": because},
    )
    return True


async def export_rows(organization: Organization) -> AsyncIterator[str]:
    """The whole register as lines of CSV, the oldest first and cleared ones too; times in UTC.

    Between two portions no connection is held.
    """
    yield _line(["Number", "Opted out at (UTC)", "How", "Evidence", "Told to", CLEARED, "Why"])
    after = 0
    while True:
        entries = await in_database(_entries_after, organization, after)
        if not entries:
            return
        yield "".join(_as_line(entry) for entry in entries)
        after = entries[-1].pk


def _entries_after(organization: Organization, after: int) -> list[OptOut]:
    entries = OptOut.objects.filter(organization=organization, pk__gt=after).order_by("pk")
    return list(entries[:EXPORTED_AT_ONCE])


def _as_line(entry: OptOut) -> str:
    cleared = entry.cleared_at.isoformat(" ", "seconds") if entry.cleared_at else ""
    return _line(
        [
            safe_cell(entry.number),
            entry.created_at.isoformat(" ", "seconds"),
            entry.get_source_display(),
            safe_cell(entry.evidence),
            safe_cell(entry.sender_address),
            cleared,
            safe_cell(entry.cleared_because),
        ]
    )


def number_as_kept(raw: str, region: str) -> str:
    """A number as somebody wrote it, in E.164. Raises NotANumber."""
    # An export of ours, or a spreadsheet's, may have put an apostrophe in front.
    recipient = parse_recipient(raw.strip().lstrip("'"), region)
    if isinstance(recipient, Invalid):
        raise NotANumber(recipient.reason)
    return recipient.e164


def _matches(query: str, region: str) -> Q:
    recipient = parse_recipient(query, region)
    if isinstance(recipient, Recipient):
        return Q(number=recipient.e164)
    digits = digits_in(query)[:LONGEST_NUMBER]
    if not digits:
        return Q(evidence__icontains=query)
    matches = Q(reversed__range=_beginning_with(digits[::-1]))
    for beginning in beginnings(query, region):
        matches |= Q(number__range=_beginning_with(beginning))
    return matches


def _beginning_with(digits: str) -> tuple[str, str]:
    """Between these is every number that begins so: an index answers it in any collation."""
    return digits, digits + "9" * LONGEST_NUMBER


def _tell(
    organization: Organization, actor: User, action: str, number: str, after: dict[str, object]
) -> None:
    audit.record(
        organization=organization,
        actor=actor,
        action=action,
        subject=history_of(organization, number)[0],
        after=after,
    )


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
