"""Texts from the phones: keywords, block lists, answers, the inbound webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sandbox.test_twilio_delivery import AT_ONCE, PHONE, SENDER, Twilio, listener, twilio
from sandbox.twilio_listener import Listener
from textmanager.gateway.inbound import parse_inbound, reply_xml
from textmanager.gateway.receipts import signature_is_valid
from textmanager.sandbox.twilio_settings import SandboxNumber, SandboxService

__all__ = ["listener"]

TOLL_FREE, POOLED = "+18005550199", "+12025550144"


@pytest.fixture
async def sandbox() -> AsyncIterator[Twilio]:
    async with twilio() as running:
        yield running


def listening_at(listener: Listener, **changes: object):
    number = SandboxNumber(SENDER, sms_url=f"{listener.base_url}/in?org=7", **changes)
    return replace(AT_ONCE, numbers=(number,), services=())


async def test_a_reply_is_posted_signed_to_the_numbers_address(listener):
    settings = listening_at(listener)
    async with twilio(settings) as sandbox:
        await sandbox.reply("Who is this? é 😀")
        (webhook,) = await listener.count(1)

    message = parse_inbound(webhook.form)
    assert (message.from_number, message.to, message.body) == (PHONE, SENDER, "Who is this? é 😀")
    assert message.opt_out_type == ""
    signature = webhook.headers["x-twilio-signature"]
    assert signature_is_valid(webhook.url, webhook.pairs, signature, [settings.auth_token])
    assert dict(webhook.pairs)["FromCity"] == ""


@pytest.mark.parametrize(
    "word",
    [
        "STOP",
        "stop",
        " Stop ",
        "STOPALL",
        "Unsubscribe",
        "cancel",
        "END",
        "quit",
        "revoke",
        "OptOut",
    ],
)
async def test_after_a_stop_word_texts_are_refused(sandbox, word):
    await sandbox.reply(word)

    assert (await sandbox.create())["code"] == 21610
    assert (await sandbox.create(From="555010"))["status"] == "queued"


@pytest.mark.parametrize("words", ["STOP PLEASE", "please stop", "OPT OUT", "stop."])
async def test_more_than_the_word_is_an_ordinary_text(sandbox, words):
    await sandbox.reply(words)

    assert (await sandbox.create())["status"] == "queued"


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
async def test_a_start_word_lifts_the_block(sandbox, word):
    await sandbox.reply("STOP")
    await sandbox.reply(word)

    assert (await sandbox.create())["status"] == "queued"


async def test_on_the_toll_free_network_yes_lifts_nothing(sandbox):
    await sandbox.reply("STOP", to=TOLL_FREE)
    await sandbox.reply("YES", to=TOLL_FREE)
    assert (await sandbox.create(From=TOLL_FREE))["code"] == 21610

    await sandbox.reply("UNSTOP", to=TOLL_FREE)
    assert (await sandbox.create(From=TOLL_FREE))["status"] == "queued"
    answers = [m["body"] for m in await sandbox.messages() if m["auto"]]
    assert answers[0].startswith("NETWORK MSG")


async def test_a_stop_to_one_number_of_a_service_blocks_its_whole_pool(sandbox):
    service = sandbox.settings.services[0].sid
    await sandbox.reply("STOP", to=POOLED)

    assert (await sandbox.create(From="", MessagingServiceSid=service))["code"] == 21610
    assert (await sandbox.create(From="+12025550145"))["code"] == 21610


@pytest.mark.parametrize("word", ["STOP", "START", "HELP", "INFO"])
async def test_twilio_answers_the_keywords_itself(sandbox, word):
    await sandbox.reply(word)

    (answer,) = await sandbox.until("delivered")
    assert answer["auto"]
    assert (answer["direction"], answer["from"], answer["to"]) == ("outbound-reply", SENDER, PHONE)


@pytest.mark.parametrize("word", ["STOP", "HELP"])
async def test_what_a_short_code_answers_is_its_owners_business(sandbox, word):
    await sandbox.reply(word, to="555010")

    assert (await sandbox.create(From="555010"))["status"] == "queued"
    assert not [message for message in await sandbox.messages() if message["auto"]]


async def test_a_keyword_still_reaches_the_webhook(listener):
    async with twilio(listening_at(listener)) as sandbox:
        await sandbox.reply("STOP")
        (webhook,) = await listener.count(1)

    assert parse_inbound(webhook.form).body == "STOP"


async def test_advanced_opt_out_tells_the_type(listener):
    service = SandboxService("Pool", (SENDER,), f"{listener.base_url}/in", advanced_opt_out=True)
    settings = replace(AT_ONCE, services=(service,))
    async with twilio(settings) as sandbox:
        await sandbox.reply("stop")
        (webhook,) = await listener.count(1)

    message = parse_inbound(webhook.form)
    assert (message.opt_out_type, message.messaging_service_sid) == ("STOP", service.sid)


async def test_twiml_that_says_something_is_texted_back(listener):
    listener.answers = [(200, "<Response><Message><Body>Thanks</Body></Message></Response>")]
    async with twilio(listening_at(listener)) as sandbox:
        await sandbox.reply("Hi")
        (answer,) = await sandbox.until("delivered")

    assert (answer["body"], answer["to"]) == ("Thanks", PHONE)


@pytest.mark.parametrize(
    "twiml", [reply_xml(""), "", "<Response><Message>", "<!DOCTYPE x><Message/>"]
)
async def test_twiml_that_says_nothing_or_nonsense_is_not(listener, twiml):
    listener.answers = [(200, twiml)]
    async with twilio(listening_at(listener)) as sandbox:
        await sandbox.reply("Hi")
        await listener.count(1)
        await sandbox.create(Body="after it")
        await sandbox.until("delivered")
        bodies = [message["body"] for message in await sandbox.messages()]

    assert bodies == ["Hi", "after it"]


async def test_a_reply_to_a_number_that_is_not_ours_is_refused(sandbox):
    reply = {"from": PHONE, "to": "+12025550999", "body": "Hi"}
    async with sandbox.http.post(f"{sandbox.base_url}/_sandbox/replies", json=reply) as answer:
        assert answer.status == 404
