"""Fills the campaign form in as a person does: from top to bottom, by what its labels say."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

FOLDER = "$/Text Manager"
# The whole audience is counted by a worker, which plans every few seconds.
MILLISECONDS_TO_COUNT = 30_000


def begin(page: Page, kind: str) -> None:
    """Opens a new campaign's form from its list; `kind` is One-Time or Recurring."""
    page.goto("/campaigns/")
    tabs = page.get_by_role("navigation", name=re.compile("kind|campaigns", re.IGNORECASE))
    tabs.get_by_role("link", name=re.compile(f"^{kind}")).first.click()
    page.get_by_role("link", name=f"New {kind} Campaign").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("New", re.IGNORECASE))
    # Nobody types so fast that the page does not listen yet.
    page.wait_for_load_state()


def name_it(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)


def choose_audience(page: Page, query: str, *, phone_column: str = "MobilePhone") -> None:
    """The columns have arrived afterwards, and the likely ones are chosen."""
    iqa = page.get_by_label("IQA", exact=True)
    iqa.fill(f"{FOLDER}/{query}")
    iqa.press("Tab")
    expect(page.get_by_label("Phone Number Column Name")).to_have_value(phone_column)
    expect(page.get_by_label("iMIS ID Column Name")).to_have_value("ID")


def choose_sender(page: Page, sender: str, *, live: bool) -> None:
    """`sender` as the list names it, such as Announcements (555010)."""
    page.get_by_label("Sender", exact=True).select_option(label=sender)
    page.get_by_label("LIVE" if live else "TEST", exact=True).check()


def write(page: Page, template: str) -> None:
    page.get_by_label("Message Template").fill(template)


def summary(page: Page) -> Locator:
    """The summary, once it is about the whole audience."""
    found = page.locator("#summary")
    expect(found).to_contain_text("Will be texted", timeout=MILLISECONDS_TO_COUNT)
    return found


def save(page: Page) -> None:
    page.get_by_role("button", name="Save Recurring Campaign").click()


def send_now(page: Page) -> None:
    page.get_by_label("Now", exact=True).check()
    page.get_by_role("button", name=re.compile("^Send now")).click()


def figures(contacts: int, texted: int) -> re.Pattern[str]:
    """What the summary says of an audience."""
    return re.compile(rf"Contacts\s*{contacts:,}\s*Will be texted\s*{texted:,}")
