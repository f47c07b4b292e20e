"""How many calls are under way at once follows what Twilio can take."""

from __future__ import annotations

from collections.abc import Callable

from textmanager.gateway.concurrency import (
    BELIEVED,
    FIRST,
    LEAST,
    MOST,
    UNTIL_NEXT_TRY,
    Concurrency,
)


def answers(
    concurrency: Concurrency,
    seconds: float,
    rate: Callable[[int], float],
    *,
    since: float = 0.0,
    waiting: bool = True,
) -> float:
    """Plays calls that are answered at `rate(limit)` a second; returns the moment reached."""
    now = since
    while now < since + seconds:
        now += 1 / rate(concurrency.limit)
        concurrency.answered(now, waiting=waiting)
    return now


def test_slow_answers_raise_it_until_all_places_are_used() -> None:
    concurrency = Concurrency()
    # Each answer takes two seconds, however many are under way.
    answers(concurrency, 12, lambda limit: limit / 2)
    assert concurrency.limit == MOST


def test_a_raise_that_brings_nothing_is_taken_back() -> None:
    concurrency = Concurrency()
    answers(concurrency, 5, lambda _limit: 400.0)
    assert concurrency.limit == FIRST


def test_a_raise_that_brought_nothing_is_tried_again_only_later() -> None:
    concurrency = Concurrency()
    limits: list[int] = []

    def rate(limit: int) -> float:
        limits.append(limit)
        return 50.0

    answers(concurrency, UNTIL_NEXT_TRY - 5, rate)
    tried = [at for at, limit in enumerate(limits) if limit > FIRST]
    assert tried
    assert max(tried) < 50 * 3


def test_the_senders_own_pace_raises_nothing() -> None:
    concurrency = Concurrency()
    answers(concurrency, 20, lambda _limit: 100.0, waiting=False)
    assert concurrency.limit == FIRST


def test_refusals_lower_it_once_a_moment_and_never_to_nothing() -> None:
    concurrency = Concurrency()
    for _ in range(10):
        concurrency.refused(5.0)
    assert concurrency.limit == FIRST // 2
    for second in range(10, 40, 5):
        concurrency.refused(float(second))
    assert concurrency.limit == LEAST


def test_after_a_refusal_it_comes_back() -> None:
    concurrency = Concurrency()
    concurrency.refused(0.5)
    now = answers(concurrency, UNTIL_NEXT_TRY - 1, float, since=1.0)
    assert concurrency.limit == FIRST // 2
    answers(concurrency, 20, float, since=now)
    assert concurrency.limit > FIRST


def test_the_count_at_a_refusal_is_not_reached_again_for_a_while() -> None:
    concurrency = Concurrency()
    now = answers(concurrency, 6, lambda limit: limit / 2)
    concurrency.heard(now, 50)
    concurrency.refused(now)
    for _ in range(200):
        now = answers(concurrency, 1, lambda limit: limit / 2, since=now)
        assert concurrency.limit < 50
    # Close to it: the last raise brings too little to be kept.
    assert concurrency.limit > 36


def test_a_limit_that_was_raised_is_found_out_later() -> None:
    concurrency = Concurrency()
    concurrency.heard(0.0, 30)
    concurrency.refused(0.0)
    answers(concurrency, BELIEVED + 200, lambda limit: limit / 2)
    assert concurrency.limit > 90


def test_room_is_made_for_what_else_the_account_does() -> None:
    concurrency = Concurrency()
    concurrency.heard(0.0, 30)
    concurrency.refused(0.0)
    now = answers(concurrency, 200, lambda limit: limit / 2)
    before = concurrency.limit
    # Ten requests more than Twilio takes are under way: another program has begun.
    concurrency.heard(now, 39)
    concurrency.heard(now, 39)
    assert concurrency.limit == before - 10


def test_a_count_alone_lowers_nothing_while_nothing_was_refused() -> None:
    concurrency = Concurrency()
    concurrency.heard(0.0, 90)
    concurrency.heard(0.0, None)
    assert concurrency.limit == FIRST
