"""A run is paused while it sends: nothing more leaves, and it goes on where it stopped."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import expect

from processes import wait_until
from screens import take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

# Of 240, a few of whom may have opted out.
MOST = 200
WORDS = "Paused and resumed"
# Segments a second: at first a minute for all of them, then as fast as it may.
SLOW, FAST = 4, 75
# Pausing takes hold within two seconds; half as much again shows that it lasts.
MILLISECONDS_TO_BE_SURE = 3_000


def test_a_sending_run_is_paused_and_resumed_and_nobody_is_texted_twice(staff: Staff) -> None:
    page = staff.page
    staff.change("campaigns_campaign", "template", f"'{WORDS}'", "name = 'Dues reminder'")
    pace(staff, SLOW)
    staff.sign_in()
    run_id = staff.run_now("Dues reminder")
    wait_until(lambda: sent(staff), seconds=60, what="texts leave")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Paused by")

    page.wait_for_timeout(MILLISECONDS_TO_BE_SURE)
    stopped_at = sent(staff)
    assert 0 < stopped_at < MOST, "It was paused too late to show anything."
    take(page, "run-paused")
    assert sent(staff) == stopped_at

    pace(staff, FAST)
    page.get_by_role("button", name="Resume", exact=True).click()
    staff.wait_for_run(run_id)
    texts = Counter(text["to"] for text in staff.house.texts() if text["body"] == WORDS)
    assert set(texts.values()) == {1}
    assert set(texts) == set(to_be_texted(staff, run_id))


def to_be_texted(staff: Staff, run_id: str) -> list[str]:
    """Everybody but those who have opted out; another journey may have told iMIS or Twilio."""
    asked = f"""
        SELECT "to" FROM runs_message WHERE run_id = '{run_id}' AND status <> 'skipped'
        AND error_code IS DISTINCT FROM 21610
    """
    return [number for (number,) in staff.house.ask(asked)]


def pace(staff: Staff, segments_per_second: int) -> None:
    staff.change(
        "organizations_sender",
        "segments_per_second",
        str(segments_per_second),
        "name = 'Chapter office'",
    )


def sent(staff: Staff) -> int:
    return sum(text["body"] == WORDS for text in staff.house.texts())
