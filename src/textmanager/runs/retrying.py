"""Lets staff try those texts of a run again that failed for a passing reason.

A follow-up run takes them, each once: a failed text carries the run that tries it again, and a
status never goes back (docs/decisions/0090-failed-texts-go-into-a-run-of-their-own.md).
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.organizations.senders import why_out_of_use
from textmanager.runs.beginning import SAID
from textmanager.runs.causes import FAILED, is_passing, to_try_again
from textmanager.runs.figures import Figures, figures_of
from textmanager.runs.models import Message, Run, RunState
from textmanager.runs.pipeline.prepare import defer_prepare

# Copied from the run that is tried again: what it said then, not what its campaign says now.
COPIED = ("organization_id", "campaign_id", "campaign_name", "tested_with_twilio", *SAID)


@dataclass(frozen=True)
class Retriable:
    """The texts that may be tried again."""

    texts: int
    segments: int


def worth_another_try(run: Run, figures: Figures) -> int:
    """How many texts failed for a passing reason and were not tried again; from the tallies."""
    if run.state != RunState.COMPLETED or run.is_test:
        return 0
    failed = sum(
        line.messages for line in figures.causes if line.status in FAILED and is_passing(line.cause)
    )
    if not failed:
        return 0
    taken = run.retries.aggregate(taken=Sum("contacts"))["taken"] or 0
    return max(0, failed - taken)


def retriable(run: Run) -> Retriable:
    """What a retry would take, exactly; counted one by one only after an earlier retry."""
    if not run.retries.exists():
        passing = [
            line
            for line in figures_of(run).causes
            if line.status in FAILED and is_passing(line.cause)
        ]
        return Retriable(
            sum(line.messages for line in passing), sum(line.segments for line in passing)
        )
    found = Message.objects.filter(to_try_again(run), run=run).aggregate(
        texts=Count("number"), segments=Sum("segments")
    )
    return Retriable(found["texts"], found["segments"] or 0)


def why_not_send(run: Run) -> str:
    """Why nothing can leave from the run's sender, in words for staff; empty when it can."""
    why = why_out_of_use(run.sender)
    return f"{why} Let them first, under Settings, Twilio and senders." if why else ""


@transaction.atomic
def try_again(*, organization: Organization, run_id: uuid.UUID, actor: User) -> Run:
    """Begins a follow-up run of the texts that failed for a passing reason; returns it.

    Of two clicks one begins a run: the second waits for the lock, and finds that run preparing
    or nothing left. Raises NotPossible, Run.DoesNotExist.
    """
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .get(pk=run_id, organization=organization)
    )
    if run.state != RunState.COMPLETED:
        raise NotPossible("Failed texts can be tried again once their run is completed.")
    now = timezone.now()
    hours_left = _hours_left(run, now)
    if hours_left == 0:
        raise NotPossible("These texts are of no use any more: their campaign says for how long.")
    if run.retries.filter(state__in=RunState.open()).exists():
        raise NotPossible("Its failed texts are being tried again already.")
    if refusal := why_not_send(run):
        raise NotPossible(refusal)
    found = retriable(run)
    if not found.texts:
        raise NotPossible("No text of this run is left that failed for a passing reason.")
    copied = {name: getattr(run, name) for name in COPIED}
    follow_up = Run.objects.create(
        **copied | {"useful_for_hours": hours_left},
        retry_of=run,
        scheduled_for=now,
        started_by=actor,
        state=RunState.PREPARING,
        contacts=found.texts,
    )
    audit.record(
        organization=organization,
        actor=actor,
        action="tried again",
        subject=run,
        after={
            "words": f"{found.texts:,} texts, {found.segments:,} segments",
            "run": str(follow_up.pk),
        },
    )
    defer_prepare(follow_up.pk)
    return follow_up


def _hours_left(run: Run, now: dt.datetime) -> int | None:
    """For how many whole hours the texts stay useful; None where they always do.

    Never rounded up: no text leaves later than the campaign wants.
    """
    if run.useful_until is None:
        return None
    return max(0, (run.useful_until - now) // dt.timedelta(hours=1))
