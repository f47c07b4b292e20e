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
# Characters of one UTF-16 unit that never join their neighbours (UAX #29, rule GB999).
_ALL_APART = regex.compile(r"(?V1)[[\p{Grapheme_Cluster_Break=Other}\n]&&[\u0000-\uFFFF]]*+")


_IN_PLAIN_WORDS = {"GSM-7": "plain characters", "UCS-2": "special characters (70 a segment)"}


def in_plain_words(encoding: str) -> str:
    """What an encoding means to people who never heard its name; empty for none."""
    return _IN_PLAIN_WORDS.get(encoding, "")


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
        return _measure_apart("GSM-7", _within_limit(len(body)))
    if _ALL_APART.fullmatch(body) and not _ALL_GSM.fullmatch(body):
        return _measure_apart("UCS-2", _within_limit(len(body)), _forcing(body))
    encoding, _, sizes = _pieces(body)
    units = sum(sizes)
    forcing = _forcing(body) if encoding == "UCS-2" else ()
    if units <= _SINGLE[encoding]:
        return Measure(encoding, units, 1, _SINGLE[encoding] - units, forcing)
    starts, left = _fill(sizes, _PART[encoding])
    return Measure(encoding, units, len(starts), left, forcing)


def parts(body: str) -> list[str]:
    """The parts that a text is sent as; joined again they are the text. Raises BodyTooLong."""
    encoding, pieces, sizes = _pieces(body)
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


def _measure_apart(encoding: Encoding, units: int, forcing: tuple[Forcing, ...] = ()) -> Measure:
    """For a text whose every character is one unit: its parts need not be filled one by one."""
    single, part = _SINGLE[encoding], _PART[encoding]
    if units <= single:
        return Measure(encoding, units, 1, single - units, forcing)
    segments = -(-units // part)
    return Measure(encoding, units, segments, segments * part - units, forcing)


def _pieces(body: str) -> tuple[Encoding, list[str], list[int]]:
    """The encoding, what may not be divided between two parts, and the units of each.

    Raises BodyTooLong.
    """
    if _ALL_GSM.fullmatch(body):
        _within_limit(len(body))
        return "GSM-7", list(body), [2 if char in _EXTENSION else 1 for char in body]
    _within_limit(_utf16_units(body))
    pieces: list[str] = _GRAPHEME.findall(body)
    sizes = [_units_of_cluster(piece) for piece in pieces]
    if max(sizes) > _PART["UCS-2"]:
        # A letter under a tower of marks does not fit into any part whole.
        pieces = list(body)
        sizes = [_units_of_cluster(piece) for piece in pieces]
    return "UCS-2", pieces, sizes


def _units_of_cluster(cluster: str) -> int:
    if len(cluster) == 1:
        return 1 if cluster <= "\uffff" else 2
    return _utf16_units(cluster)


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
