"""Looking up at Twilio what was really sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from textmanager.gateway import ledger
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.errors import AnswerLost, ConnectionNotMade, GatewayError, TwilioRefused
from textmanager.gateway.ledger import TwilioReader
from textmanager.gateway.sender import Ambiguous
from textmanager.text.statuses import MessageStatus

LONG_AGO = timedelta(hours=1)


def just_now() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=30)


async def delivered(sandbox, sid: str) -> None:
    async with asyncio.timeout(5):
        while True:
            if {m["sid"]: m["status"] for m in await sandbox.messages()}[sid] == "delivered":
                return
            await asyncio.sleep(0.01)


async def test_a_lost_answer_is_found_by_number_time_and_body(gateway, sandbox, text):
    await sandbox.fault("lost-201")
    assert isinstance(await gateway.send(text), Ambiguous)

    async with TwilioReader(sandbox.credentials) as reader:
        (entry,) = await reader.find_messages(to=text.to, since=just_now())

    assert entry.body == text.body
    assert entry.from_number == text.from_number
    assert entry.date_created
    assert entry.date_created.tzinfo is not None


async def test_a_text_that_never_reached_twilio_is_not_found(gateway, sandbox, text):
    await sandbox.fault("reset")
    await gateway.send(text)

    async with TwilioReader(sandbox.credentials) as reader:
        assert await reader.find_messages(to=text.to, since=just_now()) == []


async def test_texts_to_others_and_older_ones_are_left_out(gateway, sandbox, text):
    await gateway.send(text)
    await gateway.send(replace(text, to="+12025550101"))

    async with TwilioReader(sandbox.credentials) as reader:
        assert len(await reader.find_messages(to=text.to, since=just_now())) == 1
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        assert await reader.find_messages(to=text.to, since=tomorrow) == []


async def test_all_pages_are_followed(gateway, sandbox, text, monkeypatch):
    monkeypatch.setattr(ledger, "_PAGE_SIZE", 3)
    for number in range(8):
        await gateway.send(replace(text, body=str(number)))

    async with TwilioReader(sandbox.credentials) as reader:
        found = await reader.find_messages(to=text.to, since=just_now())

    assert sorted(entry.body for entry in found) == list("01234567")


async def test_absence_is_not_claimed_before_the_last_page(gateway, sandbox, text, monkeypatch):
    monkeypatch.setattr(ledger, "_PAGE_SIZE", 1)
    for _ in range(3):
        await gateway.send(text)

    async with TwilioReader(sandbox.credentials) as reader:
        with pytest.raises(GatewayError):
            await reader.find_messages(to=text.to, since=just_now(), max_pages=2)


async def test_a_message_is_fetched_with_its_price_and_end(gateway, sandbox, text):
    sid = (await gateway.send(text)).sid
    await delivered(sandbox, sid)

    async with TwilioReader(sandbox.credentials) as reader:
        entry = await reader.fetch_message(sid)

    assert entry
    assert entry.status is MessageStatus.DELIVERED
    assert (entry.price, entry.price_unit) == (Decimal("0.00790"), "USD")
    assert entry.segments == 1
    assert entry.date_sent


async def test_a_message_that_twilio_does_not_have_is_none(sandbox):
    async with TwilioReader(sandbox.credentials) as reader:
        assert await reader.fetch_message("SM" + "0" * 32) is None


async def test_a_refusal_is_raised_with_its_code(sandbox):
    wrong = replace(sandbox.credentials, auth_token="wrong")
    async with TwilioReader(wrong) as reader:
        with pytest.raises(TwilioRefused) as refused:
            await reader.fetch_message("SM" + "0" * 32)
        assert (refused.value.status, refused.value.code) == (401, 20003)
        with pytest.raises(TwilioRefused) as refused:
            await reader.find_messages(to="+12025550100", since=just_now())
        assert (refused.value.status, refused.value.code) == (401, 20003)


async def test_a_reader_tells_lost_answers_from_connections_that_never_were(sandbox):
    await sandbox.fault("reset", on="read", count=2)
    async with TwilioReader(sandbox.credentials) as reader:
        with pytest.raises(AnswerLost):
            await reader.fetch_message("SM" + "0" * 32)
    nowhere = TwilioCredentials("AC1", "secret", base_url="http://twilio.invalid")
    with pytest.raises(ConnectionNotMade):
        await check_account(nowhere)


async def test_the_account_says_who_it_is(sandbox):
    info = await check_account(sandbox.credentials)

    assert (info.sid, info.status) == (sandbox.credentials.account_sid, "active")
    assert info.friendly_name
