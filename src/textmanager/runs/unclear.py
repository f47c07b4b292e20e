"""Texts under way whose outcome nobody knows, and until when that is found out.

A worker that was killed, and an answer that was lost, leave a text in *sending*. It is looked up
at Twilio before it may be sent again, which takes some minutes; pages say so meanwhile.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Max

from textmanager.runs.models import Message
from textmanager.runs.pipeline.reconcile import DECIDED_WITHIN, UNCONFIRMED_AFTER
from textmanager.text.statuses import MessageStatus

# Answers come within a second or two; what has none by then may have none at all.
NO_ANSWER_AFTER = dt.timedelta(seconds=20)


@dataclass(frozen=True)
class Unclear:
    """So many texts of a run are being looked up; `until` (aware UTC) all are decided at latest.

    `is_late`: Twilio could not be asked in time, and is asked on; `until` is then when it is given
    up.
    """

    texts: int
    until: dt.datetime
    is_late: bool = False


def unclear_texts_of(
    run_ids: Collection[uuid.UUID], *, now: dt.datetime
) -> dict[uuid.UUID, Unclear]:
    """Those of each run that has some; one query, over what is in *sending* alone."""
    if not run_ids:
        return {}
    found = (
        Message.objects.filter(
            run__in=run_ids,
            status=MessageStatus.SENDING,
            attempted_at__lt=now - NO_ANSWER_AFTER,
        )
        .order_by()
        .values_list("run")
        .annotate(texts=Count("number"), latest=Max("attempted_at"))
    )
    return {run_id: _unclear(texts, latest, now) for run_id, texts, latest in found}


def _unclear(texts: int, latest: dt.datetime, now: dt.datetime) -> Unclear:
    until = latest + DECIDED_WITHIN
    if until > now:
        return Unclear(texts, until)
    return Unclear(texts, latest + UNCONFIRMED_AFTER, is_late=True)
