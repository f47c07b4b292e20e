"""Every text that was sent is on the member's iMIS record, once; nothing else is."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest
import requests
from django.test import Client
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.organizations.models import ImisConnection, User
from textmanager.runs.models import Message, Run, WriteBack
from textmanager.runs.pipeline import write_back
from textmanager.runs.pipeline.write_back import (
    UNTIL_LOOKED_FOR,
    NotWritten,
    Written,
    claim_records,
    keep_outcome,
)
from textmanager.sandbox.imis import ImisSettings, create_app
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
SENT = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED})


def sent(run: Run, number: int, **values: object) -> Message:
    return world.message(
        run,
        number,
        **{
            "status": MessageStatus.DELIVERED,
            "sent_at": NOW,
            "write_back": WriteBack.WAITING,
            "write_back_due": NOW,
            **values,
        },
    )


@pytest.mark.parametrize("status", list(MessageStatus))
def test_only_texts_that_left_for_the_carrier_are_written(run: Run, status: MessageStatus) -> None:
    sent(run, 1, status=status)
    assert bool(claim_records(run.organization_id, NOW)) == (status in SENT)


@pytest.mark.parametrize("state", [WriteBack.NONE, WriteBack.WRITTEN, WriteBack.FAILED])
def test_what_is_written_or_not_wanted_is_left_alone(run: Run, state: str) -> None:
    sent(run, 1, write_back=state)
    assert claim_records(run.organization_id, NOW) == []


def test_the_attempt_is_in_the_database_before_anything_is_written(run: Run) -> None:
    sent(run, 1)
    (record,) = claim_records(run.organization_id, NOW)
    assert not record.may_exist
    message = Message.objects.get()
    assert message.write_back == WriteBack.WRITING
    assert message.write_back_due == NOW + UNTIL_LOOKED_FOR
    assert claim_records(run.organization_id, NOW) == []
    # The worker died: the next one looks for the record before it writes it.
    (again,) = claim_records(run.organization_id, NOW + UNTIL_LOOKED_FOR)
    assert again.may_exist


def test_a_record_that_iMIS_refuses_is_shown_and_not_tried_again(run: Run) -> None:  # noqa: N802 - its name
    sent(run, 1)
    (record,) = claim_records(run.organization_id, NOW)
    keep_outcome(record, NotWritten("iMIS has no such member.", True, False), NOW)
    message = Message.objects.get()
    assert (message.write_back, message.write_back_due) == (WriteBack.FAILED, None)
    assert message.write_back_error == "iMIS has no such member."


@pytest.mark.parametrize(("ambiguous", "state"), [(True, "writing"), (False, "waiting")])
def test_one_that_may_be_there_is_looked_for_first(run: Run, ambiguous: bool, state: str) -> None:  # noqa: FBT001 - a table
    sent(run, 1)
    (record,) = claim_records(run.organization_id, NOW)
    keep_outcome(record, NotWritten("iMIS is busy.", False, ambiguous), NOW)
    message = Message.objects.get()
    assert message.write_back == state
    assert message.write_back_due is not None
    assert message.write_back_due > NOW


@pytest.mark.parametrize("permanent", [True, False])
def test_a_failure_that_is_told_late_does_not_undo_what_another_worker_wrote(
    run: Run,
    permanent: bool,  # noqa: FBT001 - a table
) -> None:
    sent(run, 1)
    (late,) = claim_records(run.organization_id, NOW)
    later = NOW + UNTIL_LOOKED_FOR
    (record,) = claim_records(run.organization_id, later)
    keep_outcome(late, NotWritten("iMIS is busy.", permanent, ambiguous=False), later)
    assert Message.objects.get().write_back == WriteBack.WRITING
    keep_outcome(record, Written("12345"), later)
    keep_outcome(late, NotWritten("iMIS is busy.", permanent, ambiguous=False), later)
    message = Message.objects.get()
    assert (message.write_back, message.write_back_due) == (WriteBack.WRITTEN, None)


def test_pauses_between_tries_grow_to_an_hour(run: Run) -> None:
    sent(run, 1)
    now, pauses = NOW, []
    for _ in range(12):
        (record,) = claim_records(run.organization_id, now)
        keep_outcome(record, NotWritten("iMIS is busy.", False, False), now)
        due = Message.objects.get().write_back_due
        assert due is not None
        pauses.append(due - now)
        now = due
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (dt.timedelta(seconds=15), dt.timedelta(hours=1))


def test_what_was_written_is_kept_with_its_number(run: Run) -> None:
    sent(run, 1)
    (record,) = claim_records(run.organization_id, NOW)
    keep_outcome(record, Written("12345"), NOW)
    message = Message.objects.get()
    assert (message.write_back, message.write_back_ref) == (WriteBack.WRITTEN, "12345")
    assert message.write_back_error == ""


@pytest.fixture
def imis() -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings())) as address:
        yield address


@pytest.mark.django_db(transaction=True)
def test_a_record_that_is_there_already_is_found_and_not_doubled(imis: str) -> None:
    organization = world.organization()
    ImisConnection.objects.update(base_url=imis)
    run = world.run(world.campaign(organization, by=world.sender(organization)))
    for number in range(3):
        sent(run, number, imis_id=str(10_001 + number), sent_at=timezone.now())
    asyncio.run(write_back.write_back(organization.pk))
    assert len(activities(imis)) == 3
    # As if the worker had died before it could keep the answers to the last two.
    Message.objects.filter(number__gte=1).update(
        write_back=WriteBack.WRITING, write_back_ref="", write_back_due=NOW
    )
    asyncio.run(write_back.write_back(organization.pk))
    assert len(activities(imis)) == 3
    refs = set(Message.objects.values_list("write_back_ref", flat=True))
    assert refs == {str(activity["SEQN"]) for activity in activities(imis)}


def activities(imis: str) -> list[dict[str, object]]:
    found = requests.get(f"{imis}/_sandbox/activities", timeout=20).json()
    return list(found["activities"])


def test_staff_have_refused_records_written_again(run: Run, alice: User, client: Client) -> None:
    sent(run, 1, write_back=WriteBack.FAILED, write_back_due=None, write_back_error="No type.")
    sent(run, 2, write_back=WriteBack.WRITTEN, write_back_due=None)
    client.force_login(alice)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert 'record=failed#messages">1 text</a>.' in page

    client.post(f"/runs/{run.pk}/write-again/")

    (record,) = claim_records(run.organization_id, timezone.now())
    assert (record.number, record.may_exist) == (1, True), "It is looked for first."
    assert "iMIS refused" not in client.get(f"/runs/{run.pk}/").content.decode()
    told = client.post(f"/runs/{run.pk}/write-again/", follow=True).content.decode()
    assert "Nothing of this run is left to write to iMIS." in told


def test_who_may_only_look_writes_nothing_again(run: Run, bob: User, client: Client) -> None:
    sent(run, 1, write_back=WriteBack.FAILED, write_back_due=None)
    client.force_login(bob)
    assert "Write to iMIS again" not in client.get(f"/runs/{run.pk}/").content.decode()
    assert client.post(f"/runs/{run.pk}/write-again/").status_code == 403
