"""An audience becomes messages: each row once, each person once, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

import world
from jobs import delete_jobs
from serving_in_thread import serve_in_thread
from textmanager.campaigns.models import Campaign
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError, ImisForbidden, ImisSignInRefused, ImisUnavailable
from textmanager.imis.records import Activity, FoundActivity, create_activity
from textmanager.organizations.models import ImisConnection, Organization, Role
from textmanager.replies import imis_reading
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import opted_out_among, record_opt_out
from textmanager.runs import holding
from textmanager.runs.models import Message, Run, RunState, WriteBack
from textmanager.runs.pipeline.prepare import (
    PATIENCE,
    finish_preparation,
    prepare,
    store_page,
)
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def preparing(campaign: Campaign) -> Run:
    return world.run(campaign, state=RunState.PREPARING, prepared_at=None)


def row(member: int, phone: str = "", **values: object) -> dict[str, object]:
    return {
        "ID": str(member),
        "MobilePhone": phone or f"202-555-01{member % 100:02d}",
        "FirstName": "Ann",
        **values,
    }


def store(run: Run, offset: int, *rows: dict[str, object], total: int = 3) -> bool:
    return store_page(run_id=str(run.pk), offset=offset, rows=rows, total=total)


def written() -> list[tuple[int, str, str, str]]:
    return list(
        Message.objects.order_by("number").values_list("number", "imis_id", "status", "reason")
    )


def test_a_row_becomes_a_message(preparing: Run) -> None:
    store(preparing, 0, row(10001, "(202) 555-0143"))
    message = Message.objects.get()
    assert message.to == "+12025550143"
    assert message.raw_phone == "(202) 555-0143"
    assert message.body == "Hello Ann"
    assert (message.segments, message.encoding) == (1, "GSM-7")
    assert (message.status, message.reason) == (MessageStatus.QUEUED, "")
    assert message.write_back == WriteBack.WAITING
    assert message.organization_id == preparing.organization_id
    assert message.sender_id == preparing.sender_id


def test_a_page_is_written_once_and_the_next_one_follows(preparing: Run) -> None:
    assert store(preparing, 0, row(1), row(2))
    # The worker died before it could say so; another one begins with the same page.
    assert not store(preparing, 0, row(1), row(2))
    assert store(preparing, 2, row(3))
    assert [number for number, *_ in written()] == [0, 1, 2]
    preparing.refresh_from_db()
    assert (preparing.next_offset, preparing.contacts) == (3, 3)


def test_nobody_is_in_one_run_twice(preparing: Run) -> None:
    store(preparing, 0, row(1, "202-555-0101"), row(2, "+1 202 555 0101"))
    store(preparing, 2, row(3, "2025550101"), row(1, "202-555-0199"), row(4, "202-555-0104"))
    assert written() == [
        (0, "1", "queued", ""),
        (1, "2", "skipped", "duplicate_number"),
        (2, "3", "skipped", "duplicate_number"),
        (3, "1", "skipped", "duplicate_member"),
        (4, "4", "queued", ""),
    ]


def test_who_cannot_or_must_not_be_texted_is_kept_with_the_reason(preparing: Run) -> None:
    record_opt_out(
        organization_id=preparing.organization_id,
        number="+12025550102",
        source=OptOutSource.REPLY,
    )
    store(preparing, 0, row(1, "12"), row(2), row(3, MobilePhone=None))
    statuses = [(status, bool(reason)) for _, _, status, reason in written()]
    assert statuses == [("error", True), ("skipped", True), ("error", True)]
    assert not Message.objects.filter(settled_at=None).exists()
    assert not Message.objects.exclude(write_back=WriteBack.NONE).exists()


def test_who_was_texted_lately_by_this_campaign_is_left_out(
    campaign: Campaign, preparing: Run
) -> None:
    earlier = world.run(campaign, scheduled_for=NOW - dt.timedelta(days=2))
    world.message(earlier, 1, status=MessageStatus.DELIVERED, to="+12025550101")
    world.message(earlier, 2, status=MessageStatus.FAILED, to="+12025550102")
    Run.objects.filter(pk=preparing.pk).update(days_between_texts=7)
    store(preparing, 0, row(1), row(2))
    mine = Message.objects.filter(run=preparing).order_by("number")
    assert list(mine.values_list("status", "reason")) == [
        ("skipped", "texted_recently"),
        ("queued", ""),
    ]


def test_what_would_come_too_late_is_left_out_from_the_start(preparing: Run) -> None:
    # 5 AM in New York and 2 AM in Los Angeles: texting hours begin in three and in six hours.
    early = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    Run.objects.filter(pk=preparing.pk).update(scheduled_for=early, useful_for_hours=4)
    preparing.refresh_from_db()
    with time_machine.travel(early, tick=False):
        store(preparing, 0, row(1), row(2, "310-555-0102"))
    assert [(status, reason) for _, _, status, reason in written()] == [
        ("held", "quiet_hours"),
        ("skipped", "too_late"),
    ]
    assert Message.objects.get(number=1).settled_at == early


def test_a_rehearsal_writes_nothing_to_imis(preparing: Run) -> None:
    Run.objects.update(api_mode="test")
    store(preparing, 0, row(1))
    assert Message.objects.get().write_back == WriteBack.NONE


def test_a_run_that_is_paused_takes_no_further_page(preparing: Run) -> None:
    Run.objects.update(state=RunState.HELD)
    assert not store(preparing, 0, row(1))
    assert written() == []


@pytest.mark.parametrize(
    ("usual", "now", "state"),
    [
        (100, 0, RunState.HELD),
        (10, 0, RunState.SENDING),  # a small query may well be empty
        (10, 100, RunState.HELD),
        (10, 99, RunState.SENDING),
        (2, 20, RunState.SENDING),  # ten times more, but few
        (None, 5000, RunState.SENDING),  # the first run has nothing to be compared with
    ],
)
def test_an_audience_of_a_surprising_size_waits_for_a_person(
    campaign: Campaign,
    preparing: Run,
    django_capture_on_commit_callbacks: Any,
    *,
    usual: int | None,
    now: int,
    state: str,
) -> None:
    Run.objects.filter(pk=preparing.pk).update(
        next_offset=now, report_emails=["office@example.org"]
    )
    if usual is not None:
        world.run(
            campaign,
            state=RunState.COMPLETED,
            contacts=usual,
            scheduled_for=NOW - dt.timedelta(days=1),
            created_at=NOW - dt.timedelta(days=1),
        )
    with django_capture_on_commit_callbacks(execute=True):
        finish_preparation(run_id=str(preparing.pk), now=NOW)
    preparing.refresh_from_db()
    assert preparing.state == state
    assert bool(preparing.reason) == (state == RunState.HELD)
    assert len(mail.outbox) == (state == RunState.HELD)


def work(run: Run, *, tries: int = 0) -> None:
    """Runs the job as a worker would after so many tries have failed."""
    asyncio.run(prepare.func(str(run.pk), tries))


@pytest.mark.django_db(transaction=True)
def test_a_worker_prepares_a_large_run_page_by_page() -> None:
    organization = world.organization()
    campaign = world.campaign(
        organization, by=world.sender(organization), iqa_path="$/Text Manager/All members"
    )
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    # A worker has died after the first page.
    with serve_in_thread(create_app(ImisSettings())) as imis:
        connect(organization, imis)
        store(run, 0, *(row(10001 + n, f"+1202555{n:04d}") for n in range(500)), total=5000)
        work(run)
    run.refresh_from_db()
    assert (run.state, run.contacts, run.next_offset) == (RunState.SENDING, 5000, 5000)
    assert Message.objects.filter(run=run).count() == 5000
    assert Message.objects.filter(run=run).values("imis_id").distinct().count() == 5000


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_taken_up_again_leaves_nobody_out_who_moved_to_an_earlier_page() -> None:
    organization = world.organization()
    campaign = world.campaign(
        organization, by=world.sender(organization), iqa_path="$/Text Manager/All members"
    )
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    # The first of 5,000 has left since then, and another has joined at the end.
    with serve_in_thread(create_app(ImisSettings())) as imis:
        connect(organization, imis)
        first = [row(10001 + n, f"+1202555{n:04d}") for n in range(499)]
        store(run, 0, row(99999, "+12025559999"), *first, total=5000)
        work(run)
    run.refresh_from_db()
    assert (run.state, run.contacts) == (RunState.SENDING, 5001)
    assert Message.objects.filter(run=run, imis_id="10500").exists()


@pytest.mark.usefixtures("no_jobs")
@pytest.mark.django_db(transaction=True)
def test_an_imis_that_is_away_is_tried_again_and_at_last_shown_to_a_person() -> None:
    organization = world.organization()
    campaign = world.campaign(organization, by=world.sender(organization))
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    for tries in (0, PATIENCE.tries - 2):
        work(run, tries=tries)
        run.refresh_from_db()
        assert run.state == RunState.PREPARING
        waiting = ProcrastinateJob.objects.get(task_name="prepare", status="todo")
        assert waiting.args == {"run_id": str(run.pk), "tries": tries + 1}
        assert waiting.scheduled_at > timezone.now()
        delete_jobs()
    work(run, tries=PATIENCE.tries - 1)
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert run.reason.startswith("The audience cannot be read.")


@pytest.mark.django_db(transaction=True)
def test_a_query_that_is_gone_holds_the_run_at_once() -> None:
    organization = world.organization()
    campaign = world.campaign(organization, by=world.sender(organization), iqa_path="$/Gone")
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    with serve_in_thread(create_app(ImisSettings())) as imis:
        connect(organization, imis)
        work(run)
    run.refresh_from_db()
    assert run.state == RunState.HELD
    assert "$/Gone" in run.reason


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"phone_column": "Mobile"}, "“Mobile”"),
        ({"id_column": "Member"}, "“Member”"),
        ({"template": "Hello ${Nickname}"}, "“Nickname”"),
        ({"template": "Hello ${firstname}"}, ""),  # merge fields match in any case
    ],
)
def test_a_query_that_lost_a_column_holds_the_run(changed: dict[str, str], named: str) -> None:
    organization = world.organization()
    campaign = world.campaign(organization, by=world.sender(organization), **changed)
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    with serve_in_thread(create_app(ImisSettings())) as imis:
        connect(organization, imis)
        work(run)
    run.refresh_from_db()
    assert named in run.reason
    assert run.state == (RunState.HELD if named else RunState.SENDING)
    assert Message.objects.count() == (0 if named else 8)


def connect(organization: Organization, imis: str) -> None:
    ImisConnection.objects.filter(organization=organization).update(base_url=imis)


@pytest.mark.django_db(transaction=True)
def test_a_run_before_the_first_reading_of_opt_outs_texts_nobody_who_is_among_them() -> None:
    organization = world.organization()
    campaign = world.campaign(organization, by=world.sender(organization))
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    stop = Activity(
        party_id="10001",
        activity_type="TEXTUNSUB",
        transaction_date=timezone.now(),
        description="",
        note="STOP",
        category="Text Manager",
        uf_1="+12025550143",
    )

    async def enter(imis: str) -> None:
        async with ImisClient(imis, BACKGROUND.username, BACKGROUND.password) as client:
            await create_activity(client, stop)

    with serve_in_thread(create_app(ImisSettings())) as imis:
        connect(organization, imis)
        ImisConnection.objects.update(opt_outs_read_at=None)
        asyncio.run(enter(imis))
        work(run)
    run.refresh_from_db()
    assert run.state == RunState.SENDING
    assert opted_out_among(organization.pk, ["+12025550143"]) == {"+12025550143"}
    assert ImisConnection.objects.get().opt_outs_read_at is not None


@pytest.fixture
def new_imis(preparing: Run) -> Iterator[None]:
    """The run's own, which has not told its opt-outs yet."""
    with serve_in_thread(create_app(ImisSettings())) as imis:
        connect(preparing.organization, imis)
        ImisConnection.objects.update(opt_outs_read_at=None)
        yield


def refuse_opt_outs(monkeypatch: pytest.MonkeyPatch, failure: ImisError) -> None:
    async def refuse(*_: object) -> list[FoundActivity]:
        raise failure

    monkeypatch.setattr(imis_reading, "_list", refuse)


@pytest.mark.usefixtures("no_jobs", "new_imis")
@pytest.mark.django_db(transaction=True)
def test_opt_outs_that_imis_does_not_tell_just_now_are_asked_for_again(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        refuse_opt_outs(away, ImisUnavailable("iMIS is away for a moment."))
        work(preparing)
    preparing.refresh_from_db()
    assert preparing.state == RunState.PREPARING
    assert ProcrastinateJob.objects.get(task_name="prepare").args["tries"] == 1
    work(preparing)
    preparing.refresh_from_db()
    assert preparing.state == RunState.SENDING


@pytest.mark.usefixtures("new_imis")
@pytest.mark.django_db(transaction=True)
def test_a_password_that_is_refused_before_the_opt_outs_lets_the_run_wait_for_imis(
    preparing: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_opt_outs(monkeypatch, ImisSignInRefused("The password has expired."))
    work(preparing)
    preparing.refresh_from_db()
    assert (preparing.state, preparing.waits_for_imis_since is None) == (RunState.HELD, False)
    assert "The password has expired." in preparing.reason


@pytest.mark.usefixtures("new_imis")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("mode", "may_hold", "failure", "state"),
    [
        ("live", True, ImisForbidden, RunState.HELD),
        ("test", True, ImisForbidden, RunState.SENDING),
        ("live", False, ImisForbidden, RunState.SENDING),
        # Nor is waited for them where they are not needed.
        ("test", True, ImisUnavailable, RunState.SENDING),
        ("live", False, ImisUnavailable, RunState.SENDING),
    ],
)
def test_a_live_run_is_held_while_imis_does_not_tell_its_opt_outs(
    preparing: Run,
    monkeypatch: pytest.MonkeyPatch,
    *,
    mode: str,
    may_hold: bool,
    failure: type[ImisError],
    state: RunState,
) -> None:
    Run.objects.update(api_mode=mode)
    Organization.objects.update(hold_until_opt_outs_read=may_hold)
    refuse_opt_outs(monkeypatch, failure("The account may not read activities."))
    work(preparing)
    preparing.refresh_from_db()
    assert preparing.state == state
    assert ("could never be read" in preparing.reason) == (state == RunState.HELD)
    if state == RunState.HELD:
        holding.resume_run(
            organization=preparing.organization,
            run_id=preparing.pk,
            actor=world.person("alice", preparing.organization, Role.AUTHOR),
        )
        preparing.refresh_from_db()
        assert preparing.state == RunState.SENDING, "It is for a person to decide."
