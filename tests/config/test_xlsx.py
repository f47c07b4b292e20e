"""A workbook is written part by part, and reads as it should."""

from __future__ import annotations

import asyncio
import io
import random
import zipfile
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from textmanager.config import xlsx
from textmanager.config.xlsx import Cell, workbook

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def written(*chunks: list[list[Cell]], headings: Sequence[str] = ("ID",)) -> list[bytes]:
    async def rows() -> AsyncIterator[list[list[Cell]]]:
        for chunk in chunks:
            yield chunk

    async def all_parts() -> list[bytes]:
        return [part async for part in workbook(headings, rows(), name="Messages")]

    return asyncio.run(all_parts())


def read(parts: Sequence[bytes], sheet: int = 1) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert archive.testzip() is None
        root = ET.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{MAIN}row")]


def test_what_goes_in_comes_out() -> None:
    rows: list[list[Cell]] = [["10001", 2, Decimal("0.0079"), None], ["Zoë & <Co>", 0, 1.5, "  x "]]
    assert read(written(rows, headings=("ID", "Segments", "Price", "Text"))) == [
        ["ID", "Segments", "Price", "Text"],
        ["10001", "2", "0.0079", ""],
        ["Zoë & <Co>", "0", "1.5", "  x "],
    ]


def test_every_xml_file_of_it_is_well_formed_and_declared() -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(written([["1"]])))) as archive:
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
        types = archive.read("[Content_Types].xml").decode()
        assert "/xl/worksheets/sheet1.xml" in types
        assert "/xl/workbook.xml" in types


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x")'])
def test_no_text_is_a_formula(text: str) -> None:
    parts = written([[text]])
    assert read(parts)[1] == [text]
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert read(written([["a\x00b\x0bc\ud800d\n"]]))[1] == ["abcd\n"]


def test_a_cell_is_cut_where_excel_ends() -> None:
    assert len(read(written([["x" * 40_000]]))[1][0]) == 32_767


def test_nothing_at_all_is_a_workbook_with_its_headings() -> None:
    assert read(written()) == [["ID"]]


def test_what_is_too_long_for_a_sheet_goes_on_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_A_SHEET", 3)
    parts = written([["1"], ["2"]], [["3"], ["4"]], [["5"]])
    assert read(parts, 1) == [["ID"], ["1"], ["2"]]
    assert read(parts, 2) == [["ID"], ["3"], ["4"], ["5"]]
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        book = archive.read("xl/workbook.xml").decode()
    assert 'name="Messages"' in book
    assert 'name="Messages 2"' in book


def test_it_is_sent_while_it_is_written() -> None:
    """Each chunk leaves as it comes, apart from what the packing keeps back."""
    dice = random.Random(1)
    wide: list[list[Cell]] = [[f"{dice.getrandbits(1600):0400x}"] for _ in range(2000)]
    parts = written(wide, wide, wide)
    assert len(parts) == 4
    assert all(len(part) > 1_000 for part in parts[:3])
