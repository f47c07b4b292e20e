"""The live summary: the figures of the whole audience, before anything is saved."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client

import world
from form_steps import let_a_worker_count
from textmanager.campaigns.models import AudienceCount, Campaign
from textmanager.campaigns.summary import CampaignSummary, count_now, summary_of, values_of
from textmanager.organizations.models import Organization, Sender, User
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.models import Run
from textmanager.text.statuses import MessageStatus

pytestmark = pytest.mark.django_db(transaction=True)

SUMMARY = "/campaigns/summary/"
# Monday, 10 AM in New York.
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


def figures(html: str) -> dict[str, str]:
    """The tiles, by their labels."""
    tiles = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html, re.DOTALL)
    return {label: " ".join(re.sub(r"<[^>]+>", " ", value).split()) for label, value in tiles}


def ask(page: Client, filled_in: dict[str, str], **changed: str) -> str:
    sent = {**filled_in, **changed}
    answer = page.post(SUMMARY, sent, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    if not AudienceCount.objects.exists():
        return answer.content.decode()
    assert "Counting the whole audience" in answer.content.decode()
    let_a_worker_count()
    return page.post(SUMMARY, sent, headers={"HX-Request": "true"}).content.decode()


def summarize_now(campaign: Campaign, by: User) -> CampaignSummary:
    count = count_now(campaign, actor=by)
    let_a_worker_count()
    count.refresh_from_db()
    now = dt.datetime.now(dt.UTC)
    summary = summary_of(campaign.organization, values_of(campaign), count, starts_at=now)
    assert summary is not None
    return summary


def test_everything_that_staff_want_to_know_is_there(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = ask(page, filled_in)
    shown = figures(html)
    assert shown["Contacts"] == "8"
    assert shown["Will be texted"] == "8"
    assert shown["Estimate Segments"] == "8"
    assert shown["Max Segments/Day"] == "10,000 left today of 10,000"
    assert shown["Estimated Send Time"].startswith("Jan 2, 2099, 8:10 AM EST")
    assert "Every month on the 2nd at 8:10 AM, Eastern Time" in html


def test_what_is_missing_is_named_before_there_are_figures(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = ask(page, filled_in, iqa_path="", template="", name="")
    assert "Choose the IQA." in html
    assert "Write the message." in html
    assert figures(html) == {}
    # Nobody can choose columns before there are some.
    html = ask(page, filled_in, iqa_path="", id_column="", phone_column="")
    assert "Choose the IQA." in html
    assert "column" not in html
    html = ask(page, filled_in, id_column="", phone_column="")
    assert "Choose the column with the iMIS ID." in html


def test_a_dirty_audience_is_explained_by_reason(
    connected: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = ask(
        page, filled_in, iqa_path="$/Text Manager/Dirty numbers", template="Hello ${FullName}"
    )
    shown = figures(html)
    contacts, texted = int(shown["Contacts"]), int(shown["Will be texted"])
    excluded = [int(n) for n in re.findall(r'</th><td class="number">(\d+)</td>', html)]
    assert contacts == texted + sum(excluded)
    assert texted > 0
    for reason in ("No number", "too short", "Same number as another person", "landline"):
        assert reason in html


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"iqa_path": "$/Nowhere"}, "$/Nowhere"),
        ({"template": "Hello ${FirstNam}"}, "Did you mean ${FirstName}"),
        ({"phone_column": "Mobile"}, "no column “Mobile”"),
    ],
)
def test_what_is_wrong_takes_the_place_of_figures(
    connected: Organization,
    page: Client,
    filled_in: dict[str, str],
    changed: dict[str, str],
    told: str,
) -> None:
    html = ask(page, filled_in, **changed)
    assert told in html
    assert figures(html) == {}


def test_an_imis_that_is_away_is_said(
    organization: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = ask(page, filled_in)
    assert 'class="notice error"' in html
    assert figures(html) == {}


def test_nobody_is_counted_who_would_not_be_texted(
    connected: Organization, page: Client, campaign: Campaign, run: Run, alice: User
) -> None:
    record_opt_out(organization_id=connected.pk, number="+12025550100", source=OptOutSource.REPLY)
    world.message(run, 1, to="+12035550100", status=MessageStatus.DELIVERED)
    Campaign.objects.update(days_between_texts=7)
    Run.objects.update(created_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
    campaign.refresh_from_db()
    summary = summarize_now(campaign, alice)
    assert (summary.contacts, summary.will_be_texted) == (8, 6)
    assert {row.label: row.count for row in summary.excluded} == {
        "Opted out": 1,
        "Texted by this campaign a short while ago": 1,
    }


def test_what_was_sent_today_is_no_longer_left(
    connected: Organization, campaign: Campaign, run: Run, alice: User
) -> None:
    today = connected.day_of(dt.datetime.now(dt.UTC))
    world.message(run, 1, status=MessageStatus.SENT, segments=3, charged_day=today)
    assert summarize_now(campaign, alice).left_today == 9_997


@time_machine.travel(NOW, tick=False)
def test_a_run_larger_than_the_allowance_spreads_over_days(
    connected: Organization, campaign: Campaign, alice: User
) -> None:
    connected.daily_allowance = 2_000
    connected.save()
    campaign.iqa_path = "$/Text Manager/All members"
    campaign.template = "Hello"
    campaign.organization = connected
    summary = summarize_now(campaign, alice)
    assert summary.segments == 5_000
    assert [segments for _, segments in summary.days] == [2_000, 2_000, 1_000]
    assert summary.days[0][0] == dt.date(2026, 11, 23)
    assert summary.finish.astimezone(connected.zone).date() == dt.date(2026, 11, 25)


def test_a_person_of_another_organization_is_not_asked_about(
    connected: Organization, sender: Sender, campaign: Campaign, alice: User
) -> None:
    other = world.organization("other")
    record_opt_out(organization_id=other.pk, number="+12025550100", source=OptOutSource.REPLY)
    assert summarize_now(campaign, alice).will_be_texted == 8


def test_characters_that_make_texts_longer_are_named(
    connected: Organization, campaign: Campaign, alice: User
) -> None:
    campaign.template = "Hello ${FirstName} 😀"
    summary: CampaignSummary = summarize_now(campaign, alice)
    assert summary.forces_unicode[0].char == "😀"
    assert summary.forces_unicode[0].name == "grinning face"
    assert summary.forces_unicode[0].count == 8
