"""What a Twilio account can send from, where its inbound texts go, and what is left on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from twilio.rest import Client

from textmanager.gateway.account import TwilioCredentials, reading, sdk_client
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.transport import Timeouts, TwilioTransport

_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
_VERIFICATION = {
    "TWILIO_APPROVED": "Verified",
    "PENDING_REVIEW": "Verification waits for review",
    "IN_REVIEW": "Verification is in review",
    "TWILIO_REJECTED": "Verification was rejected",
}
NOT_VERIFIED = "Not verified: carriers block its texts"


@dataclass(frozen=True)
class AccountSender:
    """A number, short code or Messaging Service of the account.

    `kind` is toll_free, 10dlc, short_code, long_code or service; `address` is the number or the
    service's SID; `inbound_url` is where its inbound texts go now. `registration` says in words
    what Twilio knows of its verification, empty where none is needed.
    """

    sid: str
    kind: str
    address: str
    name: str
    can_text: bool
    inbound_url: str
    registration: str = ""


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
        verified = await _verifications(client)
    return [
        *[_service(each) for each in services],
        *[_number(each, verified) for each in numbers],
        *[_short_code(each) for each in codes],
    ]


async def set_inbound_url(
    credentials: TwilioCredentials,
    sender: AccountSender,
    url: str,
    *,
    timeouts: Timeouts | None = None,
) -> None:
    """Lets a sender's inbound texts go to `url` instead. Raises `GatewayError`."""
    async with _client(credentials, timeouts) as client, reading():
        if sender.kind == "service":
            await client.messaging.v1.services(sender.sid).update_async(inbound_request_url=url)
        elif sender.kind == "short_code":
            await client.api.v2010.account.short_codes(sender.sid).update_async(sms_url=url)
        else:
            numbers = client.api.v2010.account.incoming_phone_numbers
            await numbers(sender.sid).update_async(sms_url=url)


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


@asynccontextmanager
async def _client(
    credentials: TwilioCredentials, timeouts: Timeouts | None
) -> AsyncIterator[Client]:
    transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
    try:
        yield sdk_client(credentials, transport)
    finally:
        await transport.aclose()


async def _verifications(client: Client) -> dict[str, str]:
    """The state of each toll-free number's verification, by the number's SID."""
    found = await client.messaging.v1.tollfree_verifications.list_async()
    return {
        str(each.tollfree_phone_number_sid): str(each.status).rpartition(".")[2] for each in found
    }


def _service(service: Any) -> AccountSender:
    registered = service.us_app_to_person_registered
    return AccountSender(
        sid=str(service.sid),
        kind="service",
        address=str(service.sid),
        name=str(service.friendly_name or service.sid),
        can_text=True,
        inbound_url=str(service.inbound_request_url or ""),
        registration="Registered for 10DLC" if registered else "Not registered for 10DLC",
    )


def _number(number: Any, verified: dict[str, str]) -> AccountSender:
    address = str(number.phone_number)
    is_toll_free = address.startswith(_TOLL_FREE)
    state = verified.get(str(number.sid), "")
    registration = _VERIFICATION.get(state, NOT_VERIFIED) if is_toll_free else ""
    return AccountSender(
        sid=str(number.sid),
        kind="toll_free" if is_toll_free else "long_code",
        address=address,
        name=str(number.friendly_name or address),
        can_text=bool((number.capabilities or {}).get("sms", False)),
        inbound_url=str(number.sms_url or ""),
        registration=registration,
    )


def _short_code(code: Any) -> AccountSender:
    return AccountSender(
        sid=str(code.sid),
        kind="short_code",
        address=str(code.short_code),
        name=str(code.friendly_name or code.short_code),
        can_text=True,
        inbound_url=str(code.sms_url or ""),
    )
