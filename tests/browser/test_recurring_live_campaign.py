"""A recurring LIVE campaign made by clicking, saved on purpose, and its run watched to the end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from campaign_form import begin_recurring, choose_audience, choose_sender, save
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

NAME = "Meeting of the board"
FIGURES = re.compile(r"Contacts\s*8\s*Will be texted\s*8")


def test_a_live_campaign_is_created_by_clicking_and_its_run_completes(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    create(page)
    expect(page.get_by_role("status")).to_contain_text(f"“{NAME}” is saved and active.")
    row = page.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text("Every month on the last day at 8:10 AM, Eastern Time")
    take(page, "recurring-campaigns")

    row.locator("summary").click()
    row.get_by_role("link", name="Run now").click()
    expect(page.get_by_role("main")).to_contain_text(FIGURES)
    take(page, "run-now")
    page.get_by_role("button", name="Send the texts now").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    page.evaluate("window.sameDocument = true")
    watch(staff)


def create(page: Page) -> None:
    begin_recurring(page)
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("Status report e-mail").fill("office@example.org")
    choose_audience(page, "$/Text Manager/Board of directors")
    choose_sender(page, "Announcements (555010)", live=True)
    page.get_by_label("Message Template").fill("Hello ")
    page.get_by_role("button", name="FirstName").click()
    page.get_by_label("Message Template").press_sequentially(", we meet at 4 PM.")
    expect(page.get_by_label("Message Template")).to_have_value(
        "Hello ${FirstName}, we meet at 4 PM."
    )
    page.get_by_label("Day of the month").select_option(label="Last day")
    page.get_by_label("At", exact=True).fill("08:10")
    summary = page.locator("#summary")
    expect(summary).to_contain_text(FIGURES)
    expect(summary).to_contain_text("8:10 AM")
    take(page, "campaign-form-filled-in")
    save(page)


def watch(staff: Staff) -> None:
    """The run's page follows the run to its end without a reload."""
    page = staff.page
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("main")).to_contain_text("8 of 8 texts handled", timeout=30_000)
    assert page.evaluate("window.sameDocument")
    take(page, "run-completed")
    texts = [text for text in staff.house.texts() if text["body"].endswith(", we meet at 4 PM.")]
    assert len({text["to"] for text in texts}) == len(texts) == 8

    page.get_by_label("Number or iMIS ID").fill(texts[0]["to"])
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(texts[0]["to"], exact=True).first).to_be_visible()
    expect(page.get_by_text(texts[1]["to"], exact=True)).to_have_count(0)
