"""The forecast of a large run is as good as that of a small one, in a bounded time."""

from __future__ import annotations

import datetime as dt
import time

import pytest
import time_machine

from textmanager.campaigns import spreading
from textmanager.campaigns.spreading import Group, forecast
from textmanager.organizations.models import Organization, Sender

# Monday, 10 AM in New York.
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
AUDIENCE: list[Group] = [
    (("America/New_York",), 1, 11_000),
    (("America/Chicago",), 2, 6_000),
    (("Pacific/Honolulu",), 1, 3_000),
]


@time_machine.travel(NOW, tick=False)
def test_a_played_sample_agrees_with_the_whole(
    organization: Organization, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = forecast(organization, sender, AUDIENCE, starts_at=NOW, left_today=2_000)
    monkeypatch.setattr(spreading, "MOST_PLAYED", 2_000)
    rough = forecast(organization, sender, AUDIENCE, starts_at=NOW, left_today=2_000)
    assert sum(segments for _, segments in rough.by_day) == 26_000
    assert [day for day, _ in rough.by_day] == [day for day, _ in exact.by_day]
    for (_, one), (_, other) in zip(rough.by_day, exact.by_day, strict=True):
        assert abs(one - other) <= 20
    assert abs(rough.finish - exact.finish) < dt.timedelta(minutes=1)


@time_machine.travel(NOW, tick=False)
def test_a_small_audience_is_played_text_by_text(
    organization: Organization, sender: Sender
) -> None:
    found = forecast(organization, sender, [((), 3, 5)], starts_at=NOW, left_today=10)
    assert [segments for _, segments in found.by_day] == [9, 6]
    assert found.left_over == 0


def test_a_text_larger_than_a_day_is_left_over(organization: Organization, sender: Sender) -> None:
    organization.daily_allowance = 2
    found = forecast(organization, sender, [((), 3, 5)], starts_at=NOW, left_today=2)
    assert found.left_over == 15


def test_a_million_texts_do_not_hold_the_page(organization: Organization, sender: Sender) -> None:
    organization.daily_allowance = 2_000_000
    million: list[Group] = [(zones, segments, 50 * count) for zones, segments, count in AUDIENCE]
    begun = time.perf_counter()
    found = forecast(organization, sender, million, starts_at=NOW, left_today=2_000_000)
    assert sum(segments for _, segments in found.by_day) == 1_300_000
    # Played whole it takes several seconds.
    assert time.perf_counter() - begun < 1.5
