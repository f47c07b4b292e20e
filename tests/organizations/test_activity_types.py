"""The activity types that records need: whether they are there, made with one click, named anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.test import Client

from serving_in_thread import serve_in_thread
from textmanager.organizations.activity_types import (
    TypeRefused,
    activity_types,
    create_activity_types,
    look_for_types,
)
from textmanager.organizations.models import AuditEvent, ImisConnection, Organization, User
from textmanager.sandbox.imis import ImisSettings, create_app

TYPES = "/api/legacyactivitytype"


@pytest.fixture
def imis() -> Iterator[str]:
    """A site that has none of ours yet."""
    with serve_in_thread(create_app(ImisSettings(activity_types=("CALL", "MEETING")))) as address:
        yield address


@pytest.fixture
def connected(organization: Organization, imis: str) -> Organization:
    ImisConnection.objects.filter(organization=organization).update(base_url=imis)
    return organization


@pytest.fixture
def desk(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def fault(imis: str, **details: Any) -> None:
    requests.post(f"{imis}/_sandbox/faults", json=details, timeout=5).raise_for_status()


def kept(imis: str) -> dict[str, dict[str, Any]]:
    found = requests.get(f"{imis}/_sandbox/activity-types", timeout=5).json()["activity_types"]
    return {each["ActivityTypeId"]: each for each in found}


def page(desk: Client, path: str = "/settings/activity-types/found/") -> str:
    answer = desk.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_is_missing_is_shown_with_what_depends_on_it(
    desk: Client, connected: Organization
) -> None:
    shown = page(desk)
    assert shown.count("Missing") == 3
    assert "Without it, texts are not written to members&#x27; records" in shown
    assert "Create TEXTMSG, TEXTUNSUB, TEXTUNSUB_A in iMIS" in shown
    assert "Its name has 11 characters; older sites may take only 10." in shown
    assert "Labels – Description: Number, Note: Text, CEU type: Category." in shown


def test_one_click_creates_them(desk: Client, connected: Organization, imis: str) -> None:
    answer = desk.post("/settings/activity-types/create/", follow=True)
    assert "Created in iMIS: TEXTMSG, TEXTUNSUB, TEXTUNSUB_A." in answer.content.decode()
    assert [each.is_there for each in look_for_types(connected.pk)] == [True] * 3
    made = kept(imis)["TEXTUNSUB"]
    assert made["Description"] == "Tracking opt-outs"
    assert (made["CeuTypePrompt"], made["Uf1Prompt"]) == ("Category", "ToFormatted")
    assert "Uf1Prompt" not in kept(imis)["TEXTMSG"]
    events = AuditEvent.objects.filter(action="created activity type")
    assert {event.after["activity_type"] for event in events} >= {"TEXTMSG"}
    assert "Nothing is to be done" in page(desk)


def test_what_is_there_is_left_alone(connected: Organization, imis: str, alice: User) -> None:
    create_activity_types(connected, actor=alice)
    before = kept(imis)
    assert create_activity_types(connected, actor=alice) == []
    assert kept(imis) == before


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_site_that_does_not_let_it_be_created_leaves_the_steps(
    desk: Client, connected: Organization, imis: str, status: int
) -> None:
    fault(imis, kind="status", path=TYPES, method="POST", status=status)
    answer = desk.post("/settings/activity-types/create/", follow=True)
    assert "iMIS does not let TEXTMSG be created from here" in answer.content.decode()
    assert "Create it by hand" in answer.content.decode()


def test_a_name_that_does_not_fit_is_said_to_be_too_long(
    connected: Organization, imis: str, alice: User
) -> None:
    requests.get(f"{imis}/", timeout=5)
    ImisConnection.objects.update(text_type="CALL", opt_out_type="MEETING")
    fault(imis, kind="status", path=TYPES, method="POST", status=400, text="String truncated")
    with pytest.raises(TypeRefused, match="has 11 characters, and older sites take 10"):
        create_activity_types(connected, actor=alice)


def test_a_lost_answer_is_looked_for(connected: Organization, imis: str, alice: User) -> None:
    fault(imis, kind="lost_answer", path=TYPES, method="POST")
    assert create_activity_types(connected, actor=alice)[0] == "TEXTMSG"


def test_other_names_are_kept_in_capitals(desk: Client, connected: Organization) -> None:
    names = {"text_type": "textmsg", "opt_out_type": "TEXTUNSUB", "came_back_type": "textback"}
    desk.post("/settings/activity-types/", names)
    assert activity_types(connected.pk) == ("TEXTMSG", "TEXTUNSUB", "TEXTBACK")
    (event,) = AuditEvent.objects.filter(action="named activity types")
    assert (event.before, event.after) == (
        {"came_back_type": "TEXTUNSUB_A"},
        {"came_back_type": "TEXTBACK"},
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("TEXT MSG", "without blanks"),
        ("TEXTUNSUB", "Each needs a name of its own."),
        ("", "Fill this in."),
    ],
)
def test_a_name_that_cannot_be_is_told_and_stays_typed(
    desk: Client, connected: Organization, wrong: str, words: str
) -> None:
    names = {"text_type": wrong, "opt_out_type": "TEXTUNSUB", "came_back_type": "TEXTUNSUB_A"}
    shown = desk.post("/settings/activity-types/", names).content.decode()
    assert words in shown
    assert f'value="{wrong}"' in shown or not wrong
    assert activity_types(connected.pk).texts == "TEXTMSG"


def test_an_imis_that_is_away_is_said(desk: Client, organization: Organization) -> None:
    assert "Nothing answers at 127.0.0.1:9" in page(desk)


def test_the_types_are_of_ones_own_imis(
    client: Client, charlie: User, connected: Organization, imis: str
) -> None:
    client.force_login(charlie)
    client.post("/settings/activity-types/create/")
    assert "TEXTMSG" not in kept(imis)
