"""The campaign form: complete, forgiving, and clear at the field where something is wrong."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from textmanager.campaigns.form_values import initial_for
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations.models import AuditEvent, ImisConnection, Organization, User
from textmanager.runs.beginning import record_run
from textmanager.runs.models import Run
from textmanager.runs.pipeline.prepare import where_to_resume
from textmanager.sandbox.members import members

NEW = "/campaigns/new/"


def errors(page: Any) -> dict[str, str]:
    """The error shown inside each field's own block, by the field's name."""
    html = page.content.decode()
    found = {}
    for block in re.split(r'<div class="field', html)[1:]:
        name = re.search(r'name="(\w+)"', block)
        error = re.search(r'<p class="error">(.*?)</p>', block, re.DOTALL)
        if name and error:
            found[name[1]] = " ".join(error[1].split())
    return found


def test_a_good_form_becomes_an_active_campaign(
    connected: Organization, page: Client, filled_in: dict[str, str], alice: User
) -> None:
    answer = page.post(NEW, filled_in, follow=True)
    assert "“Dues reminder” is saved and active." in answer.content.decode()
    campaign = Campaign.objects.get()
    assert campaign.state == CampaignState.ACTIVE
    assert campaign.rrule == "FREQ=MONTHLY;BYMONTHDAY=2"
    assert campaign.next_run_at == dt.datetime(2099, 1, 2, 13, 10, tzinfo=dt.UTC)
    assert campaign.report_emails == ["office@example.org"]
    assert campaign.created_by == alice
    event = AuditEvent.objects.get(action="created")
    assert event.after["template"] == "Hello ${FirstName|friend}"


def test_how_long_texts_are_useful_is_kept_and_shown_again(
    page: Client, filled_in: dict[str, str]
) -> None:
    page.post(NEW, {**filled_in, "useful_for_hours": "36"})
    campaign = Campaign.objects.get()
    assert campaign.useful_for_hours == 36
    shown = page.get(f"/campaigns/{campaign.pk}/edit/").content.decode()
    assert 'name="useful_for_hours" value="36"' in shown


def test_what_is_rarely_changed_is_out_of_the_way_until_it_was_changed(
    page: Client, filled_in: dict[str, str]
) -> None:
    closed, opened = '<details class="rare">', '<details class="rare" open>'
    for address in (NEW, f"{NEW}?kind=one_time"):
        assert closed in page.get(address).content.decode()
    page.post(NEW, filled_in)
    edit = f"/campaigns/{Campaign.objects.get().pk}/edit/"
    Campaign.objects.update(days_between_texts=0)
    assert closed in page.get(edit).content.decode()
    Campaign.objects.update(days_between_texts=30)
    assert opened in page.get(edit).content.decode()


def test_what_is_wrong_among_the_rarely_changed_is_not_hidden(
    page: Client, filled_in: dict[str, str]
) -> None:
    html = page.post(NEW, {**filled_in, "useful_for_hours": "0"}).content.decode()
    assert '<details class="rare" open>' in html


def test_what_works_only_with_scripts_is_shown_by_scripts(page: Client) -> None:
    button = re.search(r"<button[^>]*>Browse…", page.get(NEW).content.decode())
    assert button
    assert "data-needs-script hidden" in button[0]


def test_the_form_names_the_activity_type_that_this_organization_uses(
    connected: Organization, page: Client
) -> None:
    ImisConnection.objects.update(text_type="SMSOUT")
    html = page.get(NEW).content.decode()
    assert "the activity type SMSOUT" in html
    assert "TEXTMSG" not in html


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "Give the campaign a name"),
        ("name", "x" * 121, "120"),
        ("report_emails", "office@example.org, nonsense", "“nonsense” is not an e-mail"),
        ("iqa_path", "", "Choose an IQA"),
        ("id_column", "Nothing", "no column “Nothing”"),
        ("phone_column", "Mobile", "no column “Mobile”"),
        ("days_between_texts", "-1", "0"),
        ("sender", "", "Choose the sender"),
        ("sender", "999999", "Select a valid choice"),
        ("api_mode", "both", "Select a valid choice"),
        ("template", "", "Write the message"),
        ("template", "Hello ${FirstNam}", "Did you mean ${FirstName}"),
        ("weekdays", "XX", "Select a valid choice"),
        ("until", "", "which day is the last"),
        ("count", "", "how many times"),
        ("interval", "0", "1"),
        ("start_date", "soon", "valid date"),
        ("start_time", "25:00", "valid time"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("catch_up_hours", "100", "72"),
        ("useful_for_hours", "0", "1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(  # noqa: PLR0917 - a table
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    field: str,
    value: str,
    told: str,
) -> None:
    shape = {"weekdays": {"repeat": "weekly"}, "until": {"ends": "on"}, "count": {"ends": "after"}}
    sent = {**filled_in, **shape.get(field, {}), field: value}
    answer = page.post(NEW, sent)
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert told in unescaped(errors(answer)[field])
    assert not Campaign.objects.exists()
    html = answer.content.decode()
    kept = {name: sent[name] for name in ("name", "iqa_path", "start_time", "start_date")}
    for name, typed in kept.items():
        assert f'value="{typed}"' in html, f"{name} is lost"
    assert "Nothing is saved yet." in html


def test_a_week_needs_a_day(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    answer = page.post(NEW, {**filled_in, "repeat": "weekly"})
    assert "at least one day" in errors(answer)["weekdays"]


def unescaped(text: str) -> str:
    return text.replace("&#x27;", "'").replace("&quot;", '"')


def test_a_schedule_that_is_over_is_refused(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    sent = {**filled_in, "start_date": "2020-01-01", "ends": "on", "until": "2020-12-31"}
    answer = page.post(NEW, sent)
    assert "no occurrence ahead" in errors(answer)["start_date"]
    assert not Campaign.objects.exists()


def test_a_form_can_be_saved_while_imis_is_away(
    organization: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    answer = page.post(NEW, filled_in)
    assert answer.status_code == 302
    assert Campaign.objects.exists()


SCHEDULES: list[tuple[dict[str, Any], str]] = [
    ({"repeat": "daily", "interval": "3"}, "FREQ=DAILY;INTERVAL=3"),
    ({"repeat": "weekdays"}, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ({"repeat": "weekly", "weekdays": ["FR", "MO"]}, "FREQ=WEEKLY;BYDAY=MO,FR"),
    (
        {"repeat": "weekly", "weekdays": ["SU"], "interval": "2"},
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
    ),
    ({"repeat": "monthly_date", "month_day": "28"}, "FREQ=MONTHLY;BYMONTHDAY=28"),
    ({"repeat": "monthly_date", "month_day": "last"}, "FREQ=MONTHLY;BYMONTHDAY=-1"),
    (
        {"repeat": "monthly_date", "month_day": "31", "short_months": "last_day"},
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
    ),
    (
        {"repeat": "monthly_date", "month_day": "31", "short_months": "skip"},
        "FREQ=MONTHLY;BYMONTHDAY=31",
    ),
    ({"repeat": "monthly_weekday", "nth": "2", "nth_weekday": "TU"}, "FREQ=MONTHLY;BYDAY=2TU"),
    ({"repeat": "monthly_weekday", "nth": "-1", "nth_weekday": "FR"}, "FREQ=MONTHLY;BYDAY=-1FR"),
    ({"repeat": "yearly"}, "FREQ=YEARLY"),
    (
        {"repeat": "daily", "ends": "on", "until": "2099-03-31"},
        "FREQ=DAILY;UNTIL=20990331T235959",
    ),
    ({"repeat": "daily", "ends": "after", "count": "12"}, "FREQ=DAILY;COUNT=12"),
]


@pytest.mark.parametrize(("chosen", "rule"), SCHEDULES, ids=[rule for _, rule in SCHEDULES])
def test_a_schedule_goes_into_the_database_and_back_into_the_form(
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    chosen: dict[str, Any],
    rule: str,
) -> None:
    assert page.post(NEW, {**filled_in, **chosen}).status_code == 302
    campaign = Campaign.objects.get()
    assert campaign.rrule == rule
    again = initial_for(campaign)
    for name, value in chosen.items():
        shown = again[name]
        if isinstance(value, list):
            assert sorted(shown) == sorted(value)
        else:
            assert str(shown) == value
    # Opened and saved without a change, it stays what it was.
    html = page.get(f"/campaigns/{campaign.pk}/edit/").content.decode()
    assert page.post(f"/campaigns/{campaign.pk}/edit/", fields(html)).status_code == 302
    campaign.refresh_from_db()
    assert campaign.rrule == rule


def fields(html: str) -> dict[str, Any]:
    """What a browser would send of the campaign form as the page shows it."""
    form = html[html.index('id="campaign-form"') :]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="(\w+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if not name or (kind and kind[1] in {"radio", "checkbox"} and " checked" not in tag):
            continue
        sent.setdefault(name[1], []).append(unescaped(value[1]) if value else "")
    for name, body in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', body)
        first = re.search(r'<option value="([^"]*)"', body)
        sent[name] = (chosen or first)[1]
    for name, body in re.findall(r'(?s)<textarea name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form):
        sent[name] = unescaped(body)
    return sent


def test_two_people_who_edit_one_campaign_are_told(
    connected: Organization, page: Client, campaign: Campaign
) -> None:
    Campaign.objects.update(api_mode="test")
    address = f"/campaigns/{campaign.pk}/edit/"
    first = {**fields(page.get(address).content.decode()), "name": "Mine"}
    second = {**fields(page.get(address).content.decode()), "name": "Theirs"}
    assert page.post(address, first).status_code == 302
    refused = page.post(address, second)
    assert "Somebody else has saved this campaign" in refused.content.decode()
    assert 'value="Theirs"' in refused.content.decode()
    assert Campaign.objects.get().name == "Mine"
    # Having been told, they may overwrite it.
    assert page.post(address, fields(refused.content.decode())).status_code == 302
    assert Campaign.objects.get().name == "Theirs"


def test_a_run_that_has_begun_is_not_touched_by_an_edit(
    connected: Organization, page: Client, campaign: Campaign, run: Run
) -> None:
    Campaign.objects.update(api_mode="test")
    address = f"/campaigns/{campaign.pk}/edit/"
    sent = {**fields(page.get(address).content.decode()), "template": "Something else"}
    assert page.post(address, sent).status_code == 302
    run.refresh_from_db()
    assert run.template == "Hello ${FirstName}"


def test_a_new_campaign_starts_as_a_test_tomorrow_morning(
    organization: Organization, page: Client
) -> None:
    shown = fields(page.get(NEW).content.decode())
    assert shown["api_mode"] == ["test"]
    tomorrow = timezone.now().astimezone(organization.zone).date() + dt.timedelta(days=1)
    assert shown["start_date"] == [str(tomorrow)]
    assert shown["start_time"] == ["09:00"]
    assert shown["time_zone"] == organization.time_zone


def test_senders_of_others_and_switched_off_ones_are_not_offered(
    organization: Organization, charlie: User, campaign: Campaign
) -> None:
    others = Organization.objects.get(cloud_id="other")
    assert list(CampaignForm(organization=others).fields["sender"].queryset) == []  # type: ignore[attr-defined] # a model choice
    campaign.sender.is_active = False
    campaign.sender.save()
    form = CampaignForm(organization=organization)
    assert list(form.fields["sender"].queryset) == []  # type: ignore[attr-defined] # a model choice


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("$/Text Manager/Board of directors", ["MobilePhone", "(+1202555", "${FirstName}"]),
        ("$/Samples/No aliases", ["have no alias"]),
        ("$/Samples/No ID column", ["iMIS ID"]),
        ("$/Text Manager/Empty", ["returns nobody"]),
        ("$/Nowhere", ["$/Nowhere"]),
    ],
)
def test_choosing_a_query_shows_its_columns_and_its_problems(
    connected: Organization, page: Client, path: str, shown: list[str]
) -> None:
    answer = page.get("/campaigns/columns/", {"iqa_path": path}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    for part in shown:
        assert part in html


@pytest.mark.parametrize(
    ("sent", "kept"), [({}, 1), ({"priority": "1"}, 1), ({"priority": "0"}, 0)]
)
def test_a_campaign_may_go_before_others(
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    sent: dict[str, str],
    kept: int,
) -> None:
    page.post(NEW, {**filled_in, **sent})
    assert Campaign.objects.get().priority == kept


CHAPTER = "$/Text Manager/Members of a chapter"


def test_an_iqa_that_asks_a_question_gets_a_field_for_it(
    connected: Organization, page: Client
) -> None:
    asked = page.get("/campaigns/columns/", {"iqa_path": CHAPTER}).content.decode()
    assert "The IQA asks for: Which chapter?" in asked
    assert 'name="prompt-Chapter"' in asked
    assert 'name="prompt-FirstName"' in asked
    answered = page.get(
        "/campaigns/columns/",
        {"iqa_path": CHAPTER, "prompt-Chapter": "Midwest", "phone_column": "MobilePhone"},
    ).content.decode()
    assert "Answer it below" not in answered
    assert 'value="Midwest"' in answered


def test_an_answer_is_kept_and_used_by_the_run(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    form = filled_in | {"iqa_path": CHAPTER}
    missing = page.post(NEW, form)
    assert "The IQA cannot run without this answer." in missing.content.decode()
    assert not Campaign.objects.exists()

    chapter = members()[0].chapter
    page.post(NEW, form | {"prompt-Chapter": chapter, "prompt-FirstName": ""})
    campaign = Campaign.objects.get()
    assert campaign.prompt_answers == [["Chapter", chapter], ["FirstName", ""]]
    edited = page.get(f"/campaigns/{campaign.pk}/edit/").content.decode()
    assert f'value="{chapter}"' in edited

    run = record_run(campaign=campaign, scheduled_for=timezone.now())
    assert run is not None
    resume = where_to_resume(str(run.pk))
    assert resume is not None
    assert resume.answers == (("Chapter", chapter), ("FirstName", ""))


def test_while_imis_is_away_the_answers_stay(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    form = filled_in | {"iqa_path": CHAPTER, "prompt-Chapter": "Midwest"}
    page.post(NEW, form)
    campaign = Campaign.objects.get()
    ImisConnection.objects.update(base_url="http://127.0.0.1:9")
    cache.clear()
    form |= {"version": str(campaign.version), "name": "Renamed"}
    page.post(f"/campaigns/{campaign.pk}/edit/", form)
    campaign.refresh_from_db()
    assert campaign.name == "Renamed"
    assert campaign.prompt_answers == [["Chapter", "Midwest"], ["FirstName", ""]]
