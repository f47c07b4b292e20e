"""A member calls and says that no text came: staff find out why, and what to do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

# A member whose dues lapse, by the sandbox's members.
OPTED_OUT, THEIR_ID = "+12065550120", "11004"
WRONG_NUMBER = "14023"
REHEARSAL = "Conference sessions (rehearsal)"
REHEARSED = {
    "iqa_path": "$/Text Manager/Dirty numbers",
    "phone_column": "MobilePhone",
    "template": "Hello",
}


def test_somebody_who_opted_out_is_found_by_member_id_with_the_reason(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    page.goto("/opt-outs/")
    opt_out(page, OPTED_OUT)
    run_id = staff.run_now("Dues reminder")
    staff.wait_for_run(run_id)
    page.goto(f"/runs/{run_id}/")
    search(page, THEIR_ID)
    row = page.get_by_role("row").filter(has_text=OPTED_OUT)
    expect(row).to_contain_text("Skipped")
    expect(row).to_contain_text("Opted out")
    take(page, "why-opted-out")
    assert staff.status_of(run_id, OPTED_OUT) == "skipped"


def test_somebody_with_a_wrong_number_is_found_with_what_to_do(staff: Staff) -> None:
    page = staff.page
    for column, value in REHEARSED.items():
        staff.change("campaigns_campaign", column, f"'{value}'", f"name = '{REHEARSAL}'")
    staff.sign_in()
    run_id = staff.run_now(REHEARSAL)
    staff.wait_for_run(run_id)
    page.goto(f"/runs/{run_id}/")
    search(page, WRONG_NUMBER)
    row = page.get_by_role("row").filter(has_text=WRONG_NUMBER)
    expect(row).to_contain_text("Error")
    expect(row).to_contain_text("555-0198")
    take(page, "why-wrong-number")


def opt_out(page: Page, number: str) -> None:
    page.get_by_label("Number", exact=True).last.fill(number)
    page.get_by_label("How you know").fill("Asked by phone")
    page.get_by_role("button", name="Opt this number out").click()
    expect(page.get_by_role("table")).to_contain_text(number)


def search(page: Page, words: str) -> None:
    page.get_by_label("Number or iMIS ID").fill(words)
    page.get_by_role("button", name="Search").click()
