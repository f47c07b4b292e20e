"""What the simulated carriers do, the receipts they cause, and what faults do to both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.twilio_listener import Listener, listening
from serving import serve
from textmanager.gateway.receipts import parse_receipt, signature_is_valid
from textmanager.sandbox.twilio import TwilioSettings, create_app
from textmanager.sandbox.twilio_delivery import fate
from textmanager.sandbox.twilio_webhooks import Overrides

AT_ONCE = TwilioSettings(delay_scale=0, undelivered_share=0, failed_share=0)
SENDER, PHONE = "+12025550143", "+12025550100"


@dataclass
class Twilio:
    base_url: str
    http: aiohttp.ClientSession
    settings: TwilioSettings

    async def create(self, **fields: str) -> dict[str, Any]:
        account = self.settings.account_sid
        address = f"{self.base_url}/2010-04-01/Accounts/{account}/Messages.json"
        signed_in = aiohttp.encode_basic_auth(account, self.settings.auth_token)
        form = {"To": PHONE, "From": SENDER, "Body": "Hello", **fields}
        async with self.http.post(
            address, data=form, headers={"Authorization": signed_in}
        ) as answer:
            return await answer.json()

    async def fault(self, kind: str, **details: Any) -> None:
        address = f"{self.base_url}/_sandbox/faults"
        async with self.http.post(address, json={"kind": kind, **details}) as answer:
            assert answer.status == 201

    async def reply(self, body: str, *, to: str = SENDER) -> None:
        reply = {"from": PHONE, "to": to, "body": body}
        async with self.http.post(f"{self.base_url}/_sandbox/replies", json=reply) as answer:
            assert answer.status == 201

    async def messages(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.base_url}/_sandbox/messages") as answer:
            return (await answer.json())["messages"]

    async def until(self, status: str, number: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(5):
            while True:
                found = [m for m in await self.messages() if m["status"] == status]
                if len(found) >= number:
                    return found
                await asyncio.sleep(0.01)


@asynccontextmanager
async def twilio(settings: TwilioSettings = AT_ONCE) -> AsyncIterator[Twilio]:
    async with serve(create_app(settings)) as base_url, aiohttp.ClientSession() as http:
        yield Twilio(base_url, http, settings)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as heard:
        yield heard


async def test_receipts_are_signed_and_come_for_each_change_but_the_first(listener):
    async with twilio() as sandbox:
        url = f"{listener.base_url}/status?m=7"
        created = await sandbox.create(StatusCallback=f"{url}#rc=5&rp=all")
        got = await listener.count(2)

    assert created["status"] == "queued"
    assert {webhook.form["MessageStatus"] for webhook in got} == {"sent", "delivered"}
    for webhook in got:
        assert webhook.url == url
        signature = webhook.headers["x-twilio-signature"]
        assert signature_is_valid(url, webhook.pairs, signature, [AT_ONCE.auth_token])
        assert not signature_is_valid(url, webhook.pairs, signature, ["another token"])
        assert webhook.headers["i-twilio-idempotency-token"]
        assert webhook.headers["user-agent"] == "TwilioProxy/1.1"
        receipt = parse_receipt({"m": "7"}, webhook.form)
        assert (receipt.sid, receipt.to, receipt.from_number) == (created["sid"], PHONE, SENDER)


async def test_the_form_is_ordered_as_in_real_traffic(listener):
    async with twilio() as sandbox:
        await sandbox.create(StatusCallback=listener.base_url)
        got = await listener.count(2)

    last = next(webhook for webhook in got if webhook.form["MessageStatus"] == "delivered")
    assert [name for name, _ in last.pairs] == [
        "RawDlrDoneDate", "SmsSid", "SmsStatus", "MessageStatus", "To", "MessageSid",
        "AccountSid", "From", "ApiVersion",
    ]  # fmt: skip
    assert len(last.form["RawDlrDoneDate"]) == len("YYMMDDhhmm")


async def test_a_service_tells_of_queued_too(listener):
    async with twilio() as sandbox:
        service = sandbox.settings.services[0].sid
        await sandbox.create(From="", MessagingServiceSid=service, StatusCallback=listener.base_url)
        got = await listener.count(3)

    assert {w.form["MessageStatus"] for w in got} == {"queued", "sent", "delivered"}
    assert {w.form["MessagingServiceSid"] for w in got} == {service}


@pytest.mark.parametrize(
    ("code", "status"), [(30003, "undelivered"), (30007, "undelivered"), (30500, "failed")]
)
async def test_a_phone_that_fails_says_why(listener, code, status):
    async with twilio(replace(AT_ONCE, failing={PHONE: code})) as sandbox:
        await sandbox.create(StatusCallback=listener.base_url)
        (message,) = await sandbox.until(status)
        got = await listener.count(1 if status == "failed" else 2)

    assert message["error_code"] == code
    assert next(w for w in got if w.form["MessageStatus"] == status).form["ErrorCode"] == str(code)


def test_the_share_of_failures_is_kept_and_the_same_for_a_seed():
    settings = TwilioSettings(seed=5)
    phones = [f"+1202{number:07d}" for number in range(20_000)]
    fates = [fate(settings, phone) for phone in phones]

    assert fates == [fate(settings, phone) for phone in phones]
    assert fates != [fate(replace(settings, seed=6), phone) for phone in phones]
    assert fates.count(30500) / len(fates) == pytest.approx(0.005, abs=0.002)
    undelivered = [code for code in fates if code and code != 30500]
    assert len(undelivered) / len(fates) == pytest.approx(0.03, abs=0.005)
    assert set(undelivered) == {30003, 30005, 30006, 30007}


async def test_a_sender_sends_no_faster_than_its_segments_per_second():
    toll_free = "+18005550199"  # 3 a second, a tenth of it in this test's time
    async with twilio(replace(AT_ONCE, delay_scale=0.1)) as sandbox:
        for _ in range(4):
            await sandbox.create(From=toll_free, Body="a" * 306)
        sent = sorted(m["sent"] for m in await sandbox.until("delivered", 4))

    # Two segments each: 2 / 3 s between any two, so 2 s in all; the last leg varies by 0.03 s.
    assert sent[-1] - sent[0] == pytest.approx(0.2, abs=0.12)
    assert sent[-1] - sent[0] > 0.15


async def test_a_message_older_than_its_validity_never_leaves():
    async with twilio(replace(AT_ONCE, delay_scale=4)) as sandbox:
        for _ in range(2):
            await sandbox.create(From="+18005550199", ValidityPeriod="1")
        (failed,) = await sandbox.until("failed")

    assert failed["error_code"] == 30036


@pytest.mark.parametrize(
    ("fragment", "tries"),
    [("", 1), ("#rc=5&rp=all", 3), ("#rc=1&rp=5xx", 2), ("#rc=5&rp=4xx", 1), ("#rc=5", 1)],
)
async def test_receipts_are_retried_as_the_fragment_asks(listener, fragment, tries):
    listener.answers = [(503, ""), (500, "")]
    async with twilio(replace(AT_ONCE, failing={PHONE: 30500})) as sandbox:
        await sandbox.create(StatusCallback=f"{listener.base_url}/s{fragment}")
        got = list(await listener.count(tries))
        await sandbox.until("failed")

    assert len(listener.got) == tries
    assert len({webhook.headers["i-twilio-idempotency-token"] for webhook in got}) == 1


def test_overrides_have_twilios_defaults_and_limits():
    assert Overrides.of("") == Overrides(5.0, 15.0, 15.0, 1, frozenset({"ct"}))
    given = Overrides.of("ct=1&rt=99999&tt=3000&rc=9&rp=5xx,rt")
    assert given == Overrides(0.1, 15.0, 3.0, 5, frozenset({"5xx", "rt"}))


async def test_receipts_go_to_this_machine_only(caplog):
    async with twilio() as sandbox:
        await sandbox.create(StatusCallback="http://texts.example.org/status")
        await sandbox.until("delivered")
        async with asyncio.timeout(5):
            while True:
                if "not this machine" in caplog.text:
                    return
                await asyncio.sleep(0.01)


async def test_receipts_are_lost_doubled_and_shuffled_on_demand(listener):
    async with twilio() as sandbox:
        await sandbox.fault("receipt-lost")
        await sandbox.create(StatusCallback=listener.base_url)
        assert [w.form["MessageStatus"] for w in await listener.count(1)] == ["delivered"]

        listener.got.clear()
        await sandbox.fault("receipt-doubled", skip=1)
        await sandbox.create(StatusCallback=listener.base_url)
        statuses = [w.form["MessageStatus"] for w in await listener.count(3)]
        assert sorted(statuses) == ["delivered", "delivered", "sent"]

        listener.got.clear()
        await sandbox.fault("receipt-shuffled")
        await sandbox.create(StatusCallback=listener.base_url)
        statuses = [w.form["MessageStatus"] for w in await listener.count(2)]
        assert statuses == ["delivered", "sent"]

        listener.got.clear()
        await sandbox.fault("receipt-delayed", seconds=0.2)
        await sandbox.create(StatusCallback=listener.base_url)
        statuses = [w.form["MessageStatus"] for w in await listener.count(2)]
        assert statuses == ["delivered", "sent"]


async def test_faults_are_listed_counted_and_cleared():
    async with twilio() as sandbox:
        await sandbox.fault("500-before", count=2)
        await sandbox.create()
        address = f"{sandbox.base_url}/_sandbox/faults"
        async with sandbox.http.get(address) as answer:
            assert [f["count"] for f in (await answer.json())["faults"]] == [1]
        async with sandbox.http.delete(address) as answer:
            assert answer.status == 204
        assert (await sandbox.create())["status"] == "queued"
        async with sandbox.http.post(address, json={"kind": "earthquake"}) as answer:
            assert answer.status == 400


async def test_the_books_outlive_a_restart_and_delivery_goes_on(tmp_path: Path):
    settings = replace(AT_ONCE, journal=tmp_path)
    async with twilio(replace(settings, delay_scale=1000)) as sandbox:
        waiting = await sandbox.create()
        await sandbox.create(To="+12025550101")
        await sandbox.reply("STOP", to="+18005550199")

    async with twilio(settings) as sandbox:
        delivered = await sandbox.until("delivered", 3)
        assert waiting["sid"] in {message["sid"] for message in delivered}
        assert len(await sandbox.messages()) == 4
        assert (await sandbox.create(From="+18005550199"))["code"] == 21610

    async with twilio(settings) as sandbox:
        assert len([m for m in await sandbox.messages() if m["status"] == "delivered"]) == 3


async def test_without_a_journal_nothing_is_kept():
    async with twilio() as sandbox:
        await sandbox.create()
    async with twilio() as sandbox:
        assert await sandbox.messages() == []
