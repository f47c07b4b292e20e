"""A TEST run remembers how it is tested, and says so."""

from __future__ import annotations

from django.utils import timezone

from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import Organization, TwilioConnection
from textmanager.runs.beginning import record_run
from textmanager.runs.models import Run
from textmanager.runs.testing import how_tested


def begin(campaign: Campaign, api_mode: str) -> Run:
    campaign.api_mode = api_mode
    campaign.save()
    run = record_run(campaign=campaign, scheduled_for=timezone.now())
    assert run is not None
    return run


def test_without_test_credentials_it_is_checked_here_alone(campaign: Campaign) -> None:
    run = begin(campaign, "test")
    assert not run.tested_with_twilio
    assert "checked here alone" in how_tested(run)


def test_with_test_credentials_twilio_checks_it_too(
    campaign: Campaign, organization: Organization
) -> None:
    connection = TwilioConnection.objects.get(organization=organization)
    connection.set_test_credentials("AC" + "1" * 32, "secret")
    connection.save()
    run = begin(campaign, "test")
    assert run.tested_with_twilio
    assert "by Twilio with the test credentials" in how_tested(run)
    live = begin(campaign, "live")
    assert not live.tested_with_twilio
    assert how_tested(live) == ""
