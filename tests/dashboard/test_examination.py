"""The set-up check tells what holds a campaign although every connection is well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import world
from serving_in_thread import serve_in_thread
from textmanager.campaigns.models import Campaign
from textmanager.config.finding import Finding
from textmanager.dashboard.examination import examine
from textmanager.organizations.models import Organization, TwilioConnection
from textmanager.organizations.twilio_examination import ExpectedCost
from textmanager.runs.models import Run, RunState
from textmanager.runs.next_cost import dearest_to_come
from textmanager.sandbox.twilio import SandboxNumber, TwilioSettings, create_app

FAULTS = Path(__file__).parents[2] / "docs" / "faults.md"
NUMBER = "+12025550143"


def found(organization: Organization, subject: str) -> list[Finding]:
    return [each for each in examine(organization) if each.subject == subject]


@pytest.fixture
def twilio(transactional_db: None, organization: Organization) -> Iterator[None]:
    account = TwilioSettings(numbers=(SandboxNumber(NUMBER),), services=(), opening_balance=19.81)
    with serve_in_thread(create_app(account)) as address:
        world.reach_twilio(organization, address, account)
        yield


@pytest.mark.django_db(transaction=True)
def test_a_balance_below_what_a_run_costs_is_told(
    twilio: None, organization: Organization, run: Run
) -> None:
    assert found(organization, "Balance")[0].is_ok
    ended(run, billed_amount=Decimal("39.2"))
    (told,) = found(organization, "Balance")
    assert told.words == (
        "19.81 USD is left on the account, and a run of “Dues reminder” costs about 39.20 USD: "
        "not all of its texts could be sent."
    )
    page = FAULTS.read_text(encoding="utf-8")
    assert "| … is left on the account, and a run of “…” costs about …: not all of its" in page
    assert told.remedy in page
    Run.objects.update(billed_amount=Decimal("19.8"))
    assert found(organization, "Balance")[0].is_ok


def ended(run: Run, **values: Any) -> None:
    Run.objects.filter(pk=run.pk).update(
        **{"state": RunState.COMPLETED, "billed_unit": "USD", **values}
    )


def test_a_run_costs_what_the_last_one_was_billed(
    organization: Organization, campaign: Campaign, run: Run
) -> None:
    assert dearest_to_come(organization) is None
    ended(run, billed_amount=Decimal(3))
    another = world.campaign(organization, by=campaign.sender, name="News")
    ended(world.run(another), billed_amount=Decimal(5))
    later = run.scheduled_for + dt.timedelta(days=1)
    ended(world.run(another, scheduled_for=later), billed_amount=Decimal(4))
    assert dearest_to_come(organization) == ExpectedCost("News", Decimal(4), "USD")
    # A retry has another audience, and a rehearsal costs nothing.
    ended(
        world.run(another, scheduled_for=later + dt.timedelta(hours=1)),
        billed_amount=Decimal(1),
        retry_of=run,
    )
    assert dearest_to_come(organization) == ExpectedCost("News", Decimal(4), "USD")
    Campaign.objects.filter(pk=another.pk).update(api_mode="test")
    assert dearest_to_come(organization) == ExpectedCost("Dues reminder", Decimal(3), "USD")


def test_what_is_not_billed_whole_is_estimated_by_its_segments(
    organization: Organization, run: Run
) -> None:
    world.message(run, 0, status="delivered", segments=2)
    world.message(run, 1, status="tested", segments=3)
    world.message(run, 2, status="skipped", segments=9)
    ended(run, billed_amount=None)
    assert dearest_to_come(organization) is None
    TwilioConnection.objects.update(
        prices={"shortcode": "0.01"}, price_unit="USD", prices_at=timezone.now()
    )
    organization.refresh_from_db()
    assert dearest_to_come(organization) == ExpectedCost("Dues reminder", Decimal("0.05"), "USD")
