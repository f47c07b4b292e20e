"""What Twilio's price list says a segment costs, by the kind of number that it leaves from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from textmanager.gateway.account import TwilioCredentials, reading, sdk_client
from textmanager.gateway.transport import Timeouts, TwilioTransport


@dataclass(frozen=True)
class PriceList:
    """Prices of one outbound segment within a country, without the carriers' own surcharges.

    `by_number` goes by Twilio's kind of number (local, mobile, shortcode, tollfree) and holds the
    highest of all carriers, so that no estimate is too low. `unit` is ISO 4127.
    """

    by_number: dict[str, Decimal]
    unit: str


async def read_prices(
    credentials: TwilioCredentials, country: str, *, timeouts: Timeouts | None = None
) -> PriceList:
    """Asks for a country (ISO 3166, such as US). Raises `GatewayError`."""
    transport = TwilioTransport(credentials.base_url, timeouts=timeouts)
    client = sdk_client(credentials, transport)
    try:
        async with reading():
            found = await client.pricing.v1.messaging.countries(country).fetch_async()
            highest: dict[str, Decimal] = {}
            for kind, price in _prices(found.outbound_sms_prices or []):
                highest[kind] = max(price, highest.get(kind, price))
            return PriceList(highest, str(found.price_unit or "USD").upper())
    finally:
        await transport.aclose()


def _prices(carriers: list[Any]) -> Iterator[tuple[str, Decimal]]:
    """Twilio writes the kinds in more than one way: toll-free, toll free, short code."""
    for carrier in carriers:
        for row in carrier.get("prices") or []:
            kind = "".join(char for char in str(row["number_type"]).lower() if char.isalpha())
            try:
                yield kind, Decimal(str(row.get("current_price") or row["base_price"]))
            except InvalidOperation:
                continue
