"""Takes the pictures of docs/guide/: starts a demo, does what the guide tells, and looks.

    python tests/guide_screenshots.py

Nothing but made-up people is in them. Each picture is written anew; none of another name stays.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Locator, Page, expect

import campaign_form as form
from chromium import chromium, watched_page
from house import House
from pictures import smaller
from processes import COMMAND, answers, free_ports, stop, wait_until
from staff import Staff
from visitor import Visitor

FOLDER = Path(__file__).parent.parent / "docs" / "images" / "guide"
# By name; the guide keeps its old pictures when one of them cannot be taken.
TAKEN: dict[str, bytes] = {}
SIZE = {"width": 1180, "height": 780}
# One of the board, who answers, and one who would rather not be texted.
ASKS, STOPS = "+12055550100", "+12075550100"
SENDER = "+18005550199"
MILLISECONDS_TO_SEND = 240_000


def main() -> None:
    with demo() as house, chromium() as browser:
        # The eye follows a picture better without moving parts.
        options: dict[str, Any] = {"viewport": SIZE, "reduced_motion": "reduce"}
        with watched_page(browser, house.visitor.web, **options) as page:
            staff = Staff(page, house, "demo")
            sign_in(staff)
            run_the_board_meeting(staff)
            make_a_campaign(page)
            go_live(page)
            find_out_why(staff)
            hear_back(staff)
            look_around(page)
    keep()
    total = sum(len(taken) for taken in TAKEN.values())
    sys.stdout.write(f"{len(TAKEN)} pictures, {total / 1e6:.1f} MB\n")


def keep() -> None:
    """Puts what was taken in place of what was there: only once everything was taken."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name, taken in TAKEN.items():
        (FOLDER / f"{name}.png").write_bytes(taken)


@contextmanager
def demo() -> Iterator[House]:
    """What `make demo` starts, on free ports and in a folder that is gone afterwards."""
    web, imis, twilio = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="tm-guide-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL runs as a user of its own under root.
        Path(folder).chmod(0o755)
        ports = (f"--port={web}", f"--imis-port={imis}", f"--twilio-port={twilio}")
        command = [sys.executable, *COMMAND, "demo", *ports, f"--data-dir={folder}/demo"]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        at = [f"http://localhost:{port}" for port in (web, imis, twilio)]
        try:
            for address in (f"{at[0]}/health", f"{at[2]}/phones"):
                wait_until(lambda at=address: answers(at), seconds=180, what=f"{address} answers")
            nothing = cast("Any", None)
            yield House(nothing, "", nothing, Visitor(at[0]), at[1], at[2], (), nothing)
        finally:
            stop(started)


def picture(what: Page | Locator, name: str) -> None:
    """Of the window, or of one part of it."""
    page = what if isinstance(what, Page) else what.page
    page.wait_for_load_state("networkidle")
    if isinstance(what, Page):
        page.evaluate("scrollTo(0, 0)")
    TAKEN[name] = smaller(what.screenshot(animations="disabled"))


def sign_in(staff: Staff) -> None:
    staff.page.goto("/sign-in/")
    staff.page.get_by_label("Cloud ID").fill("demo")
    staff.page.get_by_label("User name").fill("jordan.lee")
    picture(staff.page, "sign-in")
    staff.sign_in()


def run_the_board_meeting(staff: Staff) -> None:
    """Eight people over a toll-free number, which takes its time."""
    staff.run_now("Board meeting")
    staff.answer_from_phone(ASKS, "Thursday is fine. May I bring a guest?", to=SENDER)
    staff.answer_from_phone(STOPS, "STOP", to=SENDER)
    wait_for_the_end(staff.page)


def wait_for_the_end(page: Page) -> None:
    done = page.get_by_text("Completed", exact=True).first
    expect(done).to_be_visible(timeout=MILLISECONDS_TO_SEND)


def section(page: Page, heading: str) -> Locator:
    return page.get_by_role("region", name=heading)


def make_a_campaign(page: Page) -> None:
    form.begin(page, "Recurring")
    form.name_it(page, "Dues reminder for everybody")
    page.get_by_label("Status report e-mail").fill("office@example.org")
    form.choose_audience(page, "Dirty numbers")
    # A toll-free number takes long enough to be looked at while it sends.
    page.get_by_label("Sender", exact=True).select_option(label=f"Member services ({SENDER})")
    form.write(page, "Hello ${FullName}. Reply STOP to end.")
    summary = form.summary(page)
    reason = summary.get_by_role("row").filter(has_text="Not a phone number").first
    picture(page.locator(".summary-side"), "summary-excluded")
    reason.get_by_role("link").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    picture(page.get_by_role("dialog"), "summary-list")
    page.keyboard.press("Escape")

    form.choose_audience(page, "Dues lapse in 30 days")
    form.write(
        page,
        "Hello ${FirstName|friend}, your membership lapses on ${PaidThrough}. "
        "Renew in two minutes: https://example.org/renew. Reply STOP to end.",
    )
    expect(form.summary(page)).to_contain_text(form.figures(contacts=240, texted=240))
    # The longest and the emptiest are known once everybody is counted.
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("button", name="Longest")).to_be_visible()
    picture(section(page, "Target Audience"), "form-audience")
    picture(section(page, "Message"), "form-message")
    page.get_by_label("At", exact=True).fill("10:30")
    page.get_by_label("Day of the month").select_option(label="2")
    expect(page.locator("#schedule-words")).to_contain_text("10:30 AM")
    picture(section(page, "Campaign Schedule"), "form-schedule")
    picture(page, "form")


def go_live(page: Page) -> None:
    page.get_by_label("LIVE", exact=True).check()
    form.summary(page)
    form.save(page)
    expect(page.get_by_role("main")).to_contain_text("240", timeout=form.MILLISECONDS_TO_COUNT)
    picture(page, "confirm")
    page.get_by_role("button", name="Save and activate").click()
    expect(page.get_by_role("main")).to_contain_text("is saved and active")
    picture(page, "campaigns")


def find_out_why(staff: Staff) -> None:
    """The second run leaves out whoever said STOP to the first."""
    page = staff.page
    staff.ask_to_run("Dues reminder for everybody")
    picture(page, "run-now")
    page.get_by_role("button", name="Send the texts now").click()
    page.wait_for_url(re.compile("/runs/"))
    handled = re.compile(r"[4-9]\d of 240 texts handled")
    expect(page.get_by_role("main")).to_contain_text(handled, timeout=MILLISECONDS_TO_SEND)
    picture(page, "run-sending")
    wait_for_the_end(page)
    picture(page, "run-completed")
    staff.run_now("Board meeting")
    wait_for_the_end(page)
    page.reload()
    row = page.get_by_role("row").filter(has_text=STOPS)
    expect(row).to_contain_text("Opted out")
    row.get_by_role("link").first.click()
    picture(page, "message")


def hear_back(staff: Staff) -> None:
    page = staff.page
    page.goto("/replies/")
    picture(page, "replies")
    page.get_by_role("link", name=ASKS).click()
    page.get_by_label("Answer").fill("Of course. Please tell us their name.")
    picture(page, "conversation")
    page.goto("/opt-outs/")
    picture(page, "opt-outs")


def look_around(page: Page) -> None:
    page.goto("/calendar/")
    picture(page, "calendar")
    page.goto("/settings/check/")
    expect(page.get_by_role("table")).to_be_visible()
    picture(page, "set-up-check")
    page.goto("/")
    picture(page, "home")


if __name__ == "__main__":
    main()
