"""Organizations, people, campaigns and runs for tests, made with as few words as possible."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations.models import (
    ImisConnection,
    Membership,
    Organization,
    Role,
    Sender,
    TwilioConnection,
    User,
)
from textmanager.runs.models import Message, Run, RunState
from textmanager.sandbox.twilio import TwilioSettings
from textmanager.text.statuses import MessageStatus

ALWAYS = dt.time(0)


def organization(cloud_id: str = "sample", **values: Any) -> Organization:
    """Connected to addresses where nothing listens; texts may leave at any hour."""
    made = Organization.objects.create(
        **{
            "name": f"{cloud_id.title()} Association",
            "cloud_id": cloud_id,
            "texting_opens": ALWAYS,
            "texting_closes": ALWAYS,
            **values,
        }
    )
    imis = ImisConnection(organization=made, base_url="http://127.0.0.1:9", username="textmanager")
    imis.set_password("background-password")
    imis.opt_outs_read_at = timezone.now()
    imis.save()
    twilio = TwilioConnection(
        organization=made, account_sid=f"AC{made.pk:032x}", base_url="http://127.0.0.1:9"
    )
    twilio.set_auth_token(f"token of {cloud_id}")
    twilio.save()
    return made


def reach_twilio(of: Organization, address: str, account: TwilioSettings) -> None:
    """Leads the connection to a simulated Twilio, with its credentials."""
    connection = TwilioConnection.objects.get(organization=of)
    connection.base_url, connection.account_sid = address, account.account_sid
    connection.set_auth_token(account.auth_token)
    connection.save()


def person(name: str, of: Organization, role: Role) -> User:
    user = User.objects.create_user(username=name, password="a long password of theirs")
    # Seen just now: a page writes it down at most once in five minutes.
    Membership.objects.create(organization=of, user=user, role=role, last_seen_at=timezone.now())
    return user


def sender(of: Organization, **values: Any) -> Sender:
    return Sender.objects.create(
        **{
            "organization": of,
            "name": "Office",
            "kind": "short_code",
            "number": "555010",
            "segments_per_second": 100.0,
            "paced_until": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            **values,
        }
    )


def campaign(of: Organization, *, by: Sender, **values: Any) -> Campaign:
    """Active, LIVE, every day at 9:00 in the organization's zone."""
    made = a_campaign(of, by=by, **values)
    made.save(force_insert=True)
    return made


def a_campaign(of: Organization, *, by: Sender, **values: Any) -> Campaign:
    """Active, LIVE, every day at 9:00 in the organization's zone. Not saved yet."""
    return Campaign(
        **{
            "organization": of,
            "state": CampaignState.ACTIVE,
            "name": "Dues reminder",
            "iqa_path": "$/Text Manager/Board of directors",
            "id_column": "ID",
            "phone_column": "MobilePhone",
            "api_mode": "live",
            "sender": by,
            "template": "Hello ${FirstName}",
            "rrule": "FREQ=DAILY",
            "start_date": dt.date(2026, 11, 1),
            "start_time": dt.time(9),
            "time_zone": of.time_zone,
            **values,
        }
    )


def run(of: Campaign, **values: Any) -> Run:
    """A run that is being sent."""
    made = a_run(of, **values)
    made.save(force_insert=True)
    return made


def a_run(of: Campaign, **values: Any) -> Run:
    """A run that is being sent. Not saved yet."""
    now = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
    return Run(
        **{
            "organization": of.organization,
            "campaign": of,
            "scheduled_for": now,
            "state": RunState.SENDING,
            "campaign_name": of.name,
            "iqa_path": of.iqa_path,
            "id_column": of.id_column,
            "phone_column": of.phone_column,
            "api_mode": of.api_mode,
            "sender": of.sender,
            "priority": of.priority,
            "template": of.template,
            "empty_values": of.empty_values,
            "write_back": of.write_back,
            "prepared_at": now,
            "contacts": 0,
            **values,
        }
    )


def message(of: Run, number: int, **values: Any) -> Message:
    """A queued text to +1 202 555 01xx that may leave since the run was scheduled."""
    made = a_message(of, number, **values)
    made.save(force_insert=True)
    return made


def a_message(of: Run, number: int, **values: Any) -> Message:
    """A queued text to +1 202 555 01xx that may leave since the run was scheduled. Not saved."""
    return Message(
        **{
            "run": of,
            "number": number,
            "organization": of.organization,
            "sender": of.sender,
            "imis_id": str(10_001 + number),
            "raw_phone": f"202-555-01{number:02d}",
            "to": f"+120255501{number:02d}",
            "body": "Hello Ann",
            "encoding": "GSM-7",
            "segments": 1,
            "time_zones": ["America/New_York"],
            "status": MessageStatus.QUEUED,
            "priority": of.priority,
            "not_before": of.scheduled_for,
            **values,
        }
    )
