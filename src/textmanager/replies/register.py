"""The opt-out register as staff keep it: looked through, added to, corrected, moved in and out."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.keyset import page_of
from textmanager.config.spreadsheet import safe_cell
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.replies.models import OptOut, OptOutRecord, OptOutSource, RecordState
from textmanager.replies.opt_outs import clear_opt_out, record_opt_out, record_opt_outs
from textmanager.text.phones import Invalid, Recipient, digits_in, parse_recipient

A_PAGE = 50
EXPORTED_AT_ONCE = 500
MOST_ROWS = 100_000
MOST_WRONG_TOLD = 50
MOST_REFUSED_TOLD = 20
# What other programs call the column with the number.
COLUMNS = ("number", "phone", "phone number", "mobile", "mobilephone", "mobile phone", "to")

CLEARED = "Cleared at (UTC)"
# An exported register holds people who came back: reading it in again must not undo that.
WAS_REMOVED = "The file itself says that this number was removed from the register"


class NotANumber(ValueError):
    """What was entered is no number; the message says why, in the user's words."""


@dataclass(frozen=True)
class RegisterPage:
    """Some of the entries that were asked for, the newest first."""

    entries: list[OptOut]
    total: int
    older: str


@dataclass
class Imported:
    """What became of the rows of a file. `wrong` are (line, what stood there, why not)."""

    added: int = 0
    known: int = 0
    wrong: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def untold(self) -> int:
        """How many wrong ones the page has no room for."""
        return max(0, len(self.wrong) - MOST_WRONG_TOLD)


def register_page(
    organization: Organization, *, query: str, cleared: bool, before: str = ""
) -> RegisterPage:
    """Entries in effect, or those that were cleared, from the place `before` on.

    `query` is a number, the end of one, or words of the evidence.
    """
    entries = OptOut.objects.filter(organization=organization, cleared_at__isnull=not cleared)
    if query:
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


@transaction.atomic
def add_number(*, organization: Organization, raw: str, note: str, actor: User) -> str:
    """Enters a number as somebody typed it; returns it as it is kept. Raises NotANumber."""
    number = _number(raw, organization.region)
    is_new = record_opt_out(
        organization_id=organization.pk,
        number=number,
        source=OptOutSource.STAFF,
        evidence=note,
        by=actor,
    )
    if not is_new:
        raise NotANumber(f"{number} is in the register already.")
    _tell(organization, actor, "opted out", number, {"note": note})
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


@transaction.atomic
def import_numbers(*, organization: Organization, text: str, actor: User) -> Imported:
    """Enters the numbers of a CSV file, or of a list with one on each line.

    A header line names the column; without one the first column counts. What is no number is
    told with its line, and stops nothing else.
    """
    done = Imported()
    numbers: dict[str, int] = {}
    for line, raw, is_removed in _numbers_in(text):
        if line > MOST_ROWS:
            done.wrong.append((line, "", f"Only the first {MOST_ROWS:,} lines are read."))
            break
        if is_removed:
            done.wrong.append((line, raw[:40], WAS_REMOVED))
            continue
        try:
            number = _number(raw, organization.region)
        except NotANumber as error:
            done.wrong.append((line, raw[:40], str(error)))
            continue
        numbers[number] = numbers.get(number, 0) + 1
    new = record_opt_outs(
        organization_id=organization.pk,
        numbers=numbers,
        source=OptOutSource.STAFF,
        evidence="Imported from a file",
        by=actor,
    )
    done.added = len(new)
    done.known = sum(numbers.values()) - len(new)
    _tell(organization, actor, "imported opt-outs", f"{done.added} numbers", {"known": done.known})
    return done


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


def _number(raw: str, region: str) -> str:
    # An export of ours, or a spreadsheet's, may have put an apostrophe in front.
    recipient = parse_recipient(raw.strip().lstrip("'"), region)
    if isinstance(recipient, Invalid):
        raise NotANumber(recipient.reason)
    return recipient.e164


def _matches(query: str, region: str) -> Q:
    recipient = parse_recipient(query, region)
    if isinstance(recipient, Recipient):
        return Q(number=recipient.e164)
    digits = digits_in(query)
    return Q(number__endswith=digits) if digits else Q(evidence__icontains=query)


def _numbers_in(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each line, counted from 1, its number as it stands there, and whether it says "cleared"."""
    place, cleared = 0, None
    for line, row in enumerate(csv.reader(io.StringIO(text.lstrip("\ufeff"))), start=1):
        names = [cell.strip().casefold() for cell in row]
        header = next((names.index(name) for name in COLUMNS if name in names), None)
        if line == 1 and header is not None:
            place = header
            cleared = names.index(CLEARED.casefold()) if CLEARED.casefold() in names else None
        elif any(names):
            yield line, _cell(row, place), bool(_cell(row, cleared).strip())


def _cell(row: list[str], place: int | None) -> str:
    return row[place] if place is not None and place < len(row) else ""


def _tell(
    organization: Organization, actor: User, action: str, name: str, after: dict[str, object]
) -> None:
    audit.record(
        organization=organization,
        actor=actor,
        action=action,
        subject=organization,
        after={"what": name, **after},
    )


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
