"""What a Twilio account can send from, where its inbound texts go, and what is left on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from twilio.rest import Client

from textmanager.gateway.account import TwilioCredentials, reading, sdk_client
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.registrations import (
    Registration,
    read_registration,
    read_verifications,
    toll_free_words,
)
from textmanager.gateway.transport import Timeouts, TwilioTransport

_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")


@dataclass(frozen=True)
class AccountSender:
    """A number, short code or Messaging Service of the account.

    `kind` is toll_free, 10dlc, short_code, long_code or service; `address` is the number or the
    service's SID. `inbound_url` is where its inbound texts go in fact: a service decides for its
    numbers, unless it leaves it to them (`members_decide`). `registration` says in words what
    Twilio knows of its verification, empty where none is needed; when `is_blocked` the carriers
    refuse its texts (30032, 30034). `status_callback` is a service's own address for receipts;
    ours, which goes with each text, is used instead of it.
    """

    sid: str
    kind: str
    address: str
    name: str
    can_text: bool
    inbound_url: str
    registration: str = ""
    is_blocked: bool = False
    capabilities: tuple[str, ...] = ()
    application: str = ""
    status_callback: str = ""
    members_decide: bool = False
    members: tuple[AccountSender, ...] = ()
    service_sid: str = ""
    service_name: str = ""
    suggested_pace: float | None = None
    suggested_cap: int | None = None

    @property
    def decided_by_service(self) -> bool:
        """Whether its inbound texts go where its service says, whatever stands at the number."""
        return bool(self.service_sid) and not self.members_decide


@dataclass(frozen=True)
class Balance:
    amount: Decimal
    currency: str


async def list_senders(
    credentials: TwilioCredentials, *, timeouts: Timeouts | None = None
) -> list[AccountSender]:
    """Everything the account can send from, services first. Raises `GatewayError`."""
    async with _client(credentials, timeouts) as client, reading():
        services = await client.messaging.v1.services.list_async()
        numbers = await client.api.v2010.account.incoming_phone_numbers.list_async()
        codes = await client.api.v2010.account.short_codes.list_async()
        verified = await read_verifications(client)
        pools = {str(each.sid): await _pool(client, str(each.sid)) for each in services}
        registered = {str(each.sid): await read_registration(client, each) for each in services}
    owners = {sid: service for service in services for sid in pools[str(service.sid)]}
    alone = [*[_number(each, verified) for each in numbers], *[_short_code(each) for each in codes]]
    found = [_within(each, owners.get(each.sid), registered) for each in alone]
    return [*[_service(each, registered[str(each.sid)], found) for each in services], *found]


async def set_inbound_url(
    credentials: TwilioCredentials,
    sender: AccountSender,
    url: str,
    *,
    timeouts: Timeouts | None = None,
) -> None:
    """Lets a sender's inbound texts go to `url` instead, wherever that is decided.

    Raises `GatewayError`.
    """
    async with _client(credentials, timeouts) as client, reading():
        if sender.decided_by_service:
            await _set_at_service(client, sender.service_sid, url)
        elif sender.kind == "service" and not sender.members_decide:
            await _set_at_service(client, sender.sid, url)
        else:
            for each in sender.members or (sender,):
                await _set_at_number(client, each, url)


async def read_balance(
    credentials: TwilioCredentials, *, timeouts: Timeouts | None = None
) -> Balance:
    """What is left on the account. Raises `GatewayError`."""
    async with _client(credentials, timeouts) as client, reading():
        found = await client.api.v2010.account.balance.fetch_async()
        try:
            return Balance(Decimal(str(found.balance)), str(found.currency or "USD").upper())
        except InvalidOperation:
            raise GatewayError("Twilio told a balance that is no number.") from None


async def numbers_of_service(
    credentials: TwilioCredentials, sid: str, *, timeouts: Timeouts | None = None
) -> list[str]:
    """The numbers and short codes of a Messaging Service. Raises `GatewayError`."""
    async with _client(credentials, timeouts) as client, reading():
        service = client.messaging.v1.services(sid)
        numbers = await service.phone_numbers.list_async()
        codes = await service.short_codes.list_async()
    return [
        *[str(each.phone_number) for each in numbers],
        *[str(each.short_code) for each in codes],
    ]


@asynccontextmanager
async def _client(
    credentials: TwilioCredentials, timeouts: Timeouts | None
) -> AsyncIterator[Client]:
    transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
    try:
        yield sdk_client(credentials, transport)
    finally:
        await transport.aclose()


async def _pool(client: Client, service_sid: str) -> list[str]:
    """The SIDs of what a service sends from."""
    service = client.messaging.v1.services(service_sid)
    numbers = await service.phone_numbers.list_async()
    codes = await service.short_codes.list_async()
    return [str(each.sid) for each in [*numbers, *codes]]


async def _set_at_service(client: Client, sid: str, url: str) -> None:
    await client.messaging.v1.services(sid).update_async(inbound_request_url=url)


async def _set_at_number(client: Client, sender: AccountSender, url: str) -> None:
    if sender.kind == "short_code":
        await client.api.v2010.account.short_codes(sender.sid).update_async(sms_url=url)
        return
    numbers = client.api.v2010.account.incoming_phone_numbers
    # While an application is set, Twilio passes over the number's own address.
    await numbers(sender.sid).update_async(sms_url=url, sms_application_sid="")


def _service(service: Any, registration: Registration, found: list[AccountSender]) -> AccountSender:
    members = tuple(each for each in found if each.service_sid == str(service.sid))
    members_decide = bool(service.use_inbound_webhook_on_number)
    return AccountSender(
        sid=str(service.sid),
        kind="service",
        address=str(service.sid),
        name=str(service.friendly_name or service.sid),
        can_text=bool(members),
        inbound_url=_where(members) if members_decide else str(service.inbound_request_url or ""),
        registration=registration.words,
        capabilities=("SMS",) if members else (),
        status_callback=str(service.status_callback or ""),
        members_decide=members_decide,
        members=members,
        suggested_pace=registration.pace,
        suggested_cap=registration.cap,
    )


def _where(members: tuple[AccountSender, ...]) -> str:
    """Where the texts to numbers that decide for themselves go."""
    urls = sorted({each.inbound_url for each in members})
    return "".join(urls) if len(urls) <= 1 else " and ".join(url or "nowhere" for url in urls)


def _within(
    sender: AccountSender, service: Any | None, registered: dict[str, Registration]
) -> AccountSender:
    """A number as it is inside its service; one without a service as it is."""
    if service is None:
        return sender
    registration = registered[str(service.sid)]
    decides = bool(service.use_inbound_webhook_on_number)
    is_local = sender.kind == "long_code"
    is_registered = is_local and registration.is_registered
    return replace(
        sender,
        kind="10dlc" if is_registered else sender.kind,
        inbound_url=sender.inbound_url if decides else str(service.inbound_request_url or ""),
        registration=registration.words if is_local else sender.registration,
        members_decide=decides,
        service_sid=str(service.sid),
        service_name=str(service.friendly_name or service.sid),
        suggested_pace=registration.pace if is_registered else None,
        suggested_cap=registration.cap if is_registered else None,
    )


def _number(number: Any, verified: dict[str, str] | None) -> AccountSender:
    address = str(number.phone_number)
    is_toll_free = address.startswith(_TOLL_FREE)
    state = None if verified is None else verified.get(str(number.sid), "")
    words, is_blocked = toll_free_words(state)
    capabilities = number.capabilities or {}
    application = str(number.sms_application_sid or "")
    return AccountSender(
        sid=str(number.sid),
        kind="toll_free" if is_toll_free else "long_code",
        address=address,
        name=str(number.friendly_name or address),
        can_text=bool(capabilities.get("sms", False)),
        inbound_url=f"the application {application}" if application else str(number.sms_url or ""),
        registration=words if is_toll_free else "",
        is_blocked=is_toll_free and is_blocked,
        capabilities=tuple(
            label
            for key, label in (("sms", "SMS"), ("mms", "MMS"), ("voice", "voice"))
            if capabilities.get(key)
        ),
        application=application,
    )


def _short_code(code: Any) -> AccountSender:
    return AccountSender(
        sid=str(code.sid),
        kind="short_code",
        address=str(code.short_code),
        name=str(code.friendly_name or code.short_code),
        can_text=True,
        inbound_url=str(code.sms_url or ""),
        capabilities=("SMS",),
    )
