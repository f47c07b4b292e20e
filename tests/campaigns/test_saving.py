"""Saving for good: both kinds, a question before texts are real, and nothing sent twice."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client

import world
from form_steps import confirm, let_a_worker_count
from textmanager.campaigns import form_views, saving
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import AudienceCount, Campaign, CampaignKind, CampaignState
from textmanager.organizations.models import Organization, Role, Sender, TwilioConnection, User
from textmanager.runs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "/campaigns/new/"
# Monday, 10 AM in New York.
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def once(filled_in: dict[str, str]) -> dict[str, str]:
    """A one-time campaign, filled in for a moment far ahead."""
    names = ("repeat", "interval", "month_day", "short_months", "ends", "days_between_texts")
    kept = {name: value for name, value in filled_in.items() if name not in names}
    return kept | {"kind": "one_time", "when": "later", "form_id": str(uuid.uuid4())}


def sentence(page: Client, sent: dict[str, str]) -> str:
    """The sentence that the page asks with."""
    html = page.post(NEW, sent).content.decode()
    found = re.search(r'<p class="sentence">(.*?)</p>', html, re.DOTALL)
    assert found, "the page does not ask"
    return found[1].replace("&#x27;", "'")


def prices(organization: Organization) -> None:
    TwilioConnection.objects.filter(organization=organization).update(
        prices={"shortcode": "0.0083"}, price_unit="USD", prices_at=dt.datetime.now(dt.UTC)
    )


def test_a_one_time_campaign_is_scheduled_for_its_moment(
    connected: Organization, page: Client, once: dict[str, str]
) -> None:
    answer = page.post(NEW, once)
    assert answer.status_code == 302
    assert answer["Location"] == "/campaigns/?kind=one_time"
    campaign = Campaign.objects.get()
    assert (campaign.kind, campaign.state) == (CampaignKind.ONE_TIME, CampaignState.SCHEDULED)
    assert campaign.rrule == ""
    assert campaign.next_run_at == dt.datetime(2099, 1, 1, 13, 10, tzinfo=dt.UTC)


@time_machine.travel(NOW, tick=False)
def test_sending_now_begins_at_once_and_leads_to_the_run(
    connected: Organization, page: Client, once: dict[str, str], alice: User
) -> None:
    sent = once | {"when": "now", "start_date": "", "start_time": ""}
    answer = page.post(NEW, sent)
    campaign, run = Campaign.objects.get(), Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert "“Dues reminder” is on its way." in page.get(answer["Location"]).content.decode()
    # Nothing is left that the planner could start once more.
    assert (campaign.state, campaign.next_run_at) == (CampaignState.SENDING, None)
    assert (campaign.start_date, campaign.start_time) == (dt.date(2026, 11, 23), dt.time(10))
    assert (run.campaign, run.scheduled_for, run.started_by) == (campaign, NOW, alice)


def test_a_draft_that_is_sent_now_leads_to_its_one_run_however_often_it_is_pressed(
    connected: Organization,
    page: Client,
    once: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = page.post("/campaigns/autosave/", once).json()
    live = once | {"when": "now", "api_mode": "live", "version": str(kept["version"])}
    html = page.post(kept["address"], live).content.decode()
    pressed = live | {"confirmed": re.search(r'name="confirmed" value="(\w+)"', html)[1]}  # type: ignore[index]  # the page asks
    first, second = page.post(kept["address"], pressed), page.post(kept["address"], pressed)
    assert first["Location"] == second["Location"] == f"/runs/{Run.objects.get().pk}/"
    # Other words than those that went out are told that they did not.
    other = page.post(kept["address"], pressed | {"template": "Something else"}, follow=True)
    assert "has begun and cannot be changed" in other.content.decode()
    assert Run.objects.get().template == "Hello ${FirstName|friend}"
    # The second press may come in before the first is done, and wait for it while it saves.
    monkeypatch.setattr(form_views, "refuse_begun", lambda _: None)
    assert page.post(kept["address"], pressed)["Location"] == first["Location"]


def test_what_cannot_begin_now_is_not_saved_either(
    connected: Organization,
    page: Client,
    once: dict[str, str],
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**_: object) -> None:
        raise NotPossible("Not at this moment.")

    monkeypatch.setattr(saving, "run_now", refuse)
    answer = page.post(NEW, once | {"when": "now"})
    assert answer.status_code == 422
    assert "Not at this moment." in answer.content.decode()
    assert not Campaign.objects.exists()


def test_a_moment_that_has_passed_is_refused(
    connected: Organization, page: Client, once: dict[str, str]
) -> None:
    sent = once | {"start_date": "2020-01-01", "api_mode": "live"}
    html = page.post(NEW, sent).content.decode()
    assert "This moment has passed" in html
    assert '<a href="#id_start_date">On</a>' in html
    assert 'name="confirmed"' not in html, "Nobody is asked to confirm what cannot be."
    for part in ("schedule", "summary"):
        address = f"/campaigns/{part}/?kind=one_time"
        assert "This moment has passed" in page.post(address, sent).content.decode()
    assert not Campaign.objects.exists()


def test_the_form_has_the_words_of_its_kind(organization: Organization, page: Client) -> None:
    html = page.get(f"{NEW}?kind=one_time").content.decode()
    assert "New one-time campaign" in html
    assert ">Schedule<" in html
    assert ">Send now…<" in html
    assert 'name="repeat"' not in html
    assert "---" not in html
    html = page.get(NEW).content.decode()
    assert "Save Recurring Campaign" in html
    assert 'name="when"' not in html


def test_without_a_sender_it_is_said_who_adds_one(
    organization: Organization, page: Client, sender: Sender
) -> None:
    missing = "There is no number to send from yet"
    assert missing not in page.get(NEW).content.decode()
    Sender.objects.update(is_active=False)
    html = page.get(NEW).content.decode()
    assert missing in html
    assert "Connect Twilio and add a sender</a>" in html
    author = Client()
    author.force_login(world.person("diana", organization, Role.AUTHOR))
    html = author.get(NEW).content.decode()
    assert "An administrator adds it" in html
    assert "/settings/twilio/" not in html


def test_a_scheduled_campaign_can_be_moved(
    connected: Organization, page: Client, once: dict[str, str]
) -> None:
    page.post(NEW, once)
    campaign = Campaign.objects.get()
    sent = once | {"start_date": "2099-02-01", "version": str(campaign.version)}
    assert page.post(f"/campaigns/{campaign.pk}/edit/", sent).status_code == 302
    campaign.refresh_from_db()
    assert campaign.next_run_at == dt.datetime(2099, 2, 1, 13, 10, tzinfo=dt.UTC)
    assert campaign.state == CampaignState.SCHEDULED


def test_a_live_campaign_is_asked_for_before_it_is_saved(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    live = filled_in | {"api_mode": "live"}
    html = page.post(NEW, live).content.decode()
    assert not Campaign.objects.exists()
    # The page that asks carries everything, so that it works without scripts.
    for name in ("name", "template", "start_date", "time_zone"):
        assert f'<textarea name="{name}" hidden aria-hidden="true">\n{live[name]}' in html.replace(
            "&#x27;", "'"
        )
    assert confirm(page, NEW, live).status_code == 302
    assert Campaign.objects.get().state == CampaignState.ACTIVE


def test_who_confirms_sees_the_message_before_it_goes(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    shown = '<p class="bubble">Hello ${FirstName|friend}</p>'
    assert shown in page.post(NEW, filled_in | {"api_mode": "live"}).content.decode()
    page.post(NEW, filled_in)
    run_now = f"/campaigns/{Campaign.objects.get().pk}/run-now/"
    assert shown in page.get(run_now).content.decode()


def test_what_was_confirmed_is_what_is_saved(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    live = filled_in | {"api_mode": "live"}
    asked = page.post(NEW, live).content.decode()
    confirmed = re.search(r'name="confirmed" value="(\w+)"', asked)
    assert confirmed
    answer = page.post(NEW, live | {"confirmed": confirmed[1], "template": "Something else"})
    assert "Something else" in answer.content.decode()
    assert not Campaign.objects.exists()


def test_from_the_question_one_comes_back_to_the_form(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = page.post(NEW, filled_in | {"api_mode": "live", "save": "back"}).content.decode()
    assert 'value="Dues reminder"' in html
    assert 'id="campaign-form"' in html
    assert not Campaign.objects.exists()


def test_the_sentence_says_who_gets_what_when_and_at_what_cost(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    prices(connected)
    live = filled_in | {"api_mode": "live"}
    assert "Everybody in “$/Text Manager/Board of directors” gets a text" in sentence(page, live)
    let_a_worker_count()
    assert sentence(page, live) == (
        "8 people in “$/Text Manager/Board of directors” get a text from Office (555010), "
        "on January 2, 2099 at 8:10 AM EST, and then every month on the 2nd at 8:10 AM, "
        "Eastern Time, for about $0.07 plus carriers' surcharges each time (8 segments)."
    )


def test_sentence_and_summary_tell_the_same_cost_and_what_comes_on_top(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    prices(connected)
    live = filled_in | {"api_mode": "live"}
    page.post("/campaigns/summary/", live)
    let_a_worker_count()
    summary = page.post("/campaigns/summary/", live).content.decode()
    tile = re.search(r"<dt>Estimated cost</dt><dd>(.*?) <small>(.*?)</small>", summary)
    assert tile
    amount, on_top = tile[1], tile[2].replace("&#x27;", "'")
    assert amount == "$0.07"
    assert on_top == "plus carriers' surcharges; $0.0083 a segment"
    assert f"about {amount} {on_top.split(';', maxsplit=1)[0]} each" in sentence(page, live)
    page.post(NEW, filled_in)
    run_now = f"/campaigns/{Campaign.objects.get().pk}/run-now/"
    page.get(f"{run_now}figures/?again=1")
    let_a_worker_count()
    asked = page.get(f"{run_now}figures/").content.decode().replace("&#x27;", "'")
    assert f"{amount} <small>{on_top}</small>" in asked


def test_the_question_shows_the_very_text_that_is_asked_about(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    live = filled_in | {"api_mode": "live", "template": "Hello ${FullName}, <dues>?"}
    html = page.post(NEW, live).content.decode()
    assert '<p class="bubble">Hello ${FullName}, &lt;dues&gt;?</p>' in html


def test_the_sentence_of_sending_now(
    connected: Organization, page: Client, once: dict[str, str]
) -> None:
    live = once | {"api_mode": "live", "when": "now"}
    page.post(NEW, live)
    let_a_worker_count()
    assert sentence(page, live) == (
        "8 people in “$/Text Manager/Board of directors” get a text from Office (555010), as soon "
        "as you confirm, for a price that Twilio has not told yet (8 segments)."
    )
    first, second = confirm(page, NEW, live), confirm(page, NEW, live)
    assert first["Location"] == second["Location"] == f"/runs/{Run.objects.get().pk}/"
    assert Campaign.objects.count() == 1


def test_the_question_shows_its_figures_when_they_are_there(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    live = filled_in | {"api_mode": "live"}
    waiting = page.post("/campaigns/confirmation/", live).content.decode()
    assert "Counting the whole audience" in waiting
    let_a_worker_count()
    done = page.post("/campaigns/confirmation/", live).content.decode()
    assert "8 people in" in done
    assert "Counting" not in done


def test_a_test_is_saved_without_a_question(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    assert page.post(NEW, filled_in).status_code == 302


def test_a_viewer_is_asked_nothing(bob: User, client: Client, filled_in: dict[str, str]) -> None:
    client.force_login(bob)
    for address in (NEW, "/campaigns/summary/", "/campaigns/confirmation/", "/campaigns/message/"):
        assert client.post(address, filled_in).status_code == 403
    assert not AudienceCount.objects.exists()


def test_another_organizations_sender_cannot_be_used(
    connected: Organization, charlie: User, client: Client, filled_in: dict[str, str]
) -> None:
    client.force_login(charlie)
    answer = client.post(NEW, filled_in)
    assert answer.status_code == 422
    assert not Campaign.objects.exists()


def test_errors_are_listed_on_top_with_a_way_to_each(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    wrong = filled_in | {"name": "", "api_mode": "both"}
    html = page.post(NEW, wrong).content.decode()
    assert '<a href="#id_name">Name</a>: Give the campaign a name.' in html
    assert '<a href="#id_api_mode_0">API Mode</a>' in html
    assert 'id="id_api_mode_0"' in html


def test_without_an_iqa_its_columns_are_not_asked_for_yet(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    wrong = filled_in | {"iqa_path": "", "id_column": "", "phone_column": ""}
    html = page.post(NEW, wrong).content.decode()
    links = re.findall(r'<li><a href="#(\w+)">', html)
    assert links == ["id_iqa_path"]
    assert "Choose the IQA first; its columns then stand here." in html
    html = page.post(NEW, filled_in | {"id_column": ""}).content.decode()
    assert re.findall(r'<li><a href="#(\w+)">', html) == ["id_id_column"]


def test_the_form_takes_few_queries(
    connected: Organization, page: Client, django_assert_max_num_queries: Any
) -> None:
    page.get(NEW)
    with django_assert_max_num_queries(12):
        page.get(NEW)


def test_the_form_of_a_campaign_takes_few_queries(
    connected: Organization,
    page: Client,
    campaign: Campaign,
    django_assert_max_num_queries: Any,
) -> None:
    address = f"/campaigns/{campaign.pk}/edit/"
    page.get(address)
    with django_assert_max_num_queries(12):
        page.get(address)
