"""The home page: its figures equal what was made, at few queries whatever there is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

import world
from textmanager.campaigns.agenda import coming_runs, going_campaigns
from textmanager.campaigns.models import Campaign
from textmanager.dashboard.home import agenda
from textmanager.dashboard.templatetags.deliveries import deliveries_chart, scale_top
from textmanager.organizations.models import Organization, Sender, User
from textmanager.replies.models import Answer, Conversation, OptOut
from textmanager.runs.deliveries import deliveries_by_day
from textmanager.runs.models import Message, Run

Count = Callable[[Client, str], int]
Read = Callable[[str], str]
# Half past ten in the morning of a Wednesday in New York.
NOW = dt.datetime(2026, 11, 25, 15, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def texts(run: Run, first: int, count: int, **values: object) -> None:
    for number in range(first, first + count):
        world.message(run, number, **{"to": f"+1202555{number:04d}", **values})


def test_segments_of_runs_and_answers_count_against_the_allowance(
    organization: Organization, sender: Sender, run: Run, read: Read
) -> None:
    Organization.objects.update(daily_allowance=1_000)
    today, yesterday, last_month = (
        dt.date(2026, 11, 25),
        dt.date(2026, 11, 24),
        dt.date(2026, 10, 31),
    )
    texts(run, 0, 3, segments=2, charged_day=today)
    texts(run, 3, 4, segments=1, charged_day=yesterday)
    texts(run, 7, 5, segments=1, charged_day=last_month)
    conversation = Conversation.objects.create(organization=organization, number="+12025550101")
    for day in (today, yesterday, last_month, None):
        Answer.objects.create(
            organization=organization,
            conversation=conversation,
            sender=sender,
            body="Yes",
            segments=10,
            charged_day=day,
        )
    page = read("/")
    assert "Segments today 16 of 1,000 a day · 984 left" in page
    assert "Segments this month 30 of 30,000 that its days allow" in page


def test_the_delivery_rate_is_of_those_whose_outcome_is_known(run: Run, read: Read) -> None:
    assert "no outcome in 30 days yet" in read("/")
    texts(run, 0, 7, status="delivered")
    texts(run, 7, 1, status="undelivered")
    texts(run, 8, 5, status="sent")
    page = read("/")
    assert "Delivery rate 87.5 % of 8 texts in 30 days" in page
    assert "Delivered 7 Sent 5 Undelivered 1 Failed 0" in page


def test_opt_outs_are_those_of_people_lately(organization: Organization, read: Read) -> None:
    midnight = dt.datetime(2026, 11, 25, 5, tzinfo=dt.UTC)
    for number, (at, source) in enumerate(
        (
            (midnight, "reply"),
            (midnight - dt.timedelta(seconds=1), "reply"),
            (midnight - dt.timedelta(days=29), "twilio"),
            (midnight - dt.timedelta(days=30), "reply"),
            (midnight, "imis"),
        )
    ):
        OptOut.objects.create(
            organization=organization, number=f"+1202555019{number}", source=source, created_at=at
        )
    assert "Opt-outs 1 opt-out today 3 in 30 days" in read("/")


def test_chart_and_table_agree(organization: Organization, run: Run, desk: Client) -> None:
    texts(run, 0, 6, status="delivered")
    texts(run, 6, 3, status="undelivered")
    html = desk.get("/").content.decode()
    row = re.search(r">Mon, Nov 23</th>(.*?)</tr>", html, re.DOTALL)
    assert row
    assert re.findall(r">(\d+)<", row[1]) == ["6", "0", "3", "0"]
    bar = re.search(r"<title>Nov 23: 9 texts</title>(.*?)</g>", html, re.DOTALL)
    assert bar
    heights = re.findall(r'height="([\d.]+)" class="fill-(\w+)"', bar[1])
    # The scale ends at ten texts.
    assert heights == [("60.00", "delivered"), ("30.00", "undelivered")]
    assert html.count("<rect") == 2
    chart = deliveries_chart(deliveries_by_day(organization, now=NOW, days=30))
    assert "6 delivered, 0 sent without a receipt, 3 undelivered, 0 failed" in chart


@pytest.mark.parametrize(
    ("most", "top"), [(0, 10), (10, 10), (11, 20), (20, 20), (21, 50), (99, 100), (501, 1000)]
)
def test_the_scale_ends_at_a_round_number_that_holds_every_bar(most: int, top: int) -> None:
    assert scale_top(most) == top


def test_coming_runs_stand_by_day_in_the_organizations_zone(
    organization: Organization, campaign: Campaign, read: Read
) -> None:
    Campaign.objects.update(
        rrule="FREQ=WEEKLY;BYDAY=FR", next_run_at=dt.datetime(2026, 11, 27, 14, tzinfo=dt.UTC)
    )
    world.campaign(
        organization,
        by=campaign.sender,
        name="Just once",
        kind="one_time",
        state="scheduled",
        api_mode="test",
        rrule="",
        # Half past midnight, the next day, in London; half past seven in the evening here.
        next_run_at=dt.datetime(2026, 11, 26, 0, 30, tzinfo=dt.UTC),
    )
    for state in ("paused", "draft", "ended"):
        world.campaign(organization, by=campaign.sender, name=f"Never {state}", state=state)
    page = read("/")
    assert "Coming runs 3 in the next 14 days" in page
    assert "Today Nov 25 7:30 PM EST Just once TEST in 9 hours" in page
    assert "Friday Nov 27 9:00 AM EST Dues reminder LIVE in 2 days" in page
    assert "Friday Dec 4 9:00 AM EST Dues reminder LIVE in 9 days" in page
    assert "Never" not in page


def test_coming_runs_leave_out_what_is_skipped(campaign: Campaign, read: Read) -> None:
    friday = dt.datetime(2026, 11, 27, 14, tzinfo=dt.UTC)
    Campaign.objects.update(rrule="FREQ=WEEKLY;BYDAY=FR", next_run_at=friday)
    assert "Coming runs 2 in the next 14 days Friday Nov 27 9:00 AM EST Dues" in read("/")
    Campaign.objects.update(skipped=[friday])
    page = read("/")
    assert "Coming runs 1 in the next 14 days Friday Dec 4 9:00 AM EST Dues" in page
    assert "Nov 27 9:00 AM" not in page
    # Every run of the two weeks is skipped: nothing is coming, and nothing is said to be.
    Campaign.objects.update(skipped=[friday, friday + dt.timedelta(days=7)])
    assert "Dec 4" not in read("/").partition("Coming runs")[2]


def test_the_agenda_works_out_no_more_than_it_shows(
    organization: Organization, sender: Sender
) -> None:
    for number in range(5):
        world.campaign(
            organization,
            by=sender,
            name=f"Daily {number}",
            next_run_at=NOW + dt.timedelta(minutes=number),
            start_time=dt.time(10, 30 + number),
        )
    going = going_campaigns(organization, most=13).soonest
    some = coming_runs(going, until=NOW + dt.timedelta(days=14), most=12)
    assert [run.campaign.name[-1] for run in some.runs] == list("012340123401")
    assert some.is_cut
    assert [run.at for run in some.runs] == sorted(run.at for run in some.runs)
    all_but_one = coming_runs(going, until=NOW + dt.timedelta(days=14), most=70)
    assert (len(all_but_one.runs), all_but_one.is_cut) == (70, True)
    whole = coming_runs(going, until=NOW + dt.timedelta(days=14), most=100)
    # Fourteen days and, for the first of them, the very moment at their end.
    assert (len(whole.runs), whole.is_cut) == (71, False)
    shown = agenda(some, zone=organization.zone, now=NOW)
    assert [(day.name, len(day.entries)) for day in shown.days] == [
        ("Today", 5),
        ("Tomorrow", 5),
        ("Friday", 2),
    ]


def test_what_is_being_sent_shows_its_rate_and_the_time_left(run: Run, desk: Client) -> None:
    Run.objects.update(prepared_at=NOW - dt.timedelta(seconds=10), scheduled_for=NOW)
    texts(run, 0, 20, status="accepted")
    texts(run, 20, 60, status="queued")
    part = desk.get("/under-way/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Dues reminder" in part
    assert "20 of 80" in part
    assert "2.0 texts a second" in part
    assert "done in less than a minute" in part
    assert 'hx-trigger="every 3s"' in part
    own = part[: part.index("</section>")].split("<section")[1]
    assert own in desk.get("/").content.decode()


def test_news_that_needs_a_hand_comes_without_a_reload(
    run: Run, desk: Client, worker: None
) -> None:
    Run.objects.update(state="held", reason="The audience is ten times its usual size.")
    part = desk.get("/under-way/", headers={"HX-Request": "true"}).content.decode()
    assert "Nothing is being sent now." in part
    assert '<div id="banners" aria-live="polite" hx-swap-oob="true">' in part
    assert "ten times its usual size" in part


def test_it_goes_on_asking_slowly_while_nothing_is_sent(desk: Client) -> None:
    part = desk.get("/under-way/").content.decode()
    assert "Nothing is being sent now." in part
    assert 'hx-trigger="every 20s"' in part


def test_what_failed_lately_leads_to_the_messages(run: Run, desk: Client) -> None:
    texts(run, 0, 3, status="undelivered", error_code=30005)
    html = desk.get("/").content.decode()
    assert "The number does not exist (any more)" in html
    link = f"/runs/{run.pk}/?status=undelivered"
    assert f'href="{link}"' in html
    messages = desk.get(link).content.decode()
    assert "3 messages" in messages
    assert '<option value="undelivered" selected>' in messages


def test_bob_sees_all_of_it_and_is_offered_no_change(
    run: Run, bob: User, client: Client, worker: None
) -> None:
    client.force_login(bob)
    html = client.get("/").content.decode()
    assert "Dues reminder" in html
    assert "New Recurring Campaign" not in html
    assert "/settings/" not in html


def test_alice_is_offered_both_kinds_of_campaign_and_the_search_for_a_person(
    run: Run, alice: User, client: Client, worker: None
) -> None:
    client.force_login(alice)
    html = client.get("/").content.decode()
    for link in ("/campaigns/new/?kind=one_time", "/campaigns/new/?kind=recurring", "/runs/find/"):
        assert f'href="{link}"' in html


def test_charlie_sees_nothing_of_it(run: Run, charlie: User, client: Client) -> None:
    texts(run, 0, 3, status="undelivered", error_code=30005, charged_day=dt.date(2026, 11, 25))
    client.force_login(charlie)
    html = client.get("/").content.decode()
    assert "Dues reminder" not in html
    assert "Nothing failed in the last 7 days." in html
    assert "10,000 left" in html


def test_home_makes_twelve_queries_at_most_whatever_there_is(
    organization: Organization, sender: Sender, desk: Client, queries: Count
) -> None:
    few = queries(desk, "/")
    for number in range(12):
        campaign = world.campaign(
            organization, by=sender, name=f"Campaign {number}", api_mode="test", next_run_at=NOW
        )
        for hours, state in enumerate(("sending", "held", "completed", "missed", "failed")):
            at = NOW - dt.timedelta(hours=hours)
            run = world.run(campaign, state=state, scheduled_for=at, api_mode="live")
            texts(run, 0, 2, status="failed", error_code=30000 + number)
    Message.objects.update(charged_day=dt.date(2026, 11, 25))
    many = queries(desk, "/")
    assert (few, many) <= (12, 12)
    assert many == few


def test_the_frame_costs_two_queries(desk: Client, queries: Count, run: Run) -> None:
    # Besides session, person, and membership with the organization and its connections.
    assert queries(desk, "/help/") == 3 + 2


def test_the_pages_of_help_are_there(read: Read) -> None:
    assert "A TEST run does everything but send." in read("/help/")
    page = read("/whats-new/")
    assert "Added" in page
    assert "One-time campaigns" in page
    assert "[" not in page.split("What is new")[-1]
