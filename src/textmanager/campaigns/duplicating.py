"""Copies a campaign into a new draft."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from textmanager.campaigns.form_values import initial_for
from textmanager.campaigns.forms import PROMPT
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User

LONGEST_NAME = 120
# What a copy says; when it runs next, and how far it came, is its own.
COPIED = (
    "kind",
    "report_emails",
    "iqa_path",
    "prompt_answers",
    "id_column",
    "phone_column",
    "days_between_texts",
    "sender_id",
    "priority",
    "api_mode",
    "template",
    "empty_values",
    "write_back",
    "rrule",
    "start_time",
    "time_zone",
    "catch_up",
    "catch_up_hours",
    "useful_for_hours",
)


@transaction.atomic
def duplicate_campaign(*, organization: Organization, campaign_id: int, actor: User) -> Campaign:
    """A draft that says what the campaign says; it runs only once somebody completes it.

    Archived and deleted campaigns can be copied too. A one-time copy has no day yet. Raises
    Campaign.DoesNotExist.
    """
    original = Campaign.objects.get(pk=campaign_id, organization=organization)
    copy = Campaign(
        organization=organization,
        state=CampaignState.DRAFT,
        name=f"Copy of {original.name}"[:LONGEST_NAME],
        start_date=None if original.is_one_time else original.start_date,
        created_by=actor,
        **{name: getattr(original, name) for name in COPIED},
    )
    copy.typed = as_typed(copy)
    copy.save()
    audit.record(
        organization=organization,
        actor=actor,
        action="created",
        subject=copy,
        after={"copy of": original.name, "campaign": original.pk},
    )
    return copy


def as_typed(campaign: Campaign) -> dict[str, Any]:
    """What a campaign's form holds, field by field as somebody would have typed it."""
    values = initial_for(campaign)
    answers = values.pop("prompt_answers")
    typed = {name: _written(value) for name, value in values.items() if name != "version"}
    return typed | {f"{PROMPT}{name}": str(answer) for name, answer in answers}


def _written(value: object) -> str | list[str]:
    match value:
        case None:
            return ""
        case list():
            return [str(each) for each in value]
        case dt.time():
            return f"{value:%H:%M}"
        case _:
            return str(value)
