"""Merges the fields of a row into a message template: `Hello ${FirstName|friend}`."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

# A field, a doubled dollar, or the beginning of a field that is not closed on its line.
_TOKEN = re.compile(r"\$\$|\$\{([^{}\n]*)\}|\$\{")
_ISO_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
# %-d and its kin, "without a leading zero", which strftime has on some systems only.
_UNPADDED = re.compile(r"%-([dmHIyj])")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Whatever is longer cannot be sent anyway; it need not be written out either.
_LONGEST = 2_000
# .NET writes a date that is not set as its first day.
_NO_DATE = dt.date(1, 1, 1)
_NEAR_ENOUGH = 0.6


class TemplateError(ValueError):
    """The template cannot be used; `position` is where, counted in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class AmountStyle(NamedTuple):
    """What stands between thousands, and before the cents; and whether cents always stand."""

    thousands: str
    point: str
    always_cents: bool


AMOUNT_STYLES = {
    "plain": AmountStyle("", ".", always_cents=False),
    "comma": AmountStyle(",", ".", always_cents=False),
    "comma_cents": AmountStyle(",", ".", always_cents=True),
    "point": AmountStyle(".", ",", always_cents=False),
}


@dataclass(frozen=True)
class Formats:
    """How values are written in a text.

    `date` and `time` are strftime patterns, with `%-d` as a day without its zero; `amount` is one
    of AMOUNT_STYLES.
    """

    date: str = "%B %-d, %Y"
    time: str = "%-I:%M %p"
    amount: str = "plain"

    def show(self, value: dt.date | dt.time | Decimal) -> str:
        """A day, a time or an amount as a text would have it."""
        return _written(value, self)


@dataclass(frozen=True)
class TemplateProblem:
    """A merge field that the audience does not have, and the nearest that it has."""

    position: int
    length: int
    message: str
    suggestion: str | None


@dataclass(frozen=True)
class Merged:
    """A template merged with one row; `empty_fields` had neither a value nor a fallback."""

    body: str
    empty_fields: tuple[str, ...]


@dataclass(frozen=True)
class _Field:
    name: str
    key: str
    fallback: str | None
    position: int
    length: int


_USUAL = Formats()


class Template:
    """A parsed template. Values are never read as template, so they can do no harm.

    `${Field}` is replaced by the row's value, `${Field|fallback}` by the fallback where there is
    none, `$$` by a dollar. Names match without regard to case; they may hold blanks, dots and
    any script.
    """

    def __init__(self, parts: tuple[str | _Field, ...]) -> None:
        self._parts = parts

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises TemplateError for a field that is not closed or has no name."""
        parts: list[str | _Field] = []
        at = 0
        for token in _TOKEN.finditer(text):
            if token.start() > at:
                parts.append(text[at : token.start()])
            parts.append(_part(token))
            at = token.end()
        if at < len(text):
            parts.append(text[at:])
        return cls(tuple(parts))

    def fields(self) -> tuple[str, ...]:
        """The names of its merge fields, each once, as first written."""
        names: dict[str, str] = {}
        for field in self._fields():
            names.setdefault(field.key, field.name)
        return tuple(names.values())

    def merge(self, row: Mapping[str, object], formats: Formats = _USUAL) -> Merged:
        """The text for one row of the audience, and which of its fields were empty."""
        columns = _columns(tuple(row))
        written: dict[str, str] = {}
        out: list[str] = []
        empty: dict[str, None] = {}
        left = _LONGEST
        for part in self._parts:
            text: str | None
            if isinstance(part, str):
                text = part
            else:
                if part.name not in written:
                    written[part.name] = _value(part, row, columns, formats)
                text = written[part.name] or part.fallback
                if text is None:
                    empty[part.name] = None
                    continue
            out.append(text)
            left -= len(text)
            if left < 0:
                break
        return Merged("".join(out), tuple(empty))

    def render(self, row: Mapping[str, object], formats: Formats = _USUAL) -> str:
        """The text for one row of the audience."""
        return self.merge(row, formats).body

    def empty_fields(self, row: Mapping[str, object]) -> tuple[str, ...]:
        """Fields without a value in this row, and without a fallback."""
        return self.merge(row).empty_fields

    def check(self, columns: Sequence[str]) -> list[TemplateProblem]:
        """What an audience with these columns lacks, each where it stands in the template."""
        known = _columns(tuple(columns))
        return [_problem(field, known) for field in self._fields() if field.key not in known]

    def _fields(self) -> list[_Field]:
        return [part for part in self._parts if isinstance(part, _Field)]


def _part(token: re.Match[str]) -> str | _Field:
    if token.group() == "$$":
        return "$"
    if token.group(1) is None:
        raise TemplateError(
            "A merge field is not closed: add a } after its name, or write $$ for a dollar.",
            token.start(),
        )
    name, bar, fallback = token.group(1).partition("|")
    if not name.strip():
        raise TemplateError("A merge field has no name: ${}.", token.start())
    return _Field(
        name=name.strip(),
        key=_key(name),
        fallback=fallback if bar else None,
        position=token.start(),
        length=len(token.group()),
    )


def _key(name: str) -> str:
    """By this names are compared: no case, one way to write an accent, single blanks."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


@lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> dict[str, str]:
    """The columns of a row by their keys; of two that differ in case alone, the first."""
    columns: dict[str, str] = {}
    for name in names:
        columns.setdefault(_key(name), name)
    return columns


def _value(
    field: _Field, row: Mapping[str, object], columns: Mapping[str, str], formats: Formats
) -> str:
    column = field.name if field.name in row else columns.get(field.key)
    return _written(row[column], formats) if column is not None else ""


def _problem(field: _Field, known: Mapping[str, str]) -> TemplateProblem:
    near = difflib.get_close_matches(field.key, known, 1, _NEAR_ENOUGH)
    suggestion = known[near[0]] if near else None
    hint = f" Did you mean ${{{suggestion}}}?" if suggestion else ""
    return TemplateProblem(
        field.position,
        field.length,
        f"The IQA has no column “{field.name}”.{hint}",
        suggestion,
    )


def _written(value: object, formats: Formats) -> str:
    """A value as people write it; empty when there is none."""
    if isinstance(value, str):
        if value[:1].isdecimal() and _ISO_MOMENT.fullmatch(value):
            return _written_text_moment(value, formats.date, formats.time)
        return _clean(value)
    match value:
        case None:
            written = ""
        case bool():
            written = "Yes" if value else "No"
        case dt.datetime():
            written = _written_moment(value, formats)
        case dt.date():
            written = _strftime(value, formats.date) if value != _NO_DATE else ""
        case dt.time():
            written = _strftime(value, formats.time)
        case float() | Decimal():
            written = _written_amount(value, AMOUNT_STYLES[formats.amount])
        case _:
            written = _clean(str(value))
    return written


@lru_cache(maxsize=4096)
def _written_text_moment(text: str, date: str, time: str) -> str:
    """A date that iMIS wrote as text, such as 2026-12-31T00:00:00.

    Remembered, because the members of an audience share a few dates.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return _written_moment(moment, Formats(date, time))


def _written_moment(moment: dt.datetime, formats: Formats) -> str:
    """IMIS has no dates without a time: one at midnight is meant as a date."""
    if moment.date() == _NO_DATE:
        return ""
    date = _strftime(moment, formats.date)
    if moment.time() == dt.time.min:
        return date
    return f"{date}, {_strftime(moment, formats.time)}"


def _strftime(value: dt.date | dt.time, pattern: str) -> str:
    unpadded = _UNPADDED.sub(
        lambda found: value.strftime(f"%{found[1]}").lstrip("0") or "0", pattern
    )
    return value.strftime(unpadded)


def _written_amount(amount: float | Decimal, style: AmountStyle) -> str:
    """Cents only where there are any, or where they are always wanted."""
    if not math.isfinite(amount):
        return ""
    has_cents = style.always_cents or amount != int(amount)
    written = f"{amount:,.2f}" if has_cents else f"{amount:,.0f}"
    return written.translate({ord(","): style.thousands, ord("."): style.point})


def _clean(text: str) -> str:
    text = text[:_LONGEST].strip()
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub("", text.replace("\t", " ")).strip()
