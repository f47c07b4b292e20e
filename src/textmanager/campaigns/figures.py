"""Adds up what the texts of an audience come to, page by page, in bounded memory."""

from __future__ import annotations

import datetime as dt
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from textmanager.campaigns.composition import ComposedText, Composer, Exclusions
from textmanager.organizations.models import Organization
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.history import recently_texted
from textmanager.text.merge import Template
from textmanager.text.segments import measure
from textmanager.text.statuses import MessageStatus

# Of each reason so many people are kept by name; the count is that of all.
MOST_NAMED = 1_000
MOST_FORCING = 5
# Different combinations of zones and sizes; an audience has a few dozen.
MOST_GROUPS = 2_000


@dataclass(frozen=True)
class Question:
    """What is counted: a message, merged for every row of an IQA.

    `campaign_id` and `days_between_texts` leave out whom that campaign has texted lately.
    """

    iqa_path: str
    answers: tuple[tuple[str, str], ...]
    id_column: str
    phone_column: str
    template: str
    empty_values: str
    days_between_texts: int = 0
    campaign_id: int | None = None

    @classmethod
    def of(cls, values: dict[str, Any], campaign_id: int | None) -> Question:
        """For the form's cleaned values, or a campaign's."""
        days = values["days_between_texts"] or 0
        return cls(
            iqa_path=values["iqa_path"],
            answers=tuple((name, answer) for name, answer in values["prompt_answers"]),
            id_column=values["id_column"],
            phone_column=values["phone_column"],
            template=values["template"],
            empty_values=str(values["empty_values"]),
            days_between_texts=days,
            campaign_id=campaign_id if days else None,
        )

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Question:
        answers = tuple((name, answer) for name, answer in stored["answers"])
        return cls(**{**stored, "answers": answers})


@dataclass
class Figures:
    """The sums so far. What grows with the audience is four bytes a row, and whom it has seen."""

    organization: Organization
    question: Question
    now: dt.datetime
    contacts: int = 0
    texted: int = 0
    segments: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, list[list[Any]]] = field(default_factory=lambda: defaultdict(list))
    groups: Counter[tuple[tuple[str, ...], int]] = field(default_factory=Counter)
    forcing: Counter[str] = field(default_factory=Counter)
    empty_fields: Counter[str] = field(default_factory=Counter)
    places: array[int] = field(default_factory=lambda: array("I"))
    longest: tuple[tuple[int, int], int] = ((-1, 0), 0)
    emptiest: tuple[tuple[int, int], int] = ((-1, 0), 0)
    _exclusions: Exclusions = field(default_factory=Exclusions)

    def add(self, rows: Sequence[dict[str, object]]) -> None:
        """Counts one more page."""
        composer = composer_for(self.organization, self.question)
        texts = [composer.compose(self.contacts + at, row) for at, row in enumerate(rows)]
        self.contacts += len(texts)
        self.places.extend(place_mark(text.imis_id) for text in texts)
        numbers = {text.to for text in texts if text.to}
        self._exclusions.opted_out = opted_out_among(self.organization.pk, numbers)
        self._exclusions.texted_recently = self._recently(numbers)
        for text in self._exclusions.apply(texts):
            self._count(text)

    def _recently(self, numbers: Iterable[str]) -> frozenset[str]:
        question = self.question
        if question.campaign_id is None:
            return frozenset()
        since = self.now - dt.timedelta(days=question.days_between_texts)
        return recently_texted(campaign_id=question.campaign_id, numbers=list(numbers), since=since)

    def _count(self, text: ComposedText) -> None:
        self.empty_fields.update(text.empty_fields)
        if text.status != MessageStatus.QUEUED:
            self.excluded[text.reason] += 1
            named = self.left_out[text.reason]
            if len(named) < MOST_NAMED:
                named.append([text.number, text.imis_id, text.raw_phone])
            return
        self.texted += 1
        self.segments += text.segments
        group = (text.time_zones, text.segments)
        if group not in self.groups and len(self.groups) >= MOST_GROUPS:
            group = ((), text.segments)
        self.groups[group] += 1
        self.longest = max(self.longest, ((text.segments, len(text.body)), -text.number))
        self.emptiest = max(
            self.emptiest, ((len(text.empty_fields), -len(text.body)), -text.number)
        )
        if text.encoding != "GSM-7":
            self.forcing.update({found.char for found in measure(text.body).forces_ucs2})

    def as_json(self) -> dict[str, Any]:
        """What the summary is made from."""
        per_text: Counter[int] = Counter()
        for (_, segments), count in self.groups.items():
            per_text[segments] += count
        return {
            "contacts": self.contacts,
            "texted": self.texted,
            "segments": self.segments,
            "excluded": dict(self.excluded),
            "per_text": sorted(per_text.items()),
            "groups": [[list(zones), size, count] for (zones, size), count in self.groups.items()],
            "forcing": self.forcing.most_common(MOST_FORCING),
            "empty_fields": self.empty_fields.most_common(),
            "longest": -self.longest[1] if self.texted else None,
            "emptiest": -self.emptiest[1] if self.texted else None,
        }


def composer_for(organization: Organization, question: Question) -> Composer:
    """What turns the rows of the question's audience into its texts. Raises TemplateError."""
    return Composer(
        template=Template.parse(question.template),
        id_column=question.id_column,
        phone_column=question.phone_column,
        region=organization.region,
        formats=organization.formats,
        empty_values=question.empty_values,
    )


def place_mark(imis_id: str) -> int:
    """Four bytes that most likely differ between two iMIS IDs, and say nothing else of them."""
    return zlib.crc32(imis_id.encode())


def places_of(imis_id: str, places: bytes) -> list[int]:
    """Where in the audience somebody with this iMIS ID may be."""
    marks, mark = array("I", places), place_mark(imis_id)
    found, at = [], -1
    try:
        while True:
            at = marks.index(mark, at + 1)
            found.append(at)
    except ValueError:
        return found
