"""Words that stop texts, and wordings that may mean it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stopwatch import AT_ONCE, best_of_three
from textmanager.text.keywords import Keyword, classify, looks_like_opt_out

OPT_OUT = [
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
    "OPT OUT",
    "OPT-OUT",
]
around = st.text(" .,!?'\"*-\n\t", max_size=5)


@given(word=st.sampled_from(OPT_OUT), before=around, after=around, lower=st.booleans())
def test_opt_out_words_work_however_they_are_written(
    *, word: str, before: str, after: str, lower: bool
) -> None:
    written = before + (word.lower() if lower else word) + after
    assert classify(written) is Keyword.OPT_OUT
    assert looks_like_opt_out(written)


@pytest.mark.parametrize("word", ["START", "unstop", "Yes!", " yes "])
def test_opt_in_words(word: str) -> None:
    assert classify(word) is Keyword.OPT_IN
    assert not looks_like_opt_out(word)


@pytest.mark.parametrize("word", ["HELP", "help?", "Info"])
def test_help_words(word: str) -> None:
    assert classify(word) is Keyword.HELP


@pytest.mark.parametrize(
    "text",
    ["", "stop by on Monday", "The end is near", "yes please", "helpful", "stopp", "no", "❌"],
)
def test_anything_else_is_no_keyword(text: str) -> None:
    assert classify(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Please stop texting me",
        "stop sending these",
        "Take me off your list",
        "remove my number from this list please",
        "I want to unsubscribe from this",
        "please opt me out",
        "don’t text me again",
        "Do not contact me",
        "no more messages!!",
        "Wrong number",
        "leave me alone",
        "Would you please stop",
        "STOP!!! I said stop",
    ],
)
def test_wordings_that_may_mean_an_opt_out_are_proposed(text: str) -> None:
    assert classify(text) is None
    assert looks_like_opt_out(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, see you there",
        "Don't stop, I love these",
        "Is there a bus stop nearby?",
        "I'll be there at the end of the week",
        "Can I cancel my registration for Friday?",
        "yes",
        "",
    ],
)
def test_other_answers_are_not(text: str) -> None:
    assert not looks_like_opt_out(text)


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert classify(text) in {*Keyword, None}
    assert looks_like_opt_out(text) in {True, False}


@pytest.mark.parametrize("text", ["stop " * 300, "don't " * 300, " " * 1600, "please " * 250])
def test_the_longest_text_is_read_at_once(text: str) -> None:
    assert best_of_three(lambda: looks_like_opt_out(text)) < AT_ONCE
