"""A campaign made by clicking, in a real Chromium, and its run watched to the end."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from house import House

pytestmark = [pytest.mark.browser, pytest.mark.journey]

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SCREENSHOTS = Path(__file__).parent.parent.parent / "screenshots"
FIGURES = re.compile(r"Contacts\s*8\s*Will be texted\s*8")
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


@pytest.fixture
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        message = "NO BROWSER TEST: there is no Chromium on this machine. Install it: make browser"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    # As root, Chromium runs only without its sandbox.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(house: House, browser: Browser) -> Iterator[Page]:
    """A page whose console and requests are watched: any error there fails the test."""
    page = browser.new_page(viewport=WIDE, base_url=house.visitor.web)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None,
    )
    yield page
    assert not wrong


def take(page: Page, name: str) -> None:
    """Screenshots, wide and narrow; no page may be wider than the phone that shows it."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name


def test_a_campaign_is_created_by_clicking_and_its_run_completes(house: House, page: Page) -> None:
    house.started.start("worker")
    page.goto("/")
    page.get_by_label("Cloud ID").fill("demo")
    page.get_by_label("User name").fill("jordan.lee")
    page.get_by_label("Password").fill("demo-password")
    take(page, "sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    take(page, "home")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Campaigns").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Campaigns")
    take(page, "campaigns")

    page.get_by_role("link", name="New Recurring Campaign").click()
    create(page)
    expect(page.get_by_role("status")).to_contain_text(
        "“Meeting of the board” is saved and active."
    )
    row = page.get_by_role("row").filter(has_text="Meeting of the board")
    expect(row).to_contain_text("Every month on the last day at 8:10 AM, Eastern Time")

    row.locator("summary").click()
    row.get_by_role("link", name="Run now").click()
    expect(page.get_by_role("main")).to_contain_text(FIGURES)
    take(page, "run-now")
    page.get_by_role("button", name="Send the texts now").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    page.evaluate("window.sameDocument = true")
    watch(house, page)


def create(page: Page) -> None:
    """Fills the form in from top to bottom, as a person would."""
    page.get_by_label("Name", exact=True).fill("Meeting of the board")
    page.get_by_label("Status report e-mail").fill("office@example.org")
    page.get_by_label("IQA").fill("$/Text Manager/Board of directors")
    page.get_by_label("IQA").press("Tab")
    # The columns of the query have arrived, and the likely ones are chosen.
    expect(page.get_by_label("Phone Number Column Name")).to_have_value("MobilePhone")
    expect(page.get_by_label("iMIS ID Column Name")).to_have_value("ID")
    page.get_by_label("Sender").select_option(label="Announcements (555010)")
    page.get_by_label("LIVE").check()
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
    take(page, "form")
    page.get_by_role("button", name="Save Recurring Campaign").click()
    # Real people would get real texts: who, when and at what cost is said once more.
    expect(page.get_by_role("main")).to_contain_text("8 people in “$/Text Manager/Board")
    take(page, "form-confirm")
    page.get_by_role("button", name="Save and activate").click()


def watch(house: House, page: Page) -> None:
    """The run's page follows the run to its end without a reload."""
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("main")).to_contain_text("8 of 8 texts handled", timeout=20_000)
    assert page.evaluate("window.sameDocument")
    take(page, "run")
    texts = house.texts()
    assert len(texts) == 8
    assert all(text["body"].endswith(", we meet at 4 PM.") for text in texts)

    page.get_by_label("Number or iMIS ID").fill(texts[0]["to"])
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(texts[0]["to"], exact=True).first).to_be_visible()
    expect(page.get_by_text(texts[1]["to"], exact=True)).to_have_count(0)
