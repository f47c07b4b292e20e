"""The pages of runs: what happened, to whom, and why."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import User
from textmanager.runs.models import Message, Run, RunState, WriteBack
from textmanager.text.statuses import MessageStatus

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def ended(run: Run) -> Run:
    """One message of each kind that staff ask about."""
    world.message(run, 0, status=MessageStatus.DELIVERED, settled_at=NOW)
    world.message(run, 1, status=MessageStatus.UNDELIVERED, settled_at=NOW, error_code=30003)
    world.message(run, 2, status=MessageStatus.FAILED, settled_at=NOW, error_code=99999)
    world.message(run, 3, status=MessageStatus.SKIPPED, settled_at=NOW, reason="opted_out")
    world.message(
        run,
        4,
        status=MessageStatus.ERROR,
        settled_at=NOW,
        reason="number:too_short",
        to="",
        raw_phone="555-0198",
    )
    world.message(
        run,
        5,
        status=MessageStatus.DELIVERED,
        settled_at=NOW,
        write_back=WriteBack.FAILED,
        write_back_error="iMIS has no such member.",
    )
    Run.objects.update(state=RunState.COMPLETED, completed_at=NOW, settled_at=NOW, contacts=6)
    run.refresh_from_db()
    return run


def messages(browser: Client, run: Run, **query: str) -> str:
    answer = browser.get(f"/runs/{run.pk}/messages/", query, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def shown(html: str) -> set[str]:
    """The iMIS IDs in the table."""
    return set(re.findall(r">\s*(100\d\d)\s*<", html))


def test_the_page_tells_every_figure_and_every_reason(page: Client, ended: Run) -> None:
    html = page.get(f"/runs/{ended.pk}/").content.decode()
    for part in (
        "Dues reminder, Nov 23, 2026, 9:00 AM EST",
        "Completed",
        "6 contacts",
        "Opted out",
        "too short",
        "iMIS has no such member.",
        "555-0198",
        "99999",
        "<svg",
        "What happened",
        f"/runs/{ended.pk}/messages/?status=skipped&amp;cause=opted_out",
        f"/runs/{ended.pk}/messages/?status=undelivered&amp;cause=30003",
    ):
        assert part in html, part


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"status": "delivered"}, ["10001", "10006"]),
        ({"status": "failed"}, ["10003"]),
        ({"status": "skipped"}, ["10004"]),
        ({"q": "10002"}, ["10002"]),
        ({"q": "+12025550102"}, ["10003"]),
        ({"q": "(202) 555-0102"}, ["10003"]),
        ({"q": "10002", "status": "delivered"}, []),
        ({"q": "nobody"}, []),
        ({"q": "0102"}, ["10003"]),
        ({"q": "5550102"}, ["10003"]),
        ({"q": "555-0198"}, ["10005"]),  # no valid number, as it stands in iMIS
        ({"cause": "30003"}, ["10002"]),
        ({"cause": "opted_out", "status": "skipped"}, ["10004"]),
        ({"cause": "opted_out", "status": "failed"}, []),
        ({"record": "failed"}, ["10006"]),
        ({"record": "failed", "status": "undelivered"}, []),
        ({"record": "waiting"}, []),
        ({"record": "nonsense"}, ["10001", "10002", "10003", "10004", "10005", "10006"]),
    ],
    ids=str,
)
def test_messages_are_found_by_status_number_and_member(
    page: Client, ended: Run, query: dict[str, str], ids: list[str]
) -> None:
    assert sorted(shown(messages(page, ended, **query))) == ids


@pytest.mark.parametrize(
    "place",
    [{"after": "99999"}, {"after": "-1"}, {"before": "0"}, {"before": "x"}, {"after": "9" * 30}],
    ids=str,
)
def test_a_page_that_does_not_exist_is_not_an_error(
    page: Client, ended: Run, place: dict[str, str]
) -> None:
    messages(page, ended, **place)


def many(run: Run, count: int) -> None:
    Message.objects.bulk_create(
        [
            Message(
                run=run,
                number=number,
                organization=run.organization,
                sender=run.sender,
                imis_id=f"M{number:04d}",
                to=f"+1202555{number:04d}",
                body="Hello",
                status=MessageStatus.QUEUED if number % 3 else MessageStatus.ACCEPTED,
                not_before=NOW,
            )
            for number in range(count)
        ]
    )


def link(html: str, name: str) -> str | None:
    found = re.search(rf'<a id="{name}"[^>]* href="([^"]+)"', html)
    return found.group(1).replace("&amp;", "&") if found else None


@pytest.mark.parametrize("filters", ["", "?status=preparing"])
def test_every_message_is_on_exactly_one_page_in_both_directions(
    page: Client, run: Run, filters: str
) -> None:
    many(run, 230)
    everybody = [f"M{n:04d}" for n in range(230)]
    first = f"/runs/{run.pk}/messages/{filters}"
    for start, step in ((first, "next"), (None, "previous")):
        address, pages = start, []
        if address is None:
            html = page.get(first, headers={"HX-Request": "true"}).content.decode()
            address = link(html, "last")
        while address:
            html = page.get(address, headers={"HX-Request": "true"}).content.decode()
            pages.append([name for name in everybody if f">{name}<" in html])
            address = link(html, step)
        assert len(pages) == 8
        assert [n for each in (pages if step == "next" else pages[::-1]) for n in each] == everybody


def test_a_run_that_is_sending_asks_for_news_and_one_that_is_settled_does_not(
    page: Client, run: Run
) -> None:
    world.message(run, 1)
    address = f"/runs/{run.pk}/progress/"
    html = page.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Sending: 1 text to go." in html
    assert "every 2s" in html
    Run.objects.update(state=RunState.COMPLETED, completed_at=NOW, settled_at=NOW)
    html = page.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in html


def test_pausing_resuming_and_canceling_from_the_page(page: Client, run: Run) -> None:
    world.message(run, 1)
    html = page.post(f"/runs/{run.pk}/pause/", follow=True).content.decode()
    assert "The run is paused." in html
    assert "Paused by alice on" in html
    html = page.post(f"/runs/{run.pk}/resume/", follow=True).content.decode()
    assert "The run goes on." in html
    html = page.post(f"/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "The run is canceled." in html
    assert Message.objects.get().status == MessageStatus.CANCELED
    html = page.post(f"/runs/{run.pk}/resume/", follow=True).content.decode()
    assert "Only a run that is held or paused can go on." in html


@pytest.mark.parametrize("left", [0, 2])
def test_what_was_canceled_does_not_pass_for_handled(page: Client, run: Run, left: int) -> None:
    for number in range(5):
        status = MessageStatus.DELIVERED if number < left else MessageStatus.QUEUED
        world.message(run, number, status=status)
    html = page.post(f"/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert f"{left} of 5 texts handled, {5 - left} canceled" in html
    assert f'<progress max="5" value="{left}"' in html


def test_the_list_of_runs_has_the_figures_of_each(
    page: Client, campaign: Campaign, ended: Run
) -> None:
    world.run(
        campaign,
        scheduled_for=NOW + dt.timedelta(days=1),
        state=RunState.MISSED,
        reason="Text Manager was not running at that time.",
        contacts=None,
    )
    html = page.get(f"/runs/campaign/{campaign.pk}/").content.decode()
    for part in ("2 runs", "Delivered 2", "Failed 1", "Missed", "was not running"):
        assert part in html, part


def test_a_large_run_costs_no_more_questions_than_a_small_one(
    page: Client, run: Run, django_assert_max_num_queries: object
) -> None:
    for number in range(60):
        world.message(run, number, status=MessageStatus.DELIVERED)
    with django_assert_max_num_queries(12):  # type: ignore[operator] # a fixture
        page.get(f"/runs/{run.pk}/")


def test_the_messages_follow_a_run_that_goes_on_with_the_filter_that_was_set(
    page: Client, run: Run
) -> None:
    world.message(run, 1)
    shown_now = messages(page, run, status="preparing", q="10002")
    assert 'hx-trigger="every 3s"' in shown_now
    assert f"/runs/{run.pk}/messages/?status=preparing&amp;q=10002&amp;" in shown_now


def options(html: str, of: str) -> dict[str, bool]:
    """The values that a filter offers, and whether each is chosen."""
    (filter_,) = re.findall(rf'<select id="{of}".*?</select>', html, re.DOTALL)
    found = re.findall(r'<option value="([^"]*)"( selected)?>', filter_)
    return {value: bool(chosen) for value, chosen in found}


def test_the_filters_are_renewed_with_the_rows_of_a_run_that_goes_on(
    page: Client, run: Run
) -> None:
    html = page.get(f"/runs/{run.pk}/").content.decode()
    (rows,) = re.findall(r'<div id="rows"[^>]*>', html)
    (brought,) = re.findall(r'hx-select-oob="([^"]*)"', rows)
    assert brought == "#by-status:innerHTML,#by-cause:innerHTML"
    # The links to other pages stand within the rows, and bring the filters whole.
    assert 'hx-disinherit="hx-select hx-select-oob"' in rows
    assert "skipped" not in options(html, "by-status")

    world.message(run, 1, status=MessageStatus.SKIPPED, reason="opted_out")
    html = messages(page, run)
    assert "skipped" in options(html, "by-status")
    assert "opted_out" in options(html, "by-cause")


def test_what_was_chosen_stays_offered_when_no_message_is_so_any_more(
    page: Client, run: Run
) -> None:
    world.message(run, 1)
    html = messages(page, run, status="held", cause="allowance")
    assert options(html, "by-status")["held"]
    assert options(html, "by-cause")["allowance"]
    html = messages(page, run, status="nonsense")
    assert "nonsense" not in options(html, "by-status")


def test_the_messages_of_a_settled_run_stand_still(page: Client, ended: Run) -> None:
    assert "every 3s" not in messages(page, ended)


@pytest.mark.parametrize("address", ["/runs/find/", "/calendar/", "/campaigns/"])
def test_the_pages_of_campaigns_have_the_same_tabs_and_mark_campaigns_in_the_menu(
    page: Client, ended: Run, address: str
) -> None:
    html = page.get(address).content.decode()
    assert '<a href="/campaigns/" aria-current="page">' in html
    tabs = html.split('<nav class="tabs"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"?]+)', tabs) == [
        "/campaigns/",
        "/campaigns/",
        "/calendar/",
        "/runs/find/",
    ]
    assert tabs.count('aria-current="page"') == 1
    assert re.search(rf'href="{address}[^>]*aria-current="page"', tabs)


def test_a_page_loads_only_the_scripts_that_it_uses(page: Client, ended: Run) -> None:
    scripts = {
        address: set(re.findall(r'src="/static/([\w-]+)', page.get(address).content.decode()))
        for address in ("/", "/campaigns/new/", f"/runs/{ended.pk}/")
    }
    assert not {"merge-fields", "live-rows", "campaign-form"} & scripts["/"]
    assert {"merge-fields", "campaign-form"} <= scripts["/campaigns/new/"]
    assert "live-rows" in scripts[f"/runs/{ended.pk}/"]
