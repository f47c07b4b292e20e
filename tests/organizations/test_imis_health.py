"""The watch over each iMIS: what people are told, when and how often; a refused password rests."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core import mail
from django.test import Client
from django.utils import timezone

from serving_in_thread import serve_in_thread
from textmanager.config.bridge import in_database
from textmanager.imis.errors import ImisSignInRefused
from textmanager.imis.tokens import SHARED
from textmanager.organizations import imis_health
from textmanager.organizations.connections import AFTER_REFUSAL, imis_client, note_refusal
from textmanager.organizations.examination import examine_organization
from textmanager.organizations.imis_health import Seen
from textmanager.organizations.models import ImisConnection, Organization, User
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app

EXPIRED = Seen("The password has expired.")
AWAY = Seen("iMIS did not answer in time.", is_passing=True)


@pytest.fixture
def imis() -> Iterator[str]:
    with serve_in_thread(create_app(ImisSettings())) as address:
        yield address


@pytest.fixture
def watched(organization: Organization, imis: str) -> Organization:
    """Connected to the sandbox, with somebody to tell."""
    Organization.objects.update(alert_emails=["office@example.org"])
    ImisConnection.objects.filter(organization=organization).update(base_url=imis)
    return organization


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def connection(organization: Organization) -> ImisConnection:
    return ImisConnection.objects.get(organization=organization)


def page(desk: Client, path: str = "/campaigns/") -> str:
    return desk.get(path).content.decode()


def sign_ins(imis: str) -> int:
    return int(requests.get(f"{imis}/_sandbox/requests", timeout=5).json().get("/token", 0))


def fault(imis: str, **details: Any) -> None:
    requests.post(f"{imis}/_sandbox/faults", json=details, timeout=5).raise_for_status()


class TestWhatPeopleAreTold:
    def test_all_is_well(self, desk: Client, watched: Organization) -> None:
        imis_health.note(watched.pk, Seen(), timezone.now())
        assert mail.outbox == []
        assert "background account" not in page(desk)

    def test_a_failing_account_is_on_every_page_and_mailed_once(
        self, desk: Client, watched: Organization
    ) -> None:
        for minutes in range(0, 60, 10):
            at = timezone.now() + dt.timedelta(minutes=minutes)
            imis_health.note(watched.pk, EXPIRED, at)
        (sent,) = mail.outbox
        assert "The password has expired." in sent.body
        assert "/settings/imis/" in sent.body
        assert "The password has expired." in page(desk)
        imis_health.note(watched.pk, Seen(), timezone.now())
        assert "The password has expired." not in page(desk)
        assert [each.subject for each in mail.outbox[1:]] == [
            "Sample Association: iMIS works again"
        ]
        imis_health.note(watched.pk, Seen("Locked."), timezone.now() + dt.timedelta(hours=2))
        assert len(mail.outbox) == 3

    def test_what_passes_by_itself_is_shown_at_once_and_mailed_when_it_lasts(
        self, desk: Client, watched: Organization
    ) -> None:
        now = timezone.now()
        imis_health.note(watched.pk, AWAY, now)
        assert "did not answer in time" in page(desk)
        imis_health.note(watched.pk, Seen(), now + dt.timedelta(minutes=10))
        assert mail.outbox == []

        for minutes in (20, 30, 40):
            imis_health.note(watched.pk, AWAY, now + dt.timedelta(minutes=minutes))
        assert [each.subject for each in mail.outbox] == ["Sample Association: iMIS needs a hand"]

    def test_a_password_is_warned_of_three_times(self, desk: Client, watched: Organization) -> None:
        now = timezone.now()
        found = ImisConnection.objects.filter(organization=watched)
        found.update(password_changed_at=now)
        for day in range(95):
            imis_health.note(watched.pk, Seen(), now + dt.timedelta(days=day, hours=1))
        assert len(mail.outbox) == 3
        assert "expires in 14 days" in mail.outbox[0].body
        found.update(password_changed_at=now - dt.timedelta(days=85))
        assert "expires in 5 days" in page(desk)

    def test_every_place_tells_the_same_age_of_a_password(
        self, desk: Client, watched: Organization
    ) -> None:
        entered = timezone.now() - dt.timedelta(seconds=10)
        ImisConnection.objects.update(password_changed_at=entered)
        assert "<dd>in 90 days <small>" in page(desk, "/settings/imis/")
        (told,) = [
            each.words for each in examine_organization(watched) if each.subject == "iMIS password"
        ]
        assert told == "It expires in 90 days, if it was set when it was entered."


@pytest.mark.django_db(transaction=True)
class TestHowItLooks:
    def test_a_site_that_answers_is_well(self, watched: Organization) -> None:
        assert asyncio.run(imis_health.look(watched.pk)) == Seen()

    def test_a_sign_in_that_nobody_answers_may_pass(self, organization: Organization) -> None:
        seen = asyncio.run(imis_health.look(organization.pk))
        assert "Nothing answers at 127.0.0.1:9" in seen.problem
        assert seen.is_passing

    def test_a_site_that_fails_behind_its_sign_in_is_found(
        self, watched: Organization, imis: str
    ) -> None:
        fault(imis, kind="status", path="/api/", status=500, count=3)
        seen = asyncio.run(imis_health.look(watched.pk))
        assert "HTTP 500" in seen.problem

    def test_folders_that_this_account_may_not_see_are_no_failure(
        self, watched: Organization, imis: str
    ) -> None:
        fault(imis, kind="status", path="/api/", status=403, count=3)
        assert asyncio.run(imis_health.look(watched.pk)) == Seen()

    def test_the_watch_keeps_what_it_saw(self, watched: Organization) -> None:
        asyncio.run(imis_health.watch_imis.func(0))
        assert connection(watched).last_success_at is not None


@pytest.mark.django_db(transaction=True)
class TestARefusedPassword:
    def mistyped(self, organization: Organization) -> None:
        kept = connection(organization)
        kept.set_password("mistyped")
        kept.save()

    def test_no_process_tries_it_again_until_a_pause_is_over(
        self, watched: Organization, imis: str
    ) -> None:
        self.mistyped(watched)
        for _ in range(3):
            seen = asyncio.run(imis_health.look(watched.pk))
            assert "does not accept" in seen.problem
            # Another process has a memory of its own.
            SHARED.forgive(imis, BACKGROUND.username)
        assert sign_ins(imis) == 1

        ImisConnection.objects.update(refused_at=timezone.now() - AFTER_REFUSAL)
        asyncio.run(imis_health.look(watched.pk))
        assert sign_ins(imis) == 2

    def test_every_page_shows_it_at_once(self, desk: Client, watched: Organization) -> None:
        self.mistyped(watched)
        with pytest.raises(ImisSignInRefused):
            asyncio.run(self.use(watched))
        assert "does not accept the user name" in page(desk)

    async def use(self, organization: Organization) -> None:
        client = await in_database(imis_client, organization.pk)
        async with client:
            await client.get("Party/10001")

    def test_another_password_is_tried_at_once(self, watched: Organization, imis: str) -> None:
        self.mistyped(watched)
        asyncio.run(imis_health.look(watched.pk))
        kept = connection(watched)
        kept.set_password(BACKGROUND.password)
        kept.save()
        assert asyncio.run(imis_health.look(watched.pk)) == Seen()
        assert sign_ins(imis) == 2

    def test_a_refusal_of_the_password_before_does_not_stain_the_new_one(
        self, watched: Organization
    ) -> None:
        before = connection(watched).password_sealed
        self.mistyped(watched)
        note_refusal(connection(watched).pk, before, "Refused.", timezone.now())
        assert connection(watched).refused_at is None

    def test_somebody_who_unlocked_the_account_asks_to_look_now(
        self, watched: Organization, imis: str
    ) -> None:
        locked = '{"error":"invalid_grant","error_description":"The account is locked out."}'
        fault(imis, kind="status", path="/token", status=400, text=locked)
        assert "is locked" in asyncio.run(imis_health.look(watched.pk)).problem
        assert "is locked" in asyncio.run(imis_health.look(watched.pk)).problem
        assert sign_ins(imis) == 1

        assert imis_health.look_now(watched.pk) == Seen()
        kept = connection(watched)
        assert (kept.refused_at, kept.failing_since, kept.problem) == (None, None, "")
        assert sign_ins(imis) == 2
