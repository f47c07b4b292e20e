"""Keys that carry their time of creation, so that tables can be split by month later."""

from __future__ import annotations

import secrets
import time
import uuid


def time_ordered_uuid() -> uuid.UUID:
    """A version 7 UUID: milliseconds since 1970, their fraction in 12 bits, then 62 random bits.

    The fraction (RFC 9562 §6.2, method 3) keeps in order what one process makes within the same
    millisecond.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64
    return uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62))


def message_reference(run_id: uuid.UUID, number: int) -> str:
    """What travels in the status callback's address and leads a receipt home."""
    return f"{run_id.hex}-{number}"


def parse_reference(reference: str) -> tuple[uuid.UUID, int] | None:
    """The run and number in a reference, or None for anything that is not one."""
    run_hex, _, number = reference.partition("-")
    try:
        # Bounded, because the number goes into an integer column.
        return (uuid.UUID(hex=run_hex), int(number)) if len(number) <= 9 else None  # noqa: PLR2004 - nine digits always fit
    except ValueError:
        return None
