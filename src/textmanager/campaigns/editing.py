"""Creates and changes campaigns from what the form holds."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.lifecycle import NotPossible, locked
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User

SAVED_FIELDS = (
    "name",
    "report_emails",
    "iqa_path",
    "prompt_answers",
    "id_column",
    "phone_column",
    "days_between_texts",
    "sender",
    "priority",
    "api_mode",
    "template",
    "empty_values",
    "write_back",
    "rrule",
    "start_date",
    "start_time",
    "time_zone",
    "catch_up",
    "catch_up_hours",
    "useful_for_hours",
)


class EditedMeanwhile(NotPossible):
    """Somebody else saved the campaign after this form was opened."""


@transaction.atomic
def create_campaign(*, organization: Organization, actor: User, values: dict[str, Any]) -> Campaign:
    """A new recurring campaign, active from its first occurrence on.

    `values` are the form's cleaned ones. Raises NotPossible when no occurrence lies ahead.
    """
    campaign = Campaign(
        organization=organization,
        kind=CampaignKind.RECURRING,
        state=CampaignState.ACTIVE,
        created_by=actor,
        **{name: values[name] for name in SAVED_FIELDS},
    )
    _schedule(campaign)
    campaign.save()
    audit.record(
        organization=organization,
        actor=actor,
        action="created",
        subject=campaign,
        after=_described(campaign),
    )
    return campaign


@transaction.atomic
def update_campaign(
    *, organization: Organization, actor: User, campaign_id: int, values: dict[str, Any]
) -> Campaign:
    """Changes a campaign from its next occurrence on; a run that has begun is not touched.

    Raises EditedMeanwhile when `values["version"]` is not the present one, NotPossible when no
    occurrence lies ahead, Campaign.DoesNotExist.
    """
    campaign = locked(organization, campaign_id)
    if values.get("version") != campaign.version:
        raise EditedMeanwhile(
            "Somebody else has saved this campaign since you opened it. Your changes are still "
            "below. Open the campaign in another window to compare, then save again to overwrite."
        )
    before = _described(campaign)
    for name in SAVED_FIELDS:
        setattr(campaign, name, values[name])
    if campaign.state == CampaignState.ENDED:
        campaign.state = CampaignState.ACTIVE
    _schedule(campaign)
    campaign.version += 1
    campaign.updated_at = timezone.now()
    campaign.save()
    audit.record(
        organization=organization,
        actor=actor,
        action="changed",
        subject=campaign,
        before=before,
        after=_described(campaign),
    )
    return campaign


def _schedule(campaign: Campaign) -> None:
    campaign.next_run_at = campaign.recurrence.next_after(timezone.now())
    if campaign.next_run_at is None:
        raise NotPossible(
            "This schedule has no occurrence ahead. Choose a later start or a later end."
        )


def _described(campaign: Campaign) -> dict[str, Any]:
    described = {name: getattr(campaign, name) for name in SAVED_FIELDS}
    return {
        name: value if isinstance(value, int | list) else str(value)
        for name, value in described.items()
    }
