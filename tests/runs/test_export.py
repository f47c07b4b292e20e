"""The messages of a run as files: whole, filtered, in the organization's time, without formulas."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import zipfile
from collections.abc import AsyncIterator

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

import world
from textmanager.organizations.models import AuditEvent, User
from textmanager.runs import export
from textmanager.runs.models import Message, Run

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def ended(run: Run) -> Run:
    world.message(run, 0, status="delivered", sent_at=NOW, settled_at=NOW, body="=1+1")
    world.message(run, 1, status="undelivered", error_code=30005)
    world.message(run, 2, status="undelivered", error_code=30003)
    world.message(run, 3, status="error", reason="number:too_short", to="", raw_phone="555-0198")
    world.message(run, 4, status="skipped", reason="opted_out")
    Run.objects.update(next_offset=5, contacts=5)
    return run


def content(page: Client, address: str) -> bytes:
    answer = page.get(address)
    assert answer.status_code == 200
    assert isinstance(answer, StreamingHttpResponse)
    stream = answer.streaming_content
    assert isinstance(stream, AsyncIterator), "a stream of another kind is gathered in memory"

    async def whole() -> bytes:
        return b"".join([part async for part in stream])

    return asyncio.run(whole())


def table(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8 by this mark"
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def ids(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows[1:]]


def test_every_message_is_a_line(page: Client, ended: Run) -> None:
    rows = table(content(page, f"/runs/{ended.pk}/messages.csv"))
    assert ids(rows) == ["10001", "10002", "10003", "10004", "10005"]
    first = dict(zip(rows[0], rows[1], strict=True))
    assert first["Sent (America/New_York)"] == "2026-11-23 10:00:00-05:00"
    assert first["Text"] == "'=1+1"
    assert dict(zip(rows[0], rows[2], strict=True))["Error code"] == "30005"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("status=undelivered", ["10002", "10003"]),
        ("cause=30003", ["10003"]),
        ("q=10005", ["10005"]),
        ("status=failed", []),
    ],
)
def test_the_filters_of_the_page_hold(
    page: Client, ended: Run, filters: str, expected: list[str]
) -> None:
    assert ids(table(content(page, f"/runs/{ended.pk}/messages.csv?{filters}"))) == expected


def test_a_file_of_many_parts_has_everybody_once(
    page: Client, ended: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export.rows_after, "__defaults__", (2,))
    assert ids(table(content(page, f"/runs/{ended.pk}/messages.csv"))) == [
        "10001",
        "10002",
        "10003",
        "10004",
        "10005",
    ]


def test_the_workbook_has_the_same(page: Client, ended: Run) -> None:
    data = content(page, f"/runs/{ended.pk}/messages.xlsx?status=undelivered")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "10002" in sheet
    assert "10003" in sheet
    assert "10001" not in sheet


def test_bad_numbers_are_listed_by_member_as_they_stand_in_imis(page: Client, ended: Run) -> None:
    rows = table(content(page, f"/runs/{ended.pk}/bad-numbers.csv"))
    assert ids(rows) == ["10002", "10004"]
    assert rows[2][1] == "555-0198"
    assert rows[1][3] == "Correct the mobile number on the iMIS record."


def test_a_run_without_bad_numbers_has_an_empty_list(page: Client, run: Run) -> None:
    world.message(run, 0, status="delivered")
    assert ids(table(content(page, f"/runs/{run.pk}/bad-numbers.csv"))) == []


def test_who_exports_is_remembered(page: Client, ended: Run) -> None:
    content(page, f"/runs/{ended.pk}/messages.csv")
    event = AuditEvent.objects.get(action="exported")
    assert (event.actor_name, event.after) == ("alice", {"words": "messages.csv"})


def test_a_stranger_gets_no_file(charlie: User, client: Client, ended: Run) -> None:
    client.force_login(charlie)
    for name in ("messages.csv", "messages.xlsx", "bad-numbers.csv", "bad-numbers.xlsx"):
        assert client.get(f"/runs/{ended.pk}/{name}").status_code == 404


def test_a_row_of_a_message_that_nobody_tried_is_whole(run: Run) -> None:
    message = world.message(run, 0, imis_id="", to="", raw_phone="")
    message = Message.objects.get(pk=message.pk)
    sheet = export.Sheet(run, export.Sought())
    assert len(sheet.row(message)) == len(sheet.headings)
