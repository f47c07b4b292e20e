"""An account that iMIS does not let in costs no record: each waits, and is written later."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest
import requests
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.organizations.models import ImisConnection
from textmanager.runs.models import Message, Run, WriteBack
from textmanager.runs.pipeline import write_back
from textmanager.sandbox.imis import ImisSettings, create_app
from textmanager.text.statuses import MessageStatus

TEXTS = 3


@pytest.fixture
def imis() -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings())) as address:
        yield address


@pytest.fixture
def sent(transactional_db: None, run: Run) -> Run:
    now = timezone.now()
    for number in range(TEXTS):
        world.message(
            run,
            number,
            status=MessageStatus.SENT,
            sent_at=now,
            write_back=WriteBack.WAITING,
            write_back_due=now - dt.timedelta(seconds=1),
        )
    return run


def connect(run: Run, imis: str, password: str) -> None:
    connection = ImisConnection.objects.get(organization=run.organization)
    connection.base_url = imis
    connection.set_password(password)
    connection.save()


def work(run: Run) -> None:
    asyncio.run(write_back.write_back(run.organization_id))


def test_a_password_that_has_expired_lets_records_wait(sent: Run, imis: str) -> None:
    connect(sent, imis, "the password of last quarter")
    work(sent)
    for message in Message.objects.filter(run=sent):
        assert message.write_back == WriteBack.WAITING
        assert message.write_back_due > timezone.now() + dt.timedelta(minutes=10)
        assert "password" in message.write_back_error


def test_records_are_written_once_the_account_is_mended(sent: Run, imis: str) -> None:
    connect(sent, imis, "the password of last quarter")
    work(sent)
    connect(sent, imis, "background-password")
    Message.objects.filter(run=sent).update(write_back_due=timezone.now())
    work(sent)
    assert Message.objects.filter(run=sent, write_back=WriteBack.WRITTEN).count() == TEXTS
    activities = requests.get(f"{imis}/_sandbox/activities", timeout=10).json()["activities"]
    assert len(activities) == TEXTS


def test_rights_taken_away_do_not_end_a_record(sent: Run, imis: str) -> None:
    connect(sent, imis, "background-password")
    requests.post(
        f"{imis}/_sandbox/faults",
        json={"kind": "status", "status": 403, "path": "/api/Activity", "count": TEXTS},
        timeout=10,
    ).raise_for_status()
    work(sent)
    assert not Message.objects.filter(run=sent, write_back=WriteBack.FAILED).exists()
    Message.objects.filter(run=sent).update(write_back_due=timezone.now())
    work(sent)
    assert Message.objects.filter(run=sent, write_back=WriteBack.WRITTEN).count() == TEXTS


def test_an_imis_that_fails_is_not_asked_for_the_rest(
    sent: Run, imis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "CALLS_AT_ONCE", 1)
    connect(sent, imis, "background-password")
    away = {"kind": "status", "status": 503, "path": "/api/activity", "method": "POST", "count": 1}
    requests.post(f"{imis}/_sandbox/faults", json=away, timeout=20).raise_for_status()
    work(sent)
    failed, *rest = Message.objects.filter(run=sent).order_by("-write_back_tries", "number")
    assert (failed.write_back, failed.write_back_tries) == (WriteBack.WRITING, 1)
    assert [(each.write_back, each.write_back_tries) for each in rest] == [
        (WriteBack.WAITING, 0)
    ] * 2
    work(sent)
    assert Message.objects.filter(run=sent, write_back=WriteBack.WRITTEN).count() == 2
