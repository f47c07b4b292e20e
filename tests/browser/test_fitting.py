"""What a page shows has the room it needs, on a phone and on a wide screen."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from chromium import WIDE
from processes import wait_until
from screens import NARROW, take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

COUNTED = re.compile(r"(\d+) runs?\b.* (\d+) to come")
# How far each cell of a table sticks out of what holds the table.
STICKS_OUT = """(table) => {
  const room = table.parentElement.getBoundingClientRect();
  const padding = parseFloat(getComputedStyle(table.parentElement).paddingRight);
  const cells = [...table.querySelectorAll("th, td")];
  const end = Math.max(...cells.map((cell) => cell.getBoundingClientRect().right));
  return end - (room.right - padding);
}"""
LINES = """(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size;
}"""


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


def test_a_mailed_report_fits_its_frame_on_a_phone(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    run_id = staff.run_now("Board meeting")
    staff.wait_for_run(run_id, until="settled_at")
    report = reverse("runs:report", args=[run_id])
    asked = f"SELECT 1 FROM runs_reportmail WHERE run_id = '{run_id}'"
    wait_until(lambda: staff.house.ask(asked), seconds=60, what="the report is mailed")
    page.goto(report)
    take(page, "status-report")
    page.set_viewport_size(NARROW)
    table = page.frame_locator("iframe.mail").locator("table")
    assert table.evaluate(STICKS_OUT) <= 0


def test_the_times_of_the_trail_are_read_at_a_glance(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    page.goto("/settings/trail/")
    for width in (WIDE["width"], 1000, 850):
        page.set_viewport_size({**WIDE, "width": width})
        for told in page.locator("table time").all():
            assert told.evaluate(LINES) <= 2, width
    take(page, "trail")
