"""Each fault of Twilio, provoked, says its own words and remedy, as docs/faults.md lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests

import world
from serving_in_thread import serve_in_thread
from textmanager.config.asgi import application
from textmanager.config.finding import Finding
from textmanager.config.hooks import inbound_path
from textmanager.organizations.models import Organization, Sender, TwilioConnection
from textmanager.organizations.twilio_examination import examine_twilio
from textmanager.sandbox.twilio import (
    SandboxNumber,
    SandboxService,
    TwilioSettings,
    create_app,
)

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
ADDRESS = "+12025550143"
SERVICE = SandboxService("Office", (ADDRESS,))
EMPTY = SandboxService("Empty", ())
TOLL_FREE = "+18775550199"


@dataclass(frozen=True)
class Fault:
    """How one fault is made: what is wrong at Twilio, here, or between."""

    settings: dict[str, Any] = field(default_factory=dict)
    number: dict[str, Any] = field(default_factory=dict)
    connection: dict[str, str] = field(default_factory=dict)
    sender: dict[str, str] | None = field(default_factory=dict)
    on_read: str = ""
    public: str = ""
    before: Callable[[TwilioConnection], None] = lambda _connection: None


def _key(connection: TwilioConnection) -> None:
    connection.set_api_key("SK" + "1" * 32, "of nobody")


def _tests(sid: str, token: str) -> Callable[[TwilioConnection], None]:
    return lambda connection: connection.set_test_credentials(sid, token)


USUAL = TwilioSettings()
FAULTS: dict[str, Fault] = {
    "Not connected": Fault(before=lambda connection: connection.delete() and None),
    "Wrong auth token": Fault(before=lambda connection: connection.set_auth_token("wrong")),
    "Wrong API key": Fault(before=_key),
    "No way to Twilio": Fault(connection={"base_url": "http://127.0.0.1:9"}),
    "Something else answers": Fault(on_read="garbled-201"),
    "Twilio is down": Fault(on_read="503"),
    "Account suspended": Fault(settings={"status": "suspended"}),
    "No money left": Fault(settings={"opening_balance": -18.21}),
    "Little money left": Fault(settings={"opening_balance": 3.2}),
    "No sender": Fault(sender=None),
    "Sender of another account": Fault(sender={"number": "+12025550199"}),
    "Toll-free not verified": Fault(sender={"number": TOLL_FREE}),
    "Number for calls only": Fault(number={"can_text": False}),
    "Service without numbers": Fault(
        settings={"services": (EMPTY,)},
        sender={"number": "", "messaging_service_sid": EMPTY.sid},
    ),
    "Replies go elsewhere": Fault(number={"sms_url": "https://other.example.org/sms"}),
    "An application takes the replies": Fault(number={"application": "AP" + "3" * 32}),
    "Replies lead nowhere": Fault(number={"sms_url": ""}),
    "The service drops replies": Fault(settings={"services": (SERVICE,)}),
    "Nobody at the public address": Fault(public="nobody"),
    "Somebody else at the public address": Fault(public="somebody else"),
    "A proxy breaks the signature": Fault(public="proxy"),
    "No auth token is kept": Fault(
        settings={"api_key_sid": "SK" + "2" * 32, "api_key_secret": "of the key"},
        connection={"auth_token_sealed": ""},
        before=lambda connection: connection.set_api_key("SK" + "2" * 32, "of the key"),
    ),
    "Wrong test credentials": Fault(before=_tests(USUAL.test_account_sid, "wrong")),
    "Live credentials for tests": Fault(before=_tests(USUAL.account_sid, USUAL.auth_token)),
}


def rows() -> dict[str, tuple[str, str]]:
    """The faults of the page, with what is said and what is to be done."""
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition("\n## Twilio\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return {fault: (says, remedy) for fault, says, remedy in found if fault != "Fault"}


def test_the_page_and_the_tests_know_the_same_faults() -> None:
    assert list(rows()) == list(FAULTS)


def test_no_two_faults_say_the_same_and_every_one_says_what_to_do() -> None:
    assert len({says for says, _ in rows().values()}) == len(FAULTS)
    assert all(remedy for _, remedy in rows().values())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_its_own_words_and_remedy(
    organization: Organization, settings: Any, name: str
) -> None:
    with provoked(FAULTS[name], organization, settings):
        found = [each for each in examine_twilio(organization) if not each.is_ok]
    says, remedy = rows()[name]
    fitting = [each for each in found if says in each.words]
    assert fitting, found
    assert remedy in fitting[0].remedy
    # Nothing else is complained of: a fault does not hide behind another.
    assert len(found) == 1, found


def test_without_a_fault_there_is_nothing_to_do(organization: Organization, settings: Any) -> None:
    with provoked(Fault(), organization, settings):
        found = list(examine_twilio(organization))
    assert [each for each in found if not each.is_ok] == []
    assert {each.subject for each in found} >= {"Twilio", "Balance", "Senders", "Public address"}
    assert all(isinstance(each, Finding) for each in found)


@contextmanager
def provoked(fault: Fault, organization: Organization, settings: Any) -> Iterator[None]:
    """The fault as it would be: over HTTP, between the three programs."""
    Sender.objects.all().delete()
    if fault.sender is not None:
        world.sender(organization, **{"number": ADDRESS, "kind": "long_code", **fault.sender})
    with serve_in_thread(_public(fault.public)) as address:
        settings.PUBLIC_URL = "http://127.0.0.1:9" if fault.public == "nobody" else address
        ours = settings.PUBLIC_URL + inbound_path(organization.cloud_id)
        number = SandboxNumber(ADDRESS, sms_url=ours)
        toll_free = SandboxNumber(TOLL_FREE, "toll-free", sms_url=ours, verification="")
        account = TwilioSettings(
            **{
                "numbers": (replace(number, **fault.number), toll_free),
                "services": (),
                **fault.settings,
            }
        )
        with serve_in_thread(create_app(account)) as twilio:
            if fault.on_read:
                broken = {"kind": fault.on_read, "on": "read", "count": 50}
                requests.post(f"{twilio}/_sandbox/faults", json=broken, timeout=10)
            _connect(organization, account, twilio, fault)
            yield


def _connect(
    organization: Organization, account: TwilioSettings, twilio: str, fault: Fault
) -> None:
    connection = TwilioConnection.objects.get(organization=organization)
    connection.account_sid, connection.base_url = account.account_sid, twilio
    connection.set_auth_token(account.auth_token)
    for name, value in fault.connection.items():
        setattr(connection, name, value)
    connection.save()
    fault.before(connection)
    if connection.pk:
        connection.save()


def _public(kind: str) -> Any:
    """What answers at the public address."""
    if kind == "somebody else":
        return create_app(TwilioSettings())
    if kind != "proxy":
        return application

    async def proxy(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        kept = [(k, v) for k, v in scope.get("headers", ()) if k != b"x-twilio-signature"]
        await application({**scope, "headers": kept}, receive, send)

    return proxy
