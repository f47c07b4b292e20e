"""Keeps what somebody typed into the form before it is saved, and tells who else is at it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.editing import SAVED_FIELDS, claim_form, refuse_begun
from textmanager.campaigns.form_values import answers_in, as_query, initial_for_new
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.lifecycle import locked
from textmanager.campaigns.models import Campaign, CampaignState, OpenForm
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User

UNTITLED = "Untitled campaign"
# Forms report every 15 seconds; one that has been silent for three times as long is closed.
STILL_THERE = dt.timedelta(seconds=45)
DAYS_TO_KEEP = 30


@dataclass(frozen=True)
class Kept:
    """What a form learns when it has reported: where it is kept, and who else is at it."""

    campaign_id: int
    version: int
    saved_at: dt.datetime | None
    edited_meanwhile: bool
    others: list[str]


@transaction.atomic
def keep_draft(
    *,
    organization: Organization,
    actor: User,
    form_id: uuid.UUID,
    kind: str,
    typed: dict[str, Any],
) -> Kept | None:
    """Keeps a new form as a draft, one for each `form_id`, however often it reports.

    None, and no draft, while the form holds only what every new form does.
    """
    is_known = Campaign.objects.filter(organization=organization, form_id=form_id).exists()
    if typed and not is_known and _is_untouched(organization, kind, typed):
        return None
    campaign, is_new = claim_form(organization, actor, kind, form_id)
    if is_new:
        campaign.name = _name(typed)
        audit.record(organization=organization, actor=actor, action="drafted", subject=campaign)
    return _keep(campaign, actor, typed, campaign.version)


@transaction.atomic
def keep_changes(
    *,
    organization: Organization,
    actor: User,
    campaign_id: int,
    typed: dict[str, Any],
    version: int,
) -> Kept:
    """Keeps what is typed into the form of a campaign, which itself stays as it is.

    A draft takes it up at once, unless somebody else has changed it since `version`: then it is
    kept beside it. Raises HasBegun, Campaign.DoesNotExist.
    """
    campaign = locked(organization, campaign_id)
    refuse_begun(campaign)
    return _keep(campaign, actor, typed, version)


def _keep(campaign: Campaign, actor: User, typed: dict[str, Any], version: int) -> Kept:
    now = timezone.now()
    is_behind = version != campaign.version
    if campaign.state == CampaignState.DRAFT and not is_behind:
        if typed != campaign.typed:
            _take_up(campaign, typed, now)
        _report(campaign, actor, now, typed={}, version=campaign.version, saved_at=None)
    else:
        _report(campaign, actor, now, typed=typed, version=version, saved_at=now)
    return Kept(
        campaign_id=campaign.pk,
        version=version if is_behind else campaign.version,
        saved_at=now,
        edited_meanwhile=is_behind,
        others=others_at(campaign, actor, now),
    )


def be_seen(*, organization: Organization, actor: User, campaign_id: int, version: int) -> Kept:
    """Notes that the person is still at the form. Raises Campaign.DoesNotExist."""
    now = timezone.now()
    campaign = Campaign.objects.get(pk=campaign_id, organization=organization, deleted_at=None)
    _report(campaign, actor, now)
    return Kept(
        campaign_id=campaign.pk,
        version=version,
        saved_at=None,
        edited_meanwhile=version != campaign.version,
        others=others_at(campaign, actor, now),
    )


def others_at(campaign: Campaign, actor: User, now: dt.datetime) -> list[str]:
    """Who else has the form of this campaign open, by name."""
    there = campaign.open_forms.filter(seen_at__gte=now - STILL_THERE).exclude(user=actor)
    return list(there.order_by("user__username").values_list("user__username", flat=True))


def unsaved_changes(campaign: Campaign, actor: User) -> OpenForm | None:
    """What this person typed into the campaign's form and did not save; None without any."""
    return campaign.open_forms.filter(user=actor).exclude(typed={}).first()


def discard_changes(*, organization: Organization, actor: User, campaign_id: int) -> None:
    """Forgets what this person typed and did not save. Raises Campaign.DoesNotExist."""
    campaign = Campaign.objects.get(pk=campaign_id, organization=organization, deleted_at=None)
    campaign.open_forms.filter(user=actor).delete()


def forget_old_forms(now: dt.datetime) -> None:
    """Removes forms that nobody has come back to for a month."""
    OpenForm.objects.filter(seen_at__lt=now - dt.timedelta(days=DAYS_TO_KEEP)).delete()


def _take_up(campaign: Campaign, typed: dict[str, Any], now: dt.datetime) -> None:
    """Puts into the draft what was typed, and into its fields as much of it as is right."""
    form = CampaignForm(as_query(typed), organization=campaign.organization, kind=campaign.kind)
    form.is_valid()
    right = {name: form.cleaned_data[name] for name in SAVED_FIELDS if name in form.cleaned_data}
    for name, value in right.items():
        setattr(campaign, name, value)
    campaign.name = _name(typed)
    campaign.prompt_answers = [list(pair) for pair in answers_in(typed).items()]
    campaign.typed, campaign.updated_at = typed, now
    campaign.version += 1
    campaign.save()


def _report(campaign: Campaign, actor: User, now: dt.datetime, **values: Any) -> None:
    OpenForm.objects.update_or_create(
        campaign=campaign, user=actor, defaults={"seen_at": now, **values}
    )


def _is_untouched(organization: Organization, kind: str, typed: dict[str, Any]) -> bool:
    """Whether nobody has typed anything into a new form."""
    form = CampaignForm(
        as_query(typed),
        organization=organization,
        kind=kind,
        initial=initial_for_new(organization, timezone.now(), kind=kind),
    )
    answers = answers_in(typed).values()
    return not any(answers) and not any(name in typed for name in form.changed_data)


def _name(typed: dict[str, Any]) -> str:
    return str(typed.get("name", "")).strip()[:120] or UNTITLED
