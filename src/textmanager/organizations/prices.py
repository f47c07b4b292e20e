"""What a text will cost: Twilio's price list, asked once a day and remembered.

Pages read what is remembered and never wait for Twilio.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import jobs
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.pricing import PriceList
from textmanager.gateway.pricing import read_prices as ask_prices
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.models import Organization, Sender, SenderKind, TwilioConnection

logger = logging.getLogger(__name__)

REMEMBERED = dt.timedelta(days=1)
# A list that could not be renewed for so long is no guide any more.
TOO_OLD = dt.timedelta(days=30)
# Twilio's word for the numbers of each kind; local ones are billed alike, registered or not.
_NUMBERS = {
    SenderKind.TOLL_FREE: "tollfree",
    SenderKind.TEN_DLC: "local",
    SenderKind.SHORT_CODE: "shortcode",
    SenderKind.LONG_CODE: "local",
}


@dataclass(frozen=True)
class Price:
    """What Twilio asks for one segment, in `unit` (ISO 4127), as its list said at `as_of` (UTC).

    Carriers add surcharges of their own, which no list of Twilio's has.
    """

    amount: Decimal
    unit: str
    as_of: dt.datetime


def price_per_segment(organization: Organization, sender: Sender) -> Price | None:
    """The price of a segment from this sender; None while it is not known. One query."""
    connection = TwilioConnection.objects.filter(organization=organization).first()
    return None if connection is None else price_from(connection, SenderKind(sender.kind))


def price_from(connection: TwilioConnection, kind: SenderKind) -> Price | None:
    """The same for a kind of sender, from a connection that is read already."""
    amount = connection.prices.get(_NUMBERS[kind])
    as_of = connection.prices_at
    if amount is None or as_of is None or timezone.now() - as_of > TOO_OLD:
        return None
    return Price(Decimal(amount), connection.price_unit, as_of)


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="read_prices", queueing_lock="read_prices")
async def read_prices(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Reads the price lists that are a day old, and those that were never read."""
    for organization_id, country in await in_database(without_prices, timezone.now()):
        try:
            credentials = await in_database(twilio_credentials, organization_id)
            prices = await ask_prices(credentials, country)
        except (GatewayError, NotConnected) as error:
            logger.warning("Twilio's price list cannot be read: %s", error)
        else:
            await in_database(keep_prices, organization_id, prices, timezone.now())


def without_prices(now: dt.datetime) -> list[tuple[int, str]]:
    """Organizations whose list has to be read, each with its country."""
    stale = TwilioConnection.objects.exclude(prices_at__gt=now - REMEMBERED)
    return list(stale.values_list("organization_id", "organization__region"))


def keep_prices(organization_id: int, prices: PriceList, now: dt.datetime) -> None:
    """Writes a price list in place of the one before."""
    TwilioConnection.objects.filter(organization_id=organization_id).update(
        prices={kind: str(amount) for kind, amount in prices.by_number.items()},
        price_unit=prices.unit[:3],
        prices_at=now,
    )
