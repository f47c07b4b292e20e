"""A long list of opt-outs is a worker's: with progress, and whole however often it is cut."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.replies import importing
from textmanager.replies.importing import lines_in
from textmanager.replies.models import ImportState, OptOut, OptOutImport, OptOutRecord
from textmanager.replies.opt_outs import opted_out_among

MANY = 2_500
NUMBERS = [f"+1202555{number:04}" for number in range(MANY)]
# One stands twice, far apart, and one is no number.
TEXT = "\n".join(["Number", *NUMBERS, NUMBERS[0], "none"])


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def long_one(alice: User, organization: Organization) -> OptOutImport:
    return importing.begin_import(
        organization=organization,
        text=TEXT,
        lines=lines_in(TEXT),
        actor=alice,
        file_name="gone.csv",
    )


def jobs() -> list[dict[str, int]]:
    waiting = ProcrastinateJob.objects.filter(task_name="import_opt_outs", status="todo")
    return [job.args for job in waiting]


def outcome(made: OptOutImport) -> tuple[str, int, int, int, int]:
    made.refresh_from_db()
    return (made.state, made.done, made.added, made.known, made.not_taken)


def assert_whole(made: OptOutImport) -> None:
    assert outcome(made) == (ImportState.DONE, MANY + 2, MANY, 1, 1)
    assert OptOut.objects.filter(cleared_at=None).count() == MANY
    assert OptOutRecord.objects.count() == MANY, "Each is told to iMIS once."
    assert made.wrong == [[MANY + 3, "none", made.wrong[0][2]]]
    assert made.text == "", "Nothing of the file is kept."
    assert AuditEvent.objects.filter(action="imported opt-outs").count() == 1


@pytest.mark.django_db
def test_a_long_file_is_left_to_a_worker_and_its_page_tells_how_far_it_is(
    desk: Client, organization: Organization
) -> None:
    upload = SimpleUploadedFile("gone.csv", TEXT.encode())
    page = desk.post("/opt-outs/import/", {"file": upload}, follow=True).content.decode()
    made = OptOutImport.objects.get()
    assert jobs() == [{"import_id": made.pk}]
    assert not OptOut.objects.exists(), "Nothing is entered while the page waits."
    assert f"0 of {MANY + 2:,} lines read" in page
    assert "every 1s" in page
    assert "You can leave this page" in page
    begun = AuditEvent.objects.get(action="began to import opt-outs")
    assert (begun.actor_name, begun.subject_name) == ("alice", "gone.csv")
    assert begun.after == {"lines": MANY + 2}

    assert importing.enter_next(made.pk, lines_in(TEXT))
    # Who left finds it on the register's page again.
    register = desk.get("/opt-outs/").content.decode()
    assert f"gone.csv is being imported: 1,000 of {MANY + 2:,} lines read." in register
    assert f'href="/opt-outs/imports/{made.pk}/"' in register
    part = desk.get(f"/opt-outs/imports/{made.pk}/progress/").content.decode()
    assert f"1,000 of {MANY + 2:,} lines read" in part
    assert "<h1>" not in part
    assert opted_out_among(organization.pk, NUMBERS) == set(NUMBERS[:1000])

    while importing.enter_next(made.pk, lines_in(TEXT)):
        pass
    part = desk.get(f"/opt-outs/imports/{made.pk}/progress/").content.decode()
    assert "every 1s" not in part
    assert "Done" in part
    assert f'data-label="Line">{MANY + 3:,}</th><td data-label="It says">none<' in part
    assert_whole(made)


@pytest.mark.django_db(transaction=True)
def test_the_job_enters_all_of_it(no_jobs: None, long_one: OptOutImport) -> None:
    asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert_whole(long_one)
    # Run twice, it changes nothing.
    asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert_whole(long_one)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_cut_within_any_batch_it_goes_on_without_doubling(
    no_jobs: None, long_one: OptOutImport, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The numbers of a batch are entered, and the worker is gone before that is noted."""
    enter, batches = importing.record_opt_outs, []

    def dies(**values: Any) -> frozenset[str]:
        new = enter(**values)
        batches.append(len(new))
        if len(batches) == at + 1:
            raise OperationalError("gone")
        return new

    monkeypatch.setattr(importing, "record_opt_outs", dies)
    with pytest.raises(OperationalError):
        asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert outcome(long_one)[1] == at * importing.A_BATCH
    assert OptOut.objects.count() == at * importing.A_BATCH
    asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert_whole(long_one)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_file_take_turns(no_jobs: None, long_one: OptOutImport) -> None:
    lines = lines_in(TEXT)

    def work(_: int) -> None:
        while importing.enter_next(long_one.pk, lines):
            pass
        connection.close()

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(work, range(2)))
    assert_whole(long_one)


@pytest.mark.django_db
def test_what_a_killed_worker_left_is_taken_up_again(desk: Client, long_one: OptOutImport) -> None:
    importing.enter_next(long_one.pk, lines_in(TEXT))
    ProcrastinateJob.objects.all().delete()
    now = timezone.now()
    assert importing.take_up_lost(now) == 0, "It may still be at work."
    assert importing.take_up_lost(now + dt.timedelta(seconds=21)) == 1
    assert jobs() == [{"import_id": long_one.pk}]
    assert importing.take_up_lost(now + dt.timedelta(seconds=21)) == 1
    assert len(jobs()) == 1, "It waits once."

    # Whoever looks at its page need not wait for that.
    ProcrastinateJob.objects.all().delete()
    OptOutImport.objects.update(updated_at=now - dt.timedelta(seconds=21))
    desk.get(f"/opt-outs/imports/{long_one.pk}/")
    assert jobs() == [{"import_id": long_one.pk}]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_to_stop_leaves_the_rest_to_another(
    no_jobs: None, long_one: OptOutImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    monkeypatch.setattr(importing, "is_stopping", lambda: True)
    asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert outcome(long_one)[:2] == (ImportState.READING, 1000)
    assert jobs() == [{"import_id": long_one.pk}]


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_ours_stops_it_and_says_what_to_do(
    no_jobs: None, desk: Client, long_one: OptOutImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_values: Any) -> frozenset[str]:
        raise RuntimeError("Nobody foresaw this.")

    monkeypatch.setattr(importing, "record_opt_outs", fails)
    asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert outcome(long_one)[0] == ImportState.FAILED
    page = desk.get(f"/opt-outs/imports/{long_one.pk}/").content.decode()
    assert "Import the file again" in page
    assert "Nobody foresaw" not in page


@pytest.mark.django_db(transaction=True)
def test_one_of_the_wrong_list_can_be_stopped(
    no_jobs: None, desk: Client, long_one: OptOutImport
) -> None:
    lines = lines_in(long_one.text)
    address = f"/opt-outs/imports/{long_one.pk}/"
    assert importing.enter_next(long_one.pk, lines)
    assert "Stop the import" in desk.get(address).content.decode()
    page = desk.post(f"{address}stop/", follow=True).content.decode()
    assert "alice stopped the import. What was read is in the register" in page
    assert "Stop the import" not in page
    assert not importing.enter_next(long_one.pk, lines)
    asyncio.run(importing.import_opt_outs(import_id=long_one.pk))
    assert outcome(long_one)[:2] == (ImportState.STOPPED, 1000)
    long_one.refresh_from_db()
    assert long_one.text == "", "Nothing of the file is kept."
    listed = desk.get("/opt-outs/").content.decode()
    assert f"1,000 of {long_one.total:,} lines were read" in listed
    assert "was imported" not in listed
    event = AuditEvent.objects.get(action="stopped an import of opt-outs")
    assert event.after == {"lines read": f"1000 of {long_one.total}"}
    # Once it is over there is nothing to stop.
    desk.post(f"{address}stop/")
    assert outcome(long_one)[0] == ImportState.STOPPED
    assert AuditEvent.objects.filter(action="stopped an import of opt-outs").count() == 1


@pytest.mark.django_db
def test_imports_are_forgotten_after_a_month(long_one: OptOutImport) -> None:
    now = timezone.now()
    importing.take_up_lost(now + dt.timedelta(days=31))
    assert OptOutImport.objects.exists(), "One that is not done stays."
    OptOutImport.objects.update(state=ImportState.DONE)
    importing.take_up_lost(now + dt.timedelta(days=31))
    assert not OptOutImport.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no number in it"),
        (b"\n\n", "no number in it"),
        ("2025550101".encode("utf-16"), "This is no text file"),
        (b"\0" * 40, "This is no text file"),
        (b'"' + b"1" * 200_000, "cannot be read as a CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    desk: Client, content: bytes, said: str
) -> None:
    upload = SimpleUploadedFile("list.csv", content or b" ")
    page = desk.post("/opt-outs/import/", {"file": upload})
    assert page.status_code == 200
    assert said in page.content.decode()
    assert not OptOutImport.objects.exists()


@pytest.mark.django_db
def test_a_file_of_too_many_lines_is_refused_whole(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read in part, the rest of it would go unnoticed."""
    monkeypatch.setattr(importing, "MOST_ROWS", 3)
    for count, is_taken in ((4, False), (3, True)):
        upload = SimpleUploadedFile("gone.csv", "\n".join(NUMBERS[:count]).encode())
        page = desk.post("/opt-outs/import/", {"file": upload}, follow=True).content.decode()
        assert ("has more than 3 lines. Split it" in page) == (not is_taken)
        assert OptOutImport.objects.exists() == is_taken


def test_others_see_nothing_of_it_and_viewers_begin_none(
    long_one: OptOutImport, bob: User, charlie: User, client: Client
) -> None:
    client.force_login(bob)
    assert client.get(f"/opt-outs/imports/{long_one.pk}/").status_code == 200
    assert client.post("/opt-outs/import/").status_code == 403
    assert client.post(f"/opt-outs/imports/{long_one.pk}/stop/").status_code == 403
    client.force_login(charlie)
    assert client.post(f"/opt-outs/imports/{long_one.pk}/stop/").status_code == 404
    assert client.get(f"/opt-outs/imports/{long_one.pk}/").status_code == 404
    assert client.get(f"/opt-outs/imports/{long_one.pk}/progress/").status_code == 404
    assert "gone.csv" not in client.get("/opt-outs/").content.decode()
