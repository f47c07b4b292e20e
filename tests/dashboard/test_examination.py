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
from textmanager.organizations.models import Organization, Sender, TwilioConnection
from textmanager.organizations.twilio_examination import ExpectedCost
from textmanager.runs.models import Run, RunState
from textmanager.runs.next_cost import dearest_to_come
from textmanager.sandbox.twilio import SandboxNumber, TwilioSettings, create_app

FAULTS = Path(__file__).parents[2] / "docs" / "faults.md"
NUMBER = "+12025550143"


def found(organization: Organization, subject: str) -> list[Finding]:
    return [each for each in examine(organization) if each.subject == subject]


def test_a_campaign_whose_sender_is_out_of_use_is_told(
    organization: Organization, campaign: Campaign
) -> None:
    (well,) = found(organization, "Campaigns")
    assert (well.is_ok, well.words) == (
        True,
        "1 is to run, with a sender from which texts can leave.",
    )
    Sender.objects.update(is_active=False)
    (told,) = found(organization, "Campaigns")
    assert told.words == (
        "“Dues reminder” is to run, and nothing can leave from the sender Office (555010). "
        "It is out of use. Its run will be held."
    )
    page = FAULTS.read_text(encoding="utf-8")
    assert "from its sender …. It is out of use. Its run will be held. |" in page
    assert told.remedy in page
    Campaign.objects.update(state="paused")
    assert found(organization, "Campaigns") == []


def test_a_campaign_whose_sender_cannot_send_is_told_with_the_reason(
    organization: Organization, campaign: Campaign
) -> None:
    Sender.objects.update(unfit_because="It is not in this Twilio account.")
    (told,) = found(organization, "Campaigns")
    assert "Office (555010). It is not in this Twilio account. Its run" in told.words
    # A rehearsal sends nothing.
    Campaign.objects.update(api_mode="test")
    (told,) = found(organization, "Campaigns")
    assert told.is_ok


@pytest.fixture
def twilio(transactional_db: None, organization: Organization) -> Iterator[None]:
    account = TwilioSettings(numbers=(SandboxNumber(NUMBER),), services=(), opening_balance=19.81)
    with serve_in_thread(create_app(account)) as address:
        world.reach_twilio(organization, address, account)
        yield


@pytest.mark.django_db(transaction=True)
def test_a_sender_out_of_use_is_noted(twilio: None, organization: Organization) -> None:
    world.sender(organization, number=NUMBER, is_active=False, name="Old")
    none, note = found(organization, "Senders")
    assert "There is none" in none.words
    assert note.words == "Old (+12025550143) is out of use: nothing is sent from it."
    assert note.lines() == [f"note   Senders: {note.words}"]


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
