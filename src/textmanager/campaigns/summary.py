"""The Campaign Summary: what a campaign would do, for its whole audience, before it is saved.

It composes the very texts that a run would, so its figures are the run's, as of today's data.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from textmanager.campaigns.audience import whole_audience
from textmanager.campaigns.composition import ComposedText, Composer, Exclusions
from textmanager.campaigns.models import ApiMode, Campaign
from textmanager.campaigns.reasons import explain_reason
from textmanager.organizations.models import Organization, Sender
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.allowance import segments_left, sender_segments_left
from textmanager.runs.history import recently_texted
from textmanager.schedule.estimate import Estimate, estimate
from textmanager.schedule.recurrence import Recurrence
from textmanager.text.merge import Template
from textmanager.text.segments import measure
from textmanager.text.statuses import MessageStatus

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
EXAMPLES = 5
COMING = 5


@dataclass(frozen=True)
class Excluded:
    """People who would get no text, for one reason."""

    label: str
    count: int
    examples: list[str]


@dataclass(frozen=True)
class Forcing:
    """A character that makes texts Unicode, which more than halves what fits into a segment."""

    char: str
    name: str
    count: int


@dataclass(frozen=True)
class Preview:
    to: str
    body: str
    segments: int
    encoding: str


@dataclass(frozen=True)
class CampaignSummary:
    """The figures of the form's last section. Instants are aware UTC; `zone` is for people."""

    contacts: int
    will_be_texted: int
    excluded: list[Excluded]
    segments: int
    segments_per_text: list[tuple[int, int]]
    forces_unicode: list[Forcing]
    empty_fields: list[tuple[str, int]]
    left_today: int
    daily_allowance: int
    starts_at: dt.datetime
    finish: dt.datetime
    days: list[tuple[dt.date, int]]
    occurrences: list[dt.datetime]
    schedule_in_words: str
    preview: Preview | None
    is_test: bool
    zone: str


def summarize_now(campaign: Campaign) -> CampaignSummary:
    """The summary of a saved campaign as if it ran at this moment, with the audience of now.

    Raises AudienceUnavailable.
    """
    values = {name: getattr(campaign, name) for name in SUMMARIZED}
    return summarize(
        campaign.organization,
        values,
        campaign_id=campaign.pk,
        starts_at=timezone.now(),
    )


def summarize(
    organization: Organization,
    values: dict[str, Any],
    *,
    campaign_id: int | None = None,
    starts_at: dt.datetime | None = None,
) -> CampaignSummary:
    """The summary for the form's cleaned values, whose names are in `SUMMARIZED`.

    `campaign_id` of an existing campaign lets those count as excluded whom it texted recently.
    `starts_at` is when the sending would begin, now, instead of at the next occurrence. Raises
    AudienceUnavailable.
    """
    now = timezone.now()
    audience = whole_audience(
        organization.pk,
        values["iqa_path"],
        tuple((name, answer) for name, answer in values["prompt_answers"]),
        fresh=starts_at is not None,
    )
    texts = _texts(organization, values, audience.rows, campaign_id, now)
    going = [text for text in texts if text.status == MessageStatus.QUEUED]
    recurrence = Recurrence(
        values["rrule"],
        dt.datetime.combine(values["start_date"], values["start_time"]),
        values["time_zone"],
    )
    occurrences = _coming(recurrence, now)
    starts_at = starts_at or (occurrences[0] if occurrences else now)
    left_today = segments_left(organization, organization.day_of(now))
    ahead = _estimate(organization, values["sender"], going, starts_at, left_today)
    return CampaignSummary(
        contacts=audience.total,
        will_be_texted=len(going),
        excluded=_excluded(texts),
        segments=sum(text.segments for text in going),
        segments_per_text=sorted(Counter(text.segments for text in going).items()),
        forces_unicode=_forcing(going),
        empty_fields=Counter(name for text in texts for name in text.empty_fields).most_common(),
        left_today=left_today,
        daily_allowance=organization.daily_allowance,
        starts_at=starts_at,
        finish=ahead.finish,
        days=list(ahead.by_day),
        occurrences=occurrences,
        schedule_in_words=recurrence.in_words(),
        preview=_preview(going),
        is_test=values["api_mode"] == ApiMode.TEST,
        zone=values["time_zone"],
    )


def _texts(
    organization: Organization,
    values: dict[str, Any],
    rows: Sequence[dict[str, object]],
    campaign_id: int | None,
    now: dt.datetime,
) -> list[ComposedText]:
    composer = Composer(
        template=Template.parse(values["template"]),
        id_column=values["id_column"],
        phone_column=values["phone_column"],
        region=organization.region,
        formats=organization.formats,
        empty_values=values["empty_values"],
    )
    texts = [composer.compose(number, row) for number, row in enumerate(rows)]
    numbers = {text.to for text in texts if text.to}
    recent: frozenset[str] = frozenset()
    if campaign_id is not None and values["days_between_texts"]:
        recent = recently_texted(
            campaign_id=campaign_id,
            numbers=numbers,
            since=now - dt.timedelta(days=values["days_between_texts"]),
        )
    exclusions = Exclusions(
        opted_out=opted_out_among(organization.pk, numbers), texted_recently=recent
    )
    return list(exclusions.apply(texts))


def _estimate(
    organization: Organization,
    sender: Sender,
    texts: Sequence[ComposedText],
    starts_at: dt.datetime,
    left_today: int,
) -> Estimate:
    """How the run would spread, if the sender and the day's allowance had nothing else to do."""
    today = organization.day_of(timezone.now())
    a_day = min(organization.daily_allowance, sender.daily_cap or organization.daily_allowance)
    left = a_day
    if organization.day_of(starts_at) == today:
        sender_left = sender_segments_left(sender, today)
        left = left_today if sender_left is None else min(left_today, sender_left)
    return estimate(
        ((text.segments, text.time_zones) for text in texts),
        starts_at=starts_at,
        segments_per_second=sender.segments_per_second,
        left_first_day=left,
        a_day=a_day,
        zone=organization.time_zone,
        hours=organization.texting_hours,
    )


def _coming(recurrence: Recurrence, now: dt.datetime) -> list[dt.datetime]:
    coming: list[dt.datetime] = []
    after: dt.datetime | None = now
    while after is not None and len(coming) < COMING:
        after = recurrence.next_after(after)
        if after is not None:
            coming.append(after)
    return coming


def _excluded(texts: Sequence[ComposedText]) -> list[Excluded]:
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        if text.status != MessageStatus.QUEUED:
            label = explain_reason(text.reason).words
            groups[label].append(text.raw_phone or text.imis_id or f"row {text.number + 1}")
    return [
        Excluded(label, len(examples), examples[:EXAMPLES])
        for label, examples in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _forcing(texts: Sequence[ComposedText]) -> list[Forcing]:
    counts: Counter[str] = Counter()
    for text in texts:
        if text.encoding != "GSM-7":
            counts.update({found.char for found in measure(text.body).forces_ucs2})
    return [
        Forcing(char, unicodedata.name(char[0], "a special character").lower(), count)
        for char, count in counts.most_common(EXAMPLES)
    ]


def _preview(texts: Sequence[ComposedText]) -> Preview | None:
    if not texts:
        return None
    first = texts[0]
    return Preview(first.to, first.body, first.segments, first.encoding)
