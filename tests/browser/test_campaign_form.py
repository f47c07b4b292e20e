"""The campaign form while somebody is at it: calm, and nothing of it is lost or left behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

import campaign_form as form
from chromium import WIDE
from house import House
from screens import NARROW, take
from staff import Staff

pytestmark = [pytest.mark.browser, pytest.mark.journey]

UNTITLED = re.compile("untitled", re.IGNORECASE)
AUTOSAVE = "**/campaigns/autosave/"
# How wide the closed list would have to be to show its choice whole; its arrow takes some of it.
TOO_NARROW = """select => {
    const context = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(select);
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const words = context.measureText(select.selectedOptions[0].text).width;
    const inside = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return words > inside ? `${words} do not fit into ${inside}` : "";
}"""  # noqa: E501 - a line of a script


def test_leaving_warns_while_something_is_unsaved_and_not_once_it_is_saved(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "Recurring")
    # The server does not answer for now, so that what is typed stays unsaved.
    held: list[Route] = []
    page.route(AUTOSAVE, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers, and a built-in one takes no mark
    page.get_by_label("Name", exact=True).press_sequentially("Left too early")
    asked = leave(page, stay=True)
    assert [dialog.type for dialog in asked] == ["beforeunload"]
    expect(page.get_by_label("Name", exact=True)).to_have_value("Left too early")

    wait_for(page, lambda: bool(held))
    # Whatever is held is let go by this.
    page.unroute(AUTOSAVE)
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert leave(page, stay=False) == []
    expect(page.get_by_role("main")).to_contain_text("Left too early")


def leave(page: Page, *, stay: bool) -> list[Dialog]:
    """Follows a link away from the form; the questions that the browser asks meanwhile."""
    asked: list[Dialog] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog)
        dialog.dismiss() if stay else dialog.accept()

    page.on("dialog", answer)
    page.get_by_role("link", name="Close").click(no_wait_after=True)
    if stay:
        wait_for(page, lambda: bool(asked))
    else:
        page.wait_for_url(re.compile(r"/campaigns/(\?|$)"))
    page.remove_listener("dialog", answer)
    return asked


def wait_for(page: Page, happened: Callable[[], bool]) -> None:
    for _ in range(300):
        if happened():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not happen within thirty seconds")


def test_a_save_that_is_refused_leaves_no_empty_draft_behind(
    browser: Browser, house: House
) -> None:
    # The console tells of a refused page like of a fault: this one is not watched.
    page = browser.new_page(viewport=WIDE, base_url=house.visitor.web)
    staff = Staff(page, house, "campaign-form")
    staff.sign_in()
    # Whatever another test here has left.
    page.goto("/campaigns/")
    untitled = page.get_by_role("main").get_by_role("row").filter(has_text=UNTITLED)
    before = untitled.count()
    form.begin(page, "Recurring")
    form.save(page)
    expect(page.locator("#errors")).to_contain_text("Give the campaign a name.")
    # The page keeps itself as after every refusal, and there is nothing to keep.
    with page.expect_response(AUTOSAVE) as kept:
        pass
    assert kept.value.status == 204
    expect(page).to_have_url(re.compile("/campaigns/new/"))
    page.get_by_role("link", name="Close").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Campaigns")
    expect(untitled).to_have_count(before)


def test_a_merge_field_is_no_mistake_while_it_is_chosen(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "Recurring")
    form.choose_audience(page, "Board of directors")
    form.choose_sender(page, "Announcements (555010)", live=False)
    editor = page.get_by_label("Message Template")
    with page.expect_response("**/campaigns/message/"):
        editor.press_sequentially("Dear member ${Fir")
    bubble = page.locator(".phone .bubble")
    expect(bubble).to_have_text("Dear member")
    expect(page.get_by_role("option", name="FirstName", exact=True)).to_be_visible()
    calm(page)
    page.keyboard.press("Enter")
    expect(editor).to_have_value("Dear member ${FirstName}")
    expect(bubble).to_have_text(re.compile(r"^Dear member \w+$"))

    # A fallback is being written, and then left before it is closed.
    with page.expect_response("**/campaigns/message/"):
        editor.press_sequentially(" ${FirstName|you")
    calm(page)
    page.get_by_label("Name", exact=True).focus()
    expect(page.locator(".message-check")).to_contain_text("not closed")
    expect(page.locator("#merge-list")).to_be_hidden()

    # The caret inside of a field that is whole takes nothing away from the text.
    editor.fill("Hi ${FirstName}, hello")
    expect(page.locator("#merge-list")).to_be_hidden()
    for _ in range(len("ame}, hello")):
        editor.press("ArrowLeft")
    with page.expect_response("**/campaigns/message/") as answer:
        editor.press_sequentially("a")
        editor.press("Backspace")
    sent = parse_qs(answer.value.request.post_data or "")
    assert sent["template"] == ["Hi ${FirstName}, hello"]


def calm(page: Page) -> None:
    expect(page.locator("#message")).not_to_contain_text("not closed")
    expect(page.locator("#summary")).not_to_contain_text("not closed")


def test_longest_and_emptiest_come_by_themselves_and_disturb_nobody(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "Recurring")
    form.choose_audience(page, "Board of directors")
    form.choose_sender(page, "Announcements (555010)", live=False)
    form.write(page, "A word of its own, so that nobody has counted it: ${FullName}")
    page.get_by_text("Send a test to me").click()
    number = page.get_by_label("Your mobile number")
    number.fill("202-555-0143")
    expect(page.locator("#test-help")).to_contain_text("In TEST mode nothing is sent")
    take(page, "campaign-form-test-text")
    form.summary(page)
    expect(page.get_by_role("button", name="Longest")).to_be_visible()
    expect(page.get_by_role("button", name="Emptiest")).to_be_visible()
    expect(number).to_be_visible()
    # To LIVE, as the hint says: what was begun beneath stays open, with the number.
    page.get_by_label("LIVE", exact=True).check()
    expect(page.locator("#test-help")).to_contain_text("One real text")
    expect(number).to_be_visible()
    expect(number).to_have_value("202-555-0143")


def test_the_samples_of_the_columns_are_read_whole_wide_and_narrow(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "Recurring")
    form.choose_audience(page, "Board of directors")
    chosen = page.get_by_label("Phone Number Column Name")
    expect(chosen.locator("option:checked")).to_have_text(
        re.compile(r"^MobilePhone \(\+1\d{10}\)$")
    )
    for size in (page.viewport_size, NARROW):
        page.set_viewport_size(size)
        for label in ("Phone Number Column Name", "iMIS ID Column Name"):
            assert page.get_by_label(label).evaluate(TOO_NARROW) == "", (label, size)


def test_send_now_leads_to_the_run(staff: Staff) -> None:
    page = staff.page
    staff.sign_in()
    form.begin(page, "One-Time")
    form.name_it(page, "At once")
    form.choose_audience(page, "Board of directors")
    form.choose_sender(page, "Announcements (555010)", live=True)
    form.write(page, "Hello ${FullName}. Reply STOP to end.")
    form.summary(page)
    form.send_now(page)
    sentence = page.locator(".sentence")
    expect(sentence).to_contain_text("plus carriers' surcharges")
    take(page, "campaign-form-send-now")
    page.get_by_role("button", name="Send now").dblclick()
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("At once")
    expect(page.get_by_role("main")).not_to_contain_text("cannot be changed")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    assert staff.house.ask("SELECT count(*) FROM runs_run WHERE campaign_name = 'At once'") == [
        (1,)
    ]
