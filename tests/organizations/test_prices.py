"""What a segment costs is asked once a day, and read from what is remembered."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

import world
from serving import serve
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.errors import TwilioRefused
from textmanager.gateway.pricing import PriceList
from textmanager.gateway.pricing import read_prices as ask_prices
from textmanager.organizations import prices
from textmanager.organizations.models import Organization, SenderKind, TwilioConnection
from textmanager.sandbox.twilio import TwilioSettings, create_app

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


async def test_the_highest_price_of_all_carriers_counts() -> None:
    settings = TwilioSettings()
    async with serve(create_app(settings)) as base_url:
        credentials = TwilioCredentials(
            settings.account_sid, settings.auth_token, base_url=base_url
        )
        found = await ask_prices(credentials, "US")
        assert found == PriceList(
            {
                "local": Decimal("0.0083"),
                "tollfree": Decimal("0.0079"),
                "shortcode": Decimal("0.0081"),
            },
            "USD",
        )
        with pytest.raises(TwilioRefused):
            await ask_prices(credentials, "ZZ")


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (SenderKind.TOLL_FREE, "0.0079"),
        (SenderKind.TEN_DLC, "0.0083"),
        (SenderKind.LONG_CODE, "0.0083"),
        (SenderKind.SHORT_CODE, "0.0081"),
    ],
)
def test_each_kind_of_sender_has_its_price(
    organization: Organization, kind: SenderKind, amount: str
) -> None:
    sender = world.sender(organization, kind=kind)
    assert prices.price_per_segment(organization, sender) is None
    now = timezone.now()
    listed = {
        "local": Decimal("0.0083"),
        "tollfree": Decimal("0.0079"),
        "shortcode": Decimal("0.0081"),
    }
    prices.keep_prices(organization.pk, PriceList(listed, "USD"), now)
    found = prices.price_per_segment(organization, sender)
    assert found == prices.Price(Decimal(amount), "USD", now)


def test_a_list_is_read_once_a_day(organization: Organization) -> None:
    assert prices.without_prices(NOW) == [(organization.pk, "US")]
    prices.keep_prices(organization.pk, PriceList({}, "USD"), NOW)
    assert prices.without_prices(NOW + dt.timedelta(hours=23)) == []
    assert prices.without_prices(NOW + dt.timedelta(hours=25)) == [(organization.pk, "US")]


def test_a_list_that_nobody_could_renew_is_no_guide(organization: Organization) -> None:
    sender = world.sender(organization)
    listed = PriceList({"shortcode": Decimal("0.01")}, "USD")
    prices.keep_prices(organization.pk, listed, timezone.now() - dt.timedelta(days=31))
    assert prices.price_per_segment(organization, sender) is None


def test_without_a_connection_there_is_no_price(organization: Organization) -> None:
    sender = world.sender(organization)
    TwilioConnection.objects.all().delete()
    assert prices.price_per_segment(organization, sender) is None
