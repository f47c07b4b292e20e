"""A whole journey without a mouse: sign in, make a campaign, run it, leave."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

import campaign_form as form
from keyboard import tab_to
from staff import PASSWORD, Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

NAME = "Made without a mouse"


def test_a_campaign_is_made_and_run_by_keyboard_alone(staff: Staff) -> None:
    page = staff.page
    sign_in(page, staff.cloud_id)
    follow(page, page.get_by_role("navigation", name="Main").get_by_role("link", name="Campaigns"))
    follow(page, page.get_by_role("link", name="New Recurring Campaign").first)
    make(page)
    expect(page.get_by_role("main")).to_contain_text(f"“{NAME}” is saved")
    open_menu(page)
    follow(page, row(page).get_by_role("link", name=re.compile("Run now")))
    expect(page.get_by_role("main")).to_contain_text(form.figures(contacts=8, texted=8))
    press(page, page.get_by_role("button", name="Run the test"))
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()


def test_dialogs_and_menus_open_by_keyboard_and_escape_closes_them(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    page.goto("/campaigns/?kind=recurring")
    menu = page.locator("main details.menu").first
    tab_to(page, menu.locator("summary"))
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()

    person = page.locator("details.person")
    tab_to(page, person.locator("summary"))
    page.keyboard.press("Space")
    expect(person.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(person.get_by_role("button", name="Sign out")).not_to_be_visible()


def test_the_first_stop_of_a_page_skips_to_its_content(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    page.goto("/campaigns/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def sign_in(page: Page, cloud_id: str) -> None:
    page.goto("/sign-in/")
    for label, value in (
        ("Cloud ID", cloud_id),
        ("User name", "jordan.lee"),
        ("Password", PASSWORD),
    ):
        write(page, page.get_by_label(label, exact=True), value)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("sign-in"))


def make(page: Page) -> None:
    write(page, page.get_by_label("Name", exact=True), NAME)
    write(page, page.get_by_label("IQA", exact=True), f"{form.FOLDER}/Board of directors")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Phone Number Column Name")).to_have_value("MobilePhone")
    sender = page.get_by_label("Sender", exact=True)
    tab_to(page, sender)
    # A list chooses what is typed.
    page.keyboard.type("Ann")
    expect(sender.locator("option:checked")).to_have_text("Announcements (555010)")
    template = page.get_by_label("Message Template")
    write(page, template, "Hello ")
    insert_first_name(page, template)
    page.keyboard.type(", we meet at 4 PM. Reply STOP to end.")
    expect(form.summary(page)).to_contain_text(form.figures(contacts=8, texted=8))
    press(page, page.get_by_role("button", name="Save Recurring Campaign"))


def insert_first_name(page: Page, template: Locator) -> None:
    """Typing `${` offers the merge fields; Enter takes the one that fits."""
    page.keyboard.type("${First")
    expect(page.get_by_role("listbox", name="Merge fields")).to_be_visible()
    page.keyboard.press("Enter")
    expect(template).to_have_value("Hello ${FirstName}")


def row(page: Page) -> Locator:
    return page.get_by_role("row").filter(has_text=NAME)


def open_menu(page: Page) -> None:
    tab_to(page, row(page).locator("summary"))
    page.keyboard.press("Enter")


def write(page: Page, where: Locator, words: str) -> None:
    tab_to(page, where)
    page.keyboard.type(words)


def follow(page: Page, link: Locator) -> None:
    press(page, link)
    page.wait_for_load_state()


def press(page: Page, what: Locator) -> None:
    tab_to(page, what)
    page.keyboard.press("Enter")
