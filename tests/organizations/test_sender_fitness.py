"""A sender that its Twilio account has not, or that carriers block, counts as none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from django.test import Client

import world
from serving_in_thread import serve_in_thread
from textmanager.organizations.models import Organization, Sender, TwilioConnection, User
from textmanager.organizations.twilio_health import watch_twilio
from textmanager.sandbox.twilio import SandboxNumber, TwilioSettings
from textmanager.sandbox.twilio import create_app as create_twilio

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "+12025550143"
BLOCKED = "+18775550199"
ACCOUNT = TwilioSettings(
    numbers=(
        SandboxNumber(NUMBER, "long code", 1.0),
        SandboxNumber(BLOCKED, "toll-free", 3.0, verification=""),
    )
)


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def account(organization: Organization) -> Iterator[str]:
    with serve_in_thread(create_twilio(ACCOUNT)) as address:
        world.reach_twilio(organization, address, ACCOUNT)
        yield address


def twilio_step_is_done(desk: Client) -> bool:
    html = desk.get("/").content.decode()
    found = re.search(r"<li[^>]*><strong>Connect Twilio.*?</li>", html, re.DOTALL)
    assert found
    return 'class="done"' in found[0]


def test_the_watch_finds_out_which_senders_the_account_has(
    desk: Client, organization: Organization, account: str
) -> None:
    elsewhere = world.sender(organization, number="+12025550199", kind="long_code")
    asyncio.run(watch_twilio(0))
    elsewhere.refresh_from_db()
    assert elsewhere.unfit_because == "It is not in this Twilio account."
    assert not twilio_step_is_done(desk)
    shown = desk.get("/settings/twilio/").content.decode()
    assert "Sends nothing" in shown
    assert "It is not in this Twilio account." in shown

    Sender.objects.update(number=NUMBER)
    asyncio.run(watch_twilio(0))
    elsewhere.refresh_from_db()
    assert elsewhere.unfit_because == ""
    assert twilio_step_is_done(desk)
    assert "Sends nothing" not in desk.get("/settings/twilio/").content.decode()


def test_a_number_that_carriers_block_makes_no_step_done(
    desk: Client, organization: Organization, account: str
) -> None:
    blocked = world.sender(organization, number=BLOCKED, kind="toll_free")
    asyncio.run(watch_twilio(0))
    blocked.refresh_from_db()
    assert "error 30032" in blocked.unfit_because
    assert not twilio_step_is_done(desk)
    # One that can send is enough.
    world.sender(organization, number=NUMBER, kind="long_code", name="Another")
    assert twilio_step_is_done(desk)


def test_another_account_is_looked_through_at_once(
    desk: Client, organization: Organization, account: str
) -> None:
    sender = world.sender(organization, number="+12025550199", kind="long_code")
    form = {"account_sid": ACCOUNT.account_sid, "auth_token": ACCOUNT.auth_token}
    assert desk.post("/settings/twilio/", {**form, "receiving": "automatic"}).status_code == 302
    sender.refresh_from_db()
    assert sender.unfit_because == "It is not in this Twilio account."


def test_what_is_known_of_senders_stays_while_twilio_does_not_tell(
    organization: Organization, account: str
) -> None:
    sender = world.sender(organization, number="+12025550199", kind="long_code")
    asyncio.run(watch_twilio(0))
    TwilioConnection.objects.update(base_url="http://127.0.0.1:9")
    Sender.objects.update(number=NUMBER)
    asyncio.run(watch_twilio(0))
    sender.refresh_from_db()
    assert sender.unfit_because == "It is not in this Twilio account."


def test_adding_a_sender_of_the_account_needs_no_watch(
    desk: Client, organization: Organization, account: str
) -> None:
    world.sender(organization, number=NUMBER, kind="long_code", unfit_because="It is gone.")
    sid = ACCOUNT.numbers[0].sid
    desk.post("/settings/twilio/senders/add/", {"sid": sid, "kind": "long_code"})
    assert Sender.objects.get().unfit_because == ""
