"""Messages of a run as CSV and as a workbook, a few thousand in memory at a time."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textmanager.config.bridge import in_database
from textmanager.config.spreadsheet import safe_cell
from textmanager.config.xlsx import Cell, workbook
from textmanager.runs.causes import is_bad_number, why
from textmanager.runs.message_list import write_back_in_words
from textmanager.runs.message_search import Sought, messages_after
from textmanager.runs.models import CauseTally, Message, Run
from textmanager.text.statuses import MessageStatus, staff_name

# The other pages of the process wait for so many lines, a few hundredths of a second.
AT_ONCE = 500
# Excel takes a file for UTF-8 only when it begins with this.
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Sheet:
    """What an export has: its messages, and which columns."""

    run: Run
    wanted: Sought
    of_bad_numbers: bool = False

    @property
    def headings(self) -> list[str]:
        if self.of_bad_numbers:
            return ["iMIS ID", "Number", "Why", "What to do", "Error code"]
        zone = self.run.organization.time_zone
        return [
            "iMIS ID",
            "Number",
            "Status",
            "Why",
            "Error code",
            "Segments",
            f"Sent ({zone})",
            "Message SID",
            "Text",
            "What to do",
            f"Final status ({zone})",
            "iMIS record",
            "Price",
        ]

    def row(self, message: Message) -> list[Cell]:
        meaning, what_to_do = why(message)
        number = message.to or message.raw_phone
        if self.of_bad_numbers:
            number = message.raw_phone or message.to
            return [message.imis_id, number, meaning, what_to_do, message.error_code]
        zone = self.run.organization.zone
        return [
            message.imis_id,
            number,
            staff_name(MessageStatus(message.status)),
            meaning,
            message.error_code if message.cause.isdecimal() else None,
            message.segments,
            _local(message.sent_at, zone),
            message.sid,
            message.body,
            what_to_do,
            _local(message.settled_at, zone),
            write_back_in_words(message),
            message.price,
        ]


def bad_numbers(run: Run) -> Sheet:
    """Those whose number has to be corrected in iMIS, found by us or by the carriers."""
    statuses = (MessageStatus.ERROR, MessageStatus.FAILED, MessageStatus.UNDELIVERED)
    tallies = CauseTally.objects.filter(run=run, status__in=statuses, messages__gt=0)
    pairs = tuple((t.status, (t.cause,)) for t in tallies if is_bad_number(t.cause))
    return Sheet(run, Sought(pairs) if pairs else Sought(numbers=()), of_bad_numbers=True)


def rows_after(sheet: Sheet, after: int, most: int = AT_ONCE) -> tuple[list[list[Cell]], int]:
    """The next rows, and the number to go on after."""
    messages = messages_after(sheet.run, sheet.wanted, after=after, most=most)
    return [sheet.row(message) for message in messages], messages[-1].number if messages else after


async def chunks(sheet: Sheet) -> AsyncIterator[list[list[Cell]]]:
    """All rows, some at a time; between two of them no connection is held."""
    after = -1
    while True:
        rows, after = await in_database(rows_after, sheet, after)
        if not rows:
            return
        yield rows


async def as_csv(sheet: Sheet) -> AsyncIterator[bytes]:
    yield (BYTE_ORDER_MARK + lines([sheet.headings])).encode()
    async for rows in chunks(sheet):
        yield lines(rows).encode()


def as_workbook(sheet: Sheet) -> AsyncIterator[bytes]:
    name = "Bad numbers" if sheet.of_bad_numbers else "Messages"
    return workbook(sheet.headings, chunks(sheet), name=name)


def whole_csv(run: Run) -> str:
    """Every message at once, for an attachment; only for a run that is not large."""
    sheet = Sheet(run, Sought())
    rows, _ = rows_after(sheet, -1, most=max(AT_ONCE, run.next_offset))
    return lines([sheet.headings, *rows])


def lines(rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return out.getvalue()


def _local(instant: dt.datetime | None, zone: ZoneInfo) -> str:
    """With its distance from UTC: the hour that autumn has twice is told apart."""
    return instant.astimezone(zone).isoformat(" ", "seconds") if instant else ""
