"""Saves what the form says for good; what is to be sent now begins in the same transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from textmanager.campaigns.editing import create_campaign, update_campaign
from textmanager.campaigns.models import Campaign, CampaignState
from textmanager.campaigns.scheduling import NOW
from textmanager.organizations.models import Organization, User
from textmanager.runs.beginning import latest_run_of, run_now
from textmanager.runs.models import Run


@dataclass(frozen=True)
class Saved:
    """A campaign as it is now; with its run if it was to be sent at once."""

    campaign: Campaign
    run: Run | None


@transaction.atomic
def save_campaign(
    *,
    organization: Organization,
    actor: User,
    values: dict[str, Any],
    kind: str,
    form_id: uuid.UUID,
    campaign_id: int | None,
) -> Saved:
    """Makes the campaign of a new form, or changes the one of `campaign_id`.

    Pressed twice it is sent once. Raises what `create_campaign`, `update_campaign` and `run_now`
    do, and then nothing is saved.
    """
    if campaign_id is None:
        campaign = create_campaign(
            organization=organization, actor=actor, values=values, kind=kind, form_id=form_id
        )
    else:
        campaign = update_campaign(
            organization=organization, actor=actor, campaign_id=campaign_id, values=values
        )
    if values.get("when") != NOW:
        return Saved(campaign, None)
    if campaign.state != CampaignState.SCHEDULED:
        return Saved(campaign, latest_run_of(campaign))
    run = run_now(organization=organization, campaign_id=campaign.pk, actor=actor)
    return Saved(campaign, run)
