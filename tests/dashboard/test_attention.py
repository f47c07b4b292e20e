"""Banners: each appears when something needs a hand, says what to do, and goes."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations import twilio_health
from textmanager.organizations.models import (
    ImisConnection,
    Organization,
    Sender,
    TwilioConnection,
    User,
)
from textmanager.runs.models import Run

ELSEWHERE = "/opt-outs/"


def banners(client: Client, path: str = ELSEWHERE) -> list[tuple[str, str]]:
    """Tone and words of each, with where its remedies lead."""
    html = client.get(path).content.decode()
    found = re.search(r'<section class="banners".*?</section>', html, re.DOTALL)
    if not found:
        return []
    return [
        (tone, re.sub(r"\s+", " ", re.sub(r"<(?!a )[^>]+>", " ", words)).strip())
        for tone, words in re.findall(r'<div class="notice (\w+)">(.*?)</div>', found[0], re.DOTALL)
    ]


@pytest.fixture
def calm(worker: None, desk: Client, campaign: Campaign) -> Client:
    """All is well: connected, a worker runs, a LIVE campaign is active."""
    assert banners(desk) == []
    return desk


def one(client: Client) -> tuple[str, str]:
    (banner,) = banners(client)
    return banner


def test_a_missing_worker_is_told_until_one_runs(campaign: Campaign, desk: Client) -> None:
    tone, words = one(desk)
    assert tone == "error"
    assert "No worker is running" in words
    assert "/settings/check/" in words


def test_a_worker_that_fell_silent_is_missing(calm: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 min'")
    assert "No worker is running" in one(calm)[1]


def test_a_held_run_is_told_with_its_reason_and_where_to_let_it_go(calm: Client, run: Run) -> None:
    Run.objects.update(state="held", reason="The audience is ten times its usual size.")
    tone, words = one(calm)
    assert tone == "warning"
    assert "“Dues reminder” is held" in words
    assert "ten times its usual size" in words
    assert f"/runs/{run.pk}/" in words
    Run.objects.update(state="sending", reason="")
    assert banners(calm) == []


def test_several_held_runs_are_one_banner_that_leads_to_each(
    calm: Client, campaign: Campaign
) -> None:
    hours = [timezone.now() - dt.timedelta(hours=number) for number in range(5)]
    runs = [world.run(campaign, scheduled_for=at, state="held") for at in hours]
    words = one(calm)[1]
    assert "5 runs are held" in words
    assert [str(run.pk) in words for run in runs] == [True, True, True, False, False]


def test_a_missed_run_is_told_for_three_days(calm: Client, campaign: Campaign) -> None:
    now = timezone.now()
    run = world.run(
        campaign,
        scheduled_for=now - dt.timedelta(hours=71),
        state="missed",
        reason="Text Manager was not running at that time.",
    )
    tone, words = one(calm)
    assert tone == "warning"
    assert "did not take place. Text Manager was not running" in words
    assert f"/runs/{run.pk}/" in words
    Run.objects.update(scheduled_for=now - dt.timedelta(hours=73))
    assert banners(calm) == []


def test_a_failed_run_comes_before_a_held_one(calm: Client, campaign: Campaign) -> None:
    now = timezone.now()
    world.run(campaign, scheduled_for=now, state="held")
    world.run(
        campaign, scheduled_for=now - dt.timedelta(hours=1), state="failed", reason="No such IQA."
    )
    assert [tone for tone, _ in banners(calm)] == ["error", "warning"]
    assert "failed. No such IQA." in banners(calm)[0][1]


def test_an_imis_that_refuses_is_told_until_it_lets_us_in(calm: Client) -> None:
    ImisConnection.objects.update(failing_since=timezone.now(), problem="The password has expired.")
    words = one(calm)[1]
    assert "The password has expired." in words
    assert "/settings/imis/" in words
    ImisConnection.objects.update(failing_since=None, problem="")
    assert banners(calm) == []


def test_a_twilio_that_refuses_is_told_and_mailed_once(
    calm: Client, organization: Organization
) -> None:
    Organization.objects.update(alert_emails=["office@example.org"])
    for _ in range(3):
        twilio_health.note(organization.pk, "the account is suspended.", timezone.now())
    words = one(calm)[1]
    assert "Twilio does not let us in: the account is suspended." in words
    assert "/settings/twilio/" in words
    (sent,) = mail.outbox
    assert "the account is suspended." in sent.body
    twilio_health.note(organization.pk, "", timezone.now())
    assert banners(calm) == []


async def test_the_watch_finds_an_account_that_cannot_be_reached(
    organization: Organization,
) -> None:
    assert "Twilio" in await twilio_health._look_up(organization.pk)


def test_a_password_that_expires_is_told_two_weeks_before(calm: Client) -> None:
    entered = timezone.now() - dt.timedelta(days=80)
    ImisConnection.objects.update(password_changed_at=entered)
    assert "textmanager expires in 10 days" in one(calm)[1]
    ImisConnection.objects.update(password_changed_at=timezone.now())
    assert banners(calm) == []


def test_missing_connections_are_told(calm: Client) -> None:
    ImisConnection.objects.all().delete()
    TwilioConnection.objects.all().delete()
    told = banners(calm)
    assert [("/settings/imis/" in words, "/settings/twilio/" in words) for _, words in told] == [
        (True, False),
        (False, True),
    ]


def test_senders_that_send_nothing_are_told_while_campaigns_need_them(
    calm: Client, organization: Organization, campaign: Campaign
) -> None:
    Sender.objects.update(unfit_because="It is not in this Twilio account.")
    tone, words = one(calm)
    assert tone == "warning"
    assert "“Dues reminder” has a sender from which nothing can leave" in words
    assert f"/campaigns/{campaign.pk}/edit/" in words
    assert "/settings/twilio/" in words
    world.campaign(organization, by=campaign.sender, name="Another")
    words = one(calm)[1]
    assert "2 campaigns that are to run have senders" in words
    assert "“Another”" in words
    assert [tone for tone, _ in banners(calm, "/")] == ["warning"]
    Campaign.objects.update(api_mode="test")
    # A rehearsal needs nothing but that the sender is in use.
    assert "TEST mode" in one(calm)[1]
    Sender.objects.update(unfit_because="", is_active=False)
    assert "2 campaigns that are to run have senders" in banners(calm)[0][1]
    Campaign.objects.update(state="paused")
    assert banners(calm) == []


def test_test_mode_is_told_quietly_while_every_campaign_is_in_it(
    calm: Client, organization: Organization, campaign: Campaign
) -> None:
    Campaign.objects.update(api_mode="test")
    tone, words = one(calm)
    assert tone == "test"
    assert "Every campaign is in TEST mode" in words
    world.campaign(organization, by=campaign.sender, name="Live one")
    assert banners(calm) == []


def test_without_campaigns_nothing_is_said_of_test_mode(worker: None, desk: Client) -> None:
    assert banners(desk) == []


def test_a_viewer_is_told_who_can_help_and_led_nowhere_forbidden(
    worker: None, campaign: Campaign, bob: User, client: Client
) -> None:
    client.force_login(bob)
    ImisConnection.objects.update(failing_since=timezone.now(), problem="Locked.")
    tone, words = one(client)
    assert (tone, "/settings/" in words) == ("warning", False)
    assert "An administrator can set it right." in words


def test_nobody_hears_of_another_organization(
    worker: None, run: Run, charlie: User, client: Client
) -> None:
    Run.objects.update(state="held", reason="Secret reason")
    client.force_login(charlie)
    assert banners(client) == []


def test_a_page_outside_the_organization_has_no_banner(desk: Client, run: Run) -> None:
    Run.objects.update(state="held")
    assert banners(desk, "/organization/") == []
