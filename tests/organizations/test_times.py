"""How an instant is said relative to now."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from textmanager.organizations.templatetags.times import relative

# The evening of the day before Thanksgiving.
NOW = dt.datetime(2026, 11, 25, 23, 54, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (dt.timedelta(seconds=59), "in less than a minute"),
        (dt.timedelta(minutes=59, seconds=59), "in 59 minutes"),
        (dt.timedelta(hours=23, minutes=59), "in 23 hours"),
        (dt.timedelta(hours=30), "in 1 day"),
        (dt.timedelta(hours=41), "in 2 days"),
        (dt.timedelta(days=5, hours=14), "in 6 days"),
        (dt.timedelta(seconds=-30), "just now"),
        (dt.timedelta(hours=-2, minutes=-50), "2 hours ago"),
        (dt.timedelta(hours=-47), "2 days ago"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_days_are_the_nearest_and_everything_shorter_is_cut(
    ahead: dt.timedelta, words: str
) -> None:
    assert relative(NOW + ahead) == words
