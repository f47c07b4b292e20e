"""The last look before texts leave: who opted out, which run was paused or canceled meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.models import Run, RunState
from textmanager.runs.pipeline.changes import Change, Changes
from textmanager.runs.pipeline.claims import Claimed
from textmanager.text.statuses import MessageStatus


@transaction.atomic
def withdraw(texts: Sequence[Claimed], *, now: dt.datetime) -> list[Claimed]:
    """Those of the claimed texts that may still leave; the others give their attempt back."""
    run_ids = {text.run_id for text in texts}
    runs = {
        run.pk: run for run in Run.objects.filter(pk__in=run_ids).only("state", "organization_id")
    }
    opted_out: dict[int, frozenset[str]] = {
        organization_id: opted_out_among(organization_id, {text.to for text in texts})
        for organization_id in {run.organization_id for run in runs.values()}
    }
    leaving: list[Claimed] = []
    changes = Changes()
    for text in texts:
        run = runs[text.run_id]
        if text.to in opted_out[run.organization_id]:
            back = _back(text, MessageStatus.SKIPPED, "opted_out", settled_at=now)
        elif run.state == RunState.SENDING:
            leaving.append(text)
            continue
        elif run.state == RunState.CANCELED:
            back = _back(text, MessageStatus.CANCELED, "run_canceled", settled_at=now)
        else:
            back = _back(text, MessageStatus.QUEUED)
        changes.add(text.run_id, text.number, back)
    changes.make()
    return leaving


def _back(
    text: Claimed, status: MessageStatus, reason: str = "", settled_at: dt.datetime | None = None
) -> Change:
    """Surely not sent: no call was made for this attempt, so it returns its allowance too."""
    return Change(status, reason, settled_at=settled_at, of_attempt=text.attempted_at)
