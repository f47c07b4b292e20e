"""Opt-out, opt-in and help words in an inbound text.

The opt-out words are those that US carriers and the FCC require to work, whichever way they are
written (47 CFR 64.1200(a)(10)); the others are Twilio's own.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Keyword(StrEnum):
    """What a text asks for when it is one of the agreed words."""

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
_LONGEST_WORD = 30
# Wordings that mean an opt-out although they are no keyword. "Don't stop" does not.
_WISHES = re.compile(
    r"""
    \b(?:please\s+)?(?:stop|quit|cease)\s+(?:sending|texting|messaging|these|this|it|now|please)\b
    | \b(?:remove|delete|take)\s+(?:me|my\s+(?:name|number))\b
    | \b(?:take|get)\s+me\s+off\b
    | \bunsubscrib\w*\b
    | \bopt(?:ing)?[\s-]*(?:me\s+)?out\b
    | \b(?:do\s+not|don'?t|never)\s+(?:text|message|contact|send)\b
    | \bno\s+more\s+(?:texts?|messages?|sms)\b
    | \bleave\s+me\s+alone\b
    | \bwrong\s+(?:number|person)\b
    | ^\W*(?:please\s+)?stop\b
    | \bstop\W*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOT_A_WISH = re.compile(r"\b(?:don'?t|do\s+not|never|can'?t|won'?t)\s+stop\b", re.IGNORECASE)


def classify(body: str) -> Keyword | None:
    """The keyword that a text is, in any case, with punctuation or blanks around or inside it.

    None for a text that says anything besides: "stop by on Monday" opts nobody out.
    """
    if len(body) > _LONGEST_WORD:
        return None
    return _WORDS.get("".join(char for char in body.upper() if char.isalnum()))


def looks_like_opt_out(body: str) -> bool:
    """Whether free wording may ask for no more texts. It proposes; a person decides."""
    if classify(body) is Keyword.OPT_OUT:
        return True
    text = body.replace("’", "'")
    return bool(_WISHES.search(_NOT_A_WISH.sub(" ", text)))
