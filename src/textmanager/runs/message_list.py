"""The messages of a run as staff look through them: by status, by number, by iMIS ID."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from textmanager.runs.breakdown import counts_by_status, statuses_of
from textmanager.runs.models import Message, Run, WriteBack
from textmanager.runs.pipeline.due import SENT
from textmanager.runs.pipeline.report import why
from textmanager.text.phones import Recipient, parse_recipient
from textmanager.text.statuses import MessageStatus, staff_key, staff_name

A_PAGE = 50


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
    """Some of the messages that were asked for, `number` of `pages` counted from 1."""

    rows: list[MessageRow]
    total: int
    number: int
    pages: int

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def message_page(run: Run, *, status: str, query: str, page: str) -> MessagePage:
    """One page of messages; `status` is a key of the breakdown, `query` a number or iMIS ID.

    Without a query the total comes from the tallies: no page counts a million messages.
    """
    messages = Message.objects.filter(run=run).order_by("number")
    statuses = statuses_of(status)
    if statuses:
        messages = messages.filter(status__in=statuses)
    if query:
        messages = messages.filter(_matches(query, run))
        total = messages.count()
    else:
        counts = counts_by_status(run)
        total = sum(n for name, n in counts.items() if not statuses or name in statuses)
    pages = max(1, -(-total // A_PAGE))
    number = min(int(page) if page.isdecimal() and int(page) > 0 else 1, pages)
    shown = messages[(number - 1) * A_PAGE : number * A_PAGE]
    return MessagePage([_row(message) for message in shown], total, number, pages)


def _matches(query: str, run: Run) -> Q:
    """Exact, so that an index answers: an iMIS ID, or a number however it is typed."""
    matches = Q(imis_id=query)
    recipient = parse_recipient(query, run.organization.region)
    if isinstance(recipient, Recipient):
        matches |= Q(to=recipient.e164)
    digits = "".join(char for char in query if char.isdigit())
    if len(digits) >= 4:  # noqa: PLR2004 - the last four digits are what people remember
        matches |= Q(to__endswith=digits)
    return matches


def _row(message: Message) -> MessageRow:
    reason, what_to_do = why(message)
    return MessageRow(
        message=message,
        status_key=staff_key(MessageStatus(message.status)),
        status_label=staff_name(MessageStatus(message.status)),
        reason_in_words=reason,
        what_to_do=what_to_do,
        write_back_in_words=_write_back_in_words(message),
    )


def _write_back_in_words(message: Message) -> str:
    if message.write_back == WriteBack.NONE or message.status not in SENT:
        return ""
    if message.write_back_error:
        return f"{WriteBack(message.write_back).label}: {message.write_back_error}"
    return str(WriteBack(message.write_back).label)
