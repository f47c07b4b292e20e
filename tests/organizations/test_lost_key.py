"""A secret that no key opens is told where it is needed, and stops nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import world
from textmanager.campaigns.models import ApiMode
from textmanager.organizations.models import ImisConnection, Organization, TwilioConnection, User
from textmanager.organizations.polling import organizations_to_poll
from textmanager.organizations.secrets import UNREADABLE
from textmanager.organizations.twilio_examination import _test_mode
from textmanager.organizations.twilio_health import watch_twilio
from textmanager.runs.models import Run
from textmanager.runs.pipeline.plan import start_due_runs
from textmanager.runs.pipeline.send import open_drain

TEST_ACCOUNT = "AC" + "7" * 32


@pytest.fixture
def lost(organization: Organization, settings: Any) -> TwilioConnection:
    """Every secret of this organization is sealed with a key that is gone."""
    connection = TwilioConnection.objects.get(organization=organization)
    connection.set_auth_token("of Twilio")
    connection.set_test_credentials(TEST_ACCOUNT, "for tests")
    connection.save()
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    return connection


def test_campaigns_of_everybody_still_run(lost: TwilioConnection) -> None:
    now = timezone.now()
    other = world.organization("other")
    for each in (lost.organization, other):
        world.campaign(
            each, by=world.sender(each), api_mode=ApiMode.TEST, state="active", next_run_at=now
        )
    assert start_due_runs(now=now) == 2
    assert not Run.objects.filter(tested_with_twilio=True).exists()


def test_the_sender_of_a_test_run_is_still_opened(lost: TwilioConnection) -> None:
    drain = open_drain(world.sender(lost.organization).pk)
    assert (drain.live, drain.tested_with_twilio) == (None, None)


def test_replies_of_everybody_are_still_asked_for(lost: TwilioConnection) -> None:
    other = world.organization("other")
    assert set(organizations_to_poll(timezone.now())) == {lost.organization_id, other.pk}


@pytest.mark.django_db(transaction=True)
def test_the_watch_over_the_way_back_tells_and_goes_on(
    lost: TwilioConnection, settings: Any
) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    other = world.organization("other")
    asyncio.run(watch_twilio(0))
    lost.refresh_from_db()
    assert lost.reach_problem.startswith(UNREADABLE.rstrip("."))
    assert "no answer" in TwilioConnection.objects.get(organization=other).reach_problem


def test_the_set_up_check_tells_of_test_credentials(lost: TwilioConnection) -> None:
    (finding,) = _test_mode(lost)
    assert finding.words == UNREADABLE
    assert finding.remedy


@pytest.mark.parametrize("page", ["twilio", "imis"])
def test_the_page_where_it_is_entered_anew_says_so(
    lost: TwilioConnection, client: Client, alice: User, page: str
) -> None:
    client.force_login(alice)
    imis = ImisConnection.objects.get()
    form = {
        "twilio": {"account_sid": lost.account_sid, "receiving": "automatic"},
        "imis": {"base_url": imis.base_url, "username": imis.username, "password": ""},
    }[page]
    answer = client.post(reverse(f"settings:{page}"), form)
    assert answer.status_code == 200
    assert UNREADABLE in answer.content.decode()
