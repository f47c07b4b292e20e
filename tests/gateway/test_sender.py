"""Every outcome of a call, from a fault that was really provoked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.outcomes import sort_error
from textmanager.gateway.sender import (
    Accepted,
    AccountProblem,
    Ambiguous,
    LiveGateway,
    NotSent,
    Refused,
    TryTomorrow,
    check_account,
)
from textmanager.gateway.transport import Timeouts
from textmanager.text.statuses import MessageStatus

QUICK = Timeouts(connect=1.0, read=0.3, total=2.0)
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def peer(talk: Peer) -> AsyncIterator[TwilioCredentials]:
    """A bare TCP server in Twilio's place."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield TwilioCredentials("AC" + "1" * 32, "secret", base_url=f"http://127.0.0.1:{port}")


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


def answer(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def test_an_accepted_text_has_twilios_sid_and_segments(gateway, sandbox, text):
    outcome = await gateway.send(text)

    (message,) = await sandbox.messages()
    assert outcome == Accepted(message["sid"], MessageStatus.ACCEPTED, 1)
    assert message["body"] == text.body
    assert message["to"] == text.to


async def test_a_messaging_service_tells_no_segments_yet(gateway, sandbox, text):
    service = (await services_of(sandbox))[0]["sid"]

    outcome = await gateway.send(replace(text, from_number="", messaging_service_sid=service))

    assert isinstance(outcome, Accepted)
    assert outcome.segments in {None, 0}


async def services_of(sandbox):
    address = f"{sandbox.base_url}/v1/Services"
    credentials = sandbox.credentials
    auth = {"Authorization": _basic(credentials.account_sid, credentials.auth_token)}
    async with sandbox.http.get(address, headers=auth) as found:
        return (await found.json())["services"]


def _basic(user: str, password: str) -> str:
    from aiohttp import encode_basic_auth

    return encode_basic_auth(user, password)


@pytest.mark.parametrize(
    ("kind", "created"),
    [
        ("lost-201", 1),
        ("garbled-201", 1),
        ("500-after", 1),
        ("reset", 0),
        ("500-before", 0),
        ("502", 0),
        ("503", 0),
        ("504", 0),
        ("408", 0),
    ],
)
async def test_whatever_may_have_been_carried_out_is_ambiguous_and_never_repeated(
    gateway, sandbox, text, kind, created
):
    await sandbox.fault(kind)

    outcome = await gateway.send(text)

    assert isinstance(outcome, Ambiguous)
    assert len(await sandbox.messages()) == created


async def test_an_answer_that_comes_too_late_is_ambiguous(gateway, sandbox, text):
    await sandbox.fault("slow-201", seconds=1.0)

    outcome = await gateway.send(text)

    assert isinstance(outcome, Ambiguous)
    assert len(await sandbox.messages()) == 1


async def test_too_many_requests_may_be_repeated(gateway, sandbox, text):
    await sandbox.fault("429")

    assert await gateway.send(text) == NotSent("Twilio had too many requests at once.", None, 20429)
    assert await sandbox.messages() == []


async def test_the_daily_limit_has_the_same_http_status_and_waits_for_tomorrow(
    gateway, sandbox, text
):
    await sandbox.fault("refuse", status=429, code=63038)

    outcome = await gateway.send(text)

    assert isinstance(outcome, TryTomorrow)
    assert outcome.code == 63038


async def test_a_wrong_token_is_a_problem_of_the_account(sandbox, text):
    wrong = replace(sandbox.credentials, auth_token="wrong")
    async with LiveGateway(wrong) as gateway:
        outcome = await gateway.send(text)

    assert outcome == AccountProblem(20003, "Authenticate")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "12025550100x"}, 21211),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"body": "a" * 1601}, 21617),
        ({"body": ""}, 21602),
    ],
)
async def test_what_twilio_refuses_for_good_keeps_its_code(gateway, sandbox, text, change, code):
    outcome = await gateway.send(replace(text, **change))

    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert outcome.text
    assert await sandbox.messages() == []


async def test_a_number_that_is_not_ours_is_a_problem_of_the_account(gateway, text):
    outcome = await gateway.send(replace(text, from_number="+12025550999"))

    assert isinstance(outcome, AccountProblem)
    assert outcome.code == 21606


async def test_a_refused_connection_is_surely_not_sent(text):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    credentials = TwilioCredentials("AC1", "secret", base_url=f"http://127.0.0.1:{port}")
    async with LiveGateway(credentials, timeouts=QUICK) as gateway:
        outcome = await gateway.send(text)

    assert isinstance(outcome, NotSent)
    assert outcome.code is None


async def test_an_unknown_host_is_surely_not_sent(text):
    credentials = TwilioCredentials("AC1", "secret", base_url="http://twilio.invalid")
    async with LiveGateway(credentials, timeouts=QUICK) as gateway:
        assert isinstance(await gateway.send(text), NotSent)


async def test_a_failed_tls_handshake_is_surely_not_sent(text):
    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
        writer.close()

    async with peer(no_tls) as credentials:
        over_tls = replace(credentials, base_url=credentials.base_url.replace("http:", "https:"))
        async with LiveGateway(over_tls, timeouts=QUICK) as gateway:
            assert isinstance(await gateway.send(text), NotSent)


async def test_a_full_pool_of_connections_that_times_out_is_surely_not_sent(text):
    silent = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    timeouts = Timeouts(connect=1.0, read=5.0, total=0.3)
    async with peer(say_nothing) as credentials:
        async with LiveGateway(credentials, timeouts=timeouts, max_connections=1) as gateway:
            outcomes = await asyncio.gather(gateway.send(text), gateway.send(text))
        silent.set()

    assert {type(outcome) for outcome in outcomes} == {Ambiguous, NotSent}


async def test_a_kept_connection_that_dies_under_a_request_is_ambiguous_and_posted_once(
    gateway, sandbox, text
):
    assert isinstance(await gateway.send(text), Accepted)
    await sandbox.fault("reset")

    assert isinstance(await gateway.send(text), Ambiguous)
    assert len(await sandbox.messages()) == 1


async def test_a_server_that_reads_and_hangs_up_sees_the_post_once(text):
    seen: list[bytes] = []

    async def hang_up_on_the_second(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        seen.append(await request_of(reader))
        if len(seen) == 1:
            writer.write(answer(201, b'{"sid": "SM1", "status": "queued", "num_segments": "1"}'))
            await writer.drain()
            seen.append(await request_of(reader))
        writer.close()

    async with (
        peer(hang_up_on_the_second) as credentials,
        LiveGateway(credentials, timeouts=QUICK) as gateway,
    ):
        first, second = await gateway.send(text), await gateway.send(text)

    assert isinstance(first, Accepted)
    assert isinstance(second, Ambiguous)
    assert len(seen) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(text, status):
    seen: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request_of(reader))
        writer.write(answer(status, b"", "Location: /elsewhere", "Connection: close"))
        writer.close()

    async with (
        peer(redirect) as credentials,
        LiveGateway(credentials, timeouts=QUICK) as gateway,
    ):
        outcome = await gateway.send(text)

    assert isinstance(outcome, AccountProblem)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"sid": null}',
        b'{"sid": 5}',
        b'{"sid": "SM1", "date_created": 5}',
        b'{"sid": "SM1", "date_created": "Mon, 31 Feb 2026 10:00:00 +0000"}',
        b"\xff\xfe",
    ],
)
async def test_a_success_that_cannot_be_read_is_ambiguous(text, body):
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(answer(201, body, "Connection: close"))
        writer.close()

    async with (
        peer(nonsense) as credentials,
        LiveGateway(credentials, timeouts=QUICK) as gateway,
    ):
        assert isinstance(await gateway.send(text), Ambiguous)


async def test_an_answer_cut_in_the_middle_is_ambiguous(text):
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(answer(201, b'{"sid": "SM1"}')[:-5])
        writer.close()

    async with peer(cut) as credentials, LiveGateway(credentials, timeouts=QUICK) as gateway:
        assert isinstance(await gateway.send(text), Ambiguous)


async def test_the_wait_that_twilio_asks_for_is_kept(text):
    body = b'{"code": 20429, "message": "Too Many Requests", "status": 429}'

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(answer(429, body, "Retry-After: 7", "Connection: close"))
        writer.close()

    async with peer(busy) as credentials, LiveGateway(credentials, timeouts=QUICK) as gateway:
        outcome = await gateway.send(text)

    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == 7.0


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21610, Refused),
        (400, 29999, Refused),
        (400, 99999, Refused),
        (400, None, AccountProblem),
        (404, 20404, AccountProblem),
        (401, 29999, AccountProblem),
        (403, 20403, AccountProblem),
        (407, None, AccountProblem),
        (413, None, AccountProblem),
        (400, 30002, AccountProblem),
        (400, 30037, AccountProblem),
        (400, 30023, TryTomorrow),
        (429, 63038, TryTomorrow),
        (429, 20429, NotSent),
        (400, 21611, NotSent),
        (429, 21611, NotSent),
        (429, None, Ambiguous),
        (408, None, Ambiguous),
        (500, 20500, Ambiguous),
        (500, 20429, Ambiguous),
        (400, 20504, Ambiguous),
        (503, None, Ambiguous),
        (529, None, Ambiguous),
    ],
)
def test_errors_are_sorted_by_status_and_code_alone(status, code, kind):
    outcomes = [sort_error(status, code, words) for words in ("", "retry later", "queued")]

    assert {type(outcome) for outcome in outcomes} == {kind}


async def test_the_wires_facts_reach_whoever_steers_concurrency(sandbox, text):
    seen = []
    async with LiveGateway(sandbox.credentials, on_exchange=seen.append) as gateway:
        await gateway.send(text)

    (exchange,) = seen
    assert exchange.status == 201
    assert exchange.concurrent_requests == 1
    assert exchange.request_id.startswith("RQ")


async def test_facts_of_texts_sent_at_once_are_not_mixed_up(sandbox, text):
    seen = []
    async with LiveGateway(sandbox.credentials, on_exchange=seen.append) as gateway:
        await asyncio.gather(*(gateway.send(text) for _ in range(20)))

    assert len({exchange.request_id for exchange in seen}) == 20


async def test_secrets_show_in_no_repr_and_no_log(sandbox, text, caplog):
    caplog.set_level("DEBUG")
    credentials = replace(sandbox.credentials, api_key_secret="hush-hush")

    async with LiveGateway(credentials) as gateway:
        await gateway.send(text)

    written = repr(credentials) + repr(text) + caplog.text
    assert credentials.auth_token not in written
    assert "hush-hush" not in written
    assert text.body not in written
    assert text.to not in caplog.text


async def test_an_api_key_signs_in_for_the_account():
    from serving import serve
    from textmanager.sandbox.twilio import TwilioSettings, create_app

    settings = TwilioSettings(api_key_sid="SK1", api_key_secret="key secret")
    async with serve(create_app(settings)) as base_url:
        credentials = TwilioCredentials(
            settings.account_sid, "not used", "SK1", "key secret", base_url=base_url
        )
        info = await check_account(credentials)

    assert (info.sid, info.status) == (settings.account_sid, "active")


async def test_credentials_are_never_sent_to_a_host_that_is_not_twilios(sandbox):
    from textmanager.gateway.transport import TwilioTransport

    transport = TwilioTransport(sandbox.base_url)
    with pytest.raises(ValueError, match="any other host"):
        await transport.request("GET", "https://example.org/2010-04-01/x", auth=("AC1", "secret"))
    await transport.aclose()
