"""What the campaign form holds: as typed, for a campaign that exists, for a new one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from textmanager.campaigns import scheduling
from textmanager.campaigns.forms import PROMPT
from textmanager.campaigns.models import Campaign, CampaignKind
from textmanager.campaigns.scheduling import LATER
from textmanager.organizations.models import Organization

# What a browser sends along that nobody typed.
NOT_TYPED = frozenset(
    {
        "csrfmiddlewaretoken",
        "campaign_id",
        "form_id",
        "version",
        "kind",
        "save",
        "confirmed",
        "person",
        "again",
        "still_here",
        "place",
        "find_id",
        "test_number",
        "text_id",
        "words",
        "find",
        "go",
    }
)
OF_A_CAMPAIGN = (
    "name",
    "iqa_path",
    "prompt_answers",
    "id_column",
    "phone_column",
    "days_between_texts",
    "priority",
    "api_mode",
    "template",
    "empty_values",
    "write_back",
    "start_date",
    "start_time",
    "time_zone",
    "catch_up",
    "catch_up_hours",
    "useful_for_hours",
    "version",
)
# More than anybody types, little enough to keep.
LONGEST_TYPED = 60_000


def typed_in(data: QueryDict) -> dict[str, Any]:
    """What a person typed, field by field: a string, or a list where several were sent.

    Empty when it is longer than a form can be.
    """
    typed: dict[str, Any] = {}
    for name, values in data.lists():
        if name not in NOT_TYPED:
            typed[name] = values[0] if len(values) == 1 and name != "weekdays" else values
    return typed if len(str(typed)) <= LONGEST_TYPED else {}


def as_query(typed: Mapping[str, Any]) -> QueryDict:
    """What was typed as a browser would send it."""
    data = QueryDict(mutable=True)
    for name, value in typed.items():
        data.setlist(name, value if isinstance(value, list) else [str(value)])
    return data


def answers_in(data: Mapping[str, Any]) -> dict[str, str]:
    """The answers to an IQA's questions in what a browser sent, by the questions' names."""
    return {name.removeprefix(PROMPT): str(data[name]) for name in data if name.startswith(PROMPT)}


def initial_for(campaign: Campaign) -> dict[str, Any]:
    """The form's values for a campaign that exists."""
    return {
        **{name: getattr(campaign, name) for name in OF_A_CAMPAIGN},
        "sender": campaign.sender_id,
        "report_emails": ", ".join(campaign.report_emails),
        "when": LATER,
        **(scheduling.fields_from(campaign.rrule)),
    }


def initial_for_draft(campaign: Campaign, now: dt.datetime) -> dict[str, Any]:
    """The form's values for a draft: as it was typed; what was never typed starts as in a new one.

    A draft that nobody has typed into, such as a copy, shows what it was made with.
    """
    new = initial_for_new(campaign.organization, now, kind=campaign.kind)
    if campaign.typed:
        typed: dict[str, Any] = campaign.typed
        return new | typed | {"version": campaign.version}
    filled = initial_for(campaign)
    return new | {name: value for name, value in filled.items() if value not in (None, "")}


def initial_for_new(
    organization: Organization, now: dt.datetime, *, kind: str = CampaignKind.RECURRING
) -> dict[str, Any]:
    """What a new campaign starts with: TEST, tomorrow morning, the organization's own choices."""
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    initial: dict[str, Any] = {
        "report_emails": ", ".join(organization.report_emails),
        "start_date": today + dt.timedelta(days=1),
        "start_time": dt.time(9),
        "time_zone": organization.time_zone,
    }
    return initial | {"when": LATER} if kind == CampaignKind.ONE_TIME else initial
