"""The audit trail: everything that was asked for, in order, readable, and nothing secret."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from textmanager.organizations import trail as trail_module
from textmanager.organizations.models import AuditEvent, Organization, User
from textmanager.organizations.trail import A_PAGE, Asked, changes_of, trail

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def event(of: Organization, **values: Any) -> AuditEvent:
    return AuditEvent.objects.create(
        **{
            "organization": of,
            "actor_name": "alice",
            "action": "changed",
            "subject_kind": "campaign",
            "subject_id": "1",
            "subject_name": "Dues reminder",
            "at": NOON,
            **values,
        }
    )


def test_pages_have_every_event_once_even_of_the_same_moment(organization: Organization) -> None:
    made = [event(organization, at=NOON + dt.timedelta(seconds=n // 40)) for n in range(120)]
    seen: list[int] = []
    before = ""
    for _ in range(3):
        page = trail(organization, Asked(), before=before)
        assert page.total == 120
        seen += [told.event.pk for told in page.events]
        before = page.older
    assert before == ""
    assert seen == [each.pk for each in reversed(made)]


def test_what_is_written_meanwhile_moves_nothing_on_the_next_page(
    organization: Organization,
) -> None:
    made = [event(organization, at=NOON + dt.timedelta(minutes=n)) for n in range(A_PAGE + 1)]
    older = trail(organization, Asked()).older
    event(organization, at=NOON + dt.timedelta(days=1))
    (last,) = trail(organization, Asked(), before=older).events
    assert last.event == made[0]


@pytest.mark.parametrize("before", ["x", "2026-01-01_1", "2026-01-01T00:00:00+00:00_x", "_5"])
def test_a_place_that_somebody_made_up_is_the_beginning(
    organization: Organization, before: str
) -> None:
    event(organization)
    assert len(trail(organization, Asked(), before=before).events) == 1


def test_it_is_asked_by_person_kind_and_day_of_the_organization(
    organization: Organization,
) -> None:
    late = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)  # 10 PM of the 23rd in New York
    mine = event(organization, at=late)
    theirs = event(organization, actor_name="bob", subject_kind="run", at=late)
    day = dt.date(2026, 11, 23)

    def found(**asked: Any) -> list[int]:
        return [told.event.pk for told in trail(organization, Asked(**asked)).events]

    assert found(person="alice") == [mine.pk]
    assert found(kind="run") == [theirs.pk]
    assert found(since=day, until=day) == [theirs.pk, mine.pk]
    assert found(since=day + dt.timedelta(days=1)) == []
    assert found(until=day - dt.timedelta(days=1)) == []


def test_values_are_told_as_people_read_them(organization: Organization) -> None:
    told = changes_of(
        event(
            organization,
            before={"daily_allowance": 10, "same": 1, "emails": []},
            after={"daily_allowance": 20, "same": 1, "emails": ["a@b.c", "d@e.f"], "is_on": True},
        )
    )
    assert [(each.what, each.before, each.after) for each in told] == [
        ("Daily allowance", "10", "20"),
        ("Emails", "–", "a@b.c, d@e.f"),
        ("Is on", "–", "yes"),
    ]


def test_a_secret_that_got_in_is_not_shown(desk: Client, organization: Organization) -> None:
    event(organization, before={"auth_token": "one"}, after={"auth_token": "two secrets"})
    event(organization, after={"password": True})
    page = desk.get("/settings/trail/").content.decode()
    assert "two secrets" not in page
    assert "hidden" in page
    assert re.search(r"Password</dt><dd>.*yes", page)


def test_a_trail_without_end_is_not_counted_to_its_end(
    organization: Organization, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "COUNTED_TO", 3)
    for _ in range(4):
        event(organization)
    assert "more than 1,000 events" in desk.get("/settings/trail/").content.decode()


def test_the_page_leads_on_and_keeps_what_was_asked(
    desk: Client, organization: Organization
) -> None:
    for _ in range(A_PAGE + 1):
        event(organization)
    page = desk.get("/settings/trail/?person=alice&since=2026-11-01").content.decode()
    assert f"{A_PAGE + 1} events" in page
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', page)
    assert older
    address = older.group(1).replace("&amp;", "&")
    assert "person=alice" in address
    second = desk.get(f"/settings/trail/{address}").content.decode()
    assert second.count('data-label="Who"') == 1
    assert "Newest" in second


def test_each_organization_has_a_trail_of_its_own(desk: Client, charlie: User) -> None:
    event(charlie.memberships.get().organization, subject_name="Secret gathering")
    assert "Secret gathering" not in desk.get("/settings/trail/").content.decode()
