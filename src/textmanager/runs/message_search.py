"""Looks through a run's messages without ever reading more of them than it shows.

A page is found by the number that it begins after (or ends before), never by counting rows to
skip. Each combination of status and cause rides on an index of its own and is merged with the
others, so that a rare one among a million messages is found as fast as a common one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from textmanager.runs.figures import Figures
from textmanager.runs.models import WITH_A_CAUSE, Message, Run, WriteBack
from textmanager.runs.pipeline.due import SENT
from textmanager.text.phones import Recipient, digits_in, parse_recipient

# Counted up to here; what is more is called "more than".
MOST_COUNTED = 1000
# So many messages at most are read one by one, for what no index answers.
SMALL_RUN = 20_000
LAST_DIGITS = 4
# A number without its area code: there are few enough of those to look for each.
LOCAL_NUMBER = 7
AREA_CODES = range(200, 1000)

RECORDS: dict[str, tuple[str, ...]] = {
    "written": (WriteBack.WRITTEN,),
    "waiting": (WriteBack.WAITING, WriteBack.WRITING),
    "failed": (WriteBack.FAILED,),
}


@dataclass(frozen=True)
class Sought:
    """Which messages of a run are looked for; what is empty does not matter.

    `pairs` are statuses, each with the causes that count in it (none: all do); `record` is a key
    of RECORDS; `numbers` those of the messages that a search has found, None without a search.
    """

    pairs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    record: str = ""
    numbers: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Total:
    """How many there are; `is_more` when they are more than that, and nobody counted on."""

    messages: int
    is_more: bool = False


def sought(*, statuses: Sequence[str] = (), cause: str = "", record: str = "") -> Sought:
    causes = (cause,) if cause else ()
    of = tuple(statuses) or (WITH_A_CAUSE if cause else ())
    return Sought(
        pairs=tuple((status, causes) for status in of), record=record if record in RECORDS else ""
    )


def messages_after(run: Run, wanted: Sought, *, after: int, most: int) -> list[Message]:
    """The first `most` messages beyond the number `after`, in order; one query."""
    parts = [
        part.filter(number__gt=after).order_by("number")[:most] for part in _parts(run, wanted)
    ]
    return _merged(parts, "number", most)


def messages_before(run: Run, wanted: Sought, *, before: int | None, most: int) -> list[Message]:
    """The last `most` messages before the number `before` (None: at the end), in order."""
    below = Q() if before is None else Q(number__lt=before)
    parts = [part.filter(below).order_by("-number")[:most] for part in _parts(run, wanted)]
    return _merged(parts, "-number", most)[::-1]


def total_of(run: Run, wanted: Sought, figures: Figures) -> Total:
    """From a tally where one knows; counted only as far as MOST_COUNTED where none does."""
    if wanted.numbers is None and not wanted.record:
        return Total(_tallied(wanted, figures))
    if wanted.numbers is None and not wanted.pairs:
        return Total(sum(figures.records_in(state) for state in RECORDS[wanted.record]))
    parts = [part.values_list("pk")[: MOST_COUNTED + 1] for part in _parts(run, wanted)]
    first, *others = parts
    found = len(first.union(*others, all=True) if others else first)
    return Total(min(found, MOST_COUNTED), is_more=found > MOST_COUNTED)


def _tallied(wanted: Sought, figures: Figures) -> int:
    if not wanted.pairs:
        return sum(figures.counts.values())
    causes = {(line.status, line.cause): line.messages for line in figures.causes}
    return sum(
        sum(causes.get((status, cause), 0) for cause in of) if of else figures.counts.get(status, 0)
        for status, of in wanted.pairs
    )


def matching(run: Run, query: str) -> tuple[int, ...]:
    """The messages to an iMIS ID, or to a number however it is typed, also by its last digits.

    Each way rides on an index. Fewer than seven last digits are looked for only in a run that is
    small enough to be read.
    """
    messages = Message.objects.filter(run=run, organization_id=run.organization_id)
    ways = [messages.filter(imis_id=query[:40])]
    recipient = parse_recipient(query, run.organization.region)
    if isinstance(recipient, Recipient):
        ways.append(messages.filter(to=recipient.e164))
    digits = digits_in(query)
    anywhere = in_each_area(digits, run.organization.region)
    if anywhere:
        ways.append(messages.filter(to__in=anywhere))
    if may_read_all(run) and len(digits) >= LAST_DIGITS:
        ways.append(messages.filter(to__endswith=digits))
        ways.append(messages.filter(to="", raw_phone__contains=query[:40]))
    first, *others = [way.values_list("number", flat=True)[:MOST_COUNTED] for way in ways]
    return tuple(sorted(first.union(*others) if others else first))


def in_each_area(digits: str, region: str) -> list[str]:
    """What a North American number typed without its area code may be; nothing for any other."""
    if len(digits) != LOCAL_NUMBER or region not in {"US", "CA"}:
        return []
    return [f"+1{code}{digits}" for code in AREA_CODES]


def may_read_all(run: Run) -> bool:
    return run.next_offset <= SMALL_RUN


def _parts(run: Run, wanted: Sought) -> list[QuerySet[Message]]:
    """One query for each index range that has to be looked through."""
    messages = Message.objects.filter(run=run)
    if wanted.numbers is not None:
        messages = messages.filter(number__in=wanted.numbers)
    if wanted.record:
        of_record = messages.filter(_any_of(wanted), status__in=SENT)
        return [of_record.filter(write_back=state) for state in RECORDS[wanted.record]]
    return [
        messages.filter(status=status, cause=cause) if causes else messages.filter(status=status)
        for status, causes in wanted.pairs
        for cause in causes or ("",)
    ] or [messages]


def _any_of(wanted: Sought) -> Q:
    either = Q()
    for status, causes in wanted.pairs:
        either |= Q(status=status, cause__in=causes) if causes else Q(status=status)
    return either


def _merged(parts: list[QuerySet[Message]], order: str, most: int) -> list[Message]:
    first, *others = parts
    if not others:
        return list(first)
    return list(first.union(*others, all=True).order_by(order)[:most])
