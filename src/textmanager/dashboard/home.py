"""The figures of the home page, each from a tally or from few rows."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from textmanager.campaigns.agenda import Agenda, ComingRun, coming_runs, going_campaigns
from textmanager.campaigns.lifecycle import sure_to_be_held
from textmanager.campaigns.models import Campaign
from textmanager.config.counting import counted_together
from textmanager.config.jobs import living_workers
from textmanager.dashboard.facts import LATELY, Facts
from textmanager.organizations.models import Organization
from textmanager.organizations.senders import fit_senders
from textmanager.replies.figures import ReplyFigures, reply_figures
from textmanager.runs.allowance import segments_of_runs
from textmanager.runs.deliveries import Deliveries, deliveries_by_day
from textmanager.runs.failures import FailedLately, failed_lately
from textmanager.runs.standing import standing
from textmanager.schedule.words import clock

DAYS = 30
FAILURES_LOOK_BACK = dt.timedelta(days=7)
MOST_REASONS = 5
AGENDA_LOOKS_AHEAD = dt.timedelta(days=14)
MOST_ON_AGENDA = 60
# From here on a bar of the allowance says that it is nearly used up.
NEARLY = 0.8


@dataclass(frozen=True)
class Allowance:
    """Segments used of what the organization lets itself send; the month's is that of its days."""

    daily: int
    today: int
    this_month: int
    monthly: int

    @property
    def left_today(self) -> int:
        return max(0, self.daily - self.today)

    @property
    def is_nearly_used(self) -> bool:
        return self.today >= NEARLY * self.daily


@dataclass(frozen=True)
class AgendaEntry:
    """A coming run; `time` is in the organization's zone, such as "8:10 AM EST"."""

    campaign: Campaign
    at: dt.datetime
    time: str


@dataclass(frozen=True)
class AgendaDay:
    """The coming runs of one day of the organization; `name` such as "Tomorrow"."""

    name: str
    day: dt.date
    entries: list[AgendaEntry]


@dataclass(frozen=True)
class AgendaByDay:
    """Days that have a run. `is_cut`: more runs follow than are shown."""

    days: list[AgendaDay]
    total: int
    is_cut: bool


@dataclass(frozen=True)
class Home:
    """All of the page, and the facts that its frame needs too."""

    facts: Facts
    allowance: Allowance
    replies: ReplyFigures
    deliveries: Deliveries
    failed: FailedLately
    agenda: AgendaByDay

    @property
    def delivered_percent(self) -> float | None:
        rate = self.deliveries.rate
        return None if rate is None else 100 * rate

    @property
    def outcomes_known(self) -> int:
        return self.deliveries.total.known


def home_of(organization: Organization, *, now: dt.datetime) -> Home:
    """Seven queries, whatever there is."""
    going = going_campaigns(organization, most=MOST_ON_AGENDA + 1)
    replies = reply_figures(organization, now=now, days=DAYS)
    facts = Facts(
        now=now,
        standing=standing(organization, now=now, since=now - LATELY),
        campaigns=going.all,
        live_campaigns=going.live,
        **counted_together(
            workers=living_workers(),
            senders=fit_senders(organization.pk),
            to_be_held=sure_to_be_held(organization),
        ),
        unread=replies.unread,
    )
    coming = coming_runs(going.soonest, until=now + AGENDA_LOOKS_AHEAD, most=MOST_ON_AGENDA)
    return Home(
        facts=facts,
        allowance=_allowance(organization, replies, now),
        replies=replies,
        deliveries=deliveries_by_day(organization, now=now, days=DAYS),
        failed=failed_lately(organization, since=now - FAILURES_LOOK_BACK, most=MOST_REASONS),
        agenda=agenda(coming, zone=organization.zone, now=now),
    )


def _allowance(organization: Organization, replies: ReplyFigures, now: dt.datetime) -> Allowance:
    today = organization.day_of(now)
    on_day, whole = segments_of_runs(organization.pk, since=today.replace(day=1), day=today)
    _, days = calendar.monthrange(today.year, today.month)
    return Allowance(
        daily=organization.daily_allowance,
        today=on_day + replies.segments_today,
        this_month=whole + replies.segments_this_month,
        monthly=organization.daily_allowance * days,
    )


def agenda(coming: Agenda, *, zone: ZoneInfo, now: dt.datetime) -> AgendaByDay:
    """Coming runs by the day of `zone`."""
    today = now.astimezone(zone).date()
    days = [
        AgendaDay(_day_name(day, today), day, [_entry(run, zone) for run in runs])
        for day, runs in groupby(coming.runs, key=lambda run: run.at.astimezone(zone).date())
    ]
    return AgendaByDay(days, total=len(coming.runs), is_cut=coming.is_cut)


def _entry(run: ComingRun, zone: ZoneInfo) -> AgendaEntry:
    local = run.at.astimezone(zone)
    return AgendaEntry(run.campaign, run.at, f"{clock(local.time())} {local:%Z}")


def _day_name(day: dt.date, today: dt.date) -> str:
    near = {0: "Today", 1: "Tomorrow"}
    # An occurrence that is due this very moment may lie on the day before.
    return near.get((day - today).days, f"{day:%A}")
