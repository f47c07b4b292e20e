"""Somebody stays on the page of a run until it has ended."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

REHEARSAL = "Conference sessions (rehearsal)"
WRONG_IN_MANY_WAYS = {
    "iqa_path": "'$/Text Manager/Dirty numbers'",
    "phone_column": "'MobilePhone'",
    "template": "'Hello ${FullName}. Reply STOP to end.'",
}


def test_the_filters_of_a_run_follow_it_to_its_end(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    for column, value in WRONG_IN_MANY_WAYS.items():
        staff.change("campaigns_campaign", column, value, f"name = '{REHEARSAL}'")
    staff.run_now(REHEARSAL)
    page.evaluate("window.sameDocument = true")
    status, reason = page.locator("#by-status"), page.locator("#by-cause")
    status.focus()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=60_000)
    # A list that somebody may have open does not change under their eyes.
    expect(reason.locator("optgroup[label=Error] option").nth(1)).to_be_attached()
    expect(status).to_be_focused()
    page.get_by_label("Number or iMIS ID").fill("nobody")
    expect(status.locator("option[value=tested]")).to_be_attached()
    assert page.evaluate("window.sameDocument")

    status.select_option("tested")
    expect(page).to_have_url(re.compile("status=tested"))
    expect(status).to_have_value("tested")
