"""Segments, as Twilio's published calculator counts them (message-segment-calculator 1.3.0)."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from stopwatch import AT_ONCE, best_of_three
from textmanager.text.segments import (
    LONGEST_BODY,
    BodyTooLong,
    Forcing,
    in_plain_words,
    measure,
    parts,
    smart_encode,
)

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇮🇹"
THUMB = "👍🏽"
RAINBOW = "🏳️‍🌈"
E_ACUTE = "e\u0301"
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

# (text, encoding, units, segments), computed with the calculator or from its own tests.
VECTORS = [
    ("", "GSM-7", 0, 1),
    ("A" * 160, "GSM-7", 160, 1),
    ("A" * 161, "GSM-7", 161, 2),
    ("A" * 306, "GSM-7", 306, 2),
    ("A" * 307, "GSM-7", 307, 3),
    ("A" * 1600, "GSM-7", 1600, 11),
    ("€" * 80, "GSM-7", 160, 1),
    ("€" * 81, "GSM-7", 162, 2),
    ("A" * 152 + "€" + "A" * 152, "GSM-7", 306, 3),
    ("A" * 153 + "€" + "A" * 151, "GSM-7", 306, 2),
    ("\f" * 80, "GSM-7", 160, 1),
    ("\f" * 81, "GSM-7", 162, 2),
    ("{" * 80, "GSM-7", 160, 1),
    ("é" * 160, "GSM-7", 160, 1),
    ("á" * 70, "UCS-2", 70, 1),
    ("á" * 71, "UCS-2", 71, 2),
    ("ç" * 71, "UCS-2", 71, 2),
    ("Ç" * 160, "GSM-7", 160, 1),
    ("Ç" * 161, "GSM-7", 161, 2),
    ("`" * 70, "UCS-2", 70, 1),
    ("`" * 71, "UCS-2", 71, 2),
    ("\t" * 70, "UCS-2", 70, 1),
    ("\t" * 71, "UCS-2", 71, 2),
    ("😀" * 35, "UCS-2", 70, 1),
    ("😀" * 36, "UCS-2", 72, 2),
    ("😀" * 66, "UCS-2", 132, 2),
    ("😀" * 67, "UCS-2", 134, 3),
    ("😀" * 99, "UCS-2", 198, 3),
    ("😀" * 100, "UCS-2", 200, 4),
    ("a" + "😀" * 35, "UCS-2", 71, 2),
    ("a" * 66 + "😀" + "a" * 66, "UCS-2", 134, 3),
    ("a" * 66 + "😀" + "a" * 67, "UCS-2", 135, 3),
    ("a" * 67 + "😀" + "a" * 65, "UCS-2", 134, 2),
    (FAMILY * 6, "UCS-2", 66, 1),
    (FAMILY * 7, "UCS-2", 77, 2),
    (FAMILY * 12, "UCS-2", 132, 2),
    (FAMILY * 13, "UCS-2", 143, 3),
    (FLAG * 17, "UCS-2", 68, 1),
    (FLAG * 18, "UCS-2", 72, 2),
    (FLAG * 33, "UCS-2", 132, 3),
    (FLAG * 34, "UCS-2", 136, 3),
    (E_ACUTE * 35, "UCS-2", 70, 1),
    (E_ACUTE * 36, "UCS-2", 72, 2),
    ("\r\n" * 80, "GSM-7", 160, 1),
    ("\r\n" * 81, "GSM-7", 162, 2),
    ("\n" * 160, "GSM-7", 160, 1),
    ("“quotes”" + "a" * 74, "UCS-2", 82, 2),
    (THUMB * 17, "UCS-2", 68, 1),
    (THUMB * 18, "UCS-2", 72, 2),
    ("😀" + "{" * 68, "UCS-2", 70, 1),
    ("😀" + "{" * 69, "UCS-2", 71, 2),
    ("😜" + "a" * 68, "UCS-2", 70, 1),
    ("😜" + "a" * 69, "UCS-2", 71, 2),
    ("😜" + "a" * 133, "UCS-2", 135, 3),
    (FLAG + "a" * 66, "UCS-2", 70, 1),
    (FLAG + "a" * 67, "UCS-2", 71, 2),
    (RAINBOW + "a" * 64, "UCS-2", 70, 1),
    (RAINBOW + "a" * 65, "UCS-2", 71, 2),
    ("é\u0301\u0301" + "a" * 66, "UCS-2", 69, 1),
    *((each + "a" * 158, "GSM-7", 160, 1) for each in EXTENSION),
    *((each + "a" * 159, "GSM-7", 161, 2) for each in EXTENSION),
    *((each * 70, "UCS-2", 70, 1) for each in "ÁÚúçíÍóÓ"),
    *((each * 71, "UCS-2", 71, 2) for each in "ÁÚúçíÍóÓ"),
]

gsm = st.text(alphabet=BASIC + EXTENSION, max_size=800)
clusters = st.sampled_from([FAMILY, FLAG, THUMB, RAINBOW, E_ACUTE, "😀", "a", "€", "ñ", " "])
unicode = st.lists(clusters, max_size=140).map("".join)
anything = st.text(max_size=700) | gsm | unicode


@pytest.mark.parametrize(("body", "encoding", "units", "segments"), VECTORS)
def test_as_the_calculator_counts(body: str, encoding: str, units: int, segments: int) -> None:
    measured = measure(body)
    assert (measured.encoding, measured.units, measured.segments) == (encoding, units, segments)


def test_the_alphabet_has_its_137_characters() -> None:
    assert len(set(BASIC)) == 127
    assert len(set(EXTENSION)) == 10
    assert measure(BASIC[:100]).encoding == "GSM-7"
    assert {measure(char).units for char in BASIC} == {1}
    assert {measure(char).units for char in EXTENSION} == {2}


def test_what_forces_unicode_is_named_with_its_place() -> None:
    measured = measure("It’s 5 €, café ✓")
    assert measured.forces_ucs2 == (Forcing("’", 2), Forcing("✓", 15))
    assert measure("It's 5 €").forces_ucs2 == ()


@pytest.mark.parametrize(
    ("body", "left"),
    [("A" * 160, 0), ("A" * 161, 145), ("A" * 152 + "€" + "A" * 152, 152), ("á" * 71, 63)],
)
def test_what_is_left_in_the_last_segment(body: str, left: int) -> None:
    assert measure(body).units_left == left


@pytest.mark.parametrize("body", ["A" * 1601, "á" * 1601, "😀" * 801, "€" * 1601])
def test_a_body_that_twilio_does_not_take_is_an_error_with_its_length(body: str) -> None:
    length = len(body.encode("utf-16-le")) // 2
    for ask in (measure, parts):
        with pytest.raises(BodyTooLong, match=f"has {length:,} characters") as refused:
            ask(body)
        assert refused.value.length == length


def test_a_tower_of_marks_is_divided_because_it_must_be() -> None:
    body = "e" + "\u0301" * 200
    assert [len(part) for part in parts(body)] == [67, 67, 67]


@given(anything)
def test_parts_joined_are_the_text(body: str) -> None:
    if len(body.encode("utf-16-le", "surrogatepass")) // 2 <= LONGEST_BODY:
        found = parts(body)
        assert "".join(found) == body
        assert len(found) == measure(body).segments


@given(anything)
def test_no_part_is_too_long_and_none_could_take_more(body: str) -> None:
    if len(body.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_BODY:
        return
    measured, found = measure(body), parts(body)
    sizes = [size_of(part, measured.encoding) for part in found]
    assert sum(sizes) == measured.units
    capacity = {"GSM-7": (160, 153), "UCS-2": (70, 67)}[measured.encoding][len(found) > 1]
    assert max(sizes) <= capacity
    assert measured.units_left == capacity - sizes[-1]
    for size, following in zip(sizes, found[1:], strict=False):
        cluster = (
            following[0] if measured.encoding == "GSM-7" else regex.findall(r"\X", following)[0]
        )
        assert size + size_of(cluster, measured.encoding) > capacity


@given(unicode)
def test_no_cluster_is_divided(body: str) -> None:
    whole = regex.findall(r"\X", body)
    divided = [cluster for part in parts(body) for cluster in regex.findall(r"\X", part)]
    if measure(body).encoding == "UCS-2":
        assert divided == whole


@given(gsm, st.sampled_from(BASIC))
def test_one_more_character_never_makes_it_smaller(body: str, more: str) -> None:
    before, after = measure(body), measure(body + more)
    assert after.units == before.units + 1
    assert after.segments - before.segments in {0, 1}


@given(anything)
def test_the_encoding_is_gsm_exactly_when_every_character_is(body: str) -> None:
    if len(body.encode("utf-16-le", "surrogatepass")) // 2 <= LONGEST_BODY:
        measured = measure(body)
        assert (measured.encoding == "GSM-7") == (set(body) <= set(BASIC + EXTENSION))
        assert bool(measured.forces_ucs2) == (measured.encoding == "UCS-2")


def size_of(text: str, encoding: str) -> int:
    if encoding == "GSM-7":
        return sum(2 if char in EXTENSION else 1 for char in text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("body", "plain", "encoding"),
    [
        ("“Hi” – it’s €5…", '"Hi" - it\'s €5...', "GSM-7"),
        ("½ price ‹x›", "1/2 price <x>", "GSM-7"),
        ("a\u00a0b", "a  b", "GSM-7"),
        ("naïve café", "naïve café", "UCS-2"),
        ("😀", "😀", "UCS-2"),
    ],
)
def test_smart_encoding_as_the_calculator_does_it(body: str, plain: str, encoding: str) -> None:
    assert smart_encode(body).body == plain
    assert measure(plain).encoding == encoding


def test_smart_encoding_says_what_it_changed() -> None:
    assert smart_encode("“a” – “b”").changes == (("“", '"'), ("”", '"'), ("–", "-"))
    assert smart_encode("plain").changes == ()


@given(gsm)
def test_smart_encoding_leaves_gsm_alone(body: str) -> None:
    assert smart_encode(body).body == body


@given(anything)
def test_smart_encoding_twice_is_smart_encoding_once(body: str) -> None:
    once = smart_encode(body).body
    assert smart_encode(once).body == once


@pytest.mark.parametrize("body", ["a" * 1600, "😀" * 800, FAMILY * 145, "e" + "\u0301" * 1599])
def test_even_the_worst_text_is_measured_at_once(body: str) -> None:
    assert best_of_three(lambda: measure(body)) < AT_ONCE


def test_people_are_told_what_an_encoding_means_and_not_its_name() -> None:
    assert in_plain_words(measure("Hello").encoding) == "plain characters"
    assert in_plain_words(measure("Hello 😀").encoding) == "special characters (70 a segment)"
    assert in_plain_words("") == ""
