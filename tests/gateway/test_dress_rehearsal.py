"""TEST mode with Twilio's test credentials: Twilio judges each text, and can send none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from serving import serve
from textmanager.gateway import dress_rehearsal
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.dress_rehearsal import (
    MAGIC_FROM,
    DressRehearsal,
    LiveCredentials,
    TestCredentials,
    prove_test_credentials,
)
from textmanager.gateway.errors import TwilioRefused
from textmanager.gateway.outcomes import (
    AccountProblem,
    NotSent,
    OutgoingText,
    Refused,
    Tested,
)
from textmanager.sandbox.twilio import TwilioSettings, create_app

SETTINGS = TwilioSettings(delay_scale=0)
TEXT = OutgoingText(
    to="+12025550100",
    body="Your membership ends on June 30.",
    reference="7",
    status_callback="http://127.0.0.1:9/never",
    messaging_service_sid="MG" + "0" * 32,
    validity_seconds=600,
)


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with serve(create_app(SETTINGS)) as address:
        yield address


def credentials(base_url: str, **changes: str) -> TestCredentials:
    usual = TestCredentials(SETTINGS.test_account_sid, SETTINGS.test_auth_token, base_url)
    return replace(usual, **changes)


async def test_a_text_that_twilio_would_take_is_tested(base_url: str) -> None:
    async with DressRehearsal(credentials(base_url)) as gateway:
        assert await gateway.send(TEXT) == Tested(1)


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
        # Of North American shape, but no area code begins with 1: only Twilio knows.
        ("+11025550100", 21211),
    ],
)
async def test_what_twilio_refuses_is_refused(base_url: str, to: str, code: int) -> None:
    async with DressRehearsal(credentials(base_url)) as gateway:
        outcome = await gateway.send(replace(TEXT, to=to))
    assert isinstance(outcome, Refused)
    assert outcome.code == code


async def test_what_we_find_wrong_ourselves_never_leaves_the_house() -> None:
    async with DressRehearsal(credentials("http://127.0.0.1:9")) as gateway:
        outcome = await gateway.send(replace(TEXT, body="x" * 1601))
    assert isinstance(outcome, Refused)
    assert outcome.code == 21617


async def test_live_credentials_in_the_wrong_place_send_nothing(base_url: str) -> None:
    live = credentials(base_url, account_sid=SETTINGS.account_sid, auth_token=SETTINGS.auth_token)
    async with DressRehearsal(live) as gateway:
        outcome = await gateway.send(TEXT)
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == 21606
    assert MAGIC_FROM not in {number.e164 for number in SETTINGS.numbers}


async def test_nothing_has_to_be_looked_up_after_a_lost_answer() -> None:
    async with DressRehearsal(credentials("http://127.0.0.1:9")) as gateway:
        assert isinstance(await gateway.send(TEXT), NotSent)


async def test_only_test_credentials_prove_to_be_ones(base_url: str) -> None:
    await prove_test_credentials(credentials(base_url))
    live = credentials(base_url, account_sid=SETTINGS.account_sid, auth_token=SETTINGS.auth_token)
    with pytest.raises(LiveCredentials):
        await prove_test_credentials(live)
    with pytest.raises(TwilioRefused):
        await prove_test_credentials(credentials(base_url, auth_token="wrong"))


async def test_no_secret_is_told() -> None:
    assert SETTINGS.test_auth_token not in repr(credentials(""))


def test_it_can_be_made_from_nothing_but_test_credentials() -> None:
    """Live credentials are another type, and neither module ever turns one into the other."""
    assert not issubclass(TwilioCredentials, TestCredentials)
    taken = dress_rehearsal.DressRehearsal.__init__.__annotations__["credentials"]
    assert taken == "TestCredentials"
