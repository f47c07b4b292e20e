"""Every page of the program, one after the other: looked at, and walked through by keyboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from addresses import FILES, FRAGMENTS, PAGES, every_address
from keyboard import refuse_what_needs_a_mouse
from processes import wait_until
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

EVERY = every_address()
# The list of those left out is opened where an audience is corrected (test_dirty_audience.py).
SHOWN = sorted(set(PAGES) - FILES - FRAGMENTS - {"campaigns:left-out"})
COUNTING = re.compile("^Counting")
# So many tests, each of which costs a Chromium of its own.
PARTS = 4
# Somebody whose texts and answers there are to look at, by the sandbox's members.
MEMBER, SENDER = "+12035550120", "+12025550143"


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_sound_to_the_eye_and_without_a_mouse(staff: Staff, part: int) -> None:
    staff.sign_in()
    values = something_of_everything(staff)
    for name in SHOWN[part::PARTS]:
        parameters = {key: values[key] for key in EVERY[name]}
        staff.page.goto(reverse(name, kwargs=parameters))
        # What a page asks for afterwards belongs to it, and so does what it counts meanwhile.
        expect(staff.page.get_by_text(COUNTING)).to_have_count(0)
        expect(staff.page.locator(".htmx-request")).to_have_count(0)
        staff.page.wait_for_load_state("networkidle")
        refuse_what_needs_a_mouse(staff.page, name)
        take(staff.page, "page-" + name.replace(":", "-"))


def something_of_everything(staff: Staff) -> dict[str, Any]:
    """A run, a conversation and an opt-out, made by whichever of these tests comes first here."""
    found = identifiers(staff)
    if found is None:
        import_opt_outs(staff.page)
        staff.receive_texts_to(SENDER)
        run_id = staff.run_now("Dues reminder")
        # Its page changes by itself until then, and would do so under whoever walks it.
        staff.wait_for_run(run_id, until="settled_at")
        # The page that asks before a run is not shown within a minute of a run by hand.
        long_ago = "created_at - interval '2 minutes'"
        staff.change("runs_run", "created_at", long_ago, f"id = '{run_id}'")
        staff.answer_from_phone(MEMBER, "STOP", to=SENDER)
        wait_until(lambda: identifiers(staff), seconds=60, what="the opt-out is kept")
        found = identifiers(staff)
    assert found is not None
    return found


def import_opt_outs(page: Page) -> None:
    """A list with a line that is not taken."""
    page.goto("/opt-outs/")
    content = {"name": "gone.csv", "mimeType": "text/csv", "buffer": b"+12025550199\nnone\n"}
    page.get_by_label("CSV file").set_input_files(content)  # type: ignore[arg-type]  # a FilePayload
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Lines that were not taken")).to_be_visible()


def identifiers(staff: Staff) -> dict[str, Any] | None:
    """A value for each parameter that an address of a page takes."""
    rows = staff.house.ask(
        f"""
        SELECT r.campaign_id, r.id, m.number, c.id, o.number, s.id, i.id
        FROM organizations_organization AS org
        JOIN runs_run AS r ON r.organization_id = org.id
        JOIN runs_message AS m ON m.run_id = r.id AND m."to" = '{MEMBER}'
        JOIN replies_conversation AS c ON c.organization_id = org.id
        JOIN replies_optout AS o ON o.organization_id = org.id
        JOIN organizations_sender AS s ON s.organization_id = org.id
        JOIN replies_optoutimport AS i ON i.organization_id = org.id
        WHERE org.cloud_id = '{staff.cloud_id}' LIMIT 1
        """
    )
    if not rows:
        return None
    campaign, run, row, conversation, number, sender, imported = rows[0]
    return {
        "campaign_id": campaign,
        "run_id": run,
        "message_number": row,
        "conversation_id": conversation,
        "number": number,
        "sender_id": sender,
        "import_id": imported,
    }
