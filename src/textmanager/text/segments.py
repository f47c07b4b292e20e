"""Measures a text: its encoding and how many segments it is sent and billed as."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex

LONGEST_BODY = 1600
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GRAPHEME = regex.compile(r"\X")


class BodyTooLong(Exception):
    pass


@dataclass(frozen=True)
class Forcing:
    char: str
    position: int


@dataclass(frozen=True)
class Measure:
    encoding: str
    units: int
    segments: int
    units_left: int
    forces_ucs2: tuple[Forcing, ...]


@dataclass(frozen=True)
class SmartEncoded:
    body: str
    changes: tuple[tuple[str, str], ...]


def measure(body: str) -> Measure:
    if len(body.encode("utf-16-le")) // 2 > LONGEST_BODY:
        raise BodyTooLong(f"The text has {len(body):,} characters; 1,600 are the most.")
    forcing = tuple(
        Forcing(char, place)
        for place, char in enumerate(body)
        if char not in _BASIC and char not in _EXTENSION
    )
    if forcing:
        pieces = [len(piece.encode("utf-16-le")) // 2 for piece in _GRAPHEME.findall(body)]
        single, part, encoding = 70, 67, "UCS-2"
    else:
        pieces = [2 if char in _EXTENSION else 1 for char in body]
        single, part, encoding = 160, 153, "GSM-7"
    units = sum(pieces)
    if units <= single:
        return Measure(encoding, units, 1, single - units, forcing)
    segments, used = 1, 0
    for piece in pieces:
        if used + piece > part:
            segments, used = segments + 1, 0
        used += piece
    return Measure(encoding, units, segments, part - used, forcing)


@cache
def _table() -> dict[int, str]:
    path = Path(__file__).with_name("smart_encoding.json")
    if not path.exists():
        return {}
    return {ord(k): v for k, v in json.loads(path.read_text()).items()}


def smart_encode(body: str) -> SmartEncoded:
    return SmartEncoded(body.translate(_table()), ())
