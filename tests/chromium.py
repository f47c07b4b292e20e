"""A real Chromium, and pages in it whose errors do not pass unseen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

PATH = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    # The same letters on every machine, so that screenshots differ by what is shown alone.
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]
WIDE = {"width": 1280, "height": 900}
MILLISECONDS_TO_ANSWER = 30_000
# htmx says these of a request that a newer one takes the place of. Whatever goes wrong has others.
SUPERSEDED = ("htmx:afterRequest", "htmx:sendAbort")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Runs for the length of the block only: beside it, no other coroutine can run here."""
    # As root, Chromium runs only without its sandbox.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        expect.set_options(timeout=MILLISECONDS_TO_ANSWER)
        browser = playwright.chromium.launch(executable_path=PATH, args=flags)
        yield browser
        browser.close()


@contextmanager
def watched_page(browser: Browser, web: str, **options: Any) -> Iterator[Page]:
    """A page of somebody who is not signed in. Any error or warning in it fails at the end."""
    context = browser.new_context(**{"viewport": WIDE, "base_url": web, **options})
    context.set_default_timeout(MILLISECONDS_TO_ANSWER)
    page = context.new_page()
    wrong = watch(page)
    yield page
    assert not wrong, wrong
    context.close()


def watch(page: Page) -> list[str]:
    """Fills with what scripts raise, and with the errors and warnings on the console."""
    wrong: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"} and not said.text.startswith(SUPERSEDED):
            wrong.append(f"{said.text} ({said.location.get('url', '')}, at {page.url})")

    page.on("pageerror", lambda error: wrong.append(f"{error} (at {page.url})"))
    page.on("console", hear)
    return wrong
