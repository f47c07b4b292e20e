"""Measures a text: its encoding, and how many segments it is sent and billed as.

The rules are those of 3GPP TS 23.038 and of Twilio's published calculator
(github.com/TwilioDevEd/message-segment-calculator), whose count is an estimate: what Twilio
bills is what it reports afterwards.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import regex

Encoding = Literal["GSM-7", "UCS-2"]

# In UTF-16 units, the careful reading of Twilio's limit (error 21617).
LONGEST_BODY = 1600

# Units that fit into a text of one segment, and into each part of a longer one.
_SINGLE = {"GSM-7": 160, "UCS-2": 70}
_PART = {"GSM-7": 153, "UCS-2": 67}

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Sent as an escape and a character: two units, which stay in one part.
_EXTENSION = "\f^{}\\[~]|€"
_ALL_BASIC = re.compile(f"[{re.escape(_BASIC)}]*")
_ALL_GSM = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*")
_NOT_GSM = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")
_GRAPHEME = regex.compile(r"\X")


class BodyTooLong(ValueError):
    """The text is longer than Twilio takes; `length` is in UTF-16 units, as Twilio counts."""

    def __init__(self, length: int) -> None:
        super().__init__(f"The text has {length:,} characters; {LONGEST_BODY:,} are the most.")
        self.length = length


@dataclass(frozen=True, slots=True)
class Forcing:
    """A character that GSM-7 does not have, at a place counted in characters from 0."""

    char: str
    position: int


@dataclass(frozen=True, slots=True)
class Measure:
    """`units` are septets in GSM-7 and UTF-16 units in UCS-2; `units_left` fit in the last segment.

    `forces_ucs2` names every character that makes the text UCS-2; empty in GSM-7.
    """

    encoding: Encoding
    units: int
    segments: int
    units_left: int
    forces_ucs2: tuple[Forcing, ...] = ()


@dataclass(frozen=True, slots=True)
class SmartEncoded:
    """A text with plain characters for typographic ones, and each (from, to) that was changed."""

    body: str
    changes: tuple[tuple[str, str], ...]


def measure(body: str) -> Measure:
    """The encoding and size of a text as it is sent. Raises BodyTooLong.

    A text of one segment carries 160 (GSM-7) or 70 (UCS-2) units, each part of a longer one 153
    or 67. No part ends inside an extension pair or a grapheme cluster.
    """
    if _ALL_BASIC.fullmatch(body):
        return _measure_basic(_within_limit(len(body)))
    encoding, pieces = _pieces(body)
    sizes = [_size(piece, encoding) for piece in pieces]
    units = sum(sizes)
    forcing = _forcing(body) if encoding == "UCS-2" else ()
    if units <= _SINGLE[encoding]:
        return Measure(encoding, units, 1, _SINGLE[encoding] - units, forcing)
    starts, left = _fill(sizes, _PART[encoding])
    return Measure(encoding, units, len(starts), left, forcing)


def parts(body: str) -> list[str]:
    """The parts that a text is sent as; joined again they are the text. Raises BodyTooLong."""
    encoding, pieces = _pieces(body)
    sizes = [_size(piece, encoding) for piece in pieces]
    if sum(sizes) <= _SINGLE[encoding]:
        return [body]
    starts, _ = _fill(sizes, _PART[encoding])
    ends = [*starts[1:], len(pieces)]
    return ["".join(pieces[start:end]) for start, end in zip(starts, ends, strict=True)]


def smart_encode(body: str) -> SmartEncoded:
    """The text as Twilio's smart encoding would send it: curly quotes, dashes, odd blanks, ...

    Accented letters and emoji stay. The result can be longer than the text.
    """
    table = _smart_table()
    changes = dict.fromkeys((char, table[char]) for char in body if char in table)
    return SmartEncoded("".join(table.get(char, char) for char in body), tuple(changes))


def _measure_basic(units: int) -> Measure:
    """Every character is one unit, so that parts need not be filled one by one."""
    single, part = _SINGLE["GSM-7"], _PART["GSM-7"]
    if units <= single:
        return Measure("GSM-7", units, 1, single - units)
    segments = -(-units // part)
    return Measure("GSM-7", units, segments, segments * part - units)


def _pieces(body: str) -> tuple[Encoding, list[str]]:
    """The encoding, and what may not be divided between two parts. Raises BodyTooLong."""
    if _ALL_GSM.fullmatch(body):
        _within_limit(len(body))
        return "GSM-7", list(body)
    _within_limit(_utf16_units(body))
    pieces: list[str] = []
    for cluster in _GRAPHEME.findall(body):
        # A letter under a tower of marks does not fit into any part whole.
        pieces.extend([cluster] if _utf16_units(cluster) <= _PART["UCS-2"] else cluster)
    return "UCS-2", pieces


def _size(piece: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if piece in _EXTENSION else 1
    return _utf16_units(piece)


def _fill(sizes: list[int], capacity: int) -> tuple[list[int], int]:
    """Where each part starts, as places in `sizes`, and what is left of the last part."""
    starts, used = [0], 0
    for place, size in enumerate(sizes):
        if used + size > capacity:
            starts.append(place)
            used = 0
        used += size
    return starts, capacity - used


def _forcing(body: str) -> tuple[Forcing, ...]:
    return tuple(Forcing(found.group(), found.start()) for found in _NOT_GSM.finditer(body))


def _within_limit(length: int) -> int:
    if length > LONGEST_BODY:
        raise BodyTooLong(length)
    return length


def _utf16_units(text: str) -> int:
    # Lone surrogates, which a broken JSON can bring, count as the unit that they are.
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@cache
def _smart_table() -> dict[str, str]:
    """Twilio's table, as its calculator 1.3.0 has it; every key is one character."""
    path = Path(__file__).with_name("smart_encoding.json")
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return table
