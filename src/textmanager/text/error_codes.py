"""Twilio's error codes in plain words: what it means, whose fault it is, what to do about it.

Twilio changes what codes mean and adds new ones, so an unknown code is shown as its number with
Twilio's own text. Meanings: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Whose(StrEnum):
    """Where the cause lies."""

    NUMBER = "the number"
    PERSON = "the recipient"
    CARRIER = "the carrier"
    TEXT = "the text"
    ACCOUNT = "the Twilio account or sender"
    TWILIO = "Twilio"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Whether the same text may be sent to the same number again."""

    NEVER = "never"
    LATER = "later"
    AFTER_MENDING = "after mending"


@dataclass(frozen=True)
class Explanation:
    """An error code for people. `code` is None when there was none."""

    code: int | None
    meaning: str
    whose: Whose
    what_to_do: str
    retry: Retry


_CORRECT = "Correct the mobile number on the iMIS record."
_NOTHING = "Nothing. The person must not be texted."
_ADMINISTRATOR = "Ask your administrator to look at the Twilio account."
_VERIFY = "Ask your administrator to finish the registration of the sender at Twilio."
_LATER = "Try again later."

_Row = tuple[str, Whose, str, Retry]

_CODES: dict[int, _Row] = {
    20003: ("Twilio refused the sign-in, or the account is suspended",
            Whose.ACCOUNT, _ADMINISTRATOR, Retry.AFTER_MENDING),
    20005: ("The Twilio account is not active", Whose.ACCOUNT, _ADMINISTRATOR,
            Retry.AFTER_MENDING),
    20429: ("Twilio had too many requests at once", Whose.TWILIO,
            "Nothing. It is tried again by itself.", Retry.LATER),
    14107: ("Too many replies back and forth with this number", Whose.PERSON, _LATER, Retry.LATER),
    21211: ("Not a valid phone number", Whose.NUMBER, _CORRECT, Retry.AFTER_MENDING),
    21212: ("The sender's number is not valid", Whose.ACCOUNT, _ADMINISTRATOR,
            Retry.AFTER_MENDING),
    21408: ("Texts to this country are switched off for the account", Whose.ACCOUNT,
            "Ask your administrator to allow the country at Twilio, or correct the number.",
            Retry.AFTER_MENDING),
    21602: ("The text was empty", Whose.TEXT, "Check the message template.", Retry.AFTER_MENDING),
    21606: ("The sender's number cannot send texts", Whose.ACCOUNT, _ADMINISTRATOR,
            Retry.AFTER_MENDING),
    21608: ("A trial account may text verified numbers only", Whose.ACCOUNT, _ADMINISTRATOR,
            Retry.AFTER_MENDING),
    21610: ("The person has opted out", Whose.PERSON, _NOTHING, Retry.NEVER),
    21611: ("The sender's queue at Twilio was full", Whose.ACCOUNT, _LATER, Retry.LATER),
    21612: ("This number cannot be reached from this sender", Whose.CARRIER,
            "Use another sender for this person.", Retry.NEVER),
    21614: ("Not a mobile number", Whose.NUMBER, _CORRECT, Retry.AFTER_MENDING),
    21617: ("The text is longer than 1,600 characters", Whose.TEXT, "Shorten the template.",
            Retry.AFTER_MENDING),
    21635: ("A landline, which cannot receive texts", Whose.NUMBER, _CORRECT,
            Retry.AFTER_MENDING),
    21703: ("The Messaging Service has no number that can reach this person", Whose.ACCOUNT,
            _ADMINISTRATOR, Retry.AFTER_MENDING),
    30001: ("Too many texts were waiting at Twilio", Whose.ACCOUNT, _LATER, Retry.LATER),
    30002: ("The Twilio account is suspended", Whose.ACCOUNT, _ADMINISTRATOR,
            Retry.AFTER_MENDING),
    30003: ("The phone is switched off or out of reach", Whose.PERSON,
            "Try once more on another day.", Retry.LATER),
    30004: ("Blocked. The person may have replied STOP, or the carrier does not allow it",
            Whose.PERSON, "Ask the person before you text them again.", Retry.NEVER),
    30005: ("The number does not exist (any more)", Whose.NUMBER, _CORRECT, Retry.AFTER_MENDING),
    30006: ("A landline, or a carrier that cannot be reached", Whose.NUMBER, _CORRECT,
            Retry.AFTER_MENDING),
    30007: ("Filtered by the carrier as unwanted", Whose.CARRIER,
            "Change the wording: name your association, leave out shortened links.",
            Retry.AFTER_MENDING),
    30008: ("The carrier gave no reason", Whose.CARRIER, "Try once more on another day.",
            Retry.LATER),
    30017: ("The carrier's network was congested", Whose.CARRIER, _LATER, Retry.LATER),
    30019: ("The text was too large for the carrier", Whose.TEXT, "Shorten the template.",
            Retry.AFTER_MENDING),
    30022: ("The carrier's limit for this sender was reached", Whose.CARRIER, _LATER, Retry.LATER),
    30023: ("T-Mobile's daily cap for your brand was reached", Whose.CARRIER,
            "It goes on after midnight, Pacific Time.", Retry.LATER),
    30032: ("The toll-free number is not verified", Whose.ACCOUNT, _VERIFY, Retry.AFTER_MENDING),
    30033: ("The registered campaign of this sender is suspended", Whose.ACCOUNT, _VERIFY,
            Retry.AFTER_MENDING),
    30034: ("The sender's number is not registered", Whose.ACCOUNT, _VERIFY, Retry.AFTER_MENDING),
    30036: ("It waited longer than it was useful", Whose.TWILIO, _LATER, Retry.LATER),
    30037: ("Sending is switched off for the account", Whose.ACCOUNT, _ADMINISTRATOR,
            Retry.AFTER_MENDING),
    30410: ("A provider timed out; not retried, to avoid a second text", Whose.TWILIO, _LATER,
            Retry.LATER),
    30450: ("Blocked for a while as suspected fraud", Whose.TWILIO, _ADMINISTRATOR, Retry.LATER),
    30500: ("Twilio had an internal error", Whose.TWILIO, _LATER, Retry.LATER),
    30610: ("Not within the recipient's texting hours", Whose.CARRIER, _LATER, Retry.LATER),
    30630: ("The person has opted out", Whose.PERSON, _NOTHING, Retry.NEVER),
    30640: ("On a list of people who sue over texts", Whose.PERSON, _NOTHING, Retry.NEVER),
    63038: ("The account's limit for the day was reached", Whose.ACCOUNT,
            "It goes on tomorrow.", Retry.LATER),
}  # fmt: skip


def explain(code: int | None, text: str = "") -> Explanation:
    """What a code means. `text` is Twilio's own, which an unknown code falls back to."""
    row = _CODES.get(code) if code is not None else None
    if row is not None:
        return Explanation(code, *row)
    said = f": {text}" if text else ""
    meaning = f"Error {code}{said}" if code is not None else text or "No reason was given"
    return Explanation(code, meaning, Whose.UNKNOWN, "", Retry.NEVER)
