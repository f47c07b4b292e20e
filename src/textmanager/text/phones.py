"""Reads a mobile number as people type it, and says why it cannot be texted."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, timezone

INVALID_REASONS = {
    "empty": "No number",
    "not_a_number": "Not a phone number",
    "too_short": "The number is too short",
    "too_long": "The number is too long",
    "no_such_area": "There is no such area code or number",
    "landline": "A landline, which cannot receive texts",
    "toll_free": "A toll-free number, which nobody carries",
    "premium": "A premium number",
}
_TYPES = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile or landline",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "premium",
    PhoneNumberType.VOIP: "internet",
}
_UNREADABLE = {
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_NOT_TEXTABLE = frozenset({"landline", "toll_free", "premium"})
# 555-0100 to 555-0199 are kept free for fiction in every North American area. They are not
# valid, but whole demonstrations are made of them, and nobody can be texted there by mistake.
_FICTION = re.compile(r"[2-9]\d{2}55501\d{2}")
_NORTH_AMERICA = 1
_TOLL_FREE_AREAS = frozenset({"800", "833", "844", "855", "866", "877", "888"})
_PREMIUM_AREA = "900"
_SEVERAL = re.compile(r"\s*(?:/|;|,|\bor\b|\band\b)\s*", re.IGNORECASE)
_ENOUGH_DIGITS = 7
_MOST_NUMBERS = 4
# No number in any way of writing it is longer; more is not looked at.
_LONGEST = 200
_WITHOUT_PUNCTUATION = str.maketrans("", "", " .-()\u00a0")
_INTERNATIONAL = re.compile(r"\+1[2-9][0-9]{9}")
_NATIONAL = re.compile(r"1?[2-9][0-9]{9}")
_NORTH_AMERICAN_REGIONS = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[_NORTH_AMERICA])
_NOT_FICTION = "9999"
# A number of the usual shape with a word before it, or an extension, a remark or another number
# after it. What it does not know is read the thorough way.
_REMARKED = re.compile(
    r"""
    (?: [a-z]{2,12} [.:]? \s* )?
    ( \+? [0-9(] [0-9\ .()-]{8,18}? [0-9] )
    (?: \s* (?: x | ext\.? | extension ) \s* [0-9]{1,6}
      | \s* \( [a-z]{2,12} \)
      | \s+ [a-z]{2,12}
      | \s* (?P<more> [/;,] .*)
    )?
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
# "(mobile)" after a number would be read as digits of a vanity number.
_REMARK = re.compile(r"(?i)\b(?!x\b|ext)[a-z]{2,}\b\.?:?")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A number that can be texted. `time_zones` are all that its owner may be in."""

    e164: str
    region: str
    number_type: str
    time_zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why not: a code of INVALID_REASONS, and its words."""

    code: str
    reason: str


def parse_recipient(raw: object, region: str = "US") -> Recipient | Invalid:
    """The recipient in what was typed; of several numbers in one field, the first good one.

    `region` (ISO 3166) is where a number without a country code belongs. The verdict on a number
    is that of `phonenumbers`, but for the numbers that are kept free for fiction.
    """
    text = str(raw)[:_LONGEST] if raw is not None else ""
    national = _north_american(text, region)
    if national:
        return _whole(_exchange(national[:6]), national)
    remarked = _REMARKED.fullmatch(text)
    national = _north_american(remarked[1], region) if remarked else ""
    if remarked and national:
        verdict = _whole(_exchange(national[:6]), national)
        if isinstance(verdict, Recipient) or not remarked["more"]:
            return verdict
    text = unicodedata.normalize("NFKC", text).strip()
    if not any(char.isdigit() for char in text):
        return _invalid("not_a_number" if any(char.isalpha() for char in text) else "empty")
    return _parse(text, region)


def digits_in(text: str) -> str:
    """The digits of what somebody looks for, in whatever script, as 0 to 9."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.digit(char)) for char in plain if char.isdecimal())


def beginnings(query: str, region: str) -> list[str]:
    """How numbers in E.164 begin whose first digits somebody typed.

    Typed without a country code they are of numbers of the `region` (ISO 3166).
    """
    digits = digits_in(query)
    code = phonenumbers.country_code_for_region(region)
    # Elsewhere a national number is written with a zero in front that E.164 has not.
    national = digits if code == _NORTH_AMERICA else digits.lstrip("0")
    if query.lstrip().startswith("+") or not (code and national):
        return [f"+{digits}"] if digits else []
    return [f"+{digits}", f"+{code}{national}"]


def _north_american(text: str, region: str) -> str:
    """The ten digits of a North American number in one of its usual shapes, otherwise nothing."""
    digits = text.translate(_WITHOUT_PUNCTUATION)
    if _INTERNATIONAL.fullmatch(digits):
        return digits[2:]
    if region in _NORTH_AMERICAN_REGIONS and _NATIONAL.fullmatch(digits):
        return digits[-10:]
    return ""


@lru_cache(maxsize=100_000)
def _exchange(prefix: str) -> Recipient | Invalid:
    """The verdict on every number of an exchange: it never depends on the last four digits.

    But for the fictitious ones, which `_whole` takes care of.
    """
    return _one(f"+1{prefix}{_NOT_FICTION}", "US")


def _whole(exchange: Recipient | Invalid, national: str) -> Recipient | Invalid:
    if _FICTION.fullmatch(national):
        return _parse(f"+1{national}", "US")
    if isinstance(exchange, Invalid):
        return exchange
    return Recipient(f"+1{national}", exchange.region, exchange.number_type, exchange.time_zones)


@lru_cache(maxsize=50_000)
def _parse(text: str, region: str) -> Recipient | Invalid:
    verdict = _one(text, region)
    for other in _other_readings(text):
        if isinstance(verdict, Recipient):
            break
        found = _one(other, region)
        verdict = found if isinstance(found, Recipient) else verdict
    return verdict


def _other_readings(text: str) -> list[str]:
    """The parts of a field with several numbers, and the field without remarks or a 00 prefix."""
    parts = [
        part
        for part in _SEVERAL.split(text, maxsplit=_MOST_NUMBERS)[:_MOST_NUMBERS]
        if part != text and sum(char.isdigit() for char in part) >= _ENOUGH_DIGITS
    ]
    without_remarks = _REMARK.sub(" ", text)
    if without_remarks != text:
        parts.append(without_remarks)
    if text.startswith("00"):
        parts.append(f"+{text[2:]}")
    return parts


def _one(text: str, region: str) -> Recipient | Invalid:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        return _invalid(_UNREADABLE.get(error.error_type, "not_a_number"))
    if _is_fiction(number):
        area = str(number.national_number)[:3]
        if area in _TOLL_FREE_AREAS:
            return _invalid("toll_free")
        return _invalid("premium") if area == _PREMIUM_AREA else _recipient(number, "mobile")
    if not phonenumbers.is_valid_number(number):
        return _invalid(_why(number))
    kind = _TYPES.get(phonenumbers.number_type(number), "unknown")
    return _invalid(kind) if kind in _NOT_TEXTABLE else _recipient(number, kind)


def _is_fiction(number: PhoneNumber) -> bool:
    return number.country_code == _NORTH_AMERICA and bool(
        _FICTION.fullmatch(str(number.national_number))
    )


def _why(number: PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case phonenumbers.ValidationResult.TOO_SHORT:
            return "too_short"
        case phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "too_short"
        case phonenumbers.ValidationResult.TOO_LONG:
            return "too_long"
    return "no_such_area"


def _recipient(number: PhoneNumber, kind: str) -> Recipient:
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    zones = tuple(zone for zone in timezone.time_zones_for_number(number) if zone != "Etc/Unknown")
    return Recipient(e164, phonenumbers.region_code_for_number(number) or "", kind, zones)


def _invalid(code: str) -> Invalid:
    return Invalid(code, INVALID_REASONS[code])
