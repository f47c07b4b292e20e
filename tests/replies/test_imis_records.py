"""Opt-outs and their ends are on the members' iMIS records, once each."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.imis.errors import ImisInvalid, ImisUnavailable
from textmanager.organizations import imis_writing
from textmanager.organizations.models import ImisConnection
from textmanager.replies import imis_records
from textmanager.replies.models import OptOutRecord, OptOutSource, RecordState
from textmanager.replies.opt_outs import clear_opt_out, record_opt_out, record_opt_outs
from textmanager.runs.models import Run
from textmanager.sandbox.imis import ImisSettings, create_app
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db(transaction=True)

MEMBER = "+12025550143"
IMIS_ID = "10005"


@pytest.fixture
def imis(run: Run) -> Iterator[str]:
    world.message(run, 1, to=MEMBER, imis_id=IMIS_ID, status=MessageStatus.DELIVERED)
    with serve_in_thread(create_app(ImisSettings())) as address:
        connection = ImisConnection.objects.get(organization=run.organization)
        connection.base_url = address
        connection.save()
        yield address


def stop(run: Run, number: str = MEMBER) -> None:
    record_opt_out(
        organization_id=run.organization_id,
        number=number,
        source=OptOutSource.REPLY,
        evidence="Stop!",
    )


def start(run: Run) -> None:
    clear_opt_out(organization_id=run.organization_id, number=MEMBER, because="Replied “START”")


def write(run: Run) -> None:
    asyncio.run(imis_records.write_opt_outs.func(run.organization_id))


def activities(imis: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{imis}/_sandbox/activities", timeout=20).json()
    return list(answer["activities"])


def test_a_stop_and_a_start_are_each_an_activity(run: Run, imis: str) -> None:
    stop(run)
    write(run)
    start(run)
    write(run)
    write(run)
    written = activities(imis)
    assert [each["ACTIVITY_TYPE"] for each in written] == ["TEXTUNSUB", "TEXTUNSUB_A"]
    first = written[0]
    assert (first["PartyId"], first["UF_1"], first["CATEGORY"]) == (IMIS_ID, MEMBER, "Text Manager")
    at = OptOutRecord.objects.order_by("pk").first()
    assert at is not None
    assert first["TRANSACTION_DATE"] == f"{at.happened_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}"
    assert set(OptOutRecord.objects.values_list("state", flat=True)) == {RecordState.WRITTEN}


def test_a_number_nobody_was_texted_at_has_no_record_to_write_on(run: Run, imis: str) -> None:
    stop(run, "+12025550199")
    write(run)
    assert activities(imis) == []
    assert OptOutRecord.objects.get().state == RecordState.NOBODY


def test_a_long_list_keeps_nobody_who_texts_stop_waiting(
    run: Run, imis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imis_records, "AT_ONCE", 5)
    strangers = [f"+1202555{number:04d}" for number in range(1000, 1030)]
    for count, number in enumerate(strangers[20:24]):
        world.message(run, 100 + count, to=number, imis_id=IMIS_ID, status="delivered")
    record_opt_outs(
        organization_id=run.organization_id,
        numbers=strangers,
        source=OptOutSource.STAFF,
        evidence="Imported from a file",
    )
    stop(run)
    write(run)
    assert [each["UF_1"] for each in activities(imis)] == [MEMBER, *strangers[20:24]]
    states = Counter(OptOutRecord.objects.values_list("state", flat=True))
    assert states == {RecordState.WRITTEN: 5, RecordState.NOBODY: 26}


def test_what_imis_told_us_is_not_told_to_it(run: Run) -> None:
    record_opt_out(organization_id=run.organization_id, number=MEMBER, source=OptOutSource.IMIS)
    assert not OptOutRecord.objects.exists()


def test_a_stop_of_somebody_imis_told_of_is_written_too(run: Run, imis: str) -> None:
    """What iMIS said last of this person may be that they came back."""
    record_opt_out(organization_id=run.organization_id, number=MEMBER, source=OptOutSource.IMIS)
    stop(run)
    stop(run)
    write(run)
    assert [each["ACTIVITY_TYPE"] for each in activities(imis)] == ["TEXTUNSUB"]


def test_an_imis_that_fails_is_not_asked_for_the_rest(run: Run, imis: str) -> None:
    others = ["+12025550144", "+12025550145"]
    for count, number in enumerate(others):
        world.message(run, 10 + count, to=number, imis_id=IMIS_ID, status=MessageStatus.DELIVERED)
        stop(run, number)
    stop(run)
    away = {"kind": "status", "status": 503, "path": "/api/activity", "method": "POST", "count": 1}
    requests.post(f"{imis}/_sandbox/faults", json=away, timeout=20).raise_for_status()
    write(run)
    assert activities(imis) == []
    failed, *rest = OptOutRecord.objects.order_by("pk")
    assert (failed.state, failed.tries) == (RecordState.WRITING, 1)
    assert [(each.state, each.tries) for each in rest] == [(RecordState.WAITING, 0)] * 2
    write(run)
    assert len(activities(imis)) == 2


def test_an_opt_out_takes_effect_although_imis_is_away(run: Run, imis: str) -> None:
    ImisConnection.objects.update(base_url="http://127.0.0.1:9")
    stop(run)
    write(run)
    record = OptOutRecord.objects.get()
    assert record.state == RecordState.WAITING
    assert record.due_at is not None
    assert record.due_at > timezone.now()
    ImisConnection.objects.update(base_url=imis)
    OptOutRecord.objects.update(due_at=timezone.now())
    write(run)
    assert len(activities(imis)) == 1


def test_a_lost_answer_is_looked_for_before_it_is_written_again(run: Run, imis: str) -> None:
    stop(run)
    lost = {"kind": "lost_answer", "path": "/api/activity", "method": "POST", "count": 1}
    requests.post(f"{imis}/_sandbox/faults", json=lost, timeout=20).raise_for_status()
    write(run)
    assert OptOutRecord.objects.get().state == RecordState.WRITING
    OptOutRecord.objects.update(due_at=timezone.now())
    write(run)
    assert OptOutRecord.objects.get().state == RecordState.WRITTEN
    assert len(activities(imis)) == 1


def test_what_a_dead_worker_left_is_looked_for(run: Run, imis: str) -> None:
    stop(run)
    now = timezone.now()
    (claimed,) = imis_records.claim_records(run.organization_id, now)
    assert not claimed.may_exist
    assert imis_records.claim_records(run.organization_id, now) == []
    later = now + imis_writing.UNTIL_LOOKED_FOR
    (claimed,) = imis_records.claim_records(run.organization_id, later)
    assert claimed.may_exist


def test_a_failure_that_is_told_late_does_not_undo_what_another_worker_wrote(
    run: Run, imis: str
) -> None:
    stop(run)
    now = timezone.now()
    (late,) = imis_records.claim_records(run.organization_id, now)
    (record,) = imis_records.claim_records(run.organization_id, now + imis_records.UNTIL_LOOKED_FOR)
    imis_records.keep_success(record, "12345")
    imis_records.keep_failure(late, ImisUnavailable("Busy."), now)
    assert OptOutRecord.objects.get().state == RecordState.WRITTEN


def test_what_imis_refuses_for_good_is_kept_with_its_words(run: Run, imis: str) -> None:
    stop(run)
    (claimed,) = imis_records.claim_records(run.organization_id, timezone.now())
    refused = ImisInvalid("TEXTUNSUB is not an activity type.")
    imis_records.keep_failure(claimed, refused, timezone.now())
    record = OptOutRecord.objects.get()
    assert (record.state, record.due_at) == (RecordState.FAILED, None)
    assert "not an activity type" in record.error


def test_tries_become_rarer_up_to_an_hour(run: Run, imis: str) -> None:
    stop(run)
    now = timezone.now()
    waits = []
    for _ in range(12):
        (claimed,) = imis_records.claim_records(run.organization_id, now)
        imis_records.keep_failure(claimed, ImisUnavailable("Busy."), now)
        due = OptOutRecord.objects.get().due_at
        assert due is not None
        waits.append(due - now)
        now = due
    assert waits == sorted(waits)
    assert waits[0] == imis_records.FIRST_RETRY
    assert waits[-1] == imis_writing.LONGEST_RETRY
