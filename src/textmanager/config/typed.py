"""Reads what browsers send as text, which anybody may have made up."""

from __future__ import annotations

# What an integer column holds.
LARGEST = 2**31 - 1


def whole_number(text: str | None) -> int | None:
    """A number of the kind that keys, places and pages are; None for anything else."""
    if not text or not text.isdecimal() or len(text) > len(str(LARGEST)):
        return None
    return min(int(text), LARGEST)
