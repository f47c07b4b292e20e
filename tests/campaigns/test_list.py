"""The list of recurring campaigns and what can be done to each."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

import world
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations.models import Organization
from textmanager.runs.models import Run, RunState
from textmanager.text.statuses import MessageStatus

LIST = "/campaigns/"


def test_the_empty_list_teaches_the_first_step(organization: Organization, page: Client) -> None:
    html = page.get(LIST).content.decode()
    assert "/campaigns/new/" in html
    assert "<table" not in html


def test_a_line_tells_name_schedule_runs_and_state(
    campaign: Campaign, run: Run, page: Client
) -> None:
    Campaign.objects.update(next_run_at=dt.datetime(2099, 1, 2, 14, 0, tzinfo=dt.UTC))
    world.message(run, 1, status=MessageStatus.DELIVERED)
    Run.objects.update(state=RunState.COMPLETED, contacts=1)
    html = page.get(LIST).content.decode()
    for part in (
        "Dues reminder",
        "Every day at 9:00 AM, Eastern Time",
        "Jan 2, 2099, 9:00 AM EST",
        "Nov 23, 2026, 9:00 AM EST",
        "Active",
        "LIVE",
        f"/runs/campaign/{campaign.pk}/",
        "1 campaign",
    ):
        assert part in html, part


def test_pausing_and_resuming(campaign: Campaign, page: Client) -> None:
    answer = page.post(f"/campaigns/{campaign.pk}/pause/", follow=True)
    assert "“Dues reminder” is paused." in answer.content.decode()
    assert Campaign.objects.get().state == CampaignState.PAUSED
    again = page.post(f"/campaigns/{campaign.pk}/pause/", follow=True).content.decode()
    assert "Only an active campaign can be paused." in again
    page.post(f"/campaigns/{campaign.pk}/resume/")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.ACTIVE
    assert campaign.next_run_at is not None
    assert campaign.next_run_at > dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("has_run", [True, False])
def test_what_is_told_of_a_deleted_campaigns_runs_is_true(
    campaign: Campaign, run: Run, page: Client, *, has_run: bool
) -> None:
    if not has_run:
        run.delete()
    told = page.post(f"/campaigns/{campaign.pk}/delete/", follow=True).content.decode()
    assert "“Dues reminder” is deleted." in told
    assert ("Its runs can still be seen." in told) is has_run


def test_deleting_asks_first_and_runs_stay_visible(
    campaign: Campaign, run: Run, page: Client
) -> None:
    asked = page.get(f"/campaigns/{campaign.pk}/delete/").content.decode()
    assert "Dues reminder" in asked
    assert Campaign.objects.get().deleted_at is None
    page.post(f"/campaigns/{campaign.pk}/delete/")
    assert "Dues reminder" not in page.get(LIST).content.decode().split("is deleted")[-1]
    assert "Dues reminder" in page.get(f"{LIST}?state=deleted").content.decode()
    assert str(run.pk) in page.get(f"/runs/campaign/{campaign.pk}/").content.decode()
    assert page.get(f"/runs/{run.pk}/").status_code == 200
    for forbidden in ("edit", "delete", "run-now"):
        assert page.get(f"/campaigns/{campaign.pk}/{forbidden}/").status_code == 404


def test_running_now_asks_first_and_starts_one_run(campaign: Campaign, page: Client) -> None:
    address = f"/campaigns/{campaign.pk}/run-now/"
    assert "Send the texts now" in page.get(address).content.decode()
    assert not Run.objects.exists()
    assert page.post(address).headers["Location"] == f"/runs/{Run.objects.get().pk}/"
    second = page.post(address, follow=True).content.decode()
    assert "Nothing was started: a run of this campaign is still going on" in second
    assert Run.objects.count() == 1
    assert Run.objects.get().started_by is not None


def test_what_would_only_be_refused_is_not_asked_and_leads_to_the_run_that_is_why(
    campaign: Campaign, page: Client
) -> None:
    address = f"/campaigns/{campaign.pk}/run-now/"
    page.post(address)
    of_run = f"/runs/{Run.objects.get().pk}/"
    assert page.get(address).headers["Location"] == of_run
    Run.objects.update(state=RunState.COMPLETED)
    for again in (page.get, page.post):
        answer = again(address, follow=True)
        assert answer.redirect_chain == [(of_run, 302)]
        told = answer.content.decode()
        assert "Nothing was started: this campaign was started by hand" in told
        assert "in a minute you can start another" in told
    assert Run.objects.count() == 1


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_asks_the_database_the_same_few_questions_however_long_it_is(
    organization: Organization,
    page: Client,
    django_assert_max_num_queries: object,
    count: int,
) -> None:
    sender = world.sender(organization)
    for number in range(count):
        world.run(world.campaign(organization, by=sender, name=f"Campaign {number}"))
    with django_assert_max_num_queries(12):  # type: ignore[operator] # a fixture
        assert page.get(LIST).status_code == 200


@pytest.mark.parametrize("state", [RunState.PREPARING, RunState.SENDING])
def test_pausing_a_campaign_pauses_its_run_that_is_going_on(
    page: Client, run: Run, state: str
) -> None:
    Run.objects.update(state=state)
    ended = world.run(run.campaign, state=RunState.COMPLETED, scheduled_for=timezone.now())
    answer = page.post(f"/campaigns/{run.campaign_id}/pause/", follow=True)
    assert "So is its run that was going on" in answer.content.decode()
    run.refresh_from_db()
    ended.refresh_from_db()
    assert (run.state, ended.state) == (RunState.HELD, RunState.COMPLETED)
    assert "Paused by alice" in run.reason

    page.post(f"/campaigns/{run.campaign_id}/resume/")
    run.refresh_from_db()
    assert run.state == RunState.HELD, "Its texts may be late by now: somebody decides."
