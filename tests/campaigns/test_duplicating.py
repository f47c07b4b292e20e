"""A copy says the same, has begun nothing, and is nobody's but this organization's."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from textmanager.campaigns.duplicating import COPIED, as_typed, duplicate_campaign
from textmanager.campaigns.editing import SAVED_FIELDS
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.runs.models import Run
from textmanager.runs.pipeline.plan import start_due_runs

NOON = dt.datetime(2026, 12, 2, 17, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("state", list(CampaignState))
def test_a_copy_is_a_draft_that_never_starts_by_itself(
    campaign: Campaign, alice: User, state: str
) -> None:
    Campaign.objects.update(state=state, next_run_at=NOON, skipped=[NOON], version=7)
    copy = duplicate_campaign(
        organization=campaign.organization, campaign_id=campaign.pk, actor=alice
    )
    copy.refresh_from_db()
    assert copy.name == "Copy of Dues reminder"
    assert (copy.state, copy.next_run_at, copy.skipped, copy.version) == ("draft", None, [], 1)
    assert copy.created_by == alice
    for name in COPIED:
        assert getattr(copy, name) == getattr(campaign, name), name
    Campaign.objects.filter(pk=campaign.pk).delete()
    assert start_due_runs(now=NOON + dt.timedelta(days=400)) == 0
    assert not Run.objects.exists()
    assert AuditEvent.objects.get().after["copy of"] == "Dues reminder"


def test_all_that_the_form_saves_is_copied() -> None:
    own = {"name", "start_date", "sender"}
    assert set(SAVED_FIELDS) - own <= set(COPIED)


def test_a_long_name_still_fits(campaign: Campaign, alice: User) -> None:
    Campaign.objects.update(name="x" * 120)
    copy = duplicate_campaign(
        organization=campaign.organization, campaign_id=campaign.pk, actor=alice
    )
    assert copy.name == "Copy of " + "x" * 112


def test_a_one_time_copy_has_no_day_yet(campaign: Campaign, alice: User) -> None:
    Campaign.objects.update(kind=CampaignKind.ONE_TIME, rrule="")
    copy = duplicate_campaign(
        organization=campaign.organization, campaign_id=campaign.pk, actor=alice
    )
    assert (copy.start_date, copy.typed["start_date"]) == (None, "")
    assert (copy.start_time, copy.typed["start_time"]) == (dt.time(9), "09:00")


def test_what_is_typed_in_a_copy_fills_the_form(
    organization: Organization, campaign: Campaign
) -> None:
    Campaign.objects.update(
        rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20991231T235959",
        report_emails=["a@example.org", "b@example.org"],
        prompt_answers=[["Chapter", "North"]],
    )
    campaign.refresh_from_db()
    typed = as_typed(campaign)
    assert typed["prompt-Chapter"] == "North"
    assert typed["report_emails"] == "a@example.org, b@example.org"
    form = CampaignForm(typed, organization=organization, columns=(), prompts=None, initial={})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["rrule"] == campaign.rrule
    assert form.cleaned_data["start_time"] == dt.time(9)
    assert form.cleaned_data["sender"] == campaign.sender


def test_duplicating_leads_to_the_form(page: Client, campaign: Campaign) -> None:
    answer = page.post(f"/campaigns/{campaign.pk}/duplicate/")
    copy = Campaign.objects.exclude(pk=campaign.pk).get()
    assert answer.headers["Location"] == f"/campaigns/{copy.pk}/edit/"


def test_another_organization_copies_nothing(campaign: Campaign, charlie: User) -> None:
    with pytest.raises(Campaign.DoesNotExist):
        duplicate_campaign(
            organization=Organization.objects.get(cloud_id="other"),
            campaign_id=campaign.pk,
            actor=charlie,
        )
    assert Campaign.objects.count() == 1
