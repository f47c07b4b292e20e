"""The messages of a run as staff look through them: by status, cause, record, number, iMIS ID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from urllib.parse import urlencode

from textmanager.config.typed import whole_number
from textmanager.runs.breakdown import Figure, statuses_of
from textmanager.runs.causes import Cause, in_words, why
from textmanager.runs.figures import Figures
from textmanager.runs.message_search import (
    Sought,
    Total,
    matching,
    may_read_all,
    messages_after,
    messages_before,
    sought,
    total_of,
)
from textmanager.runs.models import Message, Run, WriteBack
from textmanager.runs.pipeline.due import SENT
from textmanager.text.statuses import STAFF_STATUSES, MessageStatus, staff_key, staff_name

A_PAGE = 30


@dataclass(frozen=True)
class Asked:
    """What the filters of the page say, as they stand in its address."""

    status: str = ""
    cause: str = ""
    record: str = ""
    query: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Asked:
        found = {
            name: parameters.get(key, "").strip()[:60]
            for name, key in (
                ("status", "status"),
                ("cause", "cause"),
                ("record", "record"),
                ("query", "q"),
            )
        }
        return cls(**found)

    @property
    def address(self) -> str:
        """The filters again, for a link; empty without any."""
        pairs = {
            "status": self.status,
            "cause": self.cause,
            "record": self.record,
            "q": self.query,
        }
        return urlencode({key: value for key, value in pairs.items() if value})

    @property
    def cause_in_words(self) -> str:
        return in_words(self.cause)[0]

    def sought_in(self, run: Run) -> Sought:
        wanted = sought(
            statuses=statuses_of(self.status), cause=self.cause[:40], record=self.record
        )
        if not self.query:
            return wanted
        return replace(wanted, numbers=matching(run, self.query))


@dataclass(frozen=True)
class Choices:
    """What the filters offer, keys with labels: what the run has, and what somebody has chosen.

    `lost_cause` is a chosen one that no message has (any more), in words; empty for others.
    """

    statuses: list[tuple[str, str]]
    lost_cause: str


def choices(
    asked: Asked, statuses: Iterable[Figure], causes: Mapping[str, Sequence[Cause]]
) -> Choices:
    offered = {figure.key for figure in statuses} | {asked.status}
    of = causes.get(asked.status, ()) if asked.status else chain.from_iterable(causes.values())
    is_lost = bool(asked.cause) and all(each.cause != asked.cause for each in of)
    return Choices(
        [(staff.key, staff.label) for staff in STAFF_STATUSES if staff.key in offered],
        (asked.cause_in_words or asked.cause) if is_lost else "",
    )


@dataclass(frozen=True)
class MessageRow:
    """A message with everything said in words."""

    message: Message
    status_key: str
    status_label: str
    reason_in_words: str
    what_to_do: str
    write_back_in_words: str


@dataclass(frozen=True)
class MessagePage:
    """Some of the messages that were asked for, and what the pages around them begin with.

    `previous` and `next` are empty, or what the address of that page adds to the filters.
    """

    rows: list[MessageRow]
    total: Total
    previous: str
    next: str
    here: str
    digits_needed: bool


def message_page(run: Run, asked: Asked, place: Mapping[str, str], figures: Figures) -> MessagePage:
    """One page of messages; `place` has `after` or `before` a number, or `last`, or nothing."""
    wanted = asked.sought_in(run)
    messages, has_more_before, has_more_after, here = _messages(run, wanted, place)
    return MessagePage(
        rows=[message_row(message) for message in messages],
        total=total_of(run, wanted, figures),
        previous=f"before={messages[0].number}" if has_more_before else "",
        next=f"after={messages[-1].number}" if has_more_after else "",
        here=here,
        digits_needed=bool(asked.query) and not messages and not may_read_all(run),
    )


def _messages(
    run: Run, wanted: Sought, place: Mapping[str, str]
) -> tuple[list[Message], bool, bool, str]:
    """A page, whether there are messages before and after it, and its place again."""
    before = whole_number(place.get("before"))
    if before is not None or "last" in place:
        found = messages_before(run, wanted, before=before, most=A_PAGE + 1)
        here = "last=1" if before is None else f"before={before}"
        return found[-A_PAGE:], len(found) > A_PAGE, before is not None and bool(found), here
    after = whole_number(place.get("after"))
    found = messages_after(run, wanted, after=-1 if after is None else after, most=A_PAGE + 1)
    here = "" if after is None else f"after={after}"
    return found[:A_PAGE], after is not None and bool(found), len(found) > A_PAGE, here


def message_row(message: Message) -> MessageRow:
    reason, what_to_do = why(message)
    return MessageRow(
        message=message,
        status_key=staff_key(MessageStatus(message.status)),
        status_label=staff_name(MessageStatus(message.status)),
        reason_in_words=reason,
        what_to_do=what_to_do,
        write_back_in_words=write_back_in_words(message),
    )


def write_back_in_words(message: Message) -> str:
    """Where the record in iMIS stands; empty when none is wanted, or before the text was sent."""
    if message.write_back == WriteBack.NONE or message.status not in SENT:
        return ""
    if message.write_back_error:
        return f"{WriteBack(message.write_back).label}: {message.write_back_error}"
    return str(WriteBack(message.write_back).label)
