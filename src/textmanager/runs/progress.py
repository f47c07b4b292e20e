"""How far a run is, how fast it goes, and when it will be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from textmanager.runs.breakdown import NOT_FOR_SENDING, NOT_YET_SENT, done_of
from textmanager.runs.models import Run, RunState
from textmanager.runs.unclear import Unclear, unclear_texts_of
from textmanager.text.statuses import MessageStatus

LEFT = (
    MessageStatus.ACCEPTED,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.UNDELIVERED,
    MessageStatus.UNCONFIRMED,
    MessageStatus.TESTED,
)
# Receipts come in for a while after the last text has left.
STILL_INTERESTING = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class Progress:
    """`rate_per_second` (texts) and `finish` (aware UTC) are None while nothing is measured.

    `canceled` are those of `total` that will never be done.
    """

    done: int
    canceled: int
    total: int
    rate_per_second: float | None
    finish: dt.datetime | None
    is_live: bool
    in_words: str
    unclear: Unclear | None = None

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def unclear_of(run: Run, counts: Mapping[str, int], *, now: dt.datetime) -> Unclear | None:
    """What of the run is being looked up at Twilio; no query where nothing is under way."""
    if not counts.get(MessageStatus.SENDING):
        return None
    return unclear_texts_of([run.pk], now=now).get(run.pk)


def progress(
    run: Run, counts: Mapping[str, int], *, now: dt.datetime, unclear: Unclear | None = None
) -> Progress:
    """The progress of a run whose messages by status are `counts`."""
    total = sum(messages for status, messages in counts.items() if status not in NOT_FOR_SENDING)
    left = sum(counts.get(status, 0) for status in NOT_YET_SENT)
    canceled = counts.get(MessageStatus.CANCELED, 0)
    done = done_of(counts)
    waiting = counts.get(MessageStatus.HELD, 0)
    under_way = counts.get(MessageStatus.SENDING, 0)
    # Texts whose answer is awaited, or looked up, go at no rate of ours.
    moves = run.state == RunState.SENDING and left > under_way
    rate = _rate(run, done, now) if moves else None
    return Progress(
        done=done,
        canceled=canceled,
        total=total,
        rate_per_second=rate,
        finish=now + dt.timedelta(seconds=left / rate)
        if rate and not waiting and not unclear
        else None,
        is_live=is_live(run, now=now),
        in_words=_in_words(run, left, waiting, counts),
        unclear=unclear,
    )


@dataclass(frozen=True)
class HowFar:
    """What pausing, resuming and canceling are about."""

    left: int
    under_way: int
    to_go: int


def how_far(counts: Mapping[str, int]) -> HowFar:
    """How many texts have left (or were checked), are being sent, and still wait."""
    to_go = counts.get(MessageStatus.QUEUED, 0) + counts.get(MessageStatus.HELD, 0)
    under_way = counts.get(MessageStatus.SENDING, 0)
    return HowFar(
        left=sum(counts.get(status, 0) for status in LEFT), under_way=under_way, to_go=to_go
    )


def is_live(run: Run, *, now: dt.datetime) -> bool:
    """Whether a page about the run is worth keeping up to date."""
    return run.settled_at is None and (
        run.state in {RunState.PREPARING, RunState.SENDING}
        or (run.completed_at is not None and now - run.completed_at < STILL_INTERESTING)
    )


def _rate(run: Run, done: int, now: dt.datetime) -> float | None:
    """Texts a second since the sending began, or went on: without counting messages."""
    since = run.resumed_at or run.prepared_at
    done -= run.done_when_resumed
    if since is None or done <= 0:
        return None
    return done / max(1.0, (now - since).total_seconds())


def _in_words(run: Run, left: int, waiting: int, counts: Mapping[str, int]) -> str:
    match run.state:
        case RunState.PREPARING:
            return f"Preparing: {run.next_offset:,} of {run.contacts or 0:,} contacts read."
        case RunState.SENDING:
            return _sending_in_words(left, waiting, counts.get(MessageStatus.SENDING, 0))
        case RunState.COMPLETED:
            awaited = counts.get(MessageStatus.ACCEPTED, 0) + counts.get(MessageStatus.SENT, 0)
            if awaited and run.settled_at is None:
                receipts = _counted(awaited, "delivery receipt is", "delivery receipts are")
                return f"All sent. {receipts} awaited."
            return "Done."
        case _:
            return run.reason or str(RunState(run.state).label)


def _sending_in_words(left: int, waiting: int, under_way: int) -> str:
    if waiting and waiting == left:
        return f"{_counted(waiting, 'text waits', 'texts wait')} for their time."
    if left == waiting + under_way:
        texts = _counted(under_way, "text is", "texts are")
        return f"{texts} under way."
    return f"Sending: {_counted(left, 'text', 'texts')} to go."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
