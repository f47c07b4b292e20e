"""Why messages are as they are, in words, and how many are so for the same cause."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from textmanager.campaigns.reasons import explain_reason
from textmanager.runs.figures import Figures
from textmanager.runs.models import CauseTally, Message, Run
from textmanager.text.error_codes import Retry, Whose, explain
from textmanager.text.statuses import NEVER_LEFT, MessageStatus, staff_key


@dataclass(frozen=True)
class Cause:
    """A cause with the messages of a run that have it and stand in one status."""

    status: MessageStatus
    cause: str
    words: str
    what_to_do: str
    messages: int
    segments: int

    @property
    def key(self) -> str:
        """Of the status, as in the breakdown."""
        return staff_key(self.status)


def in_words(cause: str, twilios_text: str = "") -> tuple[str, str]:
    """What a cause means and what can be done about it; both empty for none.

    `twilios_text` explains an error code that we do not know.
    """
    if cause.isdecimal():
        explanation = explain(int(cause), twilios_text)
        return explanation.meaning, explanation.what_to_do
    if cause:
        reason = explain_reason(cause)
        return reason.words, reason.what_to_do
    return "", ""


def why(message: Message) -> tuple[str, str]:
    """Why a message is not delivered (yet), and what can be done; empty when all is well."""
    return in_words(message.cause, message.error_text)


def causes_of(figures: Figures) -> dict[str, list[Cause]]:
    """The causes by key of the breakdown, the commonest first."""
    found: dict[str, list[Cause]] = defaultdict(list)
    tallies = [line for line in figures.causes if line.messages > 0]
    for tally in sorted(tallies, key=lambda line: (-line.messages, line.cause)):
        words, what_to_do = in_words(tally.cause)
        cause = Cause(
            status=MessageStatus(tally.status),
            cause=tally.cause,
            words=words or "No reason was given",
            what_to_do=what_to_do,
            messages=tally.messages,
            segments=0 if tally.status in NEVER_LEFT else tally.segments,
        )
        found[cause.key].append(cause)
    return dict(found)


# The carrier or Twilio may have let the text through after all: trying again could be a second
# one to the same person.
MAY_HAVE_ARRIVED = frozenset({"30410"})


def is_passing(cause: str) -> bool:
    """Whether the same text may succeed when it is tried again, and surely did not arrive."""
    return (
        cause.isdecimal()
        and cause not in MAY_HAVE_ARRIVED
        and explain(int(cause)).retry is Retry.LATER
    )


def is_bad_number(cause: str) -> bool:
    """Whether the number on the iMIS record has to be corrected."""
    if cause.isdecimal():
        return explain(int(cause)).whose is Whose.NUMBER
    return cause.startswith("number:")


FAILED = (MessageStatus.FAILED, MessageStatus.UNDELIVERED)


def to_try_again(run: Run) -> Q:
    """Failed for a passing reason, and in no other run yet."""
    tallies = CauseTally.objects.filter(run=run, status__in=FAILED, messages__gt=0)
    passing = sorted({tally.cause for tally in tallies if is_passing(tally.cause)})
    return Q(status__in=FAILED, cause__in=passing, retried_in=None)
