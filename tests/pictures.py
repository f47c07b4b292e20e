"""Makes a PNG of a screen smaller: fewer shades, and packed as tightly as can be."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOR, TRUECOLOR_ALPHA = 2, 6
# Shades of each color; the eye sees no difference on a screen of text.
SHADES = 32
TABLE = bytes(round(round(value / 255 * (SHADES - 1)) * 255 / (SHADES - 1)) for value in range(256))


def smaller(png: bytes) -> bytes:
    """An 8-bit picture without interlacing, such as Chromium takes, without its transparency."""
    chunks = dict(_chunks(png))
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind) in {(8, TRUECOLOR), (8, TRUECOLOR_ALPHA)}, "not a picture of a screen"
    channels = 3 if kind == TRUECOLOR else 4
    rows = _rows(zlib.decompress(chunks[b"IDAT"]), width * channels, channels)
    plain = [_without_alpha(row, channels).translate(TABLE) for row in rows]
    assert len(plain) == height
    packed = zlib.compress(_filtered(plain), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, TRUECOLOR, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content; the parts of the picture itself come as one."""
    place, pixels = len(SIGNATURE), b""
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        data = png[place + 8 : place + 8 + length]
        if name == b"IDAT":
            pixels += data
        else:
            yield name, data
        place += length + 12
    yield b"IDAT", pixels


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _rows(raw: bytes, length: int, step: int) -> Iterator[bytes]:
    """Undoes the filter that each row says it has."""
    before = bytearray(length)
    for start in range(0, len(raw), length + 1):
        row = bytearray(raw[start + 1 : start + 1 + length])
        _undo(raw[start], row, before, step)
        yield bytes(row)
        before = row


def _undo(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    for place, value in enumerate(row):
        left = row[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        up = above[place]
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        row[place] = (value + guess) & 0xFF


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))


def _without_alpha(row: bytes, channels: int) -> bytes:
    if channels == 3:
        return row
    kept = bytearray(len(row) // 4 * 3)
    for color in range(3):
        kept[color::3] = row[color::4]
    return bytes(kept)


def _filtered(rows: list[bytes]) -> bytes:
    """Rows that equal the one above become zeros; others stay as they are."""
    above, parts = bytes(len(rows[0])), []
    for row in rows:
        parts.append(b"\x02" + bytes(len(row)) if row == above else b"\x00" + row)
        above = row
    return b"".join(parts)
