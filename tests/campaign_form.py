"""Fills the campaign form in as a person does: from top to bottom, by what its labels say."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def begin_recurring(page: Page) -> None:
    page.goto("/campaigns/")
    page.get_by_role("link", name="New Recurring Campaign").first.click()


def choose_audience(page: Page, iqa: str, *, phone_column: str = "MobilePhone") -> None:
    """The columns have arrived afterwards, and the likely ones are chosen."""
    page.get_by_label("IQA").fill(iqa)
    page.get_by_label("IQA").press("Tab")
    expect(page.get_by_label("Phone Number Column Name")).to_have_value(phone_column)
    expect(page.get_by_label("iMIS ID Column Name")).to_have_value("ID")


def choose_sender(page: Page, sender: str, *, live: bool) -> None:
    """`sender` as the list names it, such as Announcements (555010)."""
    page.get_by_label("Sender").select_option(label=sender)
    page.get_by_label("LIVE" if live else "TEST").check()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save Recurring Campaign").click()
