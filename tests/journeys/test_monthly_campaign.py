"""One recurring campaign, whole: from the sign-in to the report in the mail."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

import pytest
import time_machine
from django.core import mail

from textmanager.campaigns.models import Campaign
from textmanager.runs.models import Message, Run, RunTally

pytestmark = pytest.mark.journey

BEFORE = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
# 8:10 AM Eastern Standard Time.
OCCURRENCE = dt.datetime(2026, 12, 2, 13, 10, tzinfo=dt.UTC)

EVERYBODY_IS_UP = dt.datetime(2026, 12, 2, 18, 1, tzinfo=dt.UTC)
OUTCOMES = {"delivered", "undelivered", "failed"}

CAMPAIGN = {
    "name": "Dues reminder",
    "report_emails": "office@example.org, treasurer@example.org",
    "iqa_path": "$/Text Manager/Dues lapse in 30 days",
    "id_column": "ID",
    "phone_column": "MobilePhone",
    "days_between_texts": "0",
    "api_mode": "live",
    "template": "Hello ${FirstName|friend}, your dues lapse on ${PaidThrough}. Reply STOP to end.",
    "empty_values": "send",
    "write_back": "activities",
    "repeat": "monthly_date",
    "interval": "1",
    "month_day": "2",
    "short_months": "last_day",
    "start_date": "2026-11-24",
    "start_time": "08:10",
    "time_zone": "America/New_York",
    "ends": "never",
    "catch_up": "run_late",
    "catch_up_hours": "12",
}


def test_a_monthly_campaign_is_sent_followed_written_back_and_reported(installation: Any) -> None:
    with time_machine.travel(BEFORE, tick=True):
        installation.visitor.sign_in("sample", "jordan.lee", "demo-password")
        form = {**CAMPAIGN, "sender": installation.sender.pk}
        asked = installation.visitor.post("/campaigns/new/", **form)
        confirmed = re.search(r'name="confirmed" value="(\w+)"', asked.text)
        assert confirmed
        answer = installation.visitor.post("/campaigns/new/", **form, confirmed=confirmed[1])
        assert "“Dues reminder” is saved and active." in answer.text
        assert "Every month on the 2nd at 8:10 AM, Eastern Time" in answer.text
        campaign = Campaign.objects.get()
        assert campaign.next_run_at == OCCURRENCE
        installation.work_until(lambda: True)
        assert not Run.objects.exists()

    with time_machine.travel(OCCURRENCE, tick=True):
        # Further west it is too early to text anybody.
        installation.work_until(lambda: set(statuses_now()) == {"held", *OUTCOMES})
        held = Message.objects.filter(status="held")
        assert held.filter(time_zones__contains=["America/Los_Angeles"]).exists()
        assert not held.filter(time_zones=["America/New_York"]).exists()

    with time_machine.travel(EVERYBODY_IS_UP, tick=True):
        # The session has ended in the nine days between.
        installation.visitor.sign_in("sample", "jordan.lee", "demo-password")
        installation.work_until(lambda: Run.objects.filter(report_sent_at__isnull=False).exists())
        installation.work_until(
            lambda: (
                not Message.objects.filter(
                    status__in=["delivered", "undelivered"], write_back__in=["waiting", "writing"]
                ).exists()
            )
        )
        run = Run.objects.get()
        check_texts(installation, run)
        check_activities(installation, run)
        check_mail(run)
        check_pages(installation, run)
    campaign.refresh_from_db()
    assert campaign.next_run_at == dt.datetime(2027, 1, 2, 13, 10, tzinfo=dt.UTC)


def statuses_now() -> list[str]:
    return list(Message.objects.values_list("status", flat=True).distinct())


def check_texts(installation: Any, run: Run) -> None:
    """Each of the 240 members has exactly one text, with the status that Twilio's books say."""
    messages = list(Message.objects.filter(run=run))
    assert run.contacts == len(messages) == 240
    texts = installation.texts()
    assert Counter(text["to"] for text in texts) == Counter(m.to for m in messages)
    by_sid = {text["sid"]: text for text in texts}
    for message in messages:
        assert by_sid[message.sid]["status"] == message.status
        assert by_sid[message.sid]["body"] == message.body
    statuses = Counter(message.status for message in messages)
    assert set(statuses) <= OUTCOMES
    assert statuses["delivered"] > 200
    tallies = {tally.status: tally.messages for tally in RunTally.objects.filter(run=run)}
    assert {status: count for status, count in tallies.items() if count} == statuses


def check_activities(installation: Any, run: Run) -> None:
    """One TEXTMSG for each text that left for the carrier, none for any other."""
    sent = {
        message.imis_id: message
        for message in Message.objects.filter(run=run, status__in=["delivered", "undelivered"])
    }
    activities = installation.activities()
    assert Counter(activity["PartyId"] for activity in activities) == Counter(sent.keys())
    for activity in activities:
        message = sent[activity["PartyId"]]
        assert activity["ACTIVITY_TYPE"] == "TEXTMSG"
        assert activity["DESCRIPTION"] == message.to
        assert activity["NOTE"] == message.body
        assert activity["CATEGORY"] == "Text Manager"
        assert message.sent_at is not None
        assert activity["TRANSACTION_DATE"] == message.sent_at.strftime("%Y-%m-%dT%H:%M:%S")
        assert message.write_back_ref == str(activity["SEQN"])


def check_mail(run: Run) -> None:
    (report,) = mail.outbox
    assert report.subject == "Status report: Dues reminder"
    assert report.to == ["office@example.org", "treasurer@example.org"]
    delivered = Message.objects.filter(run=run, status="delivered").count()
    assert f"Delivered: {delivered}" in report.body.replace("  ", " ")
    ((name, content, kind),) = [
        (part.filename, part.content, part.mimetype) for part in report.attachments
    ]
    assert (name, kind) == ("messages-2026-12-02.csv", "text/csv")
    assert len(content.splitlines()) == 241


def check_pages(installation: Any, run: Run) -> None:
    listed = installation.visitor.get(f"/runs/campaign/{run.campaign_id}/").text
    assert str(run.pk) in listed
    page = installation.visitor.get(f"/runs/{run.pk}/").text
    delivered = Message.objects.filter(run=run, status="delivered").count()
    assert str(delivered) in page
    failed = Message.objects.filter(run=run).exclude(status="delivered").first()
    assert failed is not None
    found = installation.visitor.get(f"/runs/{run.pk}/?q={failed.imis_id}").text
    assert failed.to in found
