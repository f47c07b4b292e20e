"""What the account has is read, all of it, and its inbound address is set where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from serving_in_thread import serve_in_thread
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.directory import (
    AccountSender,
    list_senders,
    read_balance,
    set_inbound_url,
)
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.gateway.registrations import NOT_VERIFIED
from textmanager.sandbox.twilio import SandboxNumber, TwilioSettings, create_app

HERE = "https://texts.example.org/hooks/twilio/sample/inbound"
NUMBERS = (
    SandboxNumber("+18005550199", "toll-free", 3.0),
    SandboxNumber("+18885550199", "toll-free", 3.0, verification="TWILIO_REJECTED"),
    SandboxNumber("+18775550199", "toll-free", 3.0, verification=""),
    SandboxNumber("+12025550143", "long code", 1.0, sms_url="https://other.example.org/sms"),
    SandboxNumber("+12025550144", "10DLC", 1.0, sms_url="https://other.example.org/sms"),
    SandboxNumber("+12025550145", "10DLC", 1.0),
    SandboxNumber("555010", "short code", 100.0),
)


@pytest.fixture
def credentials() -> Iterator[TwilioCredentials]:
    settings = TwilioSettings(numbers=NUMBERS)
    with serve_in_thread(create_app(settings)) as address:
        yield TwilioCredentials(settings.account_sid, settings.auth_token, base_url=address)


async def senders(credentials: TwilioCredentials) -> dict[str, AccountSender]:
    return {each.address: each for each in await list_senders(credentials)}


async def test_everything_the_account_sends_from_is_listed(credentials: TwilioCredentials) -> None:
    found = await senders(credentials)
    kinds = {address: each.kind for address, each in found.items() if each.kind != "service"}
    assert kinds == {
        "+18005550199": "toll_free",
        "+18885550199": "toll_free",
        "+18775550199": "toll_free",
        "+12025550143": "long_code",
        "+12025550144": "10dlc",
        "+12025550145": "10dlc",
        "555010": "short_code",
    }
    (service,) = [each for each in found.values() if each.kind == "service"]
    assert service.address.startswith("MG")
    assert service.registration == "Registered for 10DLC, trust score 60"
    assert (service.suggested_pace, service.suggested_cap) == (120.0, None)


async def test_verification_is_told_in_words(credentials: TwilioCredentials) -> None:
    found = await senders(credentials)
    assert found["+18005550199"].registration == "Verified"
    assert found["+18885550199"].registration.startswith("Verification was rejected")
    assert found["+18775550199"].registration == NOT_VERIFIED
    assert found["+12025550143"].registration == ""


@pytest.mark.parametrize("kind", ["toll_free", "long_code", "short_code", "service"])
async def test_inbound_texts_are_led_here(credentials: TwilioCredentials, kind: str) -> None:
    before = await list_senders(credentials)
    chosen = next(each for each in before if each.kind == kind)
    await set_inbound_url(credentials, chosen, HERE)
    after = {each.sid: each.inbound_url for each in await list_senders(credentials)}
    assert after[chosen.sid] == HERE
    touched = {sid for sid, url in after.items() if url == HERE}
    assert touched == {chosen.sid, *[each.sid for each in chosen.members]}, "No other was touched."


async def test_the_balance_is_an_amount_with_its_currency(credentials: TwilioCredentials) -> None:
    balance = await read_balance(credentials)
    assert balance.amount > Decimal(0)
    assert balance.currency == "USD"


async def test_a_wrong_token_is_twilios_refusal(credentials: TwilioCredentials) -> None:
    wrong = TwilioCredentials(credentials.account_sid, "wrong", base_url=credentials.base_url)
    with pytest.raises(TwilioRefused) as refused:
        await list_senders(wrong)
    assert refused.value.status == 401


async def test_an_account_that_cannot_be_reached_is_said() -> None:
    away = TwilioCredentials("AC" + "0" * 32, "x", base_url="http://127.0.0.1:9")
    with pytest.raises(GatewayError):
        await read_balance(away)
