"""What the account has is read, all of it, and its inbound address is set where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from serving import serve
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
from textmanager.sandbox.twilio import (
    SandboxNumber,
    SandboxService,
    TwilioSettings,
    create_app,
)

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


OTHER = "https://other.example.org/sms"


async def read(account: TwilioSettings, lead: str = "") -> dict[str, AccountSender]:
    """What the account has, after the texts to one of its senders were led here."""
    async with serve(create_app(account)) as address:
        credentials = TwilioCredentials(account.account_sid, account.auth_token, base_url=address)
        if lead:
            await set_inbound_url(credentials, (await senders(credentials))[lead], HERE)
        return await senders(credentials)


NUMBER = SandboxNumber("+12025550144", "10DLC", 1.0, sms_url=OTHER)


async def test_a_service_decides_for_its_numbers_even_that_texts_are_dropped() -> None:
    service = SandboxService("Office", (NUMBER.e164,))
    account = TwilioSettings(numbers=(NUMBER,), services=(service,))
    number = (await read(account))[NUMBER.e164]
    assert (number.inbound_url, number.decided_by_service) == ("", True)
    # Led here by the number, it is set where it is decided.
    after = await read(account, lead=NUMBER.e164)
    assert {each.inbound_url for each in after.values()} == {HERE}


async def test_a_service_can_leave_it_to_its_numbers() -> None:
    second = SandboxNumber("+12025550145", "10DLC", 1.0)
    service = SandboxService(
        "Office", (NUMBER.e164, second.e164), inbound_url="https://unused", numbers_decide=True
    )
    account = TwilioSettings(numbers=(NUMBER, second), services=(service,))
    found = await read(account)
    assert found[NUMBER.e164].inbound_url == OTHER
    assert found[service.sid].inbound_url == f"nowhere and {OTHER}"
    after = await read(account, lead=service.sid)
    assert {each.inbound_url for each in after.values()} == {HERE}


async def test_an_application_at_a_number_is_told_and_taken_away() -> None:
    number = SandboxNumber("+12025550144", sms_url=HERE, application="AP" + "1" * 32)
    account = TwilioSettings(numbers=(number,), services=())
    assert (await read(account))[number.e164].inbound_url == f"the application AP{'1' * 32}"
    assert (await read(account, lead=number.e164))[number.e164].inbound_url == HERE


async def test_a_services_own_callback_is_told() -> None:
    service = SandboxService("Office", (NUMBER.e164,), status_callback="https://other.example.org")
    found = await read(TwilioSettings(numbers=(NUMBER,), services=(service,)))
    assert found[service.sid].status_callback == "https://other.example.org"


@pytest.mark.parametrize(
    ("use_case", "score", "pace", "cap"),
    [
        ("MIXED", 80, 225.0, None),
        ("MIXED", 50, 120.0, None),
        ("MIXED", 12, 12.0, None),
        ("MIXED", None, None, None),
        ("LOW_VOLUME", 80, 3.75, 2000),
        ("SOLE_PROPRIETOR", None, 1.0, 1000),
        ("", 80, None, None),
    ],
)
async def test_the_registration_tells_pace_and_cap(
    use_case: str, score: int | None, pace: float | None, cap: int | None
) -> None:
    service = SandboxService("Office", (NUMBER.e164,), use_case=use_case)
    account = TwilioSettings(numbers=(NUMBER,), services=(service,), trust_score=score)
    found = await read(account)
    for each in (found[service.sid], found[NUMBER.e164]):
        assert (each.suggested_pace, each.suggested_cap) == (pace, cap)
    assert found[NUMBER.e164].kind == ("10dlc" if use_case else "long_code")


async def test_long_lists_are_read_to_their_end() -> None:
    numbers = tuple(SandboxNumber(f"+1202555{number:04}") for number in range(120))
    services = tuple(SandboxService(f"Service {number}", ()) for number in range(60))
    found = await read(TwilioSettings(numbers=numbers, services=services))
    assert len(found) == 180


async def test_numbers_are_listed_although_their_verification_may_not_be_read() -> None:
    settings = TwilioSettings(numbers=NUMBERS, services=())
    sandbox = create_app(settings)
    refusal = b'{"code": 20403, "message": "Forbidden", "status": 403}'

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if "/Tollfree/" not in scope.get("path", ""):
            await sandbox(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": refusal})

    with serve_in_thread(app) as address:
        account = TwilioCredentials(settings.account_sid, settings.auth_token, base_url=address)
        found = {each.address: each for each in await list_senders(account)}
    assert len(found) == len(NUMBERS)
    assert not found["+18775550199"].is_blocked
    assert "does not let this key read" in found["+18775550199"].registration
