"""Somebody answers a text: staff read it, and write back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from processes import wait_until
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

# A member whose dues lapse, by the sandbox's members, and the sender that reminds them.
MEMBER, SENDER = "+12025550120", "+12025550143"
QUESTION = "May I pay by check?"
ANSWER = "Certainly. Our address is on the invoice."


def test_a_reply_is_read_in_its_thread_and_answered_from_there(staff: Staff) -> None:
    page = staff.page
    staff.receive_texts_to(SENDER)
    staff.sign_in()
    run_id = staff.run_now("Dues reminder")
    staff.wait_for_run(run_id)
    staff.answer_from_phone(MEMBER, QUESTION, to=SENDER)
    wait_until(lambda: unread(staff), seconds=30, what="the reply arrives")

    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Replies").click()
    expect(page.get_by_role("main")).to_contain_text(QUESTION)
    take(page, "replies")
    page.get_by_role("link", name=MEMBER).click()
    expect(page.get_by_role("main")).to_contain_text("your membership lapses")
    page.get_by_label("Answer").fill(ANSWER)
    take(page, "conversation")
    page.get_by_label("Assigned to").select_option(label="jordan.lee@answer-a-reply")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("main")).to_contain_text("Assigned to jordan.lee")
    expect(page.get_by_label("Answer")).to_have_value(ANSWER)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("main")).to_contain_text("Your answer is on its way.")
    wait_until(lambda: staff.texts_to(MEMBER, ANSWER), seconds=30, what="the answer leaves")
    assert staff.texts_to(MEMBER, ANSWER) == 1
    assert not unread(staff)


def unread(staff: Staff) -> bool:
    asked = (
        "SELECT 1 FROM replies_conversation JOIN organizations_organization AS o "
        f"ON o.id = organization_id WHERE unread > 0 AND cloud_id = '{staff.cloud_id}'"
    )
    return bool(staff.house.ask(asked))
