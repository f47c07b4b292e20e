"""What people open in a spreadsheet."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: str) -> str:
    """A cell that no spreadsheet runs as a formula, whatever somebody put into a name or a text.

    A leading apostrophe keeps it from that, and is not shown.
    """
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
