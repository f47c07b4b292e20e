"""Writes an Excel workbook while it is being sent, a part at a time.

A workbook is a ZIP of XML files, and both can be written from front to end: nothing of it stays
in memory but the part under way (docs/decisions/0091-workbooks-written-as-they-are-sent.md).
Text goes in as text, so that no cell can become a formula.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import IO
from xml.sax.saxutils import escape

Cell = str | int | float | Decimal | None

# Excel's own limit is 1,048,576; what is more goes on to another sheet.
ROWS_A_SHEET = 1_000_000
LONGEST_CELL = 32_767
# Not to be written in XML 1.0, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


class _Outbox(io.RawIOBase):
    """Takes what the ZIP writes, until it is sent. It cannot go back, and ZipFile then does not."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload] # any buffer
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


async def workbook(
    headings: Sequence[str], rows: AsyncIterator[Sequence[Sequence[Cell]]], *, name: str
) -> AsyncIterator[bytes]:
    """The parts of a workbook whose sheets, called `name`, begin with `headings`."""
    outbox = _Outbox()
    sheets = 0
    sheet: IO[bytes] | None = None
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_DEFLATED) as archive:
        written = 0
        async for some in rows:
            if sheet is None or written + len(some) > ROWS_A_SHEET:
                _end(sheet)
                sheets += 1
                sheet, written = _begin(archive, sheets, headings), 0
            sheet.write("".join(_row(row) for row in some).encode())
            written += len(some)
            yield outbox.take()
        if sheet is None:
            sheets, sheet = 1, _begin(archive, 1, headings)
        _end(sheet)
        for path, text in _frame(sheets, name):
            archive.writestr(path, _XML + text)
    yield outbox.take()


def _begin(archive: zipfile.ZipFile, number: int, headings: Sequence[str]) -> IO[bytes]:
    # A sheet may pass 2 GB before it is packed, and nobody knows how long it will be.
    sheet = archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True)
    first_line_stays = (
        '<sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        "</sheetView></sheetViews>"
    )
    sheet.write(
        f'{_XML}<worksheet xmlns="{_MAIN}">{first_line_stays}<sheetData>{_row(headings)}'.encode()
    )
    return sheet


def _end(sheet: IO[bytes] | None) -> None:
    if sheet is not None:
        sheet.write(b"</sheetData></worksheet>")
        sheet.close()


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(value: Cell) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, str):
        text = escape(_NOT_XML.sub("", value)[:LONGEST_CELL])
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def _frame(sheets: int, name: str) -> list[tuple[str, str]]:
    """The small files around the sheets, written when it is known how many there are."""
    numbers = range(1, sheets + 1)
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}worksheet+xml"/>'
        for n in numbers
    )
    named = "".join(
        f'<sheet name="{escape(name)}{"" if n == 1 else f" {n}"}" sheetId="{n}" r:id="r{n}"/>'
        for n in numbers
    )
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    return [
        (
            "[Content_Types].xml",
            (
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}sheet.main+xml"/>'
                f"{kinds}</Types>"
            ),
        ),
        (
            "_rels/.rels",
            (
                f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" '
                f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
        ),
        (
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{named}</sheets></workbook>',
        ),
        (
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_RELATIONS}">{relations}</Relationships>',
        ),
    ]
