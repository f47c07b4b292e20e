"""The messages of a run as staff look through them: by status, by number, by iMIS ID."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

from textmanager.runs.breakdown import Figure, breakdown, counts_by_status, statuses_of
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


if TYPE_CHECKING:
    MessagePaginator = Paginator[Message]
else:
    MessagePaginator = Paginator


class _Counted(MessagePaginator):
    """Pages whose number comes from the tallies instead of counting messages."""

    def __init__(self, messages: QuerySet[Message], per_page: int, known: int | None) -> None:
        super().__init__(messages, per_page)
        self.known = known

    @cached_property
    def count(self) -> int:
        return self.object_list.count() if self.known is None else self.known


def status_filters(run: Run) -> list[Figure]:
    """The statuses that messages of this run have, with how many."""
    return [figure for figure in breakdown(run) if figure.messages]


def message_page(run: Run, *, status: str, query: str, page: str) -> Page[MessageRow]:
    """One page of messages; `status` is a key of the breakdown, `query` a number or iMIS ID."""
    messages = Message.objects.filter(run=run).order_by("number")
    known: int | None = None
    statuses = statuses_of(status)
    if statuses:
        messages = messages.filter(status__in=statuses)
    if query:
        messages = messages.filter(_matches(query, run))
    else:
        counts = counts_by_status(run)
        known = sum(n for name, n in counts.items() if not statuses or name in statuses)
    found = _Counted(messages, A_PAGE, known).get_page(page)
    found.object_list = [_row(message) for message in found.object_list]
    return found


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
