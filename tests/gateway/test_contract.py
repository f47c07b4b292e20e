"""Our requests and the sandbox's answers have the shapes of the real Twilio."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway import twilio_shapes as shapes
from serving import serve
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.dress_rehearsal import DressRehearsal, TestCredentials
from textmanager.gateway.ledger import TwilioReader
from textmanager.gateway.outcomes import OutgoingText
from textmanager.gateway.pricing import read_prices
from textmanager.gateway.receipts import callback_url, sign
from textmanager.gateway.sender import Accepted, LiveGateway
from textmanager.sandbox.twilio import TwilioSettings, create_app

SETTINGS = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)
ACCOUNT = f"/2010-04-01/Accounts/{SETTINGS.account_sid}"
TEXT = OutgoingText(
    to="+12025550100",
    body="H\u00e9llo \U0001f600 & you?\nline2",
    reference="7",
    status_callback=callback_url("https://texts.example.org", "/hooks/status", "7"),
    messaging_service_sid="MG" + "1" * 32,
    validity_seconds=600,
)


@dataclass
class Recorded:
    """One request as it came over the wire."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


@asynccontextmanager
async def recorder(requests: list[Recorded]) -> AsyncIterator[str]:
    """A server that keeps what it is sent, and answers with as little as the SDK can read."""

    async def keep(request: Request) -> Response:
        query = parse_qsl(request.url.query, keep_blank_values=True)
        body = await request.body()
        path = request.url.path
        requests.append(Recorded(request.method, path, query, request.headers, body))
        if request.method == "POST":
            message = {"sid": "SM" + "0" * 32, "status": "accepted", "num_segments": "0"}
            return JSONResponse(message, 201)
        if path.endswith("/Messages.json"):
            return JSONResponse({"messages": [], "next_page_uri": None})
        return JSONResponse({"outbound_sms_prices": []})

    app = Starlette(routes=[Route("/{path:path}", keep, methods=["GET", "POST"])])
    async with serve(app) as base_url:
        yield base_url


def live(base_url: str) -> TwilioCredentials:
    return TwilioCredentials(SETTINGS.account_sid, SETTINGS.auth_token, base_url=base_url)


async def test_a_create_is_byte_for_byte_what_the_sdk_sends() -> None:
    requests: list[Recorded] = []
    async with recorder(requests) as base_url, LiveGateway(live(base_url)) as gateway:
        assert isinstance(await gateway.send(TEXT), Accepted)
    (sent,) = requests
    assert (sent.method, sent.path, sent.query) == ("POST", f"{ACCOUNT}/Messages.json", [])
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["user-agent"].startswith("twilio-python/")
    user = f"{SETTINGS.account_sid}:{SETTINGS.auth_token}".encode()
    assert sent.headers["authorization"] == f"Basic {base64.b64encode(user).decode()}"
    # It is not documented to do anything: nobody is to believe that it does.
    assert "idempotency-key" not in sent.headers
    form = dict(parse_qsl(sent.body.decode(), keep_blank_values=True))
    assert form == {
        "To": "+12025550100",
        "Body": TEXT.body,
        "MessagingServiceSid": TEXT.messaging_service_sid,
        "StatusCallback": "https://texts.example.org/hooks/status?m=7#rc=5&rp=all",
        "ValidityPeriod": "600",
    }
    assert set(form) <= shapes.CREATE_PARAMETERS
    assert b"To=%2B12025550100" in sent.body
    assert b"Body=H%C3%A9llo+%F0%9F%98%80+%26+you?%0Aline2" in sent.body.replace(b"%3F", b"?")


async def test_a_rehearsal_asks_from_the_magic_number_and_wants_no_callback() -> None:
    requests: list[Recorded] = []
    async with recorder(requests) as base_url:
        credentials = TestCredentials(SETTINGS.test_account_sid, "secret", base_url)
        async with DressRehearsal(credentials) as gateway:
            await gateway.send(TEXT)
    (sent,) = requests
    assert sent.path == f"/2010-04-01/Accounts/{SETTINGS.test_account_sid}/Messages.json"
    form = dict(parse_qsl(sent.body.decode()))
    assert form["From"] == "+15005550006"
    assert set(form) == {"To", "From", "Body", "ValidityPeriod"}


async def test_lists_are_narrowed_by_what_twilio_knows() -> None:
    requests: list[Recorded] = []
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    async with recorder(requests) as base_url, TwilioReader(live(base_url)) as reader:
        pages = reader.pages_sent(since=since, until=since + timedelta(hours=1), to="555010")
        assert [page async for page in pages] == [[]]
        await reader.find_messages(to="+12025550100", since=since)
        await read_prices(live(base_url), "US")
    by_time, by_number, prices = requests
    assert by_time.query == [
        ("To", "555010"),
        ("DateSent<", "2026-01-02T04:04:05Z"),
        ("DateSent>", "2026-01-02T03:04:05Z"),
        ("PageSize", "1000"),
    ]
    for each in (by_time, by_number):
        assert {name for name, _ in each.query} <= shapes.LIST_PARAMETERS
    assert prices.path == "/v1/Messaging/Countries/US"


@dataclass
class Sandbox:
    base_url: str
    http: aiohttp.ClientSession

    async def ask(
        self, path: str, form: dict[str, str] | None = None, token: str = SETTINGS.auth_token
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": aiohttp.encode_basic_auth(SETTINGS.account_sid, token)}
        method = "GET" if form is None else "POST"
        async with self.http.request(
            method, self.base_url + path, data=form, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def create(self, **form: str) -> dict[str, Any]:
        usual = {"To": "+12025550100", "From": "+12025550143", "Body": "Hello"}
        status, body = await self.ask(f"{ACCOUNT}/Messages.json", {**usual, **form})
        assert status == 201
        return body


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(create_app(SETTINGS)) as base_url, aiohttp.ClientSession() as http:
        yield Sandbox(base_url, http)


async def test_a_message_has_the_shape_from_its_beginning_to_its_end(sandbox: Sandbox) -> None:
    created = await sandbox.create()
    assert shapes.misfits(created, shapes.MESSAGE) == []
    assert (created["price"], created["date_sent"]) == (None, None)
    async with asyncio.timeout(10):
        while True:
            _, message = await sandbox.ask(f"{ACCOUNT}/Messages/{created['sid']}.json")
            assert shapes.misfits(message, shapes.MESSAGE) == []
            if message["price"] is not None:
                break
            await asyncio.sleep(0.01)
    assert message["status"] == "delivered"


async def test_a_list_has_the_shape_and_names_its_next_page(sandbox: Sandbox) -> None:
    for _ in range(3):
        await sandbox.create()
    _, page = await sandbox.ask(f"{ACCOUNT}/Messages.json?PageSize=2")
    assert shapes.misfits(page, shapes.MESSAGE_PAGE) == []
    assert page["next_page_uri"].startswith(f"{ACCOUNT}/Messages.json?PageSize=2&Page=1")
    assert f"PageToken=PA{page['messages'][-1]['sid']}" in page["next_page_uri"]
    _, last = await sandbox.ask(page["next_page_uri"])
    assert last["next_page_uri"] is None
    assert len(last["messages"]) == 1


@pytest.mark.parametrize("path", ["/v1/Services", "/v1/Tollfree/Verifications"])
async def test_the_newer_lists_have_their_own_shape(sandbox: Sandbox, path: str) -> None:
    _, page = await sandbox.ask(path)
    assert shapes.misfits(page["meta"], shapes.NEWER_META) == []
    assert isinstance(page[page["meta"]["key"]], list)


@pytest.mark.parametrize(
    ("path", "form", "token", "expected"),
    [
        (f"{ACCOUNT}/Messages.json", {}, None, (400, 21604)),
        (f"{ACCOUNT}/Messages/SM{'0' * 32}.json", None, None, (404, 20404)),
        (f"{ACCOUNT}.json", None, "wrong", (401, 20003)),
        (f"/v1/Services/MG{'0' * 32}", None, None, (404, 20404)),
        ("/v1/Messaging/Countries/ZZ", None, None, (404, 20404)),
    ],
)
async def test_errors_have_the_official_shape(
    sandbox: Sandbox,
    path: str,
    form: dict[str, str] | None,
    token: str | None,
    expected: tuple[int, int],
) -> None:
    status, body = await sandbox.ask(path, form, token or SETTINGS.auth_token)
    assert shapes.misfits(body, shapes.ERROR, optional=shapes.ERROR_OPTIONAL) == []
    assert (status, body["code"]) == expected
    assert body["status"] == status


async def test_balance_and_prices_have_their_shapes(sandbox: Sandbox) -> None:
    _, balance = await sandbox.ask(f"{ACCOUNT}/Balance.json")
    assert shapes.misfits(balance, shapes.BALANCE) == []
    _, prices = await sandbox.ask("/v1/Messaging/Countries/US")
    assert shapes.misfits(prices, shapes.COUNTRY_PRICES) == []
    for carrier in prices["outbound_sms_prices"]:
        assert shapes.misfits(carrier, shapes.CARRIER_PRICES) == []
        for price in carrier["prices"]:
            assert shapes.misfits(price, shapes.NUMBER_PRICE) == []


async def test_webhooks_have_the_fields_of_real_ones_in_their_order(sandbox: Sandbox) -> None:
    received: asyncio.Queue[Recorded] = asyncio.Queue()

    async def keep(request: Request) -> Response:
        body = await request.body()
        await received.put(Recorded("POST", request.url.path, [], request.headers, body))
        return Response(status_code=204)

    async with serve(Starlette(routes=[Route("/{path}", keep, methods=["POST"])])) as ours:
        await sandbox.create(StatusCallback=f"{ours}/status")
        async with asyncio.timeout(10):
            status = await received.get()
        numbers = f"{ACCOUNT}/IncomingPhoneNumbers.json?PhoneNumber=%2B12025550143"
        _, listed = await sandbox.ask(numbers)
        sid = listed["incoming_phone_numbers"][0]["sid"]
        await sandbox.ask(
            f"{ACCOUNT}/IncomingPhoneNumbers/{sid}.json", {"SmsUrl": f"{ours}/inbound"}
        )
        reply = {"from": "+12025550100", "to": "+12025550143", "body": "Blah blah"}
        async with sandbox.http.post(f"{sandbox.base_url}/_sandbox/replies", json=reply):
            pass
        async with asyncio.timeout(10):
            while (inbound := await received.get()).path != "/inbound":
                pass
    for call, names in ((status, shapes.STATUS_CALLBACK), (inbound, shapes.INBOUND)):
        form = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        assert [name for name in form if name in names] == names
        url = f"{ours}{call.path}"
        assert call.headers["x-twilio-signature"] == sign(url, form, SETTINGS.auth_token)
        assert call.headers["i-twilio-idempotency-token"]


@pytest.mark.parametrize(
    ("url", "form", "expected"),
    [
        ("https://app.example.com/in",
         {"Body": "H\u00e9llo \U0001f600 +&=", "From": "+1", "Empty": ""},
         "MdWbrSEIl67CNhENmCKr3aU7KsM="),
        ("https://x/", {"b": "1", "B": "2", "a": "3", "_z": "4"}, "DtWP7AGZOYwoUyPN5N3P7tQ+KWs="),
    ],
)  # fmt: skip
def test_our_own_signature_is_twilios(url: str, form: dict[str, str], expected: str) -> None:
    assert sign(url, form, "12345678901234567890123456789012") == expected
