"""STOP from a phone: the next run leaves that person out, and says why."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from processes import wait_until
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

# A member whose dues lapse, by the sandbox's members, and the sender that reminds them. The
# journeys share one iMIS, which tells each organization of opt-outs: so each has its own member.
MEMBER, SENDER = "+12055550120", "+12025550143"
WORDS = "Reminded until they say stop"


def test_whoever_replies_stop_is_left_out_of_the_next_run_and_stands_in_the_register(
    staff: Staff,
) -> None:
    page = staff.page
    staff.change("campaigns_campaign", "template", f"'{WORDS}'", "name = 'Dues reminder'")
    staff.receive_texts_to(SENDER)
    staff.sign_in()
    first = staff.run_now("Dues reminder")
    staff.wait_for_run(first)
    assert staff.texts_to(MEMBER, WORDS) == 1
    staff.answer_from_phone(MEMBER, "STOP", to=SENDER)
    wait_until(lambda: opted_out(staff), seconds=30, what="the opt-out is kept")

    # A campaign is not run by hand twice within a minute.
    staff.change("runs_run", "created_at", "created_at - interval '2 minutes'", f"id = '{first}'")
    second = staff.run_now("Dues reminder")
    staff.wait_for_run(second)
    assert staff.status_of(second, MEMBER) == "skipped"
    assert staff.texts_to(MEMBER, WORDS) == 1
    page.goto(f"/runs/{second}/")
    row = page.get_by_role("row").filter(has_text=MEMBER)
    expect(row).to_contain_text("Opted out")
    take(page, "run-after-an-opt-out")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Opt-outs").click()
    listed = page.get_by_role("row").filter(has_text=MEMBER)
    expect(listed).to_contain_text("Replied with an opt-out word")
    take(page, "opt-outs")
    listed.get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text("STOP")
    take(page, "opt-out-history")


def opted_out(staff: Staff) -> bool:
    asked = (
        "SELECT 1 FROM replies_optout JOIN organizations_organization AS o "
        f"ON o.id = organization_id WHERE number = '{MEMBER}' AND cloud_id = '{staff.cloud_id}'"
    )
    return bool(staff.house.ask(asked))
