"""Completed, settled, reported; held, resumed, canceled."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.core import mail

import world
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.runs.beginning import run_now
from textmanager.runs.completion import complete_runs, settle_runs
from textmanager.runs.export import whole_csv
from textmanager.runs.holding import cancel_run, hold_run, pause_run, resume_run
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.report import send_report
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
LEFT_TO_SEND = {MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.SENDING}


@pytest.mark.parametrize("status", list(MessageStatus))
def test_a_run_is_completed_when_nothing_is_left_to_send(run: Run, status: MessageStatus) -> None:
    world.message(run, 1, status=MessageStatus.DELIVERED)
    world.message(run, 2, status=status)
    assert complete_runs(now=NOW) == (status not in LEFT_TO_SEND)
    run.refresh_from_db()
    assert (run.completed_at is None) == (status in LEFT_TO_SEND)


def test_a_run_over_nobody_is_completed(run: Run) -> None:
    assert complete_runs(now=NOW) == 1


def test_a_run_is_settled_when_nothing_is_left_to_hear(run: Run) -> None:
    world.message(run, 1, status=MessageStatus.SENT)
    world.message(run, 2, status=MessageStatus.DELIVERED, settled_at=NOW)
    complete_runs(now=NOW)
    assert settle_runs(now=NOW) == 0
    Message.objects.update(settled_at=NOW)
    assert settle_runs(now=NOW) == 1
    assert settle_runs(now=NOW) == 0


def test_pausing_and_resuming_leaves_a_trace(run: Run, alice: User) -> None:
    with time_machine.travel(NOW, tick=False):
        pause_run(organization=run.organization, run_id=run.pk, actor=alice)
    run.refresh_from_db()
    assert (run.state, run.reason) == (
        RunState.HELD,
        "Paused by alice on Nov 23, 2026, 10:00 AM EST.",
    )
    with pytest.raises(NotPossible):
        pause_run(organization=run.organization, run_id=run.pk, actor=alice)
    resume_run(organization=run.organization, run_id=run.pk, actor=alice)
    run.refresh_from_db()
    assert (run.state, run.reason) == (RunState.SENDING, "")
    actions = AuditEvent.objects.order_by("at").values_list("actor_name", "action")
    assert list(actions) == [("alice", "paused"), ("alice", "resumed")]


def test_a_run_that_was_paused_while_it_was_prepared_goes_on_preparing(
    campaign: Campaign, alice: User
) -> None:
    run = world.run(campaign, state=RunState.PREPARING, prepared_at=None)
    pause_run(organization=run.organization, run_id=run.pk, actor=alice)
    resumed = resume_run(organization=run.organization, run_id=run.pk, actor=alice)
    assert resumed.state == RunState.PREPARING


def test_canceling_ends_what_is_not_with_twilio_and_nothing_else(run: Run, alice: User) -> None:
    for number, status in enumerate(MessageStatus):
        world.message(run, number, status=status)
    cancel_run(organization=run.organization, run_id=run.pk, actor=alice)
    for number, status in enumerate(MessageStatus):
        message = Message.objects.get(number=number)
        if status in {MessageStatus.QUEUED, MessageStatus.HELD}:
            assert (message.status, message.reason) == ("canceled", "run_canceled")
            assert message.settled_at is not None
        else:
            assert message.status == status
    with pytest.raises(NotPossible):
        resume_run(organization=run.organization, run_id=run.pk, actor=alice)


def test_a_stranger_finds_no_run(run: Run, charlie: User) -> None:
    theirs = Organization.objects.get(cloud_id="other")
    for change in (pause_run, resume_run, cancel_run):
        with pytest.raises(Run.DoesNotExist):
            change(organization=theirs, run_id=run.pk, actor=charlie)


def test_a_run_that_has_ended_is_not_held(run: Run) -> None:
    Run.objects.update(state=RunState.COMPLETED)
    assert not hold_run(run_id=run.pk, reason="Whatever")


def test_two_clicks_on_run_now_start_one_run(campaign: Campaign, alice: User) -> None:
    first = run_now(organization=campaign.organization, campaign_id=campaign.pk, actor=alice)
    with pytest.raises(NotPossible, match="still going on"):
        run_now(organization=campaign.organization, campaign_id=campaign.pk, actor=alice)
    Run.objects.filter(pk=first.pk).update(state=RunState.COMPLETED)
    with pytest.raises(NotPossible, match="less than a minute ago"):
        run_now(organization=campaign.organization, campaign_id=campaign.pk, actor=alice)
    assert Run.objects.count() == 1


@pytest.fixture
def settled(run: Run) -> Run:
    world.message(run, 0, status=MessageStatus.DELIVERED, settled_at=NOW, sent_at=NOW)
    world.message(run, 1, status=MessageStatus.FAILED, settled_at=NOW, error_code=30006)
    world.message(
        run, 2, status=MessageStatus.SKIPPED, settled_at=NOW, reason="opted_out", segments=0
    )
    run.report_emails = ["office@example.org"]
    run.state, run.completed_at, run.settled_at = RunState.COMPLETED, NOW, NOW
    run.contacts = 3
    run.save()
    return run


def test_the_report_is_mailed_once_with_figures_and_reasons(settled: Run) -> None:
    send_report(settled.pk)
    send_report(settled.pk)
    (report,) = mail.outbox
    assert report.to == ["office@example.org"]
    text = " ".join(report.body.split())
    assert "Delivered: 1" in text
    assert "Failed: 1" in text
    assert "Opted out" in text
    assert "10002" in text, "the iMIS ID of whom got nothing"
    assert f"/runs/{settled.pk}/" in text


def test_a_mail_that_does_not_leave_is_not_counted_as_sent(settled: Run, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(OSError, match="refused"):
        send_report(settled.pk)
    settled.refresh_from_db()
    assert settled.report_sent_at is None


def test_the_file_has_a_line_a_message_and_no_formulas(settled: Run) -> None:
    Message.objects.filter(number=0).update(
        body='=HYPERLINK("http://example.org")', imis_id="@SUM(A1)"
    )
    rows = list(csv.reader(io.StringIO(whole_csv(settled))))
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert rows[1][0] == "'@SUM(A1)"
    assert rows[1][6] == "2026-11-23 10:00:00-05:00"
