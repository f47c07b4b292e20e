"""Looks at a page as people do: wide, narrow, zoomed, in the light, in the dark, with axe-core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from chromium import WIDE

FOLDER = Path(__file__).parent.parent / "screenshots"
NARROW = {"width": 390, "height": 844}
# What a window of 1280 has left at a zoom of 200 %.
ZOOMED = {"width": 640, "height": 450}
SCHEMES = ("light", "dark")
# The rules of axe-core that another scheme can break: it has other colors, and nothing else.
OF_COLOR = ("color-contrast", "link-in-text-block")


def take(page: Page, name: str) -> None:
    """Saves what the page looks like; fails when it scrolls sideways or axe-core objects."""
    FOLDER.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            page.evaluate("scrollTo(0, 0)")
            path = FOLDER / f"{name}-{size['width']}-{scheme}.png"
            page.screenshot(path=path, full_page=True, animations="disabled")
            of_all = scheme == SCHEMES[0]
            refuse_violations(
                page,
                f"{name}, {size['width']} wide, {scheme}",
                {} if of_all else {"runOnly": OF_COLOR},
            )
    refuse_sideways_scrolling(page, name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)


def refuse_sideways_scrolling(page: Page, name: str) -> None:
    for size in (NARROW, ZOOMED, WIDE):
        page.set_viewport_size(size)
        too_wide = page.evaluate(TOO_WIDE)
        assert not too_wide, f"{name} scrolls sideways at {size['width']}: {too_wide}"


# Names what sticks out, innermost last, once the page is wider than its window.
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const out = [...document.body.querySelectorAll("*")]
    .filter((each) => each.getBoundingClientRect().right > width + 1)
    .map((each) => `<${each.tagName.toLowerCase()} class="${each.className}" id="${each.id}">`);
  return `${document.documentElement.scrollWidth} > ${width}: ${out.slice(0, 12).join(" ")}`;
}"""


def refuse_violations(page: Page, name: str, options: dict[str, Any] | None = None) -> None:
    """Runs axe-core with all its usual rules, best practices too, unless told otherwise."""
    # Through the debugger, which the page's policy against foreign scripts does not concern.
    found = Axe().run(page, options={"resultTypes": ["violations"], **(options or {})})
    assert found.violations_count == 0, f"{name}, {page.url}: {found.generate_report()}"
