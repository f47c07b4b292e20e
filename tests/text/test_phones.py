"""Numbers as people type them; the verdict on each is that of `phonenumbers`."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, timezone

from stopwatch import AT_ONCE, best_of_three
from textmanager.text.phones import (
    INVALID_REASONS,
    Invalid,
    Recipient,
    digits_in,
    parse_recipient,
)

TEXTABLE = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
    PhoneNumberType.UNKNOWN,
}
digits = st.text("0123456789", min_size=1, max_size=15)
exchanges = st.integers(2_000_000_000, 9_999_999_999).map(str)
shapes = st.sampled_from(
    [
        "{0}{1}{2}",
        "({0}) {1}-{2}",
        "{0}-{1}-{2}",
        "{0}.{1}.{2}",
        "1 {0} {1} {2}",
        "+1{0}{1}{2}",
        "+1 ({0}) {1}-{2}",
        "1-{0}-{1}-{2}",
        " {0} {1} {2} ",
        "{0}\u00a0{1}\u00a0{2}",
    ]
)


def is_fiction(number: phonenumbers.PhoneNumber) -> bool:
    return number.country_code == 1 and str(number.national_number)[3:8] == "55501"


def oracle(text: str, region: str) -> Recipient | None:
    """What `phonenumbers` itself says of one number; None when it cannot be texted."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.number_type(number) not in TEXTABLE:
        return None
    zones = timezone.time_zones_for_number(number)
    return Recipient(
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.region_code_for_number(number) or "",
        "",
        tuple(zone for zone in zones if zone != "Etc/Unknown"),
    )


def same(found: Recipient | Invalid, expected: Recipient | None) -> bool:
    if expected is None or isinstance(found, Invalid):
        return expected is None and isinstance(found, Invalid)
    return (found.e164, found.region, found.time_zones) == (
        expected.e164,
        expected.region,
        expected.time_zones,
    )


@given(exchanges, shapes, st.sampled_from(["US", "CA", "PR", "BS", "JM"]))
@settings(max_examples=600)
def test_the_usual_north_american_number(number: str, shape: str, region: str) -> None:
    text = shape.format(number[:3], number[3:6], number[6:])
    if number[3:8] != "55501":
        assert same(parse_recipient(text, region), oracle(text, region)), text


@given(digits, st.sampled_from(["", "+", "00", "1", "011"]), st.sampled_from(["US", "GB", "DE"]))
@settings(max_examples=400)
def test_any_digits(number: str, prefix: str, region: str) -> None:
    text = prefix + number
    found, expected = parse_recipient(text, region), oracle(text, region)
    # 00 is what most of the world dials before a country code, whatever the region says.
    if isinstance(found, Recipient) and expected is None and text.startswith("00"):
        expected = oracle("+" + text[2:], region)
    try:
        if is_fiction(phonenumbers.parse(text, region)):
            return
    except phonenumbers.NumberParseException:
        pass
    assert same(found, expected), text


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_example_of_every_region(region: str) -> None:
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None or is_fiction(number):
            continue
        for form in (
            phonenumbers.PhoneNumberFormat.E164,
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
            phonenumbers.PhoneNumberFormat.NATIONAL,
        ):
            text = phonenumbers.format_number(number, form)
            assert same(parse_recipient(text, region), oracle(text, region)), text


def test_the_last_four_digits_never_decide() -> None:
    """What the fast way rests on: in North America an exchange has one verdict."""
    for prefix in range(200_000, 1_000_000, 797):
        verdicts = set()
        for last in (0, 150, 4321, 9999):
            number = phonenumbers.PhoneNumber(1, prefix * 10_000 + last)
            verdicts.add(
                (
                    phonenumbers.is_valid_number(number),
                    phonenumbers.number_type(number),
                    phonenumbers.region_code_for_number(number),
                    timezone.time_zones_for_number(number),
                )
            )
        assert len(verdicts) == 1, prefix


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("(202) 456-1111", "+12024561111"),
        ("202.456.1111", "+12024561111"),
        ("1-202-456-1111", "+12024561111"),
        ("+1 202 456 1111", "+12024561111"),
        ("2024561111 ext. 7", "+12024561111"),
        ("2024561111x7", "+12024561111"),
        ("cell: 202-456-1111", "+12024561111"),
        ("202-456-1111 (mobile)", "+12024561111"),
        ("Mobile 202-456-1111", "+12024561111"),
        ("２０２４５６１１１１", "+12024561111"),
        ("202-456-1111 / 202-456-1414", "+12024561111"),
        ("n/a, 202-456-1414", "+12024561414"),
        ("800-456-1111 / 202-456-1414", "+12024561414"),
        ("202-456 or 202-456-1414", "+12024561414"),
        ("00 44 7400 123456", "+447400123456"),
        ("+44 7400 123456", "+447400123456"),
        (2024561111, "+12024561111"),
        ("202-555-0143", "+12025550143"),
    ],
)
def test_what_people_type(typed: object, e164: str) -> None:
    found = parse_recipient(typed)
    assert isinstance(found, Recipient)
    assert found.e164 == e164


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (None, "empty"),
        ("", "empty"),
        (" - ", "empty"),
        ("none", "not_a_number"),
        ("ask the office", "not_a_number"),
        ("202-456", "too_short"),
        ("911", "too_short"),
        ("2024561111 2024561111 2024561111", "too_long"),
        ("000-000-0000", "no_such_area"),
        ("155-456-1111", "no_such_area"),
        ("800-456-1111", "toll_free"),
        ("800-456-1111 (work)", "toll_free"),
        ("800-555-0199", "toll_free"),
        ("900-456-1111", "premium"),
        ("+44 20 7946 0018", "landline"),
    ],
)
def test_who_cannot_be_texted_and_why(typed: object, code: str) -> None:
    found = parse_recipient(typed)
    assert isinstance(found, Invalid), found
    assert (found.code, found.reason) == (code, INVALID_REASONS[code])


def test_a_number_without_a_country_belongs_to_the_organizations() -> None:
    found = parse_recipient("07400 123456", "GB")
    assert isinstance(found, Recipient)
    assert (found.e164, found.region) == ("+447400123456", "GB")
    assert isinstance(parse_recipient("07400 123456", "US"), Invalid)


def test_a_recipient_tells_where_they_may_be() -> None:
    found = parse_recipient("202-456-1111")
    assert isinstance(found, Recipient)
    assert (found.region, found.number_type) == ("US", "mobile or landline")
    assert found.time_zones == ("America/New_York",)


@given(st.text(max_size=300))
def test_anything_at_all_has_a_verdict(text: str) -> None:
    assert isinstance(parse_recipient(text), Recipient | Invalid)


@pytest.mark.parametrize(
    "hostile",
    [
        "1" * 100_000,
        "1234567/" * 50_000,
        "cell " * 50_000,
        "+" * 100_000,
        "\ufdfa" * 100_000,
        "(" * 9999,
    ],
    ids=["digits", "several", "remarks", "pluses", "ligatures", "brackets"],
)
def test_even_the_worst_is_judged_at_once(hostile: str) -> None:
    assert best_of_three(lambda: parse_recipient(hostile)) < AT_ONCE


@pytest.mark.parametrize(
    ("typed", "digits"), [("(202) 555-0100", "2025550100"), ("٢٠٢", "202"), ("none", "")]
)
def test_the_digits_of_what_is_looked_for(typed: str, digits: str) -> None:
    assert digits_in(typed) == digits
