"""Statuses: forward only, complete, and told in the words of staff."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmanager.text.error_codes import _CODES, Retry, Whose, explain
from textmanager.text.statuses import (
    STAFF_STATUSES,
    MessageStatus,
    from_twilio,
    is_final,
    may_follow,
    rank,
    staff_key,
    staff_name,
)

statuses = st.sampled_from(list(MessageStatus))
FROM_TWILIO = {
    "accepted": MessageStatus.ACCEPTED,
    "scheduled": MessageStatus.ACCEPTED,
    "queued": MessageStatus.ACCEPTED,
    "sending": MessageStatus.ACCEPTED,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.CANCELED,
}


@given(statuses, statuses)
def test_nothing_goes_back_or_sideways(before: MessageStatus, after: MessageStatus) -> None:
    assert not (may_follow(before, after) and may_follow(after, before))
    assert not may_follow(before, before)
    if before is not MessageStatus.UNCONFIRMED:
        assert may_follow(before, after) == (rank(after) > rank(before))


@given(st.lists(statuses, max_size=8))
def test_whatever_arrives_the_end_is_as_far_as_anything_that_arrived(
    news: list[MessageStatus],
) -> None:
    now = MessageStatus.QUEUED
    for status in news:
        if may_follow(now, status):
            now = status
    assert rank(now) >= max((rank(status) for status in news), default=0) or (
        now is MessageStatus.UNCONFIRMED
    )


@given(statuses)
def test_nothing_follows_what_is_final(after: MessageStatus) -> None:
    for before in filter(is_final, MessageStatus):
        assert not may_follow(before, after)


def test_what_is_unconfirmed_may_still_be_told_by_twilio_and_by_nobody_else() -> None:
    following = {s for s in MessageStatus if may_follow(MessageStatus.UNCONFIRMED, s)}
    assert following == set(FROM_TWILIO.values())


@pytest.mark.parametrize(("theirs", "ours"), FROM_TWILIO.items())
def test_each_of_twilios_words_is_known(theirs: str, ours: MessageStatus) -> None:
    assert from_twilio(theirs) is ours
    assert from_twilio(theirs.upper()) is ours


@pytest.mark.parametrize("word", ["", "receiving", "received", "partially_delivered", "new word"])
def test_a_word_that_is_not_known_changes_nothing(word: str) -> None:
    assert from_twilio(word) is None


def test_staff_have_six_names_and_ours_beside_them() -> None:
    always = [staff.label for staff in STAFF_STATUSES if staff.is_always_shown]
    assert always == ["Preparing", "Error", "Sent", "Delivered", "Undelivered", "Failed"]
    named = list(itertools.chain.from_iterable(staff.statuses for staff in STAFF_STATUSES))
    assert sorted(named) == sorted(MessageStatus)
    assert staff_name(MessageStatus.ACCEPTED) == "Preparing"
    assert staff_key(MessageStatus.HELD) == "held"


@pytest.mark.parametrize("code", _CODES)
def test_each_known_code_has_its_words(code: int) -> None:
    found = explain(code, "Twilio's text")
    assert found.code == code
    assert found.meaning
    assert "Twilio's text" not in found.meaning
    assert found.what_to_do
    assert found.whose is not Whose.UNKNOWN
    assert (found.retry is Retry.NEVER) <= (found.whose in {Whose.PERSON, Whose.CARRIER})


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        (99999, "Something new", "Error 99999: Something new"),
        (99999, "", "Error 99999"),
        (None, "Something new", "Something new"),
        (None, "", "No reason was given"),
    ],
)
def test_an_unknown_code_is_its_number_and_twilios_text(
    code: int | None, text: str, meaning: str
) -> None:
    found = explain(code, text)
    assert (found.code, found.meaning) == (code, meaning)
    assert found.whose is Whose.UNKNOWN
    assert found.retry is Retry.NEVER
