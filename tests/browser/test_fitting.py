"""What a page shows has the room it needs, on a phone and on a wide screen."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chromium import WIDE
from screens import NARROW, take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

COUNTED = re.compile(r"(\d+) runs?\b.* (\d+) to come")


def test_a_phone_shows_as_many_runs_of_a_month_as_it_counts(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    page.goto(f"/calendar/?day={month_with_a_monday_beside_it()}")
    expect(page.locator(".beside .entry").first).to_be_attached()
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        counted = COUNTED.search(page.get_by_role("main").inner_text())
        assert counted
        shown = page.locator(".entry").filter(visible=True).count()
        more = sum(int(each.split()[0]) for each in page.locator(".more").all_inner_texts())
        assert shown + more == int(counted[1]) + int(counted[2])
    take(page, "calendar-next-month")


def month_with_a_monday_beside_it() -> dt.date:
    """One to come: the board is reminded on Mondays, and its first week begins in another month."""
    today = timezone.now().date()
    months = ((today + number * dt.timedelta(days=31)).replace(day=1) for number in range(1, 13))
    return next(first for first in months if first.isoweekday() not in {1, 7})
