"""Both lists of campaigns: what each shows, finds, sorts by, and offers to do."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

import world
from textmanager.campaigns.listing import A_PAGE, SORTS, Wanted
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.organizations.models import Organization, Sender, User
from textmanager.runs.models import Run, RunState
from textmanager.text.statuses import MessageStatus

NOON = dt.datetime(2099, 12, 2, 17, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def office(organization: Organization) -> Sender:
    return world.sender(organization)


def one_time(office: Sender, name: str, state: str, **values: Any) -> Campaign:
    return world.campaign(
        office.organization,
        by=office,
        name=name,
        kind=CampaignKind.ONE_TIME,
        state=state,
        rrule="",
        **values,
    )


def recurring(office: Sender, name: str, **values: Any) -> Campaign:
    return world.campaign(office.organization, by=office, name=name, **values)


def html_of(browser: Client, **address: str) -> str:
    answer = browser.get("/campaigns/", address)
    assert answer.status_code == 200
    return answer.content.decode()


def line_of(html: str, name: str) -> str:
    (line,) = [line for line in html.split("<tr>") if f">{name}</a>" in line]
    return line


def names(html: str) -> list[str]:
    """The names in the list, from top to bottom."""
    return re.findall(r'data-label="Campaign"><div>\s*<a href="[^"]*">([^<]*)</a>', html)


def test_each_kind_has_its_tab_with_how_many_are_current(page: Client, office: Sender) -> None:
    for number in range(3):
        one_time(office, f"Once {number}", CampaignState.SCHEDULED)
    one_time(office, "Old", CampaignState.ARCHIVED)
    one_time(office, "Gone", CampaignState.ARCHIVED, deleted_at=timezone.now())
    recurring(office, "Often")
    html = " ".join(html_of(page, kind="one_time").split())
    assert 'One-Time <span class="count">3</span>' in html
    assert 'Recurring <span class="count">1</span>' in html
    assert "3 campaigns" in html
    assert names(html) == ["Once 2", "Once 1", "Once 0"]
    assert "/campaigns/new/?kind=one_time" in html
    assert names(html_of(page)) == ["Often"]


def test_what_is_archived_or_deleted_is_shown_when_asked_for(page: Client, office: Sender) -> None:
    one_time(office, "Old", CampaignState.ARCHIVED)
    one_time(office, "Gone", CampaignState.ARCHIVED, deleted_at=timezone.now())
    assert names(html_of(page, kind="one_time")) == []
    assert names(html_of(page, kind="one_time", state="archived")) == ["Old"]
    deleted = html_of(page, kind="one_time", state="deleted")
    assert names(deleted) == ["Gone"]
    assert "1 deleted campaign" in deleted
    offered = line_of(deleted, "Gone")
    assert "/duplicate/" in offered
    assert "/delete/" not in offered


@pytest.mark.parametrize("state", ["draft", "scheduled", "sending", "completed"])
def test_a_state_filters_the_list(page: Client, office: Sender, state: str) -> None:
    for each in ("draft", "scheduled", "sending", "completed"):
        one_time(office, f"Is {each}", each)
    html = html_of(page, kind="one_time", state=state)
    assert names(html) == [f"Is {state}"]
    assert f'<option value="{state}" selected>' in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("dues", ["Dues reminder"]),
        ("REMINDER dues", ["Dues reminder"]),
        ("directors", ["Board", "Dues reminder"]),
        ("lapse", ["News"]),
        ("100%", []),
        ("_", []),
    ],
)
def test_a_search_looks_at_names_and_iqas(
    page: Client, office: Sender, query: str, found: list[str]
) -> None:
    recurring(office, "Board")
    recurring(office, "Dues reminder")
    recurring(office, "News", iqa_path="$/Members/Dues lapse soon".replace("Dues ", ""))
    html = html_of(page, q=query)
    assert names(html) == found
    if not found:
        assert "Nothing fits this search" in html


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["Ann", "Ben", "Cleo"]),
        ("-name", ["Cleo", "Ben", "Ann"]),
        ("next", ["Cleo", "Ann", "Ben"]),
        ("-next", ["Ann", "Cleo", "Ben"]),
        ("last", ["Ben", "Ann", "Cleo"]),
        ("-last", ["Ann", "Ben", "Cleo"]),
        ("state", ["Ann", "Cleo", "Ben"]),
        ("-created", ["Ann", "Cleo", "Ben"]),
        ("no such order", ["Ann", "Ben", "Cleo"]),
    ],
)
def test_a_sort_puts_what_has_no_such_time_last(
    page: Client, office: Sender, sort: str, order: list[str]
) -> None:
    ben = recurring(office, "Ben", state=CampaignState.PAUSED, next_run_at=None)
    recurring(office, "Cleo", next_run_at=NOON)
    ann = recurring(office, "Ann", next_run_at=NOON + HOUR)
    world.run(ben, scheduled_for=NOON - 9 * HOUR)
    world.run(ann, scheduled_for=NOON - 20 * HOUR)
    world.run(ann, scheduled_for=NOON - 2 * HOUR)
    assert names(html_of(page, sort=sort)) == order


def test_every_sort_is_known_to_both_kinds(page: Client, office: Sender) -> None:
    recurring(office, "Often")
    one_time(office, "Once", CampaignState.DRAFT)
    for kind in CampaignKind:
        for sort in SORTS:
            html = html_of(page, kind=kind, sort=sort)
            assert len(names(html)) == 1
            assert f'<option value="{sort}" selected>' in html


def test_a_heading_sorts_and_says_how(page: Client, office: Sender) -> None:
    recurring(office, "Often")
    html = html_of(page)
    assert '<th scope="col" aria-sort="ascending"><a href="?kind=recurring&amp;sort=-name">' in html
    assert html.count("aria-sort") == 1
    turned = html_of(page, sort="-name")
    assert '<th scope="col" aria-sort="descending"><a href="?kind=recurring">' in turned


def test_the_list_comes_in_pages_and_keeps_what_was_asked(page: Client, office: Sender) -> None:
    for number in range(2 * A_PAGE + 3):
        recurring(office, f"Campaign {number:03}")
    first, last = html_of(page, q="Campaign"), html_of(page, q="Campaign", page="3")
    assert len(names(first)) == A_PAGE
    assert names(last) == ["Campaign 050", "Campaign 051", "Campaign 052"]
    assert 'href="?kind=recurring&amp;q=Campaign&amp;page=2"' in first
    assert "53 campaigns" in first
    assert names(html_of(page, page="999")) == names(last)
    for nonsense in ("0", "-1", "x", "9" * 400, "²"):
        assert names(html_of(page, page=nonsense)) == names(first)


@pytest.mark.parametrize("count", [1, 60])
def test_no_list_asks_more_of_the_database_the_longer_it_is(
    page: Client, office: Sender, django_assert_max_num_queries: Any, count: int
) -> None:
    for number in range(count):
        for campaign in (
            recurring(office, f"Often {number}"),
            one_time(office, f"Once {number}", CampaignState.COMPLETED),
        ):
            run = world.run(campaign)
            world.run(campaign, scheduled_for=run.scheduled_for - HOUR)
            world.message(run, 1, status=MessageStatus.DELIVERED)
    for address in (
        {"kind": "recurring"},
        {"kind": "one_time"},
        {"kind": "one_time", "q": "once", "sort": "-last"},
    ):
        with django_assert_max_num_queries(12):
            page.get("/campaigns/", address)


def test_a_line_tells_that_a_rehearsal_has_texted_nobody(page: Client, office: Sender) -> None:
    campaign = recurring(office, "Often")
    run = world.run(campaign, scheduled_for=NOON, contacts=4, api_mode="test")
    for number in range(3):
        world.message(run, number, status=MessageStatus.TESTED)
    line = line_of(html_of(page), "Often")
    assert '<span class="tag live">LIVE</span>' in line
    assert 'data-label="Texted"><div>0 <span class="quiet">3 tested</span></div></td>' in line
    (ran,) = re.findall(r'data-label="Last run">(.*?)</td>', line, re.DOTALL)
    assert '<span class="tag test">TEST</span>' in ran


def test_a_line_shows_the_latest_run_by_its_figures(page: Client, office: Sender) -> None:
    campaign = one_time(office, "Webinar", CampaignState.COMPLETED)
    world.run(campaign, scheduled_for=NOON - HOUR, contacts=99)
    run = world.run(campaign, scheduled_for=NOON, contacts=4, state=RunState.COMPLETED)
    world.message(run, 1, status=MessageStatus.DELIVERED)
    world.message(run, 2, status=MessageStatus.UNDELIVERED)
    world.message(run, 3, status=MessageStatus.SKIPPED)
    world.message(run, 4, status=MessageStatus.FAILED)
    line = line_of(html_of(page, kind="one_time"), "Webinar")
    assert 'data-label="Contacts">4</td>' in line
    assert 'data-label="Texted">2</td>' in line
    assert f'<a href="/runs/{run.pk}/">Webinar</a>' in line, "the name leads to its dashboard"
    assert "Dec 2, 2099, 12:00 PM EST" in line


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("draft", {"edit", "duplicate", "delete"}),
        ("scheduled", {"edit", "run-now", "unschedule", "duplicate", "delete"}),
        ("sending", {"duplicate", "delete"}),
        ("completed", {"duplicate", "archive", "delete"}),
        ("archived", {"unarchive", "duplicate", "delete"}),
    ],
)
def test_a_one_time_campaign_offers_what_its_state_allows(
    page: Client, office: Sender, state: str, offered: set[str]
) -> None:
    campaign = one_time(office, "Webinar", state)
    if state in {"sending", "completed"}:
        world.run(campaign)
    html = html_of(page, kind="one_time", state="archived" if state == "archived" else "")
    assert actions(html, campaign) == offered


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("draft", {"edit", "duplicate", "delete"}),
        ("active", {"edit", "pause", "skip", "run-now", "duplicate", "delete"}),
        ("paused", {"edit", "resume", "run-now", "duplicate", "archive", "delete"}),
        ("ended", {"edit", "run-now", "duplicate", "archive", "delete"}),
        ("archived", {"unarchive", "duplicate", "delete"}),
    ],
)
def test_a_recurring_campaign_offers_what_its_state_allows(
    page: Client, office: Sender, state: str, offered: set[str]
) -> None:
    campaign = recurring(office, "Often", state=state, next_run_at=NOON)
    html = html_of(page, state="archived" if state == "archived" else "")
    assert actions(html, campaign) == offered


def actions(html: str, campaign: Campaign) -> set[str]:
    """What the menu of a campaign leads to; each of its addresses exists."""
    found = re.findall(rf'="(/campaigns/{campaign.pk}/([a-z-]+)/)"', html)
    for address, _ in found:
        resolve(address)
    return {action for _, action in found}


def test_a_missed_one_may_be_given_another_time(page: Client, office: Sender) -> None:
    campaign = one_time(office, "Storm", CampaignState.COMPLETED)
    world.run(campaign, state=RunState.MISSED, reason="Text Manager was not running.")
    html = html_of(page, kind="one_time")
    assert "Missed: Text Manager was not running." in html
    assert "reschedule" in actions(html, campaign)
    answer = page.post(f"/campaigns/{campaign.pk}/reschedule/")
    assert answer.headers["Location"] == f"/campaigns/{campaign.pk}/edit/"
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_one_that_was_sent_is_not_given_another_time(page: Client, office: Sender) -> None:
    campaign = one_time(office, "Webinar", CampaignState.COMPLETED)
    world.run(campaign, state=RunState.COMPLETED)
    html = page.post(f"/campaigns/{campaign.pk}/reschedule/", follow=True).content.decode()
    assert "has been sent" in html
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED


def test_unscheduling_says_that_nothing_is_sent(page: Client, office: Sender) -> None:
    campaign = one_time(office, "Webinar", CampaignState.SCHEDULED, next_run_at=NOON)
    html = page.post(f"/campaigns/{campaign.pk}/unschedule/", follow=True).content.decode()
    assert "“Webinar” is a draft again and will not be sent." in html
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_run_at) == (CampaignState.DRAFT, None)


@pytest.mark.parametrize(
    ("kind", "state", "back"),
    [
        (CampaignKind.ONE_TIME, "completed", "completed"),
        (CampaignKind.RECURRING, "paused", "paused"),
        (CampaignKind.RECURRING, "ended", "paused"),
    ],
)
def test_archiving_offers_an_undo_that_starts_nothing(
    page: Client, office: Sender, kind: str, state: str, back: str
) -> None:
    campaign = recurring(office, "Old", kind=kind, state=state, next_run_at=NOON)
    answer = page.post(
        f"/campaigns/{campaign.pk}/archive/", {"back": "kind=recurring&q=old&page=1"}, follow=True
    )
    html = answer.content.decode()
    assert "“Old” is archived." in html
    assert f'action="/campaigns/{campaign.pk}/unarchive/"' in html
    assert answer.redirect_chain[0][0] == "/campaigns/?kind=recurring&q=old"
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_run_at) == (CampaignState.ARCHIVED, None)
    assert campaign.archived_at is not None
    page.post(f"/campaigns/{campaign.pk}/unarchive/")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_run_at) == (back, None)


def test_what_has_no_occurrence_ahead_comes_back_as_ended(page: Client, office: Sender) -> None:
    campaign = recurring(office, "Old", state=CampaignState.ENDED, rrule="FREQ=DAILY;COUNT=2")
    page.post(f"/campaigns/{campaign.pk}/archive/")
    page.post(f"/campaigns/{campaign.pk}/unarchive/")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.ENDED


@pytest.mark.parametrize("state", ["draft", "scheduled", "sending", "active", "archived"])
def test_what_is_not_over_is_not_archived(page: Client, office: Sender, state: str) -> None:
    campaign = recurring(office, "Now", state=state, next_run_at=NOON)
    html = page.post(f"/campaigns/{campaign.pk}/archive/", follow=True).content.decode()
    assert 'class="notice error"' in html
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_run_at) == (state, NOON)


def test_a_skip_tells_which_run_and_offers_an_undo(page: Client, office: Sender) -> None:
    next_run = dt.datetime(2099, 12, 2, 14, 0, tzinfo=dt.UTC)
    campaign = recurring(office, "Often", next_run_at=next_run)
    wanted = {"occurrence": next_run.isoformat()}
    html = page.post(f"/campaigns/{campaign.pk}/skip/", wanted, follow=True).content.decode()
    assert "“Often” skips its run of Dec 2, 2099, 9:00 AM EST." in html
    assert f'action="/campaigns/{campaign.pk}/undo-skip/"' in html
    line = line_of(html, "Often")
    assert "Dec 3, 2099, 9:00 AM EST" in line
    assert "Skips Dec 2, 2099, 9:00 AM EST" in line
    html = page.post(f"/campaigns/{campaign.pk}/undo-skip/", wanted, follow=True).content.decode()
    assert "“Often” runs after all on Dec 2, 2099, 9:00 AM EST." in html
    assert "Skips" not in line_of(html, "Often")


@pytest.mark.parametrize("occurrence", ["", "tomorrow", "2099-12-02T14:00:00", "2099-99-99T14:00Z"])
def test_a_skip_of_no_instant_is_refused(page: Client, office: Sender, occurrence: str) -> None:
    campaign = recurring(office, "Often", next_run_at=NOON)
    answer = page.post(f"/campaigns/{campaign.pk}/skip/", {"occurrence": occurrence})
    assert answer.status_code == 404
    campaign.refresh_from_db()
    assert campaign.skipped == []


def test_where_to_go_back_to_never_leads_out_of_the_list(page: Client, office: Sender) -> None:
    campaign = recurring(office, "Often", next_run_at=NOON)
    for back in ("//example.org", "\r\nX: y", "kind=one_time&next=https://example.org"):
        answer = page.post(f"/campaigns/{campaign.pk}/pause/", {"back": back})
        assert answer.headers["Location"].startswith("/campaigns/?kind=")
        assert "example.org" not in answer.headers["Location"]


def test_sending_now_asks_first_and_leads_to_the_run(page: Client, office: Sender) -> None:
    campaign = one_time(office, "Webinar", CampaignState.SCHEDULED, next_run_at=NOON)
    asked = page.get(f"/campaigns/{campaign.pk}/run-now/").content.decode()
    assert "Send “Webinar” now?" in asked
    assert "takes the place of Dec 2, 2099, 12:00 PM EST" in asked
    assert f'<p class="bubble">{html.escape(campaign.template)}</p>' in asked
    assert not Run.objects.exists()
    answer = page.post(f"/campaigns/{campaign.pk}/run-now/")
    assert answer.headers["Location"] == f"/runs/{Run.objects.get().pk}/"
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_run_at) == (CampaignState.SENDING, None)


def test_deleting_one_that_is_scheduled_says_that_nobody_is_texted(
    page: Client, office: Sender
) -> None:
    campaign = one_time(office, "Webinar", CampaignState.SCHEDULED, next_run_at=NOON)
    asked = page.get(f"/campaigns/{campaign.pk}/delete/").content.decode()
    assert "scheduled for Dec 2, 2099, 12:00 PM EST, and nobody will be texted then" in asked
    answer = page.post(f"/campaigns/{campaign.pk}/delete/")
    assert answer.headers["Location"] == "/campaigns/?kind=one_time"
    campaign.refresh_from_db()
    assert campaign.next_run_at is None


def test_a_draft_with_nothing_in_it_is_listed(page: Client, office: Sender) -> None:
    draft = one_time(
        office, "", CampaignState.DRAFT, sender=None, iqa_path="", template="", time_zone=""
    )
    assert names(html_of(page, kind="one_time")) == ["Untitled draft"]
    for address in (f"/campaigns/{draft.pk}/delete/", f"/runs/campaign/{draft.pk}/"):
        assert "ntitled draft" in page.get(address).content.decode()


def test_a_schedule_that_cannot_be_read_does_not_hide_the_list(
    page: Client, office: Sender
) -> None:
    recurring(office, "Broken", rrule="FREQ=NEVER")
    recurring(office, "Whole")
    html = html_of(page)
    assert names(html) == ["Broken", "Whole"]
    assert "cannot be read" in html


def test_a_search_as_one_types_answers_with_the_list_alone(page: Client, office: Sender) -> None:
    recurring(office, "Often")
    answer = page.get("/campaigns/", {"q": "oft", "state": "", "sort": ""}, headers=FRAGMENT)
    html = answer.content.decode()
    assert names(html) == ["Often"]
    assert "<h1" not in html
    assert 'hx-swap-oob="innerHTML:#total"' in html
    assert "HX-Request" in answer.headers["Vary"]
    assert answer.headers["HX-Push-Url"] == "/campaigns/?kind=recurring&q=oft"
    restored = page.get("/campaigns/", headers={**FRAGMENT, "HX-History-Restore-Request": "true"})
    assert "<h1" in restored.content.decode()


@pytest.mark.parametrize("kind", list(CampaignKind))
def test_an_empty_list_teaches_the_first_step(
    organization: Organization, page: Client, kind: str
) -> None:
    html = html_of(page, kind=kind)
    assert f"/campaigns/new/?kind={kind}" in html
    assert "TEST mode" in html
    assert "<table" not in html
    assert 'role="search"' not in html


def test_a_viewer_is_offered_no_change(bob: User, client: Client, office: Sender) -> None:
    client.force_login(bob)
    campaign = recurring(office, "Often", next_run_at=NOON)
    html = html_of(client)
    assert names(html) == ["Often"]
    assert actions(html, campaign) == set()
    assert "/campaigns/new/" not in html


def test_a_stranger_sees_and_duplicates_nothing(
    charlie: User, client: Client, office: Sender
) -> None:
    client.force_login(charlie)
    campaign = recurring(office, "Often")
    assert names(html_of(client)) == []
    assert "(0)" in html_of(client) or "Your first recurring campaign" in html_of(client)
    assert client.post(f"/campaigns/{campaign.pk}/duplicate/").status_code == 404
    assert Campaign.objects.count() == 1


def test_an_address_that_is_read_and_written_stays_the_same() -> None:
    wanted = Wanted.from_address(
        {"kind": "one_time", "q": " board & dues ", "state": "draft", "sort": "name", "page": "2"}
    )
    assert wanted == Wanted(CampaignKind.ONE_TIME, "board & dues", "draft", "name", 2)
    assert wanted.address() == "kind=one_time&q=board+%26+dues&state=draft&sort=name"
    assert wanted.address(page="2").endswith("&page=2")
    assert Wanted.from_address({"kind": "?", "state": "scheduled"}).state == ""
