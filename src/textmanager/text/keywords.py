"""Opt-out, opt-in and help words in an inbound text."""

from __future__ import annotations

from enum import StrEnum


class Keyword(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"


_WORDS = {
    **dict.fromkeys(
        ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
        Keyword.OPT_OUT,
    ),
    **dict.fromkeys(["START", "UNSTOP", "YES"], Keyword.OPT_IN),
    **dict.fromkeys(["HELP", "INFO"], Keyword.HELP),
}


def classify(body: str) -> Keyword | None:
    return _WORDS.get("".join(char for char in body.upper() if char.isalnum()))
