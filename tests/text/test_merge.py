"""Merging: what stands in the row stands in the text, and nothing else happens."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stopwatch import AT_ONCE, best_of_three
from textmanager.text.merge import Formats, Template, TemplateError

plain = st.text(alphabet=st.characters(exclude_characters="$"), max_size=200)
# Names as IQA aliases are: any script, blanks and dots inside, none around.
names = (
    st.text(alphabet=st.characters(exclude_characters="{}|\n$", categories=["L", "N", "P", "Zs"]))
    .map(lambda name: " ".join(name.split()))
    .filter(lambda name: 0 < len(name) <= 60)
)
values = st.text(max_size=100) | st.integers() | st.floats() | st.booleans() | st.none()


def render(template: str, **row: object) -> str:
    return Template.parse(template).render(row)


@given(plain)
def test_a_template_without_fields_is_the_text(text: str) -> None:
    template = Template.parse(text)
    assert template.render({"FirstName": "Ann"}) == text
    assert template.fields() == ()


@given(st.text(max_size=200))
def test_any_text_can_be_written_with_doubled_dollars(text: str) -> None:
    assert Template.parse(text.replace("$", "$$")).render({}) == text


@given(st.text(max_size=200), st.dictionaries(names, values, max_size=5))
def test_a_template_renders_or_says_where_it_is_wrong(text: str, row: dict[str, object]) -> None:
    try:
        rendered = Template.parse(text).render(row)
    except TemplateError as error:
        wrong_at = error.position
    else:
        assert isinstance(rendered, str)
        return
    assert text.startswith("${", wrong_at)


@given(names, st.text(max_size=50))
def test_values_are_never_read_as_template(name: str, value: str) -> None:
    row = {name: "${Other}$$" + value, "Other": "secret"}
    assume(name.casefold() != "other")
    assert "secret" not in Template.parse(f"${{{name}}}").render(row).replace(value, "")
    assert Template.parse(f"${{{name}}}").render(row).startswith("${Other}$$")


@given(names)
def test_any_alias_can_be_a_field(name: str) -> None:
    template = Template.parse(f"a${{ {name} }}b")
    assert template.fields() == (name,)
    assert template.render({name: "x"}) == "axb"
    assert template.check([name]) == []


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello ${FirstName},", "Hello Ann,"),
        ("Hello ${firstname},", "Hello Ann,"),
        ("Hello ${ FirstName },", "Hello Ann,"),
        ("${First Name} ${Last.Name}", "Ann Lee"),
        ("${Имя} ${NAME É}", "Анна É"),
        ("${name e\u0301}", "É"),  # an accent of its own
        ("Pay $5 or {nothing}", "Pay $5 or {nothing}"),
        ("Pay $$5", "Pay $5"),
        ("$${FirstName}", "${FirstName}"),
        ("$$${FirstName}", "$Ann"),
        ("100$", "100$"),
        ("${Missing|friend}", "friend"),
        ("${Blank|friend}", "friend"),
        ("${Missing|}", ""),
        ("${Missing|a|b}", "a|b"),
        ("${FirstName|friend}", "Ann"),
        ("${Missing}", ""),
    ],
)
def test_fields_fallbacks_and_dollars(template: str, text: str) -> None:
    row = {
        "FirstName": "Ann",
        "First Name": "Ann",
        "Last.Name": "Lee",
        "Имя": "Анна",
        "Name É": "É",
        "Blank": "  ",
    }
    assert Template.parse(template).render(row) == text


@pytest.mark.parametrize(
    ("template", "position", "words"),
    [
        ("Hello ${FirstName", 6, "not closed"),
        ("Hello ${First\nName}", 6, "not closed"),
        ("${a${b}", 0, "not closed"),
        ("Hello ${}", 6, "no name"),
        ("Hello ${ |friend}", 6, "no name"),
    ],
)
def test_a_template_that_cannot_be_meant_is_refused_at_its_place(
    template: str, position: int, words: str
) -> None:
    with pytest.raises(TemplateError, match=words) as refused:
        Template.parse(template)
    assert refused.value.position == position


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "Yes"),
        (False, "No"),
        (0, "0"),
        (42, "42"),
        (125.0, "125"),
        (125.5, "125.50"),
        (-0.5, "-0.50"),
        (float("nan"), ""),
        (float("inf"), ""),
        (Decimal("99.90"), "99.90"),
        (Decimal("100.00"), "100"),
        (Decimal("NaN"), ""),
        ("125.00", "125.00"),
        ("2026-12-01T00:00:00", "December 1, 2026"),
        ("2026-12-31", "December 31, 2026"),
        ("2026-12-01T16:05:00", "December 1, 2026, 4:05 PM"),
        ("2026-12-01T00:30:00.0000000Z", "December 1, 2026, 12:30 AM"),
        ("2026-12-01 09:00", "December 1, 2026, 9:00 AM"),
        ("0001-01-01T00:00:00", ""),
        ("2026-13-45", "2026-13-45"),
        ("2026-12-01 is the day", "2026-12-01 is the day"),
        (dt.datetime(2026, 12, 1, 16, 5), "December 1, 2026, 4:05 PM"),
        (dt.date(2026, 12, 1), "December 1, 2026"),
        (dt.date(1, 1, 1), ""),
        (dt.time(9, 5), "9:05 AM"),
        ("  Ann \n", "Ann"),
        ("Ann\tLee", "Ann Lee"),
        ("Ann\x00\x07\ud800 Lee", "Ann Lee"),
        ("two\nlines", "two\nlines"),
        ("Zoë 👨‍👩‍👧", "Zoë 👨‍👩‍👧"),
        (["a"], "['a']"),
    ],
    ids=repr,
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    assert render("${x}", x=value) == text


def test_the_organization_says_how_dates_are_written() -> None:
    template = Template.parse("${x}")
    formats = Formats(date="%d.%m.%Y", time="%H:%M")
    assert template.render({"x": "2026-12-01T16:05:00"}, formats) == "01.12.2026, 16:05"
    assert template.render({"x": dt.time(0, 5)}, Formats(time="%-H:%M")) == "0:05"


def test_the_exact_name_goes_before_one_that_differs_in_case() -> None:
    row = {"NAME": "first", "Name": "second"}
    assert Template.parse("${Name} ${name}").render(row) == "second first"
    assert Template.parse("${name} ${NAME}").render(row) == "first first"


def test_fields_are_listed_once() -> None:
    template = Template.parse("${FirstName} ${firstname} ${Last}")
    assert template.fields() == ("FirstName", "Last")


def test_empty_fields_are_those_that_leave_a_hole() -> None:
    template = Template.parse("${A} ${B} ${C|x} ${D|} ${A}")
    assert template.empty_fields({"A": " ", "B": "b"}) == ("A",)
    assert template.merge({"A": "a", "B": None}).empty_fields == ("B",)


def test_an_unknown_field_is_told_with_its_place_and_the_nearest() -> None:
    template = Template.parse("Hello ${FulName}, ${Nothing}")
    first, second = template.check(["ID", "FullName"])
    assert (first.position, first.length, first.suggestion) == (6, 10, "FullName")
    assert first.message == "The IQA has no column “FulName”. Did you mean ${FullName}?"
    assert second.suggestion is None
    assert second.message == "The IQA has no column “Nothing”."


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${x}" * 1000, "x" * 1_000_000),
        ("${x}" * 1000, "\t\x00" * 500_000),
        ("${" * 2000, "x"),
        ("$" * 4000, "x"),
        ("${x|" + "|" * 3000 + "}", ""),
        ("${x}", "9" * 1_000_000),
        ("${x}", " " * 1_000_000),
    ],
    ids=["many", "controls", "open", "dollars", "bars", "digits", "blanks"],
)
def test_nothing_blows_up(template: str, value: str) -> None:
    def attempt() -> None:
        with contextlib.suppress(TemplateError):
            assert len(render(template, x=value)) <= 4_000

    assert best_of_three(attempt) < AT_ONCE
