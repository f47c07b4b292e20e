"""How long the pipeline goes on trying before a person has to look."""

from __future__ import annotations

import datetime as dt
from smtplib import SMTPException
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from textmanager.imis.errors import ImisUnreachable
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.plan import defer_what_is_due
from textmanager.runs.pipeline.prepare import MOST_TRIES, defer_prepare, prepare
from textmanager.runs.pipeline.report import report


def pauses(task: Any, error: Exception) -> list[dt.timedelta]:
    """Those between one try and the next, until the job is given up."""
    found = []
    for attempts in range(1000):
        job = Job(
            id=1, queue="default", lock=None, queueing_lock=None, task_name="", attempts=attempts
        )
        decision = task.retry_strategy.get_retry_decision(exception=error, job=job)
        if decision is None:
            return found
        found.append(decision.retry_at - dt.datetime.now(dt.UTC))
    raise AssertionError("It never gives up.")


def test_imis_may_be_away_for_two_hours_before_a_run_is_held() -> None:
    # The job itself holds the run at its last try, one before the strategy would give up.
    before_it_is_held = pauses(prepare, ImisUnreachable(""))[: MOST_TRIES - 1]
    assert dt.timedelta(hours=2) < sum(before_it_is_held, dt.timedelta()) < dt.timedelta(hours=3)


def test_a_mail_server_may_be_away_for_four_days() -> None:
    tried = pauses(report, SMTPException())
    assert dt.timedelta(days=4) < sum(tried, dt.timedelta()) < dt.timedelta(days=5)
    assert max(tried) < dt.timedelta(hours=8)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["todo", "doing"])
def test_a_preparation_that_may_be_tried_again_is_not_deferred_beside_itself(
    run: Run, status: str
) -> None:
    """Its next try would find its place in the queue taken, and never come."""
    Run.objects.update(state=RunState.PREPARING)
    defer_prepare(run.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = %s", [status])
    defer_what_is_due(now=timezone.now())
    assert ProcrastinateJob.objects.filter(queueing_lock=f"prepare-{run.pk}").count() == 1
