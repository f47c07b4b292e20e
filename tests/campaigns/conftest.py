"""The simulated iMIS behind the campaign pages, and a form filled in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from serving_in_thread import serve_in_thread
from textmanager.organizations.models import ImisConnection, Organization, Sender, User
from textmanager.sandbox.imis import ImisSettings, create_app


@pytest.fixture(scope="session")
def imis() -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings(slow_seconds=0.0))) as address:
        yield address


@pytest.fixture
def connected(organization: Organization, imis: str) -> Organization:
    ImisConnection.objects.filter(organization=organization).update(base_url=imis)
    return organization


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def filled_in(sender: Sender) -> dict[str, str]:
    """What a person has typed into the form, all of it right."""
    return {
        "name": "Dues reminder",
        "report_emails": "office@example.org",
        "iqa_path": "$/Text Manager/Board of directors",
        "id_column": "ID",
        "phone_column": "MobilePhone",
        "days_between_texts": "0",
        "sender": str(sender.pk),
        "api_mode": "test",
        "template": "Hello ${FirstName|friend}",
        "empty_values": "send",
        "write_back": "activities",
        "repeat": "monthly_date",
        "interval": "1",
        "month_day": "2",
        "short_months": "last_day",
        "start_date": "2099-01-01",
        "start_time": "08:10",
        "time_zone": "America/New_York",
        "ends": "never",
        "catch_up": "run_late",
        "catch_up_hours": "12",
    }
