"""The opt-out register as staff keep it."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.functions import Reverse
from django.test import Client

import world
from textmanager.organizations.models import AuditEvent, ImisConnection, Organization, User
from textmanager.replies import importing, register
from textmanager.replies.models import OptOut, OptOutImport, OptOutRecord, OptOutSource, RecordState
from textmanager.replies.opt_outs import clear_opt_out, opted_out_among, record_opt_out

T = TypeVar("T")
NUMBER = "+12025550143"


def imported(text: str, organization: Organization, actor: User) -> OptOutImport:
    return importing.begin_import(
        organization=organization, text=text, lines=importing.lines_in(text), actor=actor
    )


def figures(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([\d,]+)</dd>", page))


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.mark.django_db
def test_a_number_is_added_however_it_is_typed(desk: Client, organization: Organization) -> None:
    answer = desk.post("/opt-outs/add/", {"number": " (202) 555-0143 ", "note": "Letter"})
    assert answer.status_code == 302
    entry = OptOut.objects.get()
    assert (entry.number, entry.source, entry.evidence) == (NUMBER, OptOutSource.STAFF, "Letter")
    assert entry.created_by is not None
    assert opted_out_among(organization.pk, [NUMBER]) == {NUMBER}
    event = AuditEvent.objects.get()
    assert (event.action, event.subject_kind) == ("opted out", "optout")
    assert event.subject_name.startswith(NUMBER)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["call me", "12345", "(202) 555-01"])
def test_what_is_no_number_is_told_where_it_was_typed(desk: Client, typed: str) -> None:
    page = desk.post("/opt-outs/add/", {"number": typed, "note": "By phone"}).content.decode()
    assert f'value="{typed}"' in page
    assert 'value="By phone"' in page
    # It stands below the list: the page goes there.
    assert "autofocus" in page
    assert 'class="error"' in page
    assert not OptOut.objects.exists()


@pytest.mark.django_db
def test_a_number_that_is_there_already_is_told(desk: Client) -> None:
    desk.post("/opt-outs/add/", {"number": NUMBER})
    page = desk.post("/opt-outs/add/", {"number": NUMBER}).content.decode()
    assert "in the register already" in page
    assert OptOut.objects.count() == 1


@pytest.mark.django_db
def test_a_number_is_removed_for_a_reason_and_its_history_stays(
    desk: Client, organization: Organization
) -> None:
    desk.post("/opt-outs/add/", {"number": NUMBER})
    refused = desk.post(f"/opt-outs/{NUMBER}/remove/", {"because": " "}, follow=True)
    assert "Say why" in refused.content.decode()
    assert opted_out_among(organization.pk, [NUMBER])

    desk.post(f"/opt-outs/{NUMBER}/remove/", {"because": "Asked by phone"})
    assert not opted_out_among(organization.pk, [NUMBER])
    entry = OptOut.objects.get()
    assert (entry.cleared_because, entry.cleared_by) == ("Asked by phone", entry.created_by)
    page = desk.get(f"/opt-outs/{NUMBER}/").content.decode()
    assert "Asked by phone" in page
    assert "May be texted" in page


@pytest.mark.django_db
def test_a_list_is_imported_and_each_line_that_is_not_taken_is_told(
    desk: Client, organization: Organization
) -> None:
    record_opt_out(organization_id=organization.pk, number=NUMBER, source=OptOutSource.REPLY)
    lines = ["Name,Mobile Phone", "Ann,(202) 555-0101", f"Bob,{NUMBER}", "Cy,none", "", "Di"]
    upload = SimpleUploadedFile("list.csv", ("\ufeff" + "\r\n".join(lines)).encode())
    page = desk.post("/opt-outs/import/", {"file": upload}, follow=True).content.decode()
    assert figures(page) == {"Added": "1", "In the register already": "1", "Not taken": "2"}
    wrong = re.findall(r'data-label="Line">(\d+)</th><td data-label="It says">([^<]*)<', page)
    assert wrong == [("4", "none"), ("6", "–")]
    assert "Import of list.csv" in page
    assert set(OptOut.objects.values_list("number", flat=True)) == {NUMBER, "+12025550101"}


@pytest.mark.django_db
def test_a_plain_list_needs_no_header(alice: User, organization: Organization) -> None:
    done = imported("2025550101\n+1 202 555 0102\n", organization, alice)
    assert (done.added, done.known, done.wrong) == (2, 0, [])


@pytest.mark.django_db
def test_a_file_that_is_no_text_is_refused_in_words(desk: Client) -> None:
    upload = SimpleUploadedFile("list.xlsx", b"PK\x03\x04\xff\xfe\x80")
    page = desk.post("/opt-outs/import/", {"file": upload}).content.decode()
    assert "This is no text file" in page
    assert "Choose a file first" in desk.post("/opt-outs/import/").content.decode()


def whole(stream: AsyncIterator[T]) -> list[T]:
    async def gather() -> list[T]:
        return [part async for part in stream]

    return asyncio.run(gather())


@pytest.mark.django_db(transaction=True)
def test_the_export_comes_back_by_import_and_runs_no_formula(
    desk: Client, alice: User, organization: Organization
) -> None:
    record_opt_out(
        organization_id=organization.pk,
        number=NUMBER,
        source=OptOutSource.REPLY,
        evidence='=HYPERLINK("http://x")',
    )
    stream = desk.get("/opt-outs/export.csv").streaming_content
    assert isinstance(stream, AsyncIterator), "a stream of another kind is gathered in memory"
    text = b"".join(whole(stream)).decode()
    (_, row) = list(csv.reader(io.StringIO(text)))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    OptOut.objects.all().delete()
    assert imported(text, organization, alice).added == 1
    assert OptOut.objects.get().number == NUMBER


@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_imported_again_opts_nobody_out_who_came_back(
    alice: User, organization: Organization
) -> None:
    record_opt_out(organization_id=organization.pk, number=NUMBER, source=OptOutSource.REPLY)
    clear_opt_out(organization_id=organization.pk, number=NUMBER, because="START")
    text = "".join(whole(register.export_rows(organization)))
    done = imported(text, organization, alice)
    assert not opted_out_among(organization.pk, [NUMBER])
    assert [(line, "removed" in why) for line, _, why in done.wrong] == [(2, True)]


@pytest.mark.django_db
def test_the_register_is_searched_by_its_last_digits_and_paged(
    desk: Client, organization: Organization
) -> None:
    for last in range(register.A_PAGE + 5):
        record_opt_out(
            organization_id=organization.pk,
            number=f"+120255501{last:02}",
            source=OptOutSource.STAFF,
        )
    record_opt_out(
        organization_id=world.organization("other").pk, number=NUMBER, source=OptOutSource.REPLY
    )
    first = desk.get("/opt-outs/").content.decode()
    assert f"{register.A_PAGE + 5} numbers" in first
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', first)
    assert older
    second = desk.get("/opt-outs/" + older.group(1).replace("&amp;", "&")).content.decode()
    numbers = re.findall(r">(\+\d{11})</a>", first) + re.findall(r">(\+\d{11})</a>", second)
    assert sorted(numbers) == [f"+120255501{last:02}" for last in range(register.A_PAGE + 5)]
    found = desk.get("/opt-outs/?q=0107").content.decode()
    assert "+12025550107" in found
    assert "1 number<" in found
    assert NUMBER not in desk.get("/opt-outs/?q=0143").content.decode().split("<table")[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("402555", {"+14025550197"}),
        ("(402) 555-01", {"+14025550197"}),
        ("+1402555", {"+14025550197"}),
        ("1402", {"+14025550197"}),
        ("0197", {"+14025550197", "+447700900197"}),
        ("5550197", {"+14025550197"}),
        ("+1 402 555 0197", {"+14025550197"}),
        ("+447", {"+447700900197"}),
        ("99", {"+19995550199"}),
        ("4025559", set()),
        ("+402555", set()),
        ("0" * 200, set()),
    ],
)
def test_numbers_are_found_by_their_first_digits_or_their_last(
    organization: Organization, query: str, found: set[str]
) -> None:
    for number in ("+14025550197", "+13025554020", "+447700900197", "+19995550199"):
        record_opt_out(
            organization_id=organization.pk, number=number, source=OptOutSource.STAFF, evidence=""
        )
    page = register.register_page(organization, query=query, cleared=False)
    assert {entry.number for entry in page.entries} == found


@pytest.mark.django_db
def test_first_digits_without_a_country_code_are_those_of_the_region(
    organization: Organization,
) -> None:
    organization.region = "GB"
    record_opt_out(
        organization_id=organization.pk, number="+447700900197", source=OptOutSource.STAFF
    )
    for query in ("07700", "7700 900", "+44 77", "4477"):
        page = register.register_page(organization, query=query, cleared=False)
        assert [entry.number for entry in page.entries] == ["+447700900197"], query


@pytest.mark.django_db
def test_a_search_by_digits_reads_no_whole_register(organization: Organization) -> None:
    # Fewer of them would be read as a whole.
    OptOut.objects.bulk_create(
        OptOut(organization=organization, number=f"+1{2000000000 + 104729 * each}", source="staff")
        for each in range(10_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE replies_optout")
    entries = OptOut.objects.filter(organization=organization).alias(reversed=Reverse("number"))
    plan = entries.filter(register._matches("402555", "US")).values("pk").explain()
    assert plan.count("opt_out_by_number") == 2, plan
    assert plan.count("opt_out_by_last_digits") == 1, plan
    assert "Seq Scan" not in plan


@pytest.mark.django_db(transaction=True)
def test_two_who_opt_one_number_out_at_once_enter_it_once(organization: Organization) -> None:
    def enter(_: int) -> bool:
        try:
            return record_opt_out(
                organization_id=organization.pk, number=NUMBER, source=OptOutSource.REPLY
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(enter, range(8))) == [False] * 7 + [True]
    assert OptOut.objects.count() == 1


@pytest.mark.django_db
def test_a_long_list_is_entered_at_once_and_told_to_imis_by_one_job(
    alice: User, organization: Organization, django_assert_max_num_queries: Any
) -> None:
    record_opt_out(organization_id=organization.pk, number=NUMBER, source=OptOutSource.REPLY)
    OptOutRecord.objects.all().delete()
    lines = [f"+1202555{number:04}" for number in range(100, 200)]
    text = "\n".join([*lines, NUMBER, lines[0], "none"])
    with django_assert_max_num_queries(14):
        done = imported(text, organization, alice)
    assert (done.added, done.known) == (99, 3), "One was there, and one stands there twice."
    assert [line for line, _, _ in done.wrong] == [103]
    assert OptOut.objects.filter(cleared_at=None).count() == 100
    assert OptOutRecord.objects.filter(state=RecordState.WAITING).count() == 99
    assert set(OptOut.objects.values_list("created_by__username", flat=True)) == {"alice", None}


@pytest.mark.django_db
def test_how_many_lines_have_no_room_on_the_page_is_told(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = SimpleUploadedFile("list.csv", "\n".join(["none"] * 60).encode())
    monkeypatch.setattr(importing, "MOST_WRONG_KEPT", 50)
    page = desk.post("/opt-outs/import/", {"file": upload}, follow=True).content.decode()
    assert figures(page)["Not taken"] == "60"
    assert "And 10 more" in page


@pytest.mark.django_db
def test_what_imis_refused_is_told_and_written_again(
    desk: Client, bob: User, organization: Organization
) -> None:
    record_opt_out(organization_id=organization.pk, number=NUMBER, source=OptOutSource.REPLY)
    assert "iMIS refused" not in desk.get("/opt-outs/").content.decode()
    OptOutRecord.objects.update(state=RecordState.FAILED, due_at=None, error="No such type.")
    assert "iMIS refused the record of 1 opt-out." in desk.get("/opt-outs/").content.decode()
    assert "iMIS refused it. No such type." in desk.get(f"/opt-outs/{NUMBER}/").content.decode()
    desk.post(f"/opt-outs/{NUMBER}/write-again/")
    record = OptOutRecord.objects.get()
    assert record.state == RecordState.WAITING
    assert record.due_at is not None
    assert "Waits to be written" in desk.get(f"/opt-outs/{NUMBER}/").content.decode()


@pytest.mark.django_db
def test_the_register_is_searched_by_words_of_the_evidence(
    desk: Client, organization: Organization
) -> None:
    record_opt_out(
        organization_id=organization.pk,
        number=NUMBER,
        source=OptOutSource.STAFF,
        evidence="Letter of May",
    )
    assert NUMBER in desk.get("/opt-outs/?q=letter").content.decode()
    assert "No entry fits" in desk.get("/opt-outs/?q=phone").content.decode()


@pytest.mark.django_db
def test_the_page_names_the_activity_types_that_this_organization_uses(
    desk: Client, organization: Organization
) -> None:
    assert "The activities TEXTUNSUB and TEXTUNSUB_A are" in desk.get("/opt-outs/").content.decode()
    ImisConnection.objects.update(opt_out_type="NOSMS", came_back_type="SMSAGAIN")
    assert "The activities NOSMS and SMSAGAIN are" in desk.get("/opt-outs/").content.decode()
