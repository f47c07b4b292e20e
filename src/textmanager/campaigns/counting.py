"""Counts whole audiences in the background: asked for by a form, counted by a worker."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from textmanager.campaigns.drafts import forget_old_forms
from textmanager.campaigns.figures import Figures, Question
from textmanager.campaigns.models import AudienceCount, CountState
from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, is_stopping, jobs, workers_alive
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.iqa import IqaPage, fetch_page
from textmanager.organizations.connections import NotConnected, imis_client
from textmanager.organizations.models import Organization, User
from textmanager.text.merge import TemplateError

logger = logging.getLogger(__name__)

PAGE = 500
# An IQA that returns more than this returns the same rows again and again.
MOST_ROWS = 2_000_000
OPEN = (CountState.WAITING, CountState.COUNTING)
# Long enough to write a message by, short enough that the figures are of today.
ANSWER_HOLDS = dt.timedelta(minutes=2)
FAILURE_HOLDS = dt.timedelta(seconds=10)
# A worker takes a job up within about a second, and reports after every page.
UNTIL_SUSPICIOUS = dt.timedelta(seconds=4)
UNTIL_GIVEN_UP = dt.timedelta(seconds=90)
TO_KEEP = dt.timedelta(hours=2)
# What an answer is made of besides its figures; large, and of no use to the summary.
BULKY = ("left_out", "places")


@transaction.atomic
def ask(
    *,
    organization: Organization,
    actor: User,
    form_key: str,
    question: Question,
    fresh: bool = False,
) -> AudienceCount:
    """The count that answers the question, done or under way; a worker is set on it if need be.

    `form_key` is the form's own: what the same form asked before, and asks no longer, is
    abandoned. `fresh` does without an answer from before, though it may be two minutes old.
    """
    now = timezone.now()
    digest = _digest(question)
    counts = AudienceCount.objects.filter(organization=organization)
    counts.filter(form_key=form_key, state__in=OPEN).exclude(digest=digest).update(
        state=CountState.ABANDONED, updated_at=now
    )
    good_enough = Q(state__in=OPEN)
    if not fresh:
        good_enough |= Q(state=CountState.DONE, updated_at__gte=now - ANSWER_HOLDS)
        good_enough |= Q(state=CountState.FAILED, updated_at__gte=now - FAILURE_HOLDS)
    known = counts.filter(good_enough, digest=digest).order_by("-asked_at").defer(*BULKY).first()
    if known is not None:
        _see_to(known, now)
        return known
    count = AudienceCount.objects.create(
        organization=organization,
        asked_by=actor,
        form_key=form_key[:60],
        digest=digest,
        question=dataclasses.asdict(question),
        asked_at=now,
        updated_at=now,
    )
    _defer(count)
    return count


def count_of(organization: Organization, count_id: int) -> AudienceCount:
    """A count that this organization asked for. Raises AudienceCount.DoesNotExist."""
    count = AudienceCount.objects.defer(*BULKY).get(pk=count_id, organization=organization)
    _see_to(count, timezone.now())
    return count


def left_out_of(organization: Organization, count_id: int, reason: str) -> list[list[object]]:
    """The people left out for a reason, the first thousand: place, iMIS ID, number as it is."""
    stored = AudienceCount.objects.only("left_out").get(pk=count_id, organization=organization)
    people: list[list[object]] = stored.left_out.get(reason, [])
    return people


def latest_places(organization: Organization, question: Question) -> bytes:
    """By what people are found in the audience of the question; empty until it is counted."""
    latest = _latest(organization, question).only("places").first()
    return bytes(latest.places) if latest else b""


def latest_figures(organization: Organization, question: Question) -> dict[str, Any]:
    """The figures of the question's audience; empty until it is counted."""
    return _latest(organization, question).values_list("figures", flat=True).first() or {}


def _latest(organization: Organization, question: Question) -> QuerySet[AudienceCount]:
    return AudienceCount.objects.filter(
        organization=organization, digest=_digest(question), state=CountState.DONE
    ).order_by("-asked_at")


def nobody_counts(count: AudienceCount) -> bool:
    """Whether a count that waits will wait on, because no worker is running."""
    is_late = timezone.now() - count.updated_at > UNTIL_SUSPICIOUS
    return count.state in OPEN and is_late and not workers_alive()


def _see_to(count: AudienceCount, now: dt.datetime) -> None:
    """Lets another worker count when the one that did has died."""
    silent = now - count.updated_at
    is_lost = count.state == CountState.WAITING and silent > UNTIL_SUSPICIOUS
    if is_lost or (count.state == CountState.COUNTING and silent > UNTIL_GIVEN_UP):
        _defer(count)


def _defer(count: AudienceCount) -> None:
    # One at a time for each form: what it asked before stops at its next page.
    lock = f"count-{count.organization_id}-{count.form_key}"
    defer_once(count_audience, queueing_lock=f"count-{count.pk}", lock=lock, count_id=count.pk)


def _digest(question: Question) -> str:
    asked = json.dumps(dataclasses.asdict(question), sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


@dataclass(frozen=True)
class Begun:
    """A count that this job has taken up."""

    count_id: int
    held_by: uuid.UUID
    client: ImisClient
    question: Question
    figures: Figures


@jobs.task(name="count_audience")
async def count_audience(count_id: int) -> None:
    """Reads the audience page by page and adds up what the message would come to.

    Cut anywhere it is counted anew; run twice, the second takes over and the first stops.
    """
    held_by = uuid.uuid4()
    try:
        begun = await in_database(take_up, count_id, held_by)
        if begun is not None:
            await _count(begun)
    except (ImisError, NotConnected, TemplateError) as error:
        await in_database(give_up, count_id, held_by, str(error))
    except (OperationalError, InterfaceError):
        # The database is away for a moment: whoever looks at the form has it counted again.
        raise
    except Exception:
        # The outer edge of the job: a fault of ours is told to the form that waits.
        logger.exception("Audience %s cannot be counted", count_id)
        await in_database(give_up, count_id, held_by, "An internal error stopped the counting.")


async def _count(begun: Begun) -> None:
    offset = 0
    async with begun.client as client:
        while not is_stopping():
            page = await fetch_page(
                client,
                begun.question.iqa_path,
                offset=offset,
                limit=PAGE,
                answers=begun.question.answers,
            )
            if not await in_database(add_page, begun, page):
                return
            if page.next_offset is None:
                return
            offset = page.next_offset
    await in_database(lay_down, begun)


def take_up(count_id: int, held_by: uuid.UUID) -> Begun | None:
    """Begins to count; None when nobody wants it any more or it is counted. Raises NotConnected."""
    now = timezone.now()
    taken = AudienceCount.objects.filter(pk=count_id, state__in=OPEN).update(
        state=CountState.COUNTING, held_by=held_by, done=0, total=None, updated_at=now
    )
    if not taken:
        return None
    count = AudienceCount.objects.select_related("organization").get(pk=count_id)
    question = Question.from_json(count.question)
    return Begun(
        count_id,
        held_by,
        imis_client(count.organization_id),
        question,
        Figures(count.organization, question, now),
    )


def add_page(begun: Begun, page: IqaPage) -> bool:
    """Adds a page to the figures and stores them after the last; False when to stop."""
    figures = begun.figures
    if figures.contacts >= MOST_ROWS:
        give_up(begun.count_id, begun.held_by, f"The IQA returns more than {MOST_ROWS:,} rows.")
        return False
    figures.add(page.rows)
    now = timezone.now()
    ours = _ours(begun.count_id, begun.held_by)
    if page.next_offset is not None:
        return bool(ours.update(done=figures.contacts, total=page.total, updated_at=now))
    stored = ours.update(
        state=CountState.DONE,
        done=figures.contacts,
        total=figures.contacts,
        figures=figures.as_json(),
        left_out=figures.left_out,
        places=figures.places.tobytes(),
        updated_at=now,
    )
    return bool(stored)


def lay_down(begun: Begun) -> None:
    """Leaves the count to another worker, because this one is to stop."""
    _ours(begun.count_id, begun.held_by).update(state=CountState.WAITING, done=0)


def give_up(count_id: int, held_by: uuid.UUID, why: str) -> None:
    """Notes why the audience cannot be counted, in words for staff."""
    _ours(count_id, held_by).update(
        state=CountState.FAILED, error=why[:500], updated_at=timezone.now()
    )


def _ours(count_id: int, held_by: uuid.UUID) -> QuerySet[AudienceCount]:
    return AudienceCount.objects.filter(pk=count_id, held_by=held_by, state=CountState.COUNTING)


@jobs.periodic(cron="23 * * * *")
@jobs.task(name="forget_counts", queueing_lock="forget_counts")
async def forget_counts(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Removes counts and forms that nobody looks at any more."""
    await in_database(forget_old_counts, timezone.now())
    await in_database(forget_old_forms, timezone.now())


def forget_old_counts(now: dt.datetime) -> None:
    """An answer holds for minutes; what is left of it names people."""
    AudienceCount.objects.filter(asked_at__lt=now - TO_KEEP).delete()
