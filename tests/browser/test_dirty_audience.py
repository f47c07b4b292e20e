"""An audience with wrong numbers: the form says how many and which, before anything is saved."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import campaign_form as form
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]


def test_wrong_numbers_are_counted_by_reason_and_each_reason_opens_its_list(
    staff: Staff,
) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "Recurring")
    form.name_it(page, "With wrong numbers")
    form.choose_audience(page, "Dirty numbers")
    form.choose_sender(page, "Announcements (555010)", live=False)
    form.write(page, "Hello ${FullName}. Reply STOP to end.")
    summary = form.summary(page)
    excluded = summary.get_by_role("row").filter(has_text=re.compile("short", re.IGNORECASE))
    expect(excluded.first).to_be_visible()
    take(page, "campaign-form-dirty-audience")

    excluded.first.get_by_role("link").click()
    opened = page.get_by_role("dialog")
    expect(opened).to_be_visible()
    # The very value that is in iMIS, and whose it is, so that the record can be put right.
    expect(opened).to_contain_text("555-0198")
    expect(opened.get_by_role("rowheader").first).to_have_text(re.compile(r"^1\d{4}$"))
    take(page, "campaign-form-left-out")
    page.keyboard.press("Escape")
    expect(opened).not_to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("With wrong numbers")


def test_another_query_corrects_the_audience_and_nothing_that_was_typed_is_lost(
    staff: Staff,
) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "Recurring")
    form.name_it(page, "With right numbers")
    form.choose_audience(page, "Dirty numbers")
    form.choose_sender(page, "Announcements (555010)", live=False)
    form.write(page, "Hello ${FullName}. Reply STOP to end.")
    expect(form.summary(page)).to_contain_text("Excluded")
    form.choose_audience(page, "Board of directors")
    expect(form.summary(page)).to_contain_text(form.figures(contacts=8, texted=8))
    expect(page.get_by_label("Message Template")).to_have_value(
        "Hello ${FullName}. Reply STOP to end."
    )
