"""Whom a campaign texted lately, and how large its runs usually are."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from textmanager.runs.models import Message, Run, RunState
from textmanager.text.statuses import MessageStatus

NOT_TEXTED = (
    MessageStatus.ERROR,
    MessageStatus.SKIPPED,
    MessageStatus.FAILED,
    MessageStatus.CANCELED,
    MessageStatus.TESTED,
)


def lock_history(campaign_id: int) -> None:
    """Lets whoever asks whom a campaign has texted, and then writes texts, take turns until commit.

    Two of its runs that are prepared at once would not see each other's texts. Taken after the
    run's own lock; no row of the campaign's, which others lock before its runs.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('texts of a campaign', %s))",
            [campaign_id],
        )


def recently_texted(
    *, campaign_id: int, numbers: Collection[str], since: dt.datetime
) -> frozenset[str]:
    """Those of `numbers` that a run of this campaign has texted, or is about to, since then."""
    texts = Message.objects.filter(
        run__campaign_id=campaign_id, run__created_at__gte=since, to__in=numbers
    ).exclude(status__in=NOT_TEXTED)
    return frozenset(texts.values_list("to", flat=True))


def texted_in_later_runs(
    run: Run, *, numbers: Collection[str], besides: uuid.UUID
) -> frozenset[str]:
    """Those of `numbers` that a later run of the same campaign has texted, or is about to.

    A text that fails and is tried again must not follow a newer one. `besides` is not looked at.
    """
    texts = (
        Message.objects.filter(
            organization_id=run.organization_id,
            run__campaign_id=run.campaign_id,
            run__created_at__gt=run.created_at,
            to__in=numbers,
        )
        .exclude(run_id=besides)
        .exclude(status__in=(*NOT_TEXTED, MessageStatus.UNDELIVERED))
    )
    return frozenset(texts.values_list("to", flat=True))


def usual_contacts(*, campaign_id: int, before: dt.datetime) -> int | None:
    """The median number of contacts in the last five completed runs; None without any."""
    latest = (
        Run.objects.filter(
            campaign_id=campaign_id,
            state=RunState.COMPLETED,
            created_at__lt=before,
            contacts__isnull=False,
            # Their audience is what failed, and says nothing about the usual one.
            retry_of=None,
        )
        .order_by("-created_at")
        .values_list("contacts", flat=True)[:5]
    )
    sizes = sorted(size for size in latest if size is not None)
    return sizes[len(sizes) // 2] if sizes else None


@dataclass(frozen=True)
class TextToNumber:
    """One text of a run to a number, for whoever talks with that person."""

    run_id: uuid.UUID
    campaign_name: str
    sender_id: int
    imis_id: str
    body: str
    at: dt.datetime
    status: MessageStatus


def texts_to(*, organization_id: int, number: str, most: int) -> list[TextToNumber]:
    """What runs have texted to a number, the newest first. TEST runs texted nobody."""
    messages = (
        Message.objects.filter(organization_id=organization_id, to=number)
        .exclude(status__in=NOT_TEXTED)
        .select_related("run")
        .order_by("-run_id")[:most]
    )
    return [
        TextToNumber(
            run_id=message.run_id,
            campaign_name=message.run.campaign_name,
            sender_id=message.sender_id,
            imis_id=message.imis_id,
            body=message.body,
            at=message.sent_at or message.accepted_at or message.not_before,
            status=MessageStatus(message.status),
        )
        for message in messages
    ]


def last_texted_as(*, organization_id: int, numbers: Collection[str]) -> dict[str, str]:
    """The iMIS ID of whom each number was last a run's recipient as; no other numbers."""
    messages = (
        Message.objects.filter(organization_id=organization_id, to__in=numbers)
        .exclude(status__in=NOT_TEXTED)
        .order_by("to", "-run_id")
        .distinct("to")
    )
    return {to: imis_id for to, imis_id in messages.values_list("to", "imis_id") if imis_id}


def is_text_of_run(sid: str) -> bool:
    """Whether a message at Twilio is a text of a run."""
    return Message.objects.filter(sid=sid).exists()
