"""What Twilio refuses when a message is created, and in which words."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from textmanager.sandbox.twilio_store import Store


@dataclass
class TwilioError(Exception):
    """An error answer in Twilio's shape."""

    status: int
    code: int
    message: str
    detail: str | None = None


WORDS = {
    20003: "Authenticate",
    20008: "Resource not accessible with Test Account Credentials",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    20504: "Gateway Timeout",
    21211: "The 'To' number {To} is not a valid phone number.",
    21212: "The 'From' number {From} is not a valid phone number, shortcode, or alphanumeric "
    "sender ID.",
    21266: "'To' and 'From' number cannot be the same: {To}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' "
    "number: {To}.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number {From} is not a valid, SMS-capable inbound phone number or "
    "short code for your account.",
    21609: "The 'StatusCallback' URL {StatusCallback} is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number: {To}, is not currently reachable using the 'From' phone "
    "number: {From} via SMS.",
    21614: "'To' number: {To}, is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21624: "The ValidityPeriod {ValidityPeriod} is not between 1 and 36000.",
    21701: "The Messaging Service {MessagingServiceSid} does not exist",
    21704: "The Messaging Service contains no phone numbers.",
    21705: "The Messaging Service Sid {MessagingServiceSid} is invalid.",
    30400: "Invalid update of a message",
    30409: "Message cannot be canceled in its present state",
    35111: "SendAt is missing",
    35114: "SendAt is out of its window",
    35118: "MessagingServiceSid is required to schedule a message",
    35126: "ScheduleType is not valid",
    63038: "Account exceeded the daily messages limit",
}

_E164 = re.compile(r"\+[1-9]\d{6,14}")
# The numbering plan of the United States and Canada: area and exchange begin with 2 to 9.
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}")
_MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_MAGIC_FROM = {
    "+15005550006": None,
    "+15005550001": 21212,
    "+15005550008": 21611,
}
_LONGEST_BODY = 1600
_LONGEST_VALIDITY = 36_000
_SCHEDULE_WINDOW = (300.0, 35 * 86_400.0)


def error(code: int, form: Mapping[str, str] | None = None, *, status: int = 400) -> TwilioError:
    values = {name: (form or {}).get(name, "") for name in _NAMES}
    return TwilioError(status, code, WORDS[code].format_map(values))


_NAMES = ("To", "From", "StatusCallback", "ValidityPeriod", "MessagingServiceSid")


def check_create(form: Mapping[str, str], store: Store) -> None:
    """Raises `TwilioError` for a create that the live API would refuse."""
    _require_parts(form)
    to, sender, service = form["To"], form.get("From", ""), form.get("MessagingServiceSid", "")
    if to in _MAGIC_TO:
        raise error(_MAGIC_TO[to], form)
    _check_to(form)
    _check_sender(form, store)
    if to == sender:
        raise error(21266, form)
    _check_rest(form)
    if (service, to) in store.blocked or store.is_blocked(sender, to):
        raise error(21610, form)


def check_test_create(form: Mapping[str, str]) -> None:
    """The same for test credentials, which know the magic numbers only."""
    _require_parts(form)
    sender = form.get("From", "")
    if sender not in _MAGIC_FROM:
        raise error(21606, form)
    code = _MAGIC_FROM[sender] or _MAGIC_TO.get(form["To"])
    if code:
        raise error(code, form)
    _check_to(form)
    _check_rest(form)


def scheduled_for(form: Mapping[str, str]) -> float:
    """When a scheduled message is due, 0.0 for one that is not scheduled."""
    if "ScheduleType" not in form:
        return 0.0
    if form["ScheduleType"] != "fixed":
        raise error(35126)
    if not form.get("MessagingServiceSid"):
        raise error(35118)
    if not form.get("SendAt"):
        raise error(35111)
    due = _instant(form["SendAt"])
    nearest, furthest = _SCHEDULE_WINDOW
    if not nearest <= due - time.time() <= furthest:
        raise error(35114)
    return due


def _require_parts(form: Mapping[str, str]) -> None:
    if not form.get("To"):
        raise error(21604)
    if not (form.get("From") or form.get("MessagingServiceSid")):
        raise error(21603)
    if not (form.get("Body") or form.get("MediaUrl") or form.get("ContentSid")):
        raise error(21602)


def _check_to(form: Mapping[str, str]) -> None:
    to = form["To"]
    pattern = _NORTH_AMERICAN if to.startswith("+1") else _E164
    if not pattern.fullmatch(to):
        raise error(21211, form)


def _check_sender(form: Mapping[str, str], store: Store) -> None:
    sender, service_sid = form.get("From", ""), form.get("MessagingServiceSid", "")
    if service_sid:
        if not re.fullmatch(r"MG[0-9a-fA-F]{32}", service_sid):
            raise error(21705, form)
        service = store.services.get(service_sid)
        if service is None:
            raise error(21701, form)
        if not service.numbers:
            raise error(21704, form)
    if sender and sender not in store.numbers:
        looks_right = _E164.fullmatch(sender) or re.fullmatch(r"\d{5,6}", sender)
        raise error(21606 if looks_right else 21212, form)
    if sender and not store.numbers[sender].can_text:
        raise error(21606, form)


def _check_rest(form: Mapping[str, str]) -> None:
    if len(form.get("Body", "")) > _LONGEST_BODY:
        raise error(21617, form)
    validity = form.get("ValidityPeriod", "1")
    if not validity.isdecimal() or not 1 <= int(validity) <= _LONGEST_VALIDITY:
        raise error(21624, form)
    callback = form.get("StatusCallback")
    if callback:
        parts = urlsplit(callback)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "_" in parts.hostname:
            raise error(21609, form)


def _instant(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise error(35114) from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
