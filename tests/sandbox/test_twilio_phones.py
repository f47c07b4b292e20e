"""The page of phones, as a browser asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.test_twilio_delivery import PHONE, SENDER, Twilio, twilio


@pytest.fixture
async def sandbox() -> AsyncIterator[Twilio]:
    async with twilio() as running:
        yield running


async def page(sandbox: Twilio, path: str, **params: str) -> str:
    async with sandbox.http.get(sandbox.base_url + path, params=params) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_the_front_door_leads_to_the_phones(sandbox):
    async with sandbox.http.get(sandbox.base_url + "/") as answer:
        assert answer.url.path == "/phones"
        assert "No texts yet." in await answer.text()


async def test_phones_are_listed_latest_first_with_their_last_text(sandbox):
    await sandbox.create(Body="First")
    await sandbox.create(Body="Second", To="+12025550101")
    await sandbox.create(Body="Third")
    text = await page(sandbox, "/phones")

    assert text.index("(202) 555-0100") < text.index("(202) 555-0101")
    assert "Third" in text
    assert "First" not in text
    assert "2 phones, latest first" in text


async def test_only_fifty_are_listed_and_any_is_found_by_digits(sandbox):
    for number in range(60):
        await sandbox.create(To=f"+1202555{number:04d}")
    text = await page(sandbox, "/phones", part="list")
    assert text.count("<li>") == 50
    assert "60 phones, the latest 50 shown" in text

    found = await page(sandbox, "/phones", part="list", q="555-0003")
    assert found.count("<li>") == 1
    assert "No phone has" in await page(sandbox, "/phones", part="list", q="999")


async def test_a_conversation_shows_texts_statuses_and_what_was_written_back(sandbox):
    await sandbox.create(Body="Hello <b>Ann</b> & co")
    await sandbox.until("delivered")
    await sandbox.reply("Thank you")
    text = await page(sandbox, f"/phones/{PHONE}")

    assert "Hello &lt;b&gt;Ann&lt;/b&gt; &amp; co" in text
    assert 'class="state delivered"' in text
    assert "Thank you" in text


async def test_an_answer_is_sent_by_form(sandbox):
    await sandbox.create()
    reply = f"{sandbox.base_url}/phones/{PHONE}/reply"
    async with sandbox.http.post(reply, data={"to": SENDER, "body": " Hi! "}) as answer:
        assert answer.url.path.endswith(f"/phones/{PHONE}")
    async with sandbox.http.post(reply, data={"to": SENDER, "body": "", "quick": "STOP"}):
        pass

    bodies = [m["body"] for m in await sandbox.messages() if m["direction"] == "inbound"]
    assert bodies == ["Hi!", "STOP"]
    assert (await sandbox.create())["code"] == 21610
    assert "has sent STOP" in await page(sandbox, f"/phones/{PHONE}")


async def test_another_sites_page_cannot_answer(sandbox):
    await sandbox.create()
    async with sandbox.http.post(
        f"{sandbox.base_url}/phones/{PHONE}/reply",
        data={"to": SENDER, "quick": "STOP"},
        headers={"Sec-Fetch-Site": "cross-site"},
    ) as answer:
        assert answer.status == 403
    assert (await sandbox.create())["status"] == "queued"


async def test_a_fragment_is_sent_only_when_something_has_changed(sandbox):
    await sandbox.create()
    await sandbox.until("delivered")
    address = f"{sandbox.base_url}/phones/{PHONE}"
    async with sandbox.http.get(address, params={"part": "thread"}) as answer:
        version = answer.headers["X-Version"]
        assert "<html" not in await answer.text()
    params = {"part": "thread", "since": version}
    async with sandbox.http.get(address, params=params) as answer:
        assert answer.status == 204
    await sandbox.reply("Hi")
    async with sandbox.http.get(address, params=params) as answer:
        assert answer.status == 200


async def test_an_unknown_phone_has_no_texts_and_can_write_first(sandbox):
    text = await page(sandbox, "/phones/+12025550177")

    assert "No texts yet." in text
    assert SENDER in text


async def test_style_and_script_are_files_of_their_own(sandbox):
    text = await page(sandbox, "/phones")

    assert "<style" not in text
    assert " style=" not in text
    assert " onclick" not in text
    assert await page(sandbox, "/phones/look.css")
    assert await page(sandbox, "/phones/live.js")


async def test_the_send_button_comes_first_so_that_enter_never_sends_stop(sandbox):
    await sandbox.create()
    text = await page(sandbox, f"/phones/{PHONE}")

    assert text.index("<button>Send</button>") < text.index('value="STOP"')
