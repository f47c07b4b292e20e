"""What the demo starts with: an organization on the sandboxes, its people, ready-made campaigns."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.editing import create_campaign
from textmanager.campaigns.models import ApiMode, CatchUp, EmptyValues, Priority, WriteBackTarget
from textmanager.gateway.account import TwilioCredentials
from textmanager.organizations import founding
from textmanager.organizations.models import Organization, Sender, SenderKind, User
from textmanager.sandbox import imis, twilio

CLOUD_ID = "demo"
STAFF = "jordan.lee"
ADMINISTRATOR = "admin"
PASSWORD = "demo-password"  # noqa: S105 - of made-up people, good for the demo alone
# Enough for several runs over all 5,000 members in one day.
DAILY_ALLOWANCE = 50_000
# Staff try things at any hour: the same time twice means that texts may always leave.
ANY_HOUR = dt.time(8)

TOLL_FREE = founding.NewSender("Member services", SenderKind.TOLL_FREE, "+18005550199")
TEN_DLC = founding.NewSender("Chapter office", SenderKind.TEN_DLC, "+12025550143", 75.0)
SHORT_CODE = founding.NewSender("Announcements", SenderKind.SHORT_CODE, "555010")


@dataclass(frozen=True)
class Sandboxes:
    """Where the simulated systems answer."""

    imis_url: str
    twilio_url: str


@transaction.atomic
def seed(sandboxes: Sandboxes) -> bool:
    """Makes the demo's data, or adapts the addresses in what is there; tells whether it was new."""
    account = founding.ImisAccount(
        sandboxes.imis_url, imis.BACKGROUND.username, imis.BACKGROUND.password
    )
    usual = twilio.TwilioSettings()
    credentials = TwilioCredentials(
        usual.account_sid, usual.auth_token, base_url=sandboxes.twilio_url
    )
    known = founding.find_organization(CLOUD_ID)
    if known is not None:
        founding.connect_imis(known, account)
        founding.connect_twilio(known, credentials)
        return False
    organization = founding.found_organization(
        cloud_id=CLOUD_ID,
        name="Sample Association",
        time_zone="America/New_York",
        imis=account,
        twilio=credentials,
    )
    organization.daily_allowance = DAILY_ALLOWANCE
    organization.texting_opens = organization.texting_closes = ANY_HOUR
    organization.save()
    _fill(organization)
    return True


def _fill(organization: Organization) -> None:
    founding.add_local_administrator(organization, ADMINISTRATOR, PASSWORD)
    staff = founding.add_staff_administrator(organization, STAFF)
    senders = {
        each.name: founding.add_sender(organization, each)
        for each in (TOLL_FREE, TEN_DLC, SHORT_CODE)
    }
    for campaign in CAMPAIGNS:
        _create(organization, staff, senders, campaign)


def _create(
    organization: Organization,
    staff: User,
    senders: dict[str, Sender],
    campaign: dict[str, Any],
) -> None:
    values = {**USUAL, **campaign}
    values["sender"] = senders[values["sender"].name]
    values["time_zone"] = organization.time_zone
    values["start_date"] = timezone.now().astimezone(organization.zone).date()
    create_campaign(organization=organization, actor=staff, values=values)


USUAL: dict[str, Any] = {
    "report_emails": ["office@example.org"],
    "id_column": "ID",
    "phone_column": "MobilePhone",
    "days_between_texts": 0,
    "useful_for_hours": None,
    "prompt_answers": [],
    "priority": Priority.NORMAL,
    "api_mode": ApiMode.LIVE,
    "empty_values": EmptyValues.SEND,
    "write_back": WriteBackTarget.ACTIVITIES,
    "catch_up": CatchUp.RUN_LATE,
    "catch_up_hours": 12,
}

CAMPAIGNS: tuple[dict[str, Any], ...] = (
    {
        "name": "Dues reminder",
        "iqa_path": "$/Text Manager/Dues lapse in 30 days",
        "sender": TEN_DLC,
        "template": "Hello ${FirstName|friend}, your membership lapses on ${PaidThrough}. "
        "Renew in two minutes at https://example.org/renew. Reply STOP to end.",
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=2",
        "start_time": dt.time(8, 10),
    },
    {
        "name": "Board meeting",
        "iqa_path": "$/Text Manager/Board of directors",
        "sender": TOLL_FREE,
        "template": "${FirstName}, the board meets on Thursday at 4 PM. "
        "Please answer this text if you cannot come.",
        "rrule": "FREQ=WEEKLY;BYDAY=MO",
        "start_time": dt.time(9),
    },
    {
        "name": "News for all members",
        "iqa_path": "$/Text Manager/All members",
        "sender": SHORT_CODE,
        "template": "Sample Association: the annual report is out, ${FirstName|friend}. "
        "Read it at https://example.org/report. Reply STOP to end, HELP for help.",
        "rrule": "FREQ=MONTHLY;BYDAY=-1FR",
        "start_time": dt.time(12),
    },
    {
        "name": "Conference sessions (rehearsal)",
        "iqa_path": "$/Text Manager/Conference registrants",
        "phone_column": "Cell Phone",
        "sender": TEN_DLC,
        "api_mode": ApiMode.TEST,
        "write_back": WriteBackTarget.NONE,
        "template": "Hello ${FirstName|friend}, see you at “${Session Title}” on ${Session Date}.",
        "rrule": "FREQ=YEARLY",
        "start_time": dt.time(10, 30),
    },
)
