"""The Campaign Summary: what a campaign would do, for its whole audience, before it is saved.

The audience is counted by a worker (`counting.py`), which composes the very texts that a run
would; here the figures are joined with the schedule, the allowance and the price, which change
with every touch of the form and cost nothing to look up.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from textmanager.campaigns.coming import Coming, coming_of
from textmanager.campaigns.cost import Cost, cost_of
from textmanager.campaigns.counting import ask
from textmanager.campaigns.figures import Question
from textmanager.campaigns.models import ApiMode, AudienceCount, Campaign, CountState
from textmanager.campaigns.reasons import explain_reason
from textmanager.campaigns.spreading import forecast
from textmanager.organizations.models import Organization, User
from textmanager.runs.allowance import segments_left
from textmanager.text.segments import smart_encode

# The fields of the form, and of a campaign, that the figures depend on.
SUMMARIZED = (
    "iqa_path",
    "prompt_answers",
    "id_column",
    "phone_column",
    "days_between_texts",
    "sender",
    "api_mode",
    "template",
    "empty_values",
    "rrule",
    "start_date",
    "start_time",
    "time_zone",
)


@dataclass(frozen=True)
class Excluded:
    """People who would get no text, for one reason."""

    reason: str
    label: str
    what_to_do: str
    count: int


@dataclass(frozen=True)
class Forcing:
    """A character that makes texts Unicode, which more than halves what fits into a segment."""

    char: str
    name: str
    count: int
    plain: str


@dataclass(frozen=True)
class Bar:
    """One bar of the histogram: texts of so many segments, its width in percent of the longest."""

    segments: int
    texts: int
    percent: int


@dataclass(frozen=True)
class CampaignSummary:
    """The figures of the form's last section. Instants are aware UTC; `zone` is for people."""

    count_id: int
    counted_at: dt.datetime
    contacts: int
    will_be_texted: int
    excluded: list[Excluded]
    segments: int
    histogram: list[Bar]
    forces_unicode: list[Forcing]
    empty_fields: list[tuple[str, int]]
    left_today: int
    daily_allowance: int
    starts_at: dt.datetime
    finish: dt.datetime
    days: list[tuple[dt.date, int]]
    left_over: int
    cost: Cost | None
    coming: Coming
    is_test: bool
    zone: str


def summary_of(
    organization: Organization,
    values: dict[str, Any],
    count: AudienceCount,
    *,
    starts_at: dt.datetime | None = None,
    skipped: Container[dt.datetime] = (),
) -> CampaignSummary | None:
    """The summary for the form's cleaned values, whose names are in `SUMMARIZED`.

    None while the count is not done. `starts_at` is when the sending would begin, instead of at
    the next occurrence that is not `skipped`.
    """
    if count.state != CountState.DONE:
        return None
    now, figures, sender = timezone.now(), count.figures, values["sender"]
    coming = coming_of(values, now, skipped)
    begins = starts_at or coming.first or now
    left_today = segments_left(organization, organization.day_of(now))
    groups = [(tuple(zones), segments, texts) for zones, segments, texts in figures["groups"]]
    ahead = forecast(organization, sender, groups, starts_at=begins, left_today=left_today)
    return CampaignSummary(
        count_id=count.pk,
        counted_at=count.updated_at,
        contacts=figures["contacts"],
        will_be_texted=figures["texted"],
        excluded=_excluded(figures["excluded"]),
        segments=figures["segments"],
        histogram=_histogram(figures["per_text"]),
        forces_unicode=[_forcing(char, texts) for char, texts in figures["forcing"]],
        empty_fields=[(name, people) for name, people in figures["empty_fields"]],
        left_today=left_today,
        daily_allowance=organization.daily_allowance,
        starts_at=begins,
        finish=ahead.finish,
        days=list(ahead.by_day),
        left_over=ahead.left_over,
        cost=cost_of(organization, sender, figures["segments"]),
        coming=coming,
        is_test=values["api_mode"] == ApiMode.TEST,
        zone=values["time_zone"],
    )


def values_of(campaign: Campaign) -> dict[str, Any]:
    """What `summary_of` and `Question.of` want to know, of a saved campaign."""
    return {name: getattr(campaign, name) for name in SUMMARIZED}


def count_now(campaign: Campaign, *, actor: User, again: bool = False) -> AudienceCount:
    """The count of a saved campaign's audience, for the page that asks before a run by hand.

    `again` begins a new one, so that the figures are of now.
    """
    return ask(
        organization=campaign.organization,
        actor=actor,
        form_key=f"run-now-{campaign.pk}-{actor.pk}",
        question=Question.of(values_of(campaign), campaign.pk),
        fresh=again,
    )


def _excluded(counts: dict[str, int]) -> list[Excluded]:
    rows = []
    for reason, people in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        explained = explain_reason(reason)
        rows.append(Excluded(reason, explained.words, explained.what_to_do, people))
    return rows


def _histogram(per_text: list[list[int]]) -> list[Bar]:
    most = max((texts for _, texts in per_text), default=1)
    return [Bar(segments, texts, max(1, 100 * texts // most)) for segments, texts in per_text]


def _forcing(char: str, texts: int) -> Forcing:
    plain = smart_encode(char).body
    name = unicodedata.name(char[0], "a special character").lower()
    return Forcing(char, name, texts, "" if plain == char else plain)
