"""How long the pipeline goes on trying before a person has to look."""

from __future__ import annotations

import asyncio
import datetime as dt
from itertools import count, takewhile
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from textmanager.config.jobs import jobs, run_worker
from textmanager.config.retries import FOR_MAIL, Patience
from textmanager.organizations.models import Organization
from textmanager.replies import notices
from textmanager.replies.notices import mail_replies
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.plan import defer_what_is_due
from textmanager.runs.pipeline.prepare import PATIENCE, defer_prepare
from textmanager.runs.pipeline.report import report


def pauses(patience: Patience) -> list[dt.timedelta]:
    """Those between one try and the next, until it is enough."""
    each = (patience.pause(tries) for tries in count(1))
    return [pause for pause in takewhile(lambda pause: pause is not None, each) if pause]


def test_imis_may_be_away_for_two_hours_before_a_run_is_held() -> None:
    waited = pauses(PATIENCE)
    assert dt.timedelta(hours=2) < sum(waited, dt.timedelta()) < dt.timedelta(hours=3)
    assert waited[:4] == [dt.timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]
    # Once iMIS is back, nobody waits much longer for the texts.
    assert max(waited) == dt.timedelta(minutes=5)


def test_a_mail_server_may_be_away_for_four_days() -> None:
    waited = pauses(FOR_MAIL)
    assert dt.timedelta(days=4) < sum(waited, dt.timedelta()) < dt.timedelta(days=5)
    assert max(waited) == dt.timedelta(hours=4)


def test_no_task_of_ours_has_procrastinates_own_retry() -> None:
    """Beside a queueing lock its next try may find its place taken, and never come."""
    assert [name for name, task in jobs.tasks.items() if task.retry_strategy] == []


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["todo", "doing"])
def test_asking_twice_leaves_one_preparation_to_wait(run: Run, status: str) -> None:
    Run.objects.update(state=RunState.PREPARING)
    defer_prepare(run.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = %s WHERE queueing_lock = %s",
            [status, f"prepare-{run.pk}"],
        )
    for _ in range(2):
        defer_what_is_due(now=timezone.now())
    waiting = ProcrastinateJob.objects.filter(queueing_lock=f"prepare-{run.pk}", status="todo")
    assert waiting.count() == 1


@pytest.mark.usefixtures("no_jobs")
@pytest.mark.django_db(transaction=True)
def test_a_preparation_that_fails_beside_another_leaves_one_that_waits(run: Run) -> None:
    """The planner may have asked for it again meanwhile. Nothing listens at this iMIS."""
    Run.objects.update(state=RunState.PREPARING, prepared_at=None)
    defer_prepare(run.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET queueing_lock = 'the one under way'"
            " WHERE queueing_lock = %s",
            [f"prepare-{run.pk}"],
        )
    defer_prepare(run.pk)
    asyncio.run(run_worker(concurrency=1, wait=False))
    preparations = ProcrastinateJob.objects.filter(task_name="prepare")
    (waiting,) = preparations.values_list("status", "queueing_lock")
    assert waiting == ("todo", f"prepare-{run.pk}")


@pytest.mark.usefixtures("no_jobs")
@pytest.mark.django_db(transaction=True)
def test_a_report_that_does_not_leave_is_mailed_later(run: Run, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    now = timezone.now()
    Run.objects.update(settled_at=now, report_emails=["office@example.org"])
    asyncio.run(report.func(str(run.pk)))
    waiting = ProcrastinateJob.objects.get(queueing_lock=f"report-{run.pk}")
    assert waiting.args == {"run_id": str(run.pk), "tries": 1}
    assert waiting.scheduled_at > now
    defer_what_is_due(now=now)
    assert ProcrastinateJob.objects.filter(task_name="report").count() == 1


@pytest.mark.usefixtures("no_jobs")
@pytest.mark.django_db(transaction=True)
def test_news_of_replies_that_does_not_leave_is_mailed_later(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_organization_id: int) -> int:
        raise SMTPServerDisconnected

    monkeypatch.setattr(notices, "mail_new_replies", refuse)
    asyncio.run(mail_replies.func(organization.pk, 4))
    notices.tell_of_replies(organization.pk)
    waiting = ProcrastinateJob.objects.get(task_name="mail_replies")
    assert waiting.args == {"organization_id": organization.pk, "tries": 5}
