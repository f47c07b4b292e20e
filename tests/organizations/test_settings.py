"""The settings pages: checked with iMIS and Twilio before anything is kept, told in words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

import world
from serving_in_thread import serve_in_thread
from textmanager.gateway.account import TwilioCredentials
from textmanager.organizations import examination, reach
from textmanager.organizations.models import (
    AuditEvent,
    ImisConnection,
    Organization,
    Sender,
    TwilioConnection,
    User,
)
from textmanager.sandbox.imis import BACKGROUND, ImisSettings
from textmanager.sandbox.imis import create_app as create_imis
from textmanager.sandbox.twilio import SandboxNumber, TwilioSettings
from textmanager.sandbox.twilio import create_app as create_twilio

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = TwilioSettings(
    numbers=(
        SandboxNumber("+12025550143", "long code", 1.0, sms_url="https://other.example.org/sms"),
        SandboxNumber("+18005550199", "toll-free", 3.0),
        SandboxNumber("+18775550199", "toll-free", 3.0, verification=""),
        SandboxNumber("+12025550144", "10DLC", 1.0),
        SandboxNumber("+12025550145", "10DLC", 1.0),
    )
)


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def imis(organization: Organization) -> Iterator[str]:
    with serve_in_thread(create_imis(ImisSettings())) as address:
        ImisConnection.objects.filter(organization=organization).update(base_url=address)
        yield address


@pytest.fixture
def twilio(organization: Organization) -> Iterator[str]:
    with serve_in_thread(create_twilio(ACCOUNT)) as address:
        world.reach_twilio(organization, address, ACCOUNT)
        yield address


def page(desk: Client, path: str, form: dict[str, Any] | None = None) -> str:
    answer = desk.post(path, form) if form is not None else desk.get(path)
    return (
        answer.content.decode() if answer.status_code == 200 else f"→ {answer.headers['Location']}"
    )


def test_imis_lets_the_account_in_before_it_is_kept(
    desk: Client, organization: Organization, imis: str
) -> None:
    form = {"base_url": imis, "username": "sam.rivera", "password": "wrong"}
    refused = page(desk, "/settings/imis/", form)
    assert "does not accept the user name or password" in refused
    assert "wrong" not in refused.replace("wrong input", "").split('type="password"')[1][:80]
    kept = ImisConnection.objects.get(organization=organization)
    assert kept.username == "textmanager"

    form["password"] = "demo-password"
    assert page(desk, "/settings/imis/", form).startswith("→")
    kept.refresh_from_db()
    assert (kept.username, kept.password) == ("sam.rivera", "demo-password")
    assert "demo-password" not in str(list(AuditEvent.objects.values()))


def test_an_empty_password_keeps_the_one_that_is_there(
    desk: Client, organization: Organization, imis: str
) -> None:
    before = ImisConnection.objects.get(organization=organization).password_changed_at
    form = {"base_url": imis, "username": BACKGROUND.username, "password": ""}
    assert page(desk, "/settings/imis/", form).startswith("→")
    kept = ImisConnection.objects.get(organization=organization)
    assert (kept.password, kept.password_changed_at) == (BACKGROUND.password, before)


def test_no_page_shows_a_secret(desk: Client, imis: str, twilio: str) -> None:
    for path in ("/settings/imis/", "/settings/twilio/", "/settings/twilio/senders/"):
        shown = page(desk, path)
        assert BACKGROUND.password not in shown
        assert ACCOUNT.auth_token not in shown


def test_twilio_knows_the_account_before_it_is_kept(
    desk: Client, organization: Organization, twilio: str
) -> None:
    form = {"account_sid": ACCOUNT.account_sid, "auth_token": "wrong", "secondary_token": ""}
    assert "Copy both from Twilio" in page(desk, "/settings/twilio/", form)
    assert "An account SID is AC" in page(desk, "/settings/twilio/", {**form, "account_sid": "x"})
    kept = TwilioConnection.objects.get(organization=organization)
    assert kept.auth_token == ACCOUNT.auth_token

    form |= {"auth_token": "", "secondary_token": "the second"}
    assert page(desk, "/settings/twilio/", form).startswith("→")
    kept.refresh_from_db()
    assert kept.signing_tokens == (ACCOUNT.auth_token, "the second")


KEY = {"api_key_sid": "SK" + "2" * 32, "api_key_secret": "secret of the key"}
ENTERED = {"account_sid": ACCOUNT.account_sid, "auth_token": "", "secondary_token": ""}


@pytest.fixture
def with_key(organization: Organization) -> Iterator[TwilioConnection]:
    """An account that has a standard API key, which may not read the account itself."""
    with serve_in_thread(create_twilio(replace(ACCOUNT, **KEY))) as address:
        connection = TwilioConnection.objects.get(organization=organization)
        connection.base_url, connection.account_sid = address, "AC" + "0" * 32
        connection.save()
        yield connection


def test_an_api_key_signs_in_without_an_auth_token(
    desk: Client, with_key: TwilioConnection
) -> None:
    wrong = page(desk, "/settings/twilio/", {**ENTERED, **KEY, "api_key_secret": "wrong"})
    assert "with this API key" in wrong
    assert "Enter the secret of the API key" in page(
        desk, "/settings/twilio/", {**ENTERED, **KEY, "api_key_secret": ""}
    )
    assert page(desk, "/settings/twilio/", {**ENTERED, **KEY}).startswith("→")
    with_key.refresh_from_db()
    # The token that was there belonged to another account.
    assert (with_key.auth_token, with_key.signing_tokens) == ("", ())
    assert with_key.is_polling
    assert with_key.credentials().api_key_secret == KEY["api_key_secret"]
    shown = page(desk, "/settings/twilio/")
    assert "No auth token is kept" in shown
    assert KEY["api_key_secret"] not in shown + str(list(AuditEvent.objects.values()))
    assert "toll-free +18005550199" in page(desk, "/settings/twilio/senders/")


def test_beside_an_api_key_the_auth_token_has_to_fit_too(
    desk: Client, with_key: TwilioConnection
) -> None:
    shown = page(desk, "/settings/twilio/", {**ENTERED, **KEY, "auth_token": "wrong"})
    assert "with this auth token" in shown
    with_key.refresh_from_db()
    assert with_key.api_key_sid == ""
    form = {**ENTERED, **KEY, "auth_token": ACCOUNT.auth_token}
    assert page(desk, "/settings/twilio/", form).startswith("→")
    with_key.refresh_from_db()
    assert with_key.signing_tokens == (ACCOUNT.auth_token,)
    # Taking the key away leaves the token to sign in with.
    assert page(desk, "/settings/twilio/", ENTERED).startswith("→")
    with_key.refresh_from_db()
    assert (with_key.api_key_sid, with_key.api_key_secret_sealed) == ("", "")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"test_account_sid": ACCOUNT.test_account_sid}, "Enter the test auth token"),
        (
            {"test_account_sid": ACCOUNT.account_sid, "test_auth_token": ACCOUNT.auth_token},
            "This is the live account",
        ),
        (
            {"test_account_sid": ACCOUNT.test_account_sid, "test_auth_token": "wrong"},
            "does not know these test credentials",
        ),
    ],
)
def test_what_are_no_test_credentials_is_not_kept(
    desk: Client, twilio: str, form: dict[str, str], told: str
) -> None:
    assert told in page(desk, "/settings/twilio/", {**ENTERED, **form})
    assert not TwilioConnection.objects.get().has_test_credentials


def test_test_credentials_are_proved_and_sealed(desk: Client, twilio: str) -> None:
    form = {
        "test_account_sid": ACCOUNT.test_account_sid,
        "test_auth_token": ACCOUNT.test_auth_token,
        "receiving": "polling",
    }
    assert page(desk, "/settings/twilio/", {**ENTERED, **form}).startswith("→")
    kept = TwilioConnection.objects.get()
    assert ACCOUNT.test_auth_token not in kept.test_auth_token_sealed
    found = kept.test_credentials()
    assert found is not None
    assert found.auth_token == ACCOUNT.test_auth_token
    assert kept.is_polling
    shown = page(desk, "/settings/twilio/")
    assert ACCOUNT.test_auth_token not in shown + str(list(AuditEvent.objects.values()))
    # Empty secrets keep what is there; an empty SID takes it away.
    page(desk, "/settings/twilio/", {**ENTERED, **form, "test_auth_token": ""})
    assert TwilioConnection.objects.get().has_test_credentials
    page(desk, "/settings/twilio/", {**ENTERED, "receiving": "automatic"})
    assert not TwilioConnection.objects.get().has_test_credentials


def test_a_toll_free_number_that_carriers_block_is_not_taken(desk: Client, twilio: str) -> None:
    assert "To be verified first" in page(desk, "/settings/twilio/senders/")
    form = {"sid": sid_of(twilio, "+18775550199"), "kind": "toll_free"}
    page(desk, "/settings/twilio/senders/add/", form)
    assert "30032" in page(desk, "/settings/twilio/")
    assert not Sender.objects.exists()


def test_a_registered_service_is_taken_at_its_trust_scores_pace(
    desk: Client, organization: Organization, twilio: str
) -> None:
    assert "120 segments a second" in page(desk, "/settings/twilio/senders/")
    form = {"sid": ACCOUNT.services[0].sid, "kind": "10dlc"}
    page(desk, "/settings/twilio/senders/add/", form)
    sender = Sender.objects.get()
    assert (sender.segments_per_second, sender.daily_cap) == (120.0, None)


def sid_of(twilio: str, address: str) -> str:
    return next(number.sid for number in ACCOUNT.numbers if number.e164 == address)


def test_a_sender_is_picked_from_the_account_with_its_kinds_pace(
    desk: Client, organization: Organization, twilio: str
) -> None:
    shown = page(desk, "/settings/twilio/senders/")
    for words in ("+18005550199", "Verified", "Not verified", "Registered for 10DLC", "USD"):
        assert words in shown
    form = {"sid": sid_of(twilio, "+18005550199"), "kind": "toll_free"}
    page(desk, "/settings/twilio/senders/add/", form)
    page(desk, "/settings/twilio/senders/add/", form)
    sender = Sender.objects.get()
    assert (sender.number, sender.kind, sender.segments_per_second) == (
        "+18005550199",
        "toll_free",
        3.0,
    )
    assert "In use" in page(desk, "/settings/twilio/senders/")


@pytest.mark.parametrize("form", [{"sid": "PN0", "kind": "toll_free"}, {"sid": "", "kind": "x"}])
def test_what_the_account_has_not_is_not_picked(
    desk: Client, twilio: str, form: dict[str, str]
) -> None:
    page(desk, "/settings/twilio/senders/add/", form)
    assert not Sender.objects.exists()


def test_texts_are_led_here_but_not_from_an_address_that_nobody_saw(
    desk: Client, organization: Organization, twilio: str
) -> None:
    sid = sid_of(twilio, "+12025550143")
    page(desk, "/settings/twilio/senders/receive/", {"sid": sid, "instead_of": ""})
    assert "https://other.example.org/sms" in page(desk, "/settings/twilio/senders/")
    seen = {"sid": sid, "instead_of": "https://other.example.org/sms"}
    page(desk, "/settings/twilio/senders/receive/", seen)
    shown = page(desk, "/settings/twilio/senders/")
    assert "https://other.example.org/sms" not in shown
    event = AuditEvent.objects.get()
    assert event.before["url"] == "https://other.example.org/sms"
    assert event.after["url"].endswith("/hooks/twilio/sample/inbound")


def test_a_senders_pace_and_cap_are_changed(desk: Client, sender: Sender) -> None:
    form = {"name": "Desk", "segments_per_second": "0", "daily_cap": "", "is_active": "on"}
    assert "Enter 0.01 or more." in page(desk, f"/settings/twilio/senders/{sender.pk}/", form)
    form |= {"segments_per_second": "12.5", "daily_cap": "900"}
    assert page(desk, f"/settings/twilio/senders/{sender.pk}/", form).startswith("→")
    sender.refresh_from_db()
    assert (sender.name, sender.segments_per_second, sender.daily_cap) == ("Desk", 12.5, 900)


def test_while_twilio_is_away_the_page_says_so(desk: Client, organization: Organization) -> None:
    assert "No connection to Twilio" in page(desk, "/settings/twilio/senders/")


def findings(organization: Organization) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for each in examination.examine_organization(organization):
        found.setdefault(each.subject, []).append((each.words, each.remedy))
    return found


def test_the_check_tells_of_each_connection(
    desk: Client, organization: Organization, imis: str, twilio: str, sender: Sender
) -> None:
    Sender.objects.create(
        organization=organization, name="Blocked", kind="toll_free", number="+18775550199"
    )
    found = findings(organization)
    assert found["iMIS"][0][1] == ""
    assert "TEXTUNSUB_A are there" in found["Activity types"][0][0]
    told = " ".join(words for words, _ in found["Senders"])
    assert "Office (555010) is not in this Twilio account" in told
    assert "Blocked (+18775550199): Not verified" in told
    assert "does not lead here" in found["Public address"][0][0]
    shown = page(desk, "/settings/check/findings/")
    assert "toll-free verification" in shown
    assert "None is running" in shown


def test_the_public_address_is_proved_by_what_only_we_can_answer(
    organization: Organization, settings: Any
) -> None:
    with serve_in_thread(create_twilio(TwilioSettings())) as another:
        settings.PUBLIC_URL = another
        found = asyncio.run(reach.look(organization.twilio, organization.cloud_id))
    assert "something else answered" in found.problem


def test_credentials_of_nobody_are_told_with_what_to_do(organization: Organization) -> None:
    found = findings(organization)
    assert "It was asked at http://127.0.0.1:9 as textmanager." in found["iMIS"][0][0]
    assert found["iMIS"][0][1] == "Check the address and port."
    assert "Let this machine reach Twilio" in found["Twilio"][0][1]
    assert TwilioCredentials("AC1", "secret").auth_token not in str(found)
