"""TEST mode: judges a text the way Twilio would and has no way to send it.

Nothing here opens a connection or holds a credential, and this module imports nothing that
could: neither the transport nor the SDK.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import ClassVar, Self

from textmanager.gateway.outcomes import Outcome, OutgoingText, Refused, Tested
from textmanager.text.segments import measure

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LONGEST_BODY = 1600
_VALIDITY = range(1, 36_001)

# Twilio's magic numbers: what its test credentials answer for them
# (twilio.com/docs/iam/test-credentials).
_MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}

_WORDS = {
    21211: "The To number is not a valid phone number.",
    21212: "The From number is not valid.",
    21408: "Texting to this country is not allowed for the account.",
    21602: "The text is empty.",
    21603: "No sender is given.",
    21604: "No To number is given.",
    21606: "The From number cannot send texts.",
    21610: "The recipient has opted out.",
    21611: "The sender's queue is full.",
    21612: "The To number cannot be reached from this sender.",
    21614: "The To number is not a mobile number.",
    21617: "The text is longer than 1,600 characters.",
    21624: "The validity period is not between 1 and 36,000 seconds.",
}


class TestGateway:
    """The gateway of a TEST run: answers `Tested`, or `Refused` with the code Twilio would give."""

    __test__: ClassVar[bool] = False  # its name begins as those of pytest's classes do
    __slots__ = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def send(self, text: OutgoingText) -> Outcome:
        code = _refusal(text)
        if code is not None:
            return Refused(code, _WORDS[code])
        return Tested(measure(text.body).segments)

    async def aclose(self) -> None:
        """Nothing is open."""


def _refusal(text: OutgoingText) -> int | None:
    """The first of Twilio's own reasons, None for a text that it would take."""
    missing = _missing(text)
    if missing is not None:
        return missing
    if _length(text.body) > _LONGEST_BODY:
        return 21617
    if text.validity_seconds is not None and text.validity_seconds not in _VALIDITY:
        return 21624
    magic = _MAGIC_FROM.get(text.from_number) or _MAGIC_TO.get(text.to)
    if magic is None and not _E164.fullmatch(text.to):
        return 21211
    return magic


def _missing(text: OutgoingText) -> int | None:
    if not text.to:
        return 21604
    if not (text.from_number or text.messaging_service_sid):
        return 21603
    return None if text.body else 21602


def _length(body: str) -> int:
    """The careful reading: how Twilio counts characters beyond the first plane is vague."""
    return len(body.encode("utf-16-le")) // 2
