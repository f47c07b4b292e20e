"""The server does not answer for a while: the page says so, and takes it back afterwards."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from chromium import WIDE
from house import House
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

# What the page asks for by itself every half minute.
ASK = "htmx.ajax('GET', '/replies/unread/', {target: '#unread-replies', swap: 'outerHTML'})"


def test_a_page_says_that_it_stands_still_and_when_it_goes_on(
    house: House, browser: Browser
) -> None:
    # Not watched: errors on the console are what this is about.
    page = browser.new_page(viewport=WIDE, base_url=house.visitor.web)
    Staff(page, house, "lost-connection").sign_in()
    notice = page.get_by_role("alert").filter(has_text="does not answer just now")
    expect(notice).to_have_count(0)

    page.route("**/replies/unread/*", lambda route: route.abort())
    for _ in range(2):
        page.evaluate(f"{ASK}.catch(() => null)")
    expect(notice).to_have_count(1)

    page.unroute("**/replies/unread/*")
    page.evaluate(ASK)
    expect(notice).to_have_count(0)
