"""Step 2 for a run that tries failed texts again: they come from that run instead of iMIS.

A page at a time, like any preparation: taking the texts and writing their new messages is one
transaction, and a worker that dies resumes with those that are not taken.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from textmanager.config.jobs import is_stopping
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs import approval
from textmanager.runs.causes import to_try_again
from textmanager.runs.history import lock_history, texted_in_later_runs
from textmanager.runs.holding import hold_run
from textmanager.runs.models import Message, Run, RunState, WriteBack
from textmanager.runs.texting_hours import window_for
from textmanager.text.statuses import MessageStatus

AT_ONCE = 1000


def prepare_follow_up(run_id: str) -> bool:
    """Prepares a run that tries texts again, while the worker lives; False for any other run."""
    if not Run.objects.filter(pk=run_id, retry_of__isnull=False).exists():
        return False
    while not is_stopping() and take_page(run_id, now=timezone.now()):
        pass
    return True


@transaction.atomic
def take_page(run_id: str | uuid.UUID, *, now: dt.datetime) -> bool:
    """Takes some of the failed texts; False when none is left, and its preparation is over."""
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "retry_of")
        .get(pk=run_id)
    )
    if run.state != RunState.PREPARING or run.retry_of is None:
        return False
    taken = _take(run, run.retry_of)
    if not taken:
        _set_off(run, now)
        return False
    numbers = {message.to for message in taken}
    lock_history(run.campaign_id)
    left_out = dict.fromkeys(opted_out_among(run.organization_id, numbers), "opted_out")
    for number in texted_in_later_runs(run.retry_of, numbers=numbers, besides=run.pk):
        left_out.setdefault(number, "texted_recently")
    Message.objects.bulk_create(
        _messages(run, taken, left_out=left_out, now=now), batch_size=AT_ONCE
    )
    run.next_offset += len(taken)
    run.save(update_fields=["next_offset"])
    return True


def _set_off(run: Run, now: dt.datetime) -> None:
    """Lets the texts leave, or holds them for a second person as those of any other run."""
    run.contacts, run.prepared_at, run.state = run.next_offset, now, RunState.SENDING
    run.save(update_fields=["contacts", "prepared_at", "state"])
    why_held = approval.ask_if_needed(run)
    if why_held:
        hold_run(run_id=run.pk, reason=why_held)


def _take(run: Run, failed: Run) -> list[Message]:
    """Marks the next failed texts as tried again in this run; the database lets one run do so."""
    found = (
        Message.objects.select_for_update(of=("self",))
        .filter(to_try_again(failed), run=failed)
        .order_by("number")
    )
    taken = list(found[:AT_ONCE])
    numbers = [message.number for message in taken]
    Message.objects.filter(run=failed, number__in=numbers).update(retried_in=run.pk)
    return taken


def _messages(
    run: Run, taken: Sequence[Message], *, left_out: dict[str, str], now: dt.datetime
) -> list[Message]:
    return [
        _message(run, run.next_offset + place, one, left_out.get(one.to, ""), now)
        for place, one in enumerate(taken)
    ]


def _message(run: Run, number: int, of: Message, reason: str, now: dt.datetime) -> Message:
    """The text again, as it was merged; queued, held until texting hours, or left out."""
    opens = window_for(run.organization, tuple(of.time_zones), now).opens
    status = MessageStatus.QUEUED
    if reason:
        status = MessageStatus.SKIPPED
    elif opens > now:
        status, reason = MessageStatus.HELD, "quiet_hours"
    wants_record = of.write_back != WriteBack.NONE and status != MessageStatus.SKIPPED
    return Message(
        run=run,
        number=number,
        organization_id=run.organization_id,
        sender_id=run.sender_id,
        imis_id=of.imis_id,
        raw_phone=of.raw_phone,
        to=of.to,
        body=of.body,
        encoding=of.encoding,
        segments=of.segments,
        time_zones=of.time_zones,
        status=status,
        reason=reason,
        priority=run.priority,
        not_before=now if status == MessageStatus.SKIPPED else opens,
        settled_at=now if status == MessageStatus.SKIPPED else None,
        write_back=WriteBack.WAITING if wants_record else WriteBack.NONE,
        write_back_due=now if wants_record else None,
    )
