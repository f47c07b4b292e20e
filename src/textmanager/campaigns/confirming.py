"""Says in one sentence what saving a LIVE campaign leads to: who gets what, when, at what cost."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from textmanager.campaigns.counting import ask, nobody_counts
from textmanager.campaigns.figures import Question
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.models import AudienceCount, Campaign, CountState
from textmanager.campaigns.scheduling import NOW
from textmanager.campaigns.summary import CampaignSummary, summary_of
from textmanager.organizations.models import Organization, Sender, User
from textmanager.schedule.words import clock, day


@dataclass(frozen=True)
class Confirmation:
    """What is asked; `summary` is None until the audience is counted."""

    sentence: str
    count: AudienceCount
    summary: CampaignSummary | None
    no_worker: bool

    @property
    def is_counting(self) -> bool:
        return self.count.state not in (CountState.DONE, CountState.FAILED)


def confirmation(
    organization: Organization,
    form: CampaignForm,
    *,
    actor: User,
    form_key: str,
    campaign: Campaign | None,
) -> Confirmation:
    """For a form that is valid, of a campaign or of a new one."""
    values = form.cleaned_data
    count = ask(
        organization=organization,
        actor=actor,
        form_key=form_key,
        question=Question.of(values, campaign.pk if campaign else None),
    )
    summary = summary_of(organization, values, count, skipped=campaign.skipped if campaign else ())
    return Confirmation(sentence(values, summary), count, summary, nobody_counts(count))


def sentence(values: dict[str, Any], summary: CampaignSummary | None) -> str:
    """Who gets what, when and at what cost, as one sentence."""
    sender: Sender = values["sender"]
    who = f"Everybody in “{values['iqa_path']}” gets a text"
    cost = ""
    if summary is not None:
        people = summary.will_be_texted
        who = f"{people:,} {'person' if people == 1 else 'people'} in “{values['iqa_path']}” get"
        who += "s a text" if people == 1 else " a text"
        price = "a price that Twilio has not told yet"
        if summary.cost is not None:
            price = f"about {summary.cost} {summary.cost.besides}"
        segments = f"{summary.segments:,} segment{'' if summary.segments == 1 else 's'}"
        each_time = " each time" if values["rrule"] else ""
        cost = f", for {price}{each_time} ({segments})"
    return f"{who} from {sender}, {_when(values, summary)}{cost}."


def _when(values: dict[str, Any], summary: CampaignSummary | None) -> str:
    if values.get("when") == NOW:
        return "as soon as you confirm"
    if summary is not None:
        local = summary.starts_at.astimezone(ZoneInfo(summary.zone))
        moment = f"on {day(local.date())} at {clock(local.time())} {local:%Z}"
        words = summary.coming.words
        repeat = f", and then {words[0].lower()}{words[1:]}" if values["rrule"] else ""
        return moment + repeat
    start = f"{day(values['start_date'])} at {clock(values['start_time'])}"
    return f"from {start}" if values["rrule"] else f"on {start}"


def digest_of(values: dict[str, Any]) -> str:
    """Stands for what a person has confirmed: another form needs another confirmation."""
    said = {
        name: value.pk if isinstance(value, Sender) else str(value)
        for name, value in values.items()
        if name != "version"
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
