"""Merges the fields of a row into a message template: `${FirstName|friend}`."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

_TOKEN = re.compile(r"\$\$|\$\{([^{}]*)\}")
_ISO_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?)?$")


class TemplateError(Exception):
    """The template cannot be used; `position` is where, counted in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class Formats:
    """How values are written in a text. `date` and `time` are strftime patterns."""

    date: str = "%B %d, %Y"
    time: str = "%I:%M %p"


@dataclass(frozen=True)
class TemplateProblem:
    position: int
    length: int
    message: str
    suggestion: str | None


@dataclass(frozen=True)
class _Field:
    name: str
    fallback: str | None
    position: int
    length: int


class Template:
    """A parsed template. Values are never read as template, so they can do no harm."""

    def __init__(self, parts: tuple[str | _Field, ...]) -> None:
        self._parts = parts

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises TemplateError for a field without a name."""
        parts: list[str | _Field] = []
        at = 0
        for token in _TOKEN.finditer(text):
            parts.append(text[at : token.start()])
            at = token.end()
            if token.group(0) == "$$":
                parts.append("$")
                continue
            name, bar, fallback = token.group(1).partition("|")
            if not name.strip():
                raise TemplateError("A merge field has no name: ${}.", token.start())
            parts.append(
                _Field(name.strip(), fallback if bar else None, token.start(), len(token.group(0)))
            )
        parts.append(text[at:])
        return cls(tuple(parts))

    def fields(self) -> tuple[str, ...]:
        names = {part.name.casefold(): part.name for part in self._merge_fields()}
        return tuple(names.values())

    def render(self, row: Mapping[str, object], formats: Formats | None = None) -> str:
        values = {name.casefold(): value for name, value in row.items()}
        formats = formats or Formats()
        out = []
        for part in self._parts:
            if isinstance(part, str):
                out.append(part)
            else:
                written = _written(values.get(part.name.casefold()), formats)
                out.append(written or part.fallback or "")
        return "".join(out).strip()

    def empty_fields(self, row: Mapping[str, object]) -> tuple[str, ...]:
        """Fields without a value in this row, and without a fallback."""
        values = {name.casefold(): value for name, value in row.items()}
        return tuple(
            part.name
            for part in self._merge_fields()
            if part.fallback is None and not _written(values.get(part.name.casefold()), Formats())
        )

    def check(self, columns: Sequence[str]) -> list[TemplateProblem]:
        known = {column.casefold(): column for column in columns}
        problems = []
        for part in self._merge_fields():
            if part.name.casefold() in known:
                continue
            near = difflib.get_close_matches(part.name.casefold(), known, 1, 0.6)
            suggestion = known[near[0]] if near else None
            hint = f" Did you mean ${{{suggestion}}}?" if suggestion else ""
            problems.append(
                TemplateProblem(
                    part.position,
                    part.length,
                    f"The IQA has no column “{part.name}”.{hint}",
                    suggestion,
                )
            )
        return problems

    def _merge_fields(self) -> list[_Field]:
        return [part for part in self._parts if isinstance(part, _Field)]


def _written(value: object, formats: Formats) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case dt.datetime() | dt.date():
            return value.strftime(formats.date)
        case float() | Decimal():
            return f"{value:.0f}" if value == int(value) else f"{value:.2f}"
        case str():
            found = _ISO_MOMENT.match(value)
            if found:
                year, month, day = (int(part) for part in found.groups()[:3])
                return dt.date(year, month, day).strftime(formats.date)
    text = "".join(
        char for char in str(value) if char == "\n" or unicodedata.category(char) != "Cc"
    )
    return text.strip()
