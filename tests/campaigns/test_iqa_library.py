"""Finding an IQA: by its folder, by words, among those used before."""

from __future__ import annotations

import datetime as dt

import pytest
import requests
from django.core.cache import cache

import world
from textmanager.campaigns import iqa_library
from textmanager.campaigns.audience import AudienceUnavailable
from textmanager.campaigns.iqa_library import QueryMatches, folder, recently_used, search_queries
from textmanager.campaigns.models import Campaign
from textmanager.imis.documents import QueryListing
from textmanager.imis.iqa import IqaDocument
from textmanager.organizations.models import Organization, Sender, User

BOARD = "$/Text Manager/Board of directors"


def calls(imis: str) -> int:
    """How many operations the site was asked for."""
    seen = requests.get(f"{imis}/_sandbox/requests", timeout=5).json()
    return int(seen.get("/api/DocumentSummary/_execute", 0))


def fault(imis: str, **details: object) -> None:
    address = f"{imis}/_sandbox/faults"
    requests.post(address, json=details, timeout=5).raise_for_status()


def test_folders_are_opened_one_at_a_time_and_remembered(
    connected: Organization, imis: str
) -> None:
    before = calls(imis)

    top = folder(connected.pk)
    inside = folder(connected.pk, "$/Text Manager")

    assert [(each.name, each.is_folder) for each in top] == [
        ("Samples", True),
        ("Text Manager", True),
    ]
    assert BOARD in [each.path for each in inside]
    assert [each.name for each in inside] == sorted(each.name for each in inside)
    assert folder(connected.pk, "$/Text Manager/") == inside
    assert calls(imis) == before + 2


def test_a_folder_that_is_not_there_is_no_empty_one(connected: Organization) -> None:
    with pytest.raises(AudienceUnavailable, match="no folder “\\$/Nowhere”"):
        folder(connected.pk, "$/Nowhere")


def test_an_imis_that_is_away_is_said(organization: Organization) -> None:
    with pytest.raises(AudienceUnavailable, match="Nothing answers"):
        folder(organization.pk)
    with pytest.raises(AudienceUnavailable, match="Nothing answers"):
        search_queries(organization.pk, "board")


@pytest.mark.parametrize("words", ["board", "DIRECTORS  board", "manager/board"])
def test_every_word_has_to_fit_in_any_order(connected: Organization, words: str) -> None:
    matches = search_queries(connected.pk, words)

    assert [each.path for each in matches.found] == [BOARD]
    assert matches.is_complete


def test_those_named_like_the_words_come_first(connected: Organization) -> None:
    found = [each.name for each in search_queries(connected.pk, "m").found]

    assert found[0] == "Members of a chapter"
    assert found.index("All members") < found.index("Empty") or "Empty" not in found
    assert set(found) >= {"All members", "Regular members", "No ID column"}


def test_typing_on_asks_the_site_once(connected: Organization, imis: str) -> None:
    before = calls(imis)
    for words in ("b", "bo", "boa"):
        search_queries(connected.pk, words)

    assert calls(imis) == before + 1


def test_where_the_site_cannot_list_all_at_once_its_folders_are_walked(
    connected: Organization, imis: str
) -> None:
    everywhere = search_queries(connected.pk, "")
    documents_before = calls(imis)
    cache.clear()
    fault(imis, kind="status", path="/api/documentsummary", status=501, text="Not implemented")

    walked = search_queries(connected.pk, "")

    assert sorted(each.path for each in walked.found) == sorted(
        each.path for each in everywhere.found
    )
    assert walked.is_complete
    # The refused call, the root and its two folders.
    assert calls(imis) == documents_before + 4


def test_more_than_anybody_reads_through_is_said_to_be_cut(
    connected: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iqa_library, "MOST_MATCHES", 3)

    matches = search_queries(connected.pk, "")

    assert len(matches.found) == 3
    assert not matches.is_complete


def test_a_walk_that_its_bounds_ended_is_said_to_be_cut(
    connected: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(_client: object) -> QueryListing:
        return QueryListing((IqaDocument("Board", BOARD, is_folder=False),), is_complete=False)

    monkeypatch.setattr(iqa_library, "list_queries", cut)

    assert search_queries(connected.pk, "board") == QueryMatches(
        [IqaDocument("Board", BOARD, is_folder=False)], is_complete=False
    )


def test_those_used_last_come_first_and_each_once(
    organization: Organization, sender: Sender, charlie: User
) -> None:
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    used = [("$/A", 3), ("$/B", 1), ("$/A", 9), ("$/C", 2), ("", 0)]
    for path, days_ago in used:
        world.campaign(
            organization, by=sender, iqa_path=path, updated_at=now - dt.timedelta(days=days_ago)
        )
    world.campaign(organization, by=sender, iqa_path="$/Deleted", deleted_at=now)
    other = charlie.memberships.get().organization
    world.campaign(other, by=world.sender(other), iqa_path="$/Of somebody else")

    assert recently_used(organization) == ["$/B", "$/C", "$/A"]
    assert recently_used(organization, most=1) == ["$/B"]
    assert Campaign.objects.filter(organization=organization).count() == len(used) + 1
