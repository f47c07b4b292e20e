"""From an organization with nothing in it to its first run in TEST mode."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import campaign_form as form
from screens import take
from staff import PASSWORD, TWILIO, Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

NAME = "A first try"
FOUR_STEPS = "first-visit"


def test_a_first_visit_leads_from_nothing_to_a_run_in_test_mode(staff: Staff) -> None:
    page = staff.page
    enter(page)
    take(page, "first-visit-nothing-yet")
    page.goto("/campaigns/new/?kind=one_time")
    expect(page.get_by_role("main")).to_contain_text("There is no number to send from yet")
    take(page, "campaign-form-unconnected")
    page.goto("/")
    connect_imis(staff)
    connect_twilio(page)
    page.goto("/")
    take(page, "first-visit-connected")
    run_id = try_a_campaign(staff)
    staff.wait_for_run(run_id)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=30_000)
    take(page, "first-test-run")
    assert staff.texts_to("+12025550100", NAME) == 0

    page.goto("/")
    expect(step(page, "Go live")).to_contain_text("Next")
    take(page, "first-visit-ready-to-go-live")


def enter(page: Page) -> None:
    page.goto("/")
    take(page, "sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    take(page, "forgot-password")
    page.get_by_role("link", name="Back to sign-in").click()
    page.get_by_label("User name").fill("first-visit")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(step(page, "Connect iMIS")).to_contain_text("Next")


def step(page: Page, title: str):
    return page.get_by_role("listitem").filter(has_text=title).first


def connect_imis(staff: Staff) -> None:
    page = staff.page
    page.get_by_role("link", name="Connect iMIS").click()
    take(page, "settings-imis-empty")
    page.get_by_label("Address of the iMIS site").fill(staff.house.imis)
    page.get_by_label(re.compile("User name|Background account")).fill("textmanager")
    page.get_by_label(re.compile("^Password")).fill("not the password")
    page.get_by_role("button", name="Sign in and save").click()
    # What iMIS says is told, and nothing but the password has to be typed again.
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_label("Address of the iMIS site")).to_have_value(staff.house.imis)
    page.get_by_label(re.compile("^Password")).fill("background-password")
    page.get_by_role("button", name="Sign in and save").click()
    expect(page.get_by_role("status").first).to_be_visible()
    page.goto("/")
    expect(step(page, "Connect iMIS")).to_contain_text("Done")


def connect_twilio(page: Page) -> None:
    page.get_by_role("link", name="Connect Twilio").click()
    page.get_by_label("Account SID", exact=True).fill(TWILIO[0])
    page.get_by_label(re.compile("^Auth token")).fill(TWILIO[1])
    page.get_by_role("button", name="Sign in and save").click()
    row = page.get_by_role("row").filter(has_text="555010")
    row.locator("summary").filter(has_text="Send from it").click()
    row.get_by_role("button", name="Add").click()
    expect(page.get_by_role("table").first).to_contain_text("555010")
    take(page, "settings-twilio")


def try_a_campaign(staff: Staff) -> str:
    """TEST is what the form proposes; nothing asks for confirmation, because nothing is sent."""
    page = staff.page
    page.get_by_role("link", name="Make a campaign").click()
    take(page, "campaign-form-empty")
    form.name_it(page, NAME)
    form.choose_audience(page, "Board of directors")
    expect(page.get_by_label("TEST", exact=True)).to_be_checked()
    page.get_by_label("Sender", exact=True).select_option(index=1)
    form.write(page, NAME + ", ${FirstName|friend}. Reply STOP to end.")
    page.get_by_label("At", exact=True).fill("08:10")
    expect(form.summary(page)).to_contain_text(form.figures(contacts=8, texted=8))
    form.save(page)
    expect(page.get_by_role("main")).to_contain_text(f"“{NAME}” is saved")
    page.goto("/")
    take(page, "first-visit-campaign-saved")
    page.get_by_role("link", name="Run it now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)
    return staff.run_now(NAME)
