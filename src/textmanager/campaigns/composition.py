"""Turns rows of an audience into texts, or into the reason why a person gets none.

The summary and the preparation of a run both work through this module, so that what staff were
shown is what is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from textmanager.campaigns.models import EmptyValues
from textmanager.text.merge import Formats, Template
from textmanager.text.phones import Invalid, parse_recipient
from textmanager.text.segments import BodyTooLong, measure
from textmanager.text.statuses import MessageStatus

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ComposedText:
    """One row of the audience as a text that may be sent (queued), or not (error, skipped)."""

    number: int
    imis_id: str
    raw_phone: str
    status: MessageStatus
    reason: str = ""
    to: str = ""
    body: str = ""
    encoding: str = ""
    segments: int = 0
    time_zones: tuple[str, ...] = ()
    empty_fields: tuple[str, ...] = ()

    def skipped(self, reason: str) -> ComposedText:
        return replace(self, status=MessageStatus.SKIPPED, reason=reason)


@dataclass(frozen=True)
class Composer:
    """What is needed to turn a row into a text: the template, its columns and its formats."""

    template: Template
    id_column: str
    phone_column: str
    region: str
    formats: Formats
    empty_values: str = EmptyValues.SEND

    def compose(self, number: int, row: Row) -> ComposedText:
        """The text for one row; `number` is the row's place in the audience, from 0."""
        raw_phone = cell_text(row.get(self.phone_column))
        text = ComposedText(
            number=number,
            imis_id=cell_text(row.get(self.id_column))[:40],
            raw_phone=raw_phone[:200],
            status=MessageStatus.QUEUED,
        )
        recipient = parse_recipient(raw_phone, self.region)
        if isinstance(recipient, Invalid):
            return replace(text, status=MessageStatus.ERROR, reason=f"number:{recipient.code}")
        text = replace(text, to=recipient.e164, time_zones=recipient.time_zones)
        if not text.imis_id:
            return text.skipped("no_imis_id")
        return self._merge(text, row)

    def _merge(self, text: ComposedText, row: Row) -> ComposedText:
        merged = self.template.merge(row, self.formats)
        body = merged.body
        text = replace(text, body=body, empty_fields=merged.empty_fields)
        if merged.empty_fields and self.empty_values == EmptyValues.SKIP:
            return text.skipped("empty_field")
        if not body.strip():
            return text.skipped("empty_text")
        try:
            measured = measure(body)
        except BodyTooLong:
            return text.skipped("too_long")
        return replace(text, encoding=measured.encoding, segments=measured.segments)


@dataclass
class Exclusions:
    """Who gets no text although the row is good. Keeps count of whom it has let through."""

    opted_out: frozenset[str] = frozenset()
    texted_recently: frozenset[str] = frozenset()
    numbers: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def apply(self, texts: Iterable[ComposedText]) -> Iterator[ComposedText]:
        """The texts again, those to be left out marked as skipped with the reason."""
        for text in texts:
            if text.status != MessageStatus.QUEUED:
                yield text
                continue
            reason = self._reason(text)
            if reason:
                yield text.skipped(reason)
                continue
            self.numbers.add(text.to)
            self.members.add(text.imis_id)
            yield text

    def _reason(self, text: ComposedText) -> str:
        if text.to in self.opted_out:
            return "opted_out"
        if text.to in self.numbers:
            return "duplicate_number"
        if text.imis_id in self.members:
            return "duplicate_member"
        if text.to in self.texted_recently:
            return "texted_recently"
        return ""


def cell_text(value: object) -> str:
    """A cell as text; iMIS sends IDs as numbers on some sites, and 101 must not become 101.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
