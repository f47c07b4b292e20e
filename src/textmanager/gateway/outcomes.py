"""What can become of one text handed to Twilio, and the table by which an error answer is sorted.

Sorting goes by HTTP status and Twilio's code, never by the words of a message: those change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from textmanager.text.statuses import MessageStatus


@dataclass(frozen=True)
class OutgoingText:
    """One text to one recipient. `to` and `from_number` are E.164 (or a short code).

    `reference` is ours and goes nowhere but into `status_callback`, which the caller makes with
    `receipts.callback_url`. A sender is `from_number`, `messaging_service_sid`, or both (a
    number of that service). After `validity_seconds` in Twilio's queue it is not sent any more.
    """

    to: str
    body: str = field(repr=False)
    reference: str
    status_callback: str | None
    from_number: str = ""
    messaging_service_sid: str = ""
    validity_seconds: int | None = None


@dataclass(frozen=True)
class Accepted:
    """Twilio has it. `segments` is None while a Messaging Service has not chosen a sender."""

    sid: str
    status: MessageStatus
    segments: int | None


@dataclass(frozen=True)
class Refused:
    """Not created, and would not be the next time either."""

    code: int
    text: str


@dataclass(frozen=True)
class NotSent:
    """Surely not created: the same text may be sent again, after `retry_after` seconds if told."""

    reason: str
    retry_after: float | None = None
    code: int | None = None


@dataclass(frozen=True)
class TryTomorrow:
    """A daily limit is used up: not created; back-off in seconds is pointless."""

    code: int
    text: str


@dataclass(frozen=True)
class AccountProblem:
    """Not created, nor would any other text of this sender be: hold the run, ask a person.

    `code` is None when the answer was not Twilio's own (a proxy, a wrong address).
    """

    code: int | None
    text: str


@dataclass(frozen=True)
class Ambiguous:
    """May have been created. Never send again before it has been looked for."""

    reason: str


@dataclass(frozen=True)
class Tested:
    """TEST mode: checked here, and nothing left the house."""

    __test__: ClassVar[bool] = False  # its name begins as those of pytest's classes do
    segments: int


Outcome = Accepted | Refused | NotSent | TryTomorrow | AccountProblem | Ambiguous | Tested

# "Too many concurrent requests" is never processed (twilio.com/docs/api/errors/20429).
TOO_MANY_REQUESTS = 20429
# This sender has ten hours of texts queued; Twilio refuses until some have left.
_SENDER_QUEUE_FULL = 21611
_SENDER_QUEUE_PAUSE = 600.0

_TRY_TOMORROW = {
    30023: "T-Mobile's daily cap of the brand",
    63038: "the account's daily limit",
}

_ACCOUNT_PROBLEMS = {
    20003: "sign-in refused, or the account suspended",
    20005: "account not active",
    20006: "access denied",
    20008: "test credentials",
    20403: "forbidden",
    20404: "no such account",
    21212: "From number not valid",
    21603: "no sender",
    21606: "From number not ours or not able to text",
    21609: "status callback address not valid",
    21659: "From number not ours",
    21660: "From number of another account",
    21661: "From number not able to text",
    21701: "no such Messaging Service",
    21704: "Messaging Service without numbers",
    21705: "Messaging Service SID not valid",
    30002: "account suspended",
    30024: "sender not provisioned",
    30032: "toll-free number not verified",
    30033: "10DLC campaign suspended",
    30034: "number not in an approved 10DLC campaign",
    30035: "number still being set up",
    30037: "outbound messaging disabled",
}

# "Internal error" and its kin say nothing about what was done before it happened.
_UNCERTAIN_CODES = frozenset({20500, 20503, 20504})
_REQUEST_TIMEOUT = 408
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY = 429
_FIRST_SERVER_ERROR = 500


def sort_error(
    status: int, code: int | None, text: str, retry_after: float | None = None
) -> Outcome:
    """The outcome of a create call that was answered with an error."""
    if _is_uncertain(status, code):
        return Ambiguous(f"Twilio answered with HTTP {status}" + (f" ({code})." if code else "."))
    if code == TOO_MANY_REQUESTS:
        return NotSent("Twilio had too many requests at once.", retry_after, code)
    if code == _SENDER_QUEUE_FULL:
        return NotSent("The sender's queue at Twilio is full.", _SENDER_QUEUE_PAUSE, code)
    if code in _TRY_TOMORROW:
        return TryTomorrow(code, text or _TRY_TOMORROW[code])
    if code is None or code in _ACCOUNT_PROBLEMS or status in {_UNAUTHORIZED, _FORBIDDEN}:
        return AccountProblem(code, text or _ACCOUNT_PROBLEMS.get(code or 0, f"HTTP {status}"))
    return Refused(code, text)


def _is_uncertain(status: int, code: int | None) -> bool:
    """A 429 without Twilio's code came from something in front of it, which promises nothing."""
    if status >= _FIRST_SERVER_ERROR or status == _REQUEST_TIMEOUT or code in _UNCERTAIN_CODES:
        return True
    return status == _TOO_MANY and code is None
