"""View Runs: the figures of each run as columns, in pages that stay fast."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

import world
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.organizations.models import User
from textmanager.runs.models import Run, RunState
from textmanager.runs.run_list import A_PAGE
from textmanager.text.statuses import MessageStatus

SIX = ["Preparing", "Error", "Sent", "Delivered", "Undelivered", "Failed"]
DAY = dt.timedelta(days=1)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def html_of(browser: Client, campaign: Campaign, **address: str) -> str:
    answer = browser.get(f"/runs/campaign/{campaign.pk}/", address)
    assert answer.status_code == 200
    return answer.content.decode()


def headings(html: str) -> list[str]:
    return re.findall(r"<abbr title=\"[^\"]+\">([^<]+)</abbr>", html)


def figures(html: str) -> dict[str, str]:
    """The cells of the first run, by their headings."""
    row = html.split("<tbody>")[1].split("</tr>", maxsplit=1)[0]
    return dict(re.findall(r'class="number[^"]*" data-label="(\w+)">([\d,]+)<', row))


def test_the_six_names_are_always_there_and_ours_when_a_run_has_them(
    page: Client, run: Run
) -> None:
    assert headings(html_of(page, run.campaign)) == SIX
    for number, status in enumerate(
        (
            MessageStatus.QUEUED,
            MessageStatus.ACCEPTED,
            MessageStatus.DELIVERED,
            MessageStatus.UNDELIVERED,
            MessageStatus.SKIPPED,
            MessageStatus.HELD,
        )
    ):
        world.message(run, number, status=status, segments=2)
    Run.objects.update(contacts=1_234)
    html = html_of(page, run.campaign)
    assert headings(html) == [*SIX, "Held", "Skipped"]
    assert figures(html) == {
        "Contacts": "1,234",
        "Segments": "6",
        "Preparing": "2",
        "Error": "0",
        "Sent": "0",
        "Delivered": "1",
        "Undelivered": "1",
        "Failed": "0",
        "Held": "1",
        "Skipped": "1",
    }


def test_runs_come_in_pages_the_newest_first(page: Client, campaign: Campaign) -> None:
    first = dt.datetime(2026, 1, 1, 14, 0, tzinfo=dt.UTC)
    for number in range(2 * A_PAGE + 1):
        world.run(campaign, scheduled_for=first + number * DAY, state=RunState.COMPLETED)
    html = html_of(page, campaign)
    assert "51 runs, the newest first · page 1 of 3" in html
    assert html.count('data-label="Run"') == A_PAGE
    assert 'href="?page=2"' in html
    last = html_of(page, campaign, page="3")
    assert last.count('data-label="Run"') == 1
    assert "Jan 1, 2026, 9:00 AM EST" in last
    for nonsense in ("0", "x", "-3", "99"):
        assert "51 runs" in html_of(page, campaign, page=nonsense)


@pytest.mark.parametrize("count", [1, 60])
def test_no_page_asks_more_of_the_database_the_more_runs_there_are(
    page: Client, campaign: Campaign, django_assert_max_num_queries: Any, count: int
) -> None:
    for number in range(count):
        run = world.run(
            campaign, scheduled_for=dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + number * DAY
        )
        world.message(run, 1, status=MessageStatus.DELIVERED)
    with django_assert_max_num_queries(12):
        html_of(page, campaign)


def test_a_run_that_was_skipped_or_missed_says_why(page: Client, campaign: Campaign) -> None:
    world.run(campaign, state=RunState.SKIPPED, reason="It was skipped on purpose.")
    html = html_of(page, campaign)
    assert "Skipped" in html
    assert "It was skipped on purpose." in html


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"next_run_at": dt.datetime(2099, 12, 2, 14, tzinfo=dt.UTC)}, "The first one is due in"),
        ({"state": CampaignState.PAUSED}, "nothing is scheduled"),
        ({"kind": CampaignKind.ONE_TIME, "state": CampaignState.DRAFT}, "A draft does not run"),
    ],
)
def test_without_runs_it_says_what_to_expect(
    page: Client, campaign: Campaign, values: dict[str, Any], said: str
) -> None:
    Campaign.objects.update(**values)
    assert said in html_of(page, campaign)


def test_it_leads_back_to_the_list_of_its_kind(page: Client, campaign: Campaign) -> None:
    Campaign.objects.update(kind=CampaignKind.ONE_TIME)
    assert 'href="/campaigns/?kind=one_time">One-Time campaigns</a>' in html_of(page, campaign)
