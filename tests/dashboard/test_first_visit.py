"""The path of a first visit, taken step by step."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import (
    ImisConnection,
    Organization,
    Role,
    Sender,
    TwilioConnection,
    User,
)
from textmanager.runs.models import Run

STEPS = [
    "Connect iMIS",
    "Connect Twilio, and choose a sender",
    "Run a first campaign in TEST mode",
    "Go live",
]


def path(client: Client) -> list[tuple[str, str]]:
    """Each step's title and where it stands: done, next, or empty."""
    html = client.get("/").content.decode()
    found = re.search(r'<ol class="steps">.*?</ol>', html, re.DOTALL)
    items = re.findall(
        r"<li(?: class=\"(\w+)\")?[^>]*><strong>([^<]+)", found[0] if found else "", re.DOTALL
    )
    return [(title, where) for where, title in items]


def standing(client: Client) -> list[str]:
    return [where for _, where in path(client)]


@pytest.fixture
def newcomer(worker: None, desk: Client) -> Client:
    """Alice on her first day: nothing is connected."""
    ImisConnection.objects.all().delete()
    TwilioConnection.objects.all().delete()
    return desk


def test_step_by_step_to_a_live_campaign(newcomer: Client, organization: Organization) -> None:
    assert path(newcomer) == list(zip(STEPS, ["next", "", "", ""], strict=True))

    imis = ImisConnection(organization=organization, base_url="http://127.0.0.1:9")
    imis.set_password("secret")
    imis.save()
    assert standing(newcomer) == ["done", "next", "", ""]

    twilio = TwilioConnection(organization=organization, account_sid=f"AC{7:032x}")
    twilio.set_auth_token("token")
    twilio.save()
    # An account without a sender sends nothing.
    assert standing(newcomer) == ["done", "next", "", ""]
    sender = world.sender(organization)
    assert standing(newcomer) == ["done", "done", "next", ""]

    campaign = world.campaign(organization, by=sender, api_mode="test")
    run = world.run(campaign)
    assert standing(newcomer) == ["done", "done", "next", ""]
    Run.objects.filter(pk=run.pk).update(state="completed")
    assert standing(newcomer) == ["done", "done", "done", "next"]

    Campaign.objects.update(api_mode="live")
    assert path(newcomer) == []


def test_the_next_step_leads_to_where_it_is_taken(newcomer: Client) -> None:
    html = newcomer.get("/").content.decode()
    assert '<a class="button small" href="/settings/imis/">Connect iMIS</a>' in html
    # The path says it already.
    assert 'class="banners"' not in html
    assert 'class="banners"' in newcomer.get("/opt-outs/").content.decode()


def test_a_connection_that_fails_after_it_worked_is_a_step_again_and_a_banner(
    worker: None, desk: Client, organization: Organization
) -> None:
    ImisConnection.objects.update(failing_since=timezone.now(), problem="Locked.")
    assert standing(desk)[0] == "next"
    assert "Locked." in desk.get("/").content.decode()


def test_who_texted_for_real_needs_no_test_run(
    worker: None, desk: Client, organization: Organization, run: Run
) -> None:
    Run.objects.update(state="completed")
    Campaign.objects.update(state="paused")
    assert path(desk) == []


def test_it_is_put_away_for_good(newcomer: Client) -> None:
    answer = newcomer.post("/first-visit/hide/")
    assert answer.headers["Location"] == "/"
    assert path(newcomer) == []
    # What is left to do is told from now on as on every page.
    assert "Connect it" in newcomer.get("/").content.decode()


@pytest.mark.parametrize(
    ("values", "label", "leads_to"),
    [
        ({}, "Run it now", "run-now/"),
        ({"kind": "one_time", "state": "scheduled"}, "Run it now", "run-now/"),
        ({"state": "paused"}, "Run it now", "run-now/"),
        ({"state": "draft"}, "Go on with this draft", "edit/"),
        ({"kind": "one_time", "state": "completed"}, "Make a campaign", None),
        ({"state": "archived"}, "Make a campaign", None),
        ({"state": "archived", "deleted_at": timezone.now()}, "Make a campaign", None),
    ],
    ids=str,
)
def test_a_campaign_that_waits_for_its_test_run_is_not_made_again(
    sender: Sender, desk: Client, values: dict[str, Any], label: str, leads_to: str | None
) -> None:
    made = world.campaign(sender.organization, by=sender, api_mode="test", **values)
    address = f"/campaigns/{made.pk}/{leads_to}" if leads_to else "/campaigns/new/"
    html = desk.get("/").content.decode()
    assert f'href="{address}">{label}</a>' in html
    assert ("Make a campaign" in html) is (leads_to is None)


def test_one_that_was_saved_goes_before_a_later_draft(
    organization: Organization, sender: Sender, desk: Client
) -> None:
    saved = world.campaign(organization, by=sender, api_mode="test")
    world.campaign(organization, by=sender, api_mode="test", state="draft")
    assert f'href="/campaigns/{saved.pk}/run-now/">Run it now</a>' in desk.get("/").content.decode()


def test_while_the_test_run_goes_on_the_path_leads_to_it(
    organization: Organization, sender: Sender, desk: Client
) -> None:
    run = world.run(world.campaign(organization, by=sender, api_mode="test"))
    assert f'href="/runs/{run.pk}/">See how it goes</a>' in desk.get("/").content.decode()
    # It can be run again when nothing came of it.
    Run.objects.update(state="canceled")
    assert "Run it now" in desk.get("/").content.decode()


def test_a_viewer_sees_the_path_and_cannot_take_it(
    newcomer: Client, bob: User, client: Client
) -> None:
    client.force_login(bob)
    assert standing(client) == ["next", "", "", ""]
    html = client.get("/").content.decode()
    assert "A colleague with another role can take this step." in html
    assert "/settings/" not in html
    assert client.post("/first-visit/hide/").status_code == 403


def test_an_author_is_led_to_a_campaign_but_not_to_connections(
    worker: None, organization: Organization, client: Client
) -> None:
    world.sender(organization)
    client.force_login(world.person("ann", organization, Role.AUTHOR))
    assert 'href="/campaigns/new/">Make a campaign</a>' in client.get("/").content.decode()
