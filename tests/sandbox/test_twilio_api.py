"""The simulated API, asked by the official SDK over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from serving import serve
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.sandbox.twilio_settings import SandboxService

AT_ONCE = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)
SENDER, PHONE = "+12025550143", "+12025550100"


class Plain(AsyncHttpClient):
    """The SDK's requests as they come, to the sandbox instead of twilio.com."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession) -> None:
        super().__init__(None, True)
        self.base_url, self.http = base_url, http

    async def request(self, method, uri, *, params, data, headers, auth, **_) -> Any:
        parts = urlsplit(uri)
        query = f"?{parts.query}" if parts.query else ""
        if auth:
            headers = {**headers, "Authorization": aiohttp.encode_basic_auth(*auth)}
        async with self.http.request(
            method, self.base_url + parts.path + query, params=params, data=data, headers=headers
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)


@dataclass
class Account:
    client: Client
    base_url: str
    http: aiohttp.ClientSession

    async def until(self, sid: str, status: str = "delivered") -> Any:
        async with asyncio.timeout(5):
            while True:
                message = await self.client.messages(sid).fetch_async()
                if message.status == status:
                    return message
                await asyncio.sleep(0.01)

    async def create(self, **changes: Any) -> Any:
        given = {"to": PHONE, "from_": SENDER, "body": "Hello", **changes}
        return await self.client.messages.create_async(
            **{name: value for name, value in given.items() if value is not None}
        )


@asynccontextmanager
async def account(settings: TwilioSettings = AT_ONCE, **signed_in: str) -> AsyncIterator[Account]:
    async with serve(create_app(settings)) as base_url, aiohttp.ClientSession() as http:
        user = signed_in.get("user", settings.account_sid)
        token = signed_in.get("token", settings.auth_token)
        client = Client(user, token, http_client=Plain(base_url, http))
        yield Account(client, base_url, http)


@pytest.fixture
async def twilio() -> AsyncIterator[Account]:
    async with account() as signed_in:
        yield signed_in


async def refused(create: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as error:
        await create
    return error.value.status, error.value.code


async def test_a_direct_message_begins_queued_and_ends_delivered_with_a_price(twilio):
    created = await twilio.create()

    assert (created.status, created.from_, created.num_segments) == ("queued", SENDER, "1")
    assert (created.price, created.date_sent, created.error_code) == (None, None, None)
    assert created.date_created.tzinfo is not None
    assert created.sid.startswith("SM")
    assert len(created.sid) == 34

    done = await twilio.until(created.sid)
    assert done.price == "-0.00790"
    assert done.price_unit == "USD"
    assert done.date_sent


async def test_a_service_message_begins_accepted_without_sender_or_segments(twilio):
    (service,) = await twilio.client.messaging.v1.services.list_async()

    created = await twilio.create(from_=None, messaging_service_sid=service.sid)
    assert (created.status, created.from_, created.num_segments) == ("accepted", None, "0")

    done = await twilio.until(created.sid)
    assert done.from_ in {"+12025550144", "+12025550145"}
    assert done.num_segments == "1"


async def test_the_json_has_exactly_the_fields_of_the_real_one(twilio):
    created = await twilio.create()
    address = (
        f"{twilio.base_url}/2010-04-01/Accounts/{AT_ONCE.account_sid}/Messages/{created.sid}.json"
    )
    headers = {"Authorization": aiohttp.encode_basic_auth(AT_ONCE.account_sid, AT_ONCE.auth_token)}
    async with twilio.http.get(address, headers=headers) as answer:
        body = await answer.json()
        assert answer.headers["Twilio-Request-Id"].startswith("RQ")
        assert answer.headers["Twilio-Concurrent-Requests"] == "1"

    assert set(body) == {
        "account_sid", "api_version", "body", "date_created", "date_sent", "date_updated",
        "direction", "error_code", "error_message", "from", "messaging_service_sid", "num_media",
        "num_segments", "price", "price_unit", "sid", "status", "subresource_uris", "to", "uri",
    }  # fmt: skip
    assert isinstance(body["num_segments"], str)
    assert isinstance(body["num_media"], str)
    assert body["date_created"].endswith(" +0000")


async def test_pages_are_followed_newest_first(twilio):
    for number in range(7):
        await twilio.create(body=str(number))

    listed = await twilio.client.messages.list_async(page_size=3)

    assert [message.body for message in listed] == list("6543210")


async def test_the_list_is_filtered_by_to_and_from(twilio):
    await twilio.create()
    await twilio.create(to="+12025550101")
    await twilio.create(from_="+18005550199")
    messages = twilio.client.messages

    assert len(await messages.list_async(to=PHONE)) == 2
    assert len(await messages.list_async(from_=SENDER)) == 2
    assert len(await messages.list_async(to=PHONE, from_=SENDER)) == 1
    assert await messages.list_async(to="+12025550109") == []


async def test_the_list_is_filtered_by_when_it_was_sent(twilio):
    sid = (await twilio.create()).sid
    sent = (await twilio.until(sid)).date_sent
    messages, minute = twilio.client.messages, timedelta(minutes=1)

    assert len(await messages.list_async(date_sent_after=sent)) == 1
    assert len(await messages.list_async(date_sent_before=sent)) == 1
    assert len(await messages.list_async(date_sent_after=sent - minute, date_sent_before=sent)) == 1
    assert await messages.list_async(date_sent_after=sent + minute) == []
    assert await messages.list_async(date_sent_before=sent - minute) == []
    assert await messages.list_async(date_sent=sent - timedelta(days=1)) == []


async def test_what_was_not_sent_yet_has_no_date_to_be_filtered_by():
    slow = TwilioSettings(delay_scale=1000)
    async with account(slow) as twilio:
        await twilio.create(from_="+18005550199")
        await twilio.create(from_="+18005550199")
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)

        assert len(await twilio.client.messages.list_async()) == 2
        assert await twilio.client.messages.list_async(date_sent_after=long_ago) == []


async def test_a_body_is_redacted_and_a_message_deleted(twilio):
    sid = (await twilio.create()).sid
    await twilio.until(sid)
    message = twilio.client.messages(sid)

    assert (await message.update_async(body="")).body == ""
    assert await refused(message.update_async(body="Something else")) == (400, 30400)
    assert await refused(message.update_async(status="canceled")) == (400, 30409)
    assert await message.delete_async()
    assert await refused(message.fetch_async()) == (404, 20404)
    assert await twilio.client.messages.list_async() == []


async def test_a_scheduled_message_waits_and_can_be_canceled(twilio):
    (service,) = await twilio.client.messaging.v1.services.list_async()
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    scheduled = {"schedule_type": "fixed", "send_at": in_an_hour}

    created = await twilio.create(messaging_service_sid=service.sid, from_=None, **scheduled)
    assert created.status == "scheduled"
    canceled = await twilio.client.messages(created.sid).update_async(status="canceled")
    assert canceled.status == "canceled"
    assert await refused(twilio.create(**scheduled)) == (400, 35118)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": None}, 21603),
        ({"body": None}, 21602),
        ({"to": "2025550100"}, 21211),
        ({"to": "+1202555010"}, 21211),
        ({"to": "+11025550100"}, 21211),
        ({"to": "hello"}, 21211),
        ({"to": SENDER}, 21266),
        ({"from_": "+12025550999"}, 21606),
        ({"from_": "nobody!"}, 21212),
        ({"body": "a" * 1601}, 21617),
        ({"validity_period": 0}, 21624),
        ({"validity_period": 36_001}, 21624),
        ({"status_callback": "not a url"}, 21609),
        ({"status_callback": "https://under_score.example.org/"}, 21609),
        ({"from_": None, "messaging_service_sid": "MG1"}, 21705),
        ({"from_": None, "messaging_service_sid": "MG" + "0" * 32}, 21701),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
    ],
)
async def test_what_the_real_one_refuses_is_refused(twilio, change, code):
    assert await refused(twilio.create(**change)) == (400, code)
    assert await twilio.client.messages.list_async() == []


async def test_an_empty_pool_has_no_sender():
    empty = SandboxService("Empty", ())
    async with account(TwilioSettings(services=(empty,))) as twilio:
        create = twilio.create(from_=None, messaging_service_sid=empty.sid)
        assert await refused(create) == (400, 21704)


async def test_a_json_body_has_no_to_number(twilio):
    address = f"{twilio.base_url}/2010-04-01/Accounts/{AT_ONCE.account_sid}/Messages.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(AT_ONCE.account_sid, AT_ONCE.auth_token)}
    async with twilio.http.post(address, json={"To": PHONE}, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["code"] == 21604


async def test_wrong_credentials_and_another_account_are_refused(twilio):
    async with account(token="wrong") as stranger:
        assert await refused(stranger.create()) == (401, 20003)
    other = twilio.client.api.v2010.accounts("AC" + "9" * 32)
    assert await refused(other.messages.create_async(to=PHONE, from_=SENDER, body="x")) == (
        401,
        20003,
    )


async def test_test_credentials_know_magic_numbers_and_store_nothing():
    signed_in = {"user": AT_ONCE.test_account_sid, "token": AT_ONCE.test_auth_token}
    async with account(AT_ONCE, **signed_in) as twilio:
        created = await twilio.create(from_="+15005550006")
        assert created.sid.startswith("SM")
        assert await refused(twilio.create()) == (400, 21606)
        assert await refused(twilio.create(from_="+15005550001")) == (400, 21212)
        assert await refused(twilio.create(from_="+15005550007")) == (400, 21606)
        assert await refused(twilio.create(from_="+15005550008")) == (400, 21611)
        assert await refused(twilio.create(from_="+15005550006", to="+15005550009")) == (400, 21614)
        assert await refused(twilio.client.messages(created.sid).fetch_async()) == (403, 20008)


async def test_numbers_short_codes_and_services_are_listed(twilio):
    numbers = await twilio.client.incoming_phone_numbers.list_async()
    codes = await twilio.client.api.v2010.account.short_codes.list_async()
    services = await twilio.client.messaging.v1.services.list_async()

    assert [n.phone_number for n in numbers] == [
        "+18005550199",
        "+12025550143",
        "+12025550144",
        "+12025550145",
    ]
    assert numbers[0].capabilities["sms"]
    assert [c.short_code for c in codes] == ["555010"]
    assert [s.friendly_name for s in services] == ["Member texts"]
    only = await twilio.client.incoming_phone_numbers.list_async(phone_number=SENDER)
    assert [n.phone_number for n in only] == [SENDER]


async def test_the_inbound_address_of_a_number_or_service_can_be_set(twilio):
    number = (await twilio.client.incoming_phone_numbers.list_async())[0]
    service = (await twilio.client.messaging.v1.services.list_async())[0]

    updated = await number.update_async(sms_url="http://127.0.0.1:9/in")
    changed = await service.update_async(inbound_request_url="http://127.0.0.1:9/service")

    assert updated.sms_url == "http://127.0.0.1:9/in"
    assert changed.inbound_request_url == "http://127.0.0.1:9/service"
    assert (await number.fetch_async()).sms_url == "http://127.0.0.1:9/in"


async def test_the_balance_falls_by_what_was_sent(twilio):
    balance = twilio.client.api.v2010.account.balance
    before = float((await balance.fetch_async()).balance)
    await twilio.until((await twilio.create()).sid)

    assert before - float((await balance.fetch_async()).balance) == pytest.approx(0.0079)


async def test_too_many_requests_at_once_are_refused_and_counted():
    async with account(TwilioSettings(max_concurrent=3, answer_seconds=0.1)) as twilio:
        outcomes = await asyncio.gather(
            *(twilio.create() for _ in range(6)), return_exceptions=True
        )

    codes = [o.code for o in outcomes if isinstance(o, TwilioRestException)]
    assert codes == [20429] * 3


async def test_a_senders_queue_of_ten_hours_is_full():
    async with account(TwilioSettings(delay_scale=1)) as twilio:
        for _ in range(3):
            await twilio.create(from_="+18005550199")
        assert len(await twilio.client.messages.list_async(from_="+18005550199")) == 3
    from textmanager.sandbox import twilio_api

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(twilio_api, "QUEUE_SECONDS", 0.5)
        async with account(TwilioSettings(delay_scale=1)) as twilio:
            await twilio.create(from_="+18005550199")
            await twilio.create(from_="+18005550199")
            create = twilio.create(from_="+18005550199")
            assert await refused(create) == (400, 21611)
