"""Shows the message as one person of the audience would get it, and measures it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from textmanager.campaigns.audience import row_at
from textmanager.campaigns.composition import ComposedText, cell_text
from textmanager.campaigns.counting import latest_figures, latest_places
from textmanager.campaigns.figures import Question, composer_for, places_of
from textmanager.campaigns.reasons import explain_reason
from textmanager.organizations.models import Organization
from textmanager.replies.opt_outs import opted_out_among
from textmanager.text.segments import BodyTooLong, Measure, measure, smart_encode
from textmanager.text.statuses import MessageStatus

# Different members have the same four bytes once in four billion; that many are looked at.
MOST_LOOKED_AT = 5


@dataclass(frozen=True)
class Preview:
    """The text to one person, or why there is none. `place` counts from 0."""

    place: int
    total: int
    imis_id: str
    to: str
    body: str
    why_not: str
    measure: Measure | None
    empty_fields: tuple[str, ...]

    @property
    def previous(self) -> int | None:
        return self.place - 1 if self.place > 0 else None

    @property
    def next(self) -> int | None:
        return self.place + 1 if self.place + 1 < self.total else None


@dataclass(frozen=True)
class Character:
    """A special character of the template, which makes texts longer, and a plain one for it."""

    char: str
    name: str
    plain: str


def preview_at(organization: Organization, question: Question, place: int) -> Preview | None:
    """The text to the person at `place`; None for an empty audience.

    Raises AudienceUnavailable, TemplateError.
    """
    found = row_at(organization.pk, question.iqa_path, question.answers, max(0, place))
    if found.row is None:
        if not found.total or not place:
            return None
        return preview_at(organization, question, found.total - 1)
    composer = composer_for(organization, question)
    text = composer.compose(place, found.row)
    if not text.body:
        # Without a number there is no text, but still something to look at.
        merged = composer.template.merge(found.row, organization.formats)
        text = replace(text, body=merged.body, empty_fields=merged.empty_fields)
    return _preview(organization, text, found.total)


def place_of(organization: Organization, question: Question, imis_id: str) -> int | None:
    """Where the person with this iMIS ID is in the counted audience; None when they are not in it.

    Raises AudienceUnavailable.
    """
    for place in places_of(imis_id, latest_places(organization, question))[:MOST_LOOKED_AT]:
        found = row_at(organization.pk, question.iqa_path, question.answers, place)
        if found.row and cell_text(found.row.get(question.id_column)) == imis_id:
            return place
    return None


def notable_places(organization: Organization, question: Question) -> dict[str, int]:
    """Where the longest and the emptiest text are; empty until the audience is counted."""
    figures = latest_figures(organization, question)
    names = ("longest", "emptiest")
    return {name: figures[name] for name in names if figures.get(name) is not None}


def characters_that_cost(template: str) -> list[Character]:
    """The characters of a template that more than halve what fits into a segment."""
    chars = dict.fromkeys(char for char in template if not _is_gsm(char))
    return [
        Character(char, unicodedata.name(char, "a special character").lower(), _plain(char))
        for char in chars
        # What joins two others, such as a skin tone, goes with them.
        if not unicodedata.combining(char) and unicodedata.category(char) not in {"Cf", "Mn", "Sk"}
    ]


def _preview(organization: Organization, text: ComposedText, total: int) -> Preview:
    why_not = ""
    if text.status != MessageStatus.QUEUED:
        why_not = explain_reason(text.reason).words
    elif opted_out_among(organization.pk, [text.to]):
        why_not = explain_reason("opted_out").words
    return Preview(
        place=text.number,
        total=total,
        imis_id=text.imis_id,
        to=text.to or text.raw_phone,
        body=text.body,
        why_not=why_not,
        measure=_measured(text.body),
        empty_fields=text.empty_fields,
    )


def _measured(body: str) -> Measure | None:
    try:
        return measure(body) if body else None
    except BodyTooLong:
        return None


def _is_gsm(char: str) -> bool:
    return measure(char).encoding == "GSM-7"


def _plain(char: str) -> str:
    plain = smart_encode(char).body
    return "" if plain == char else plain
