"""The pace of a run is that of its sending; for how long it was held does not slow it down."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

import world
from textmanager.organizations.models import User
from textmanager.runs.breakdown import counts_by_status
from textmanager.runs.holding import hold_run, resume_run
from textmanager.runs.models import Message, Run
from textmanager.runs.progress import Progress, progress


def seen(run: Run, *, now: dt.datetime) -> Progress:
    run.refresh_from_db()
    return progress(run, counts_by_status(run), now=now)


def test_it_is_measured_from_when_the_sending_began(run: Run) -> None:
    now = timezone.now()
    Run.objects.update(prepared_at=now - dt.timedelta(seconds=4))
    for number in range(12):
        world.message(run, number, status="delivered" if number < 8 else "queued")
    found = seen(run, now=now)
    assert found.rate_per_second == pytest.approx(2.0)
    assert found.finish == now + dt.timedelta(seconds=2)


def test_it_is_measured_anew_once_the_run_goes_on(run: Run, alice: User) -> None:
    Run.objects.update(prepared_at=timezone.now() - dt.timedelta(hours=10))
    for number in range(12):
        world.message(run, number, status="delivered" if number < 4 else "queued")
    hold_run(run_id=run.pk, reason="Many failures.")
    resume_run(organization=run.organization, run_id=run.pk, actor=alice)
    assert seen(run, now=timezone.now()).rate_per_second is None, "Nothing has left since."
    assert run.resumed_at is not None
    Message.objects.filter(number__range=(4, 7)).update(status="delivered")
    found = seen(run, now=run.resumed_at + dt.timedelta(seconds=2))
    assert found.rate_per_second == pytest.approx(2.0)
