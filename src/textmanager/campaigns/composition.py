"""Turns rows of an audience into texts, or into the reason why a person gets none.

The summary and the preparation of a run both work through this module, so that what staff were
shown is what is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from textmanager.campaigns.models import EmptyValues
from textmanager.text.merge import Formats, Merged, Template
from textmanager.text.phones import Invalid, parse_recipient
from textmanager.text.segments import BodyTooLong, measure
from textmanager.text.statuses import MessageStatus

Row = Mapping[str, object]

# As much as a message keeps of either.
LONGEST_ID = 40
LONGEST_RAW_PHONE = 200


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
        imis_id = cell_text(row.get(self.id_column))[:LONGEST_ID]
        raw_phone = cell_text(row.get(self.phone_column))
        recipient = parse_recipient(raw_phone, self.region)
        raw_phone = raw_phone[:LONGEST_RAW_PHONE]
        if isinstance(recipient, Invalid):
            reason = f"number:{recipient.code}"
            return ComposedText(number, imis_id, raw_phone, MessageStatus.ERROR, reason)
        merged = self.template.merge(row, self.formats)
        reason, encoding, segments = self._judge(imis_id, merged)
        return ComposedText(
            number,
            imis_id,
            raw_phone,
            MessageStatus.SKIPPED if reason else MessageStatus.QUEUED,
            reason,
            recipient.e164,
            merged.body,
            encoding,
            segments,
            recipient.time_zones,
            merged.empty_fields,
        )

    def _judge(self, imis_id: str, merged: Merged) -> tuple[str, str, int]:
        """Why there is no text for this person, or nothing; its encoding and segments."""
        if not imis_id:
            return "no_imis_id", "", 0
        if merged.empty_fields and self.empty_values == EmptyValues.SKIP:
            return "empty_field", "", 0
        if not merged.body.strip():
            return "empty_text", "", 0
        try:
            measured = measure(merged.body)
        except BodyTooLong:
            return "too_long", "", 0
        return "", measured.encoding, measured.segments


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
