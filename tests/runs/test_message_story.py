"""One message's whole story, and one person's messages over all runs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import User
from textmanager.replies.models import OptOut, OptOutSource
from textmanager.runs import finding
from textmanager.runs.models import Message, Receipt, Run, WriteBack

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def story(page: Client, run: Run, number: int = 0) -> str:
    answer = page.get(f"/runs/{run.pk}/messages/{number}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def found(page: Client, query: str, **more: str) -> str:
    answer = page.get("/runs/find/", {"q": query, **more})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def receipt(run: Run, number: int, word: str, minutes: int, code: int | None = None) -> None:
    Receipt.objects.create(
        organization=run.organization,
        run_id=run.pk,
        number=number,
        sid="SM1",
        twilio_status=word,
        error_code=code,
        raw={},
        received_at=NOW + dt.timedelta(minutes=minutes),
    )


def test_the_story_has_all_that_is_known(page: Client, run: Run) -> None:
    world.message(
        run,
        0,
        status="undelivered",
        error_code=30007,
        error_text="Carrier violation",
        sid="SM1",
        attempts=2,
        attempted_at=NOW,
        accepted_at=NOW,
        sent_at=NOW,
        settled_at=NOW,
        price="0.00790",
        price_unit="USD",
        write_back=WriteBack.WRITTEN,
        write_back_ref="A-77",
        body="Hello Ann & Co",
    )
    html = story(page, run)
    for part in (
        "Member 10001, +12025550100",
        "Undelivered",
        "Filtered by the carrier as unwanted",
        "30007",
        "In Twilio’s words: Carrier violation",
        "Change the wording",
        "Hello Ann &amp; Co",
        "1, plain characters",
        "attempt 2",
        "SM1",
        "0.00790 USD",
        'Written <span class="quiet">A-77</span>',
        "Not opted out.",
        "202-555-0100",
        "10:00 AM EST",
    ):
        assert part in html, part


@pytest.mark.parametrize("mode", ["live", "test"])
def test_whose_number_stood_twice_is_told_nothing_that_a_rehearsal_has_not_done(
    page: Client, run: Run, mode: str
) -> None:
    Run.objects.update(api_mode=mode)
    world.message(run, 0, status="skipped", reason="duplicate_number")
    html = story(page, run)
    assert "Nothing. A number gets at most one text in a run." in html
    assert "One text went" not in html


def test_messages_to_others_at_the_same_number_are_not_called_this_members(
    page: Client, run: Run, campaign: Campaign
) -> None:
    world.message(run, 0)
    assert "0 other messages to this member" in story(page, run)
    world.message(run, 1, imis_id="20001", status="skipped", to="+12025550100")
    assert "1 other message to this number, of other members" in story(page, run)
    later = world.run(campaign, scheduled_for=NOW)
    world.message(later, 0)
    assert "2 other messages to this member or this number" in story(page, run)
    Message.objects.filter(run=run, number=1).update(imis_id="10001", to="+12025550199")
    assert "2 other messages to this member</h2>" in story(page, run)


def test_receipts_stand_in_the_order_in_which_they_came(page: Client, run: Run) -> None:
    world.message(run, 0, status="delivered", sid="SM1")
    receipt(run, 0, "delivered", 1)
    receipt(run, 0, "sent", 2)
    receipt(run, 0, "gone-fishing", 3)
    receipt(run, 1, "failed", 0, 30008)
    html = story(page, run)
    assert "3 delivery receipts" in html
    words = [html.index(f">{word}<") for word in ("delivered", "sent", "gone-fishing")]
    assert words == sorted(words)
    assert "unknown" in html
    assert "30008" not in html, "that is another message's"


def test_a_wait_for_texting_hours_is_told_as_long_as_it_lasts_and_after(
    page: Client, run: Run
) -> None:
    until = dt.datetime(2026, 11, 24, 13, 0, tzinfo=dt.UTC)
    held = world.message(
        run, 0, status="held", reason="quiet_hours", not_before=until, created_at=NOW
    )
    assert "Waits until then for the recipient&#x27;s texting hours" in story(page, run)
    held.status, held.reason = "delivered", ""
    held.save(update_fields=["status", "reason"])
    assert "Waited until then for the recipient&#x27;s texting hours" in story(page, run)


def test_a_wait_until_midnight_was_one_for_the_allowance(page: Client, run: Run) -> None:
    midnight = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)
    world.message(run, 0, status="held", reason="allowance", not_before=midnight, created_at=NOW)
    assert "Waits until then for the next day&#x27;s allowance" in story(page, run)


@pytest.mark.parametrize(
    ("began", "ended", "words"),
    [
        (-60, None, "Opted out at that time: Replied with an opt-out word"),
        (-60, 60, "Opted out at that time"),
        (-60, -30, "Not opted out."),
        (60, None, "Not opted out at that time, but since"),
    ],
)
def test_the_opt_out_that_counts_is_that_of_the_time(
    page: Client, run: Run, began: int, ended: int | None, words: str
) -> None:
    world.message(run, 0, status="skipped", reason="opted_out", settled_at=NOW)
    OptOut.objects.create(
        organization=run.organization,
        number="+12025550100",
        source=OptOutSource.REPLY,
        created_at=NOW + dt.timedelta(minutes=began),
        cleared_at=None if ended is None else NOW + dt.timedelta(minutes=ended),
    )
    assert words in story(page, run)


def test_a_message_that_was_tried_again_leads_to_that_run(
    page: Client, run: Run, campaign: Campaign
) -> None:
    again = world.run(campaign, scheduled_for=NOW, retry_of=run)
    world.message(run, 0, status="failed", error_code=30008, retried_in=again.pk)
    assert f'href="/runs/{again.pk}/"' in story(page, run)


def test_no_message_no_page(page: Client, run: Run) -> None:
    assert page.get(f"/runs/{run.pk}/messages/5/").status_code == 404
    assert page.get(f"/runs/{run.pk}/messages/99999999999999/").status_code == 404


def test_a_colleague_may_look_and_a_stranger_may_not(
    bob: User, charlie: User, client: Client, run: Run
) -> None:
    world.message(run, 0)
    client.force_login(bob)
    assert client.get(f"/runs/{run.pk}/messages/0/").status_code == 200
    client.force_login(charlie)
    assert client.get(f"/runs/{run.pk}/messages/0/").status_code == 404
    assert "No run had a message" in client.get("/runs/find/", {"q": "10001"}).content.decode()


def test_the_story_costs_the_same_however_much_there_is(
    page: Client, run: Run, campaign: Campaign, django_assert_max_num_queries: object
) -> None:
    world.message(run, 0, status="delivered", sid="SM1")
    for minute in range(30):
        receipt(run, 0, "sent", minute)
        other = world.run(campaign, scheduled_for=NOW + dt.timedelta(minutes=minute))
        world.message(other, 0)
    with django_assert_max_num_queries(12):  # type: ignore[operator] # a fixture
        html = story(page, run)
    assert "More than 10 other messages to this member</h2>" in html


@pytest.mark.parametrize(
    "query", ["10001", "+12025550100", "(202) 555-0100", "5550100", " 10001 "], ids=str
)
def test_a_person_is_found_in_every_run_the_newest_first(
    page: Client, run: Run, campaign: Campaign, query: str
) -> None:
    world.message(run, 0, status="skipped", reason="opted_out")
    later = world.run(campaign, scheduled_for=NOW, campaign_name="The later one")
    world.message(later, 0, status="undelivered", error_code=30003)
    world.message(later, 1)
    html = found(page, query)
    assert "2 messages for" in html
    assert html.index("The later one") < html.index("Dues reminder")
    assert "Opted out" in html
    assert "switched off" in html


def test_whose_number_was_not_valid_is_found_by_member(page: Client, run: Run) -> None:
    world.message(run, 0, status="error", reason="number:too_short", to="", raw_phone="555-01")
    assert "too short" in found(page, "10001")


def test_nobody_found_says_where_to_look(page: Client, run: Run) -> None:
    assert "They were not in the audience" in found(page, "424242")


def test_older_runs_are_looked_through_on_request(
    page: Client, run: Run, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "RUNS_AT_ONCE", 2)
    world.message(run, 0)
    runs = [world.run(campaign, scheduled_for=NOW + dt.timedelta(days=n)) for n in range(1, 3)]
    assert "No run had a message" in found(page, "10001")
    assert f"older={runs[0].pk}" in found(page, "10001")
    assert "1 message for" in found(page, "10001", older=str(runs[0].pk))


def test_a_broken_address_is_no_error(page: Client, run: Run) -> None:
    found(page, "x" * 500, older="no-run")
