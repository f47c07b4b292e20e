"""A recurring LIVE campaign made by clicking, saved on purpose, and its run watched to the end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import campaign_form as form
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

NAME = "Meeting of the board"
EIGHT = form.figures(contacts=8, texted=8)
WORDS = ", we meet at 4 PM."


def test_a_live_campaign_is_created_by_clicking_and_its_run_completes(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    create(page)
    confirm(page)
    expect(page.get_by_role("main")).to_contain_text(f"“{NAME}” is saved and active.")
    row = page.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text("Every month on the last day at 8:10 AM, Eastern Time")
    take(page, "recurring-campaigns")

    staff.ask_to_run(NAME)
    expect(page.get_by_role("main")).to_contain_text(EIGHT)
    take(page, "run-now")
    page.get_by_role("button", name="Send the texts now").click()
    watch(staff)


def create(page: Page) -> None:
    form.begin(page, "Recurring")
    form.name_it(page, NAME)
    page.get_by_label("Status report e-mail").fill("office@example.org")
    form.choose_audience(page, "Board of directors")
    form.choose_sender(page, "Announcements (555010)", live=True)
    template = page.get_by_label("Message Template")
    template.fill("Hello ")
    page.get_by_role("button", name="FirstName").click()
    template.press_sequentially(WORDS)
    expect(template).to_have_value("Hello ${FirstName}" + WORDS)
    page.get_by_label("Day of the month").select_option(label="Last day")
    page.get_by_label("At", exact=True).fill("08:10")
    summary = form.summary(page)
    expect(summary).to_contain_text(EIGHT)
    expect(summary).to_contain_text("8:10 AM")
    take(page, "campaign-form-filled-in")
    form.save(page)


def confirm(page: Page) -> None:
    """Real texts are asked about once more, in a sentence that says who gets them and when."""
    main = page.get_by_role("main")
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)
    expect(main).to_contain_text(re.compile(r"8 (people|contacts|texts)"), timeout=30_000)
    expect(main).to_contain_text("every month on the last day at 8:10 AM, Eastern Time")
    expect(main).to_contain_text("Hello ${FirstName}" + WORDS)
    take(page, "campaign-confirmation")
    page.get_by_role("button", name="Save and activate").click()


def watch(staff: Staff) -> None:
    """The run's page follows the run to its end without a reload."""
    page = staff.page
    page.wait_for_url(re.compile("/runs/"))
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("main")).to_contain_text("8 of 8 texts handled", timeout=30_000)
    assert page.evaluate("window.sameDocument")
    take(page, "run-completed")
    texts = [text for text in staff.house.texts() if text["body"].endswith(WORDS)]
    assert len({text["to"] for text in texts}) == len(texts) == 8

    page.get_by_label("Number or iMIS ID").fill(texts[0]["to"])
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(texts[0]["to"], exact=True).first).to_be_visible()
    expect(page.get_by_text(texts[1]["to"], exact=True)).to_have_count(0)
