"""Enters the numbers of a file into the opt-out register: a few at once, many by a worker."""

from __future__ import annotations

import csv
import datetime as dt
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, is_stopping, jobs
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.replies.models import OPEN_IMPORTS, ImportState, OptOutImport, OptOutSource
from textmanager.replies.opt_outs import record_opt_outs
from textmanager.replies.register import CLEARED, NotANumber, number_as_kept

logger = logging.getLogger(__name__)

MOST_ROWS = 100_000
# So many are entered while the page waits; a longer file is a worker's.
AT_ONCE = 300
A_BATCH = 1_000
MOST_WRONG_KEPT = 500
# A worker tells how far it is after each batch, which takes a second or two.
UNTIL_LOST = dt.timedelta(seconds=20)
TO_KEEP = dt.timedelta(days=30)
# What other programs call the column with the number.
COLUMNS = ("number", "phone", "phone number", "mobile", "mobilephone", "mobile phone", "to")
# An exported register holds people who came back: reading it in again must not undo that.
WAS_REMOVED = "The file itself says that this number was removed from the register"
EVIDENCE = "Imported from a file"
STOPPED = "stopped an import of opt-outs"


class NotReadable(ValueError):
    """The file cannot be read at all; the message says why, in the user's words."""


@dataclass(frozen=True)
class Line:
    """A line of the file, counted from 1, its number as it stands there, or why it is not read."""

    number: int
    raw: str
    refusal: str = ""


@dataclass
class Imported:
    """What became of the lines of a file. `wrong` are (line, what stood there, why not)."""

    added: int = 0
    known: int = 0
    wrong: list[tuple[int, str, str]] = field(default_factory=list)


def lines_in(text: str) -> list[Line]:
    """The lines of a CSV file, or of a list with one number on each line.

    A header line names the column; without one the first column counts. Raises NotReadable.
    """
    place, cleared, found = 0, None, list[Line]()
    try:
        for line, row in enumerate(csv.reader(io.StringIO(text.lstrip("\ufeff"))), start=1):
            names = [cell.strip().casefold() for cell in row]
            header = next((names.index(name) for name in COLUMNS if name in names), None)
            if line == 1 and header is not None:
                place = header
                cleared = names.index(CLEARED.casefold()) if CLEARED.casefold() in names else None
            elif line > MOST_ROWS:
                raise NotReadable(
                    f"The file has more than {MOST_ROWS:,} lines. Split it into several."
                )
            elif any(names):
                was_removed = bool(_cell(row, cleared).strip())
                found.append(Line(line, _cell(row, place), WAS_REMOVED if was_removed else ""))
    except csv.Error as error:
        raise NotReadable(f"This cannot be read as a CSV file: {error}.") from error
    return found


def _cell(row: list[str], place: int | None) -> str:
    return row[place] if place is not None and place < len(row) else ""


@transaction.atomic
def begin_import(
    *,
    organization: Organization,
    text: str,
    lines: Sequence[Line],
    actor: User,
    file_name: str = "",
) -> OptOutImport:
    """Enters the numbers of a short file at once; has a worker do it for a longer one.

    `lines` are those of `text`, as lines_in gives them.
    """
    made = OptOutImport.objects.create(
        organization=organization,
        started_by=actor,
        file_name=file_name[:100],
        text=text,
        total=len(lines),
    )
    if len(lines) <= AT_ONCE:
        _enter(made, lines)
        return made
    audit.record(
        organization=organization,
        actor=actor,
        action="began to import opt-outs",
        subject=made,
        after={"lines": made.total},
    )
    _defer(made)
    return made


@transaction.atomic
def stop_import(organization: Organization, import_id: int, *, actor: User) -> OptOutImport:
    """Enters nothing more of it; what is entered stays. Raises OptOutImport.DoesNotExist.

    The lines that are being entered at this moment are seen through first.
    """
    found = OptOutImport.objects.select_for_update(of=("self",)).defer("text")
    made = found.get(pk=import_id, organization=organization)
    if made.is_open:
        made.state, made.text, made.updated_at = ImportState.STOPPED, "", timezone.now()
        made.save(update_fields=["state", "text", "updated_at"])
        audit.record(
            organization=organization,
            actor=actor,
            action=STOPPED,
            subject=made,
            after={"lines read": f"{made.done} of {made.total}"},
        )
    return made


def who_stopped(made: OptOutImport) -> User | None:
    """None for one that nobody has stopped, and for somebody who is not here any more."""
    if made.state != ImportState.STOPPED:
        return None
    return audit.last_actor(made, actions=[STOPPED], before=timezone.now())


def import_of(organization: Organization, import_id: int) -> OptOutImport:
    """An import of this organization, without its text. Raises OptOutImport.DoesNotExist.

    One whose worker is lost is set going again.
    """
    found = OptOutImport.objects.defer("text").select_related("started_by")
    made = found.get(pk=import_id, organization=organization)
    if made.is_open and timezone.now() - made.updated_at > UNTIL_LOST:
        _defer(made)
    return made


def latest_import(organization: Organization, *, since: dt.datetime) -> OptOutImport | None:
    """The last one that was begun since then."""
    imports = OptOutImport.objects.defer("text").filter(
        organization=organization, created_at__gte=since
    )
    return imports.order_by("-created_at").first()


def _defer(made: OptOutImport) -> None:
    name = f"import-opt-outs-{made.pk}"
    defer_once(import_opt_outs, queueing_lock=name, lock=name, import_id=made.pk)


@jobs.task(name="import_opt_outs")
async def import_opt_outs(import_id: int) -> None:
    """Enters a file batch by batch. Cut anywhere, and run twice, it goes on where it was."""
    try:
        lines = await in_database(_lines_of, import_id)
        while await in_database(enter_next, import_id, lines):
            if is_stopping():
                await in_database(_lay_down, import_id)
                return
    except (OperationalError, InterfaceError):
        # The database is away for a moment: the import is taken up again when it is back.
        raise
    except Exception:
        # The outer edge of the job: a fault of ours must not be met again every minute.
        logger.exception("The opt-outs of import %s cannot be entered", import_id)
        await in_database(_give_up, import_id)


def _lines_of(import_id: int) -> list[Line]:
    return lines_in(OptOutImport.objects.get(pk=import_id).text)


def enter_next(import_id: int, lines: Sequence[Line]) -> bool:
    """Enters the next lines of an import and notes that, in one transaction; False at its end.

    Its row is locked meanwhile: two workers take turns, and neither enters a line again.
    """
    with transaction.atomic():
        # The file is not read, nor written back, with each batch.
        found = OptOutImport.objects.select_for_update(of=("self",)).defer("text")
        made = found.get(pk=import_id)
        if not made.is_open:
            return False
        _enter(made, lines[made.done : made.done + A_BATCH])
        return made.is_open


def _enter(made: OptOutImport, lines: Sequence[Line]) -> None:
    """Enters lines and adds up what became of them; after the last one it is done."""
    found = _into_register(made, lines)
    made.done += len(lines)
    made.added += found.added
    made.known += found.known
    made.not_taken += len(found.wrong)
    made.wrong = [*made.wrong, *found.wrong][:MOST_WRONG_KEPT]
    made.updated_at = timezone.now()
    made.state = ImportState.READING
    if made.done >= made.total:
        made.state, made.text = ImportState.DONE, ""
        audit.record(
            organization=made.organization,
            actor=made.started_by,
            action="imported opt-outs",
            subject=made,
            after={
                "added": made.added,
                "in the register already": made.known,
                "not taken": made.not_taken,
            },
        )
    made.save()


def _into_register(made: OptOutImport, lines: Sequence[Line]) -> Imported:
    done = Imported()
    numbers: dict[str, int] = {}
    for line in lines:
        if line.refusal:
            done.wrong.append((line.number, line.raw[:40], line.refusal))
            continue
        try:
            number = number_as_kept(line.raw, made.organization.region)
        except NotANumber as error:
            done.wrong.append((line.number, line.raw[:40], str(error)))
            continue
        numbers[number] = numbers.get(number, 0) + 1
    new = record_opt_outs(
        organization_id=made.organization_id,
        numbers=numbers,
        source=OptOutSource.STAFF,
        evidence=EVIDENCE,
        by=made.started_by,
    )
    done.added = len(new)
    done.known = sum(numbers.values()) - len(new)
    return done


def _lay_down(import_id: int) -> None:
    """Leaves the rest to another worker, because this one is to stop."""
    _defer(OptOutImport.objects.defer("text").get(pk=import_id))


def _give_up(import_id: int) -> None:
    OptOutImport.objects.filter(pk=import_id, state__in=OPEN_IMPORTS).update(
        state=ImportState.FAILED, text="", updated_at=timezone.now()
    )


@jobs.periodic(cron="* * * * * */15")
@jobs.task(name="take_up_imports", queueing_lock="take_up_imports")
async def take_up_imports(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Sets going again what a worker left that was killed, and forgets what is long done."""
    await in_database(take_up_lost, timezone.now())


def take_up_lost(now: dt.datetime) -> int:
    """How many imports were set going again."""
    lost = OptOutImport.objects.filter(state__in=OPEN_IMPORTS, updated_at__lt=now - UNTIL_LOST)
    found = list(lost.defer("text"))
    for made in found:
        _defer(made)
    OptOutImport.objects.exclude(state__in=OPEN_IMPORTS).filter(
        updated_at__lt=now - TO_KEEP
    ).delete()
    return len(found)
