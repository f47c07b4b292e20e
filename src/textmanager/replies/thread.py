"""One conversation as it is read: what was said in both directions, and as whom."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from textmanager.organizations.templatetags.times import relative
from textmanager.replies.models import Answer, Conversation
from textmanager.runs.history import TextToNumber, texts_to
from textmanager.text.statuses import MessageStatus, staff_name

# A person sees this much of what was said; more is in the runs.
MOST_ENTRIES = 100


@dataclass(frozen=True)
class Entry:
    """One text of a conversation. `about`: who sent it, by which campaign, or to which sender."""

    is_theirs: bool
    body: str
    at: dt.datetime
    about: str
    status: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Thread:
    """What was said, the oldest first. Of ours, `written_to` was last, and `texted_from` last used.

    `imis_ids` are those as whom runs have texted the number, the latest first.
    """

    entries: list[Entry]
    written_to: str
    texted_from: int | None
    imis_ids: tuple[str, ...]

    @property
    def version(self) -> str:
        """Changes when anything that is shown of it does."""
        shown = [
            (each.at, relative(each.at), each.status, each.problem, each.body)
            for each in self.entries
        ]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def thread_of(conversation: Conversation) -> Thread:
    """At most the last hundred texts."""
    inbound = list(conversation.inbound_texts.order_by("-received_at")[:MOST_ENTRIES])
    answers = conversation.answers.select_related("author").order_by("-created_at")
    texts = texts_to(
        organization_id=conversation.organization_id,
        number=conversation.number,
        most=MOST_ENTRIES,
    )
    entries = [
        *[Entry(True, text.body, text.received_at, f"to {text.to}") for text in inbound],
        *[_answer_entry(answer) for answer in answers[:MOST_ENTRIES]],
        *[
            Entry(False, text.body, text.at, text.campaign_name, staff_name(text.status))
            for text in texts
        ],
    ]
    return Thread(
        entries=sorted(entries, key=lambda entry: entry.at)[-MOST_ENTRIES:],
        written_to=inbound[0].to if inbound else "",
        texted_from=texts[0].sender_id if texts else None,
        imis_ids=_imis_ids(texts),
    )


def _imis_ids(texts: list[TextToNumber]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.imis_id for text in texts if text.imis_id))


def _answer_entry(answer: Answer) -> Entry:
    who = answer.author.get_username() if answer.author else "Staff"
    status = staff_name(MessageStatus(answer.status))
    return Entry(False, answer.body, answer.created_at, who, status, answer.why_not)
