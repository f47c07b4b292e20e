"""Walks a page as somebody without a mouse: everything reached, the focus seen, no way in a circle.

A walk presses Tab from the top of the page until the focus comes back there.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

# More stops than any page of ours has.
LONGEST_WALK = 400
# What a step of the walk may say instead of the name of a new stop: it came back to one that is
# not the first, or it is on another part of the same one, such as the year of a date.
CAUGHT, INSIDE = "caught", "inside"


@dataclass(frozen=True)
class Walk:
    """Names of the elements, in the order of the focus."""

    stops: list[str]
    unseen: list[str]
    unreached: list[str]


def walk(page: Page) -> Walk:
    """Fails when the focus never comes back to the top: it is caught somewhere."""
    page.evaluate(BEGIN)
    stops: list[str] = []
    for _ in range(LONGEST_WALK):
        page.keyboard.press("Tab")
        name = page.evaluate(STOP)
        if name is None:
            break
        assert name != CAUGHT, f"The focus goes in a circle after {stops[-6:]}"
        if name != INSIDE:
            stops.append(name)
    else:
        raise AssertionError(f"The focus is caught: {stops[-6:]}")
    left = page.evaluate(END)
    return Walk(stops, left["unseen"], left["unreached"])


def refuse_what_needs_a_mouse(page: Page, name: str) -> Walk:
    walked = walk(page)
    assert walked.stops, f"{name} has nothing to reach."
    assert not walked.unreached, f"{name}: Tab does not reach {walked.unreached}"
    assert not walked.unseen, f"{name}: the focus cannot be seen on {walked.unseen}"
    return walked


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until the focus is there; fails when it does not come there."""
    for _ in range(LONGEST_WALK):
        page.keyboard.press("Tab")
        if target.evaluate("(each) => each === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {target}.")


BEGIN = """() => {
  document.activeElement?.blur();
  getSelection().removeAllRanges();
  const wanted = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]";
  const name = (each) => {
    const words = each.getAttribute("aria-label") || each.labels?.[0]?.innerText
      || each.innerText || each.name || each.id || "";
    return `${each.tagName.toLowerCase()} ${words.trim().replace(/\\s+/g, " ").slice(0, 60)}`;
  };
  const look = (each) => {
    const around = [each, each.parentElement, ...(each.labels ?? []), each.nextElementSibling];
    return around.filter(Boolean).map((one) => {
      const style = getComputedStyle(one);
      return [style.outlineStyle === "none" ? "" : style.outline, style.boxShadow,
        style.borderColor, style.backgroundColor, style.color, style.textDecoration,
        style.transform, style.clipPath, style.top, style.left].join(" ");
    }).join("|");
  };
  const can = (each) => each.tabIndex >= 0 && !each.matches(":disabled")
    && !each.closest("[inert]") && each.type !== "hidden"
    && each.checkVisibility({ visibilityProperty: true });
  window.walk = { wanted, name, look, can, seen: new Map() };
  // From the very top, wherever a click or a script has left the focus.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""

# A frame may have a process of its own: on the way into it or out, the focus is nowhere at first.
STOP = """async () => {
  const { name, look, seen, last } = window.walk;
  const isNowhere = (each) => !each || each === document.body || each === document.documentElement;
  const mayBeOnTheWay = () => isNowhere(document.activeElement) && document.querySelector("iframe");
  for (let left = 40; left && mayBeOnTheWay(); left--)
    await new Promise((resolve) => setTimeout(resolve, 25));
  const at = document.activeElement;
  if (isNowhere(at)) return null;
  if (at === last) return "inside";
  window.walk.last = at;
  if (seen.has(at)) return at === seen.keys().next().value ? null : "caught";
  seen.set(at, look(at));
  return name(at);
}"""

# Radio buttons of one name are one stop: arrows go on from there.
END = """() => {
  const { wanted, name, look, can, seen } = window.walk;
  document.activeElement?.blur();
  const stops = [...seen.keys()];
  const group = (each) => each.type === "radio" && each.name;
  const unreached = [...document.querySelectorAll(wanted)].filter((each) => can(each)
    && !seen.has(each)
    && !(group(each) && stops.some((stop) => stop.type === "radio" && stop.name === each.name)));
  // A frame's own document shows where the focus is within it; the page outside cannot see that.
  const unseen = stops.filter((each) => each.isConnected && !each.matches("iframe")
    && look(each) === seen.get(each));
  return { unreached: unreached.map(name), unseen: unseen.map(name) };
}"""
