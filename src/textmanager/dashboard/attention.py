"""What needs a hand, told above every page, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.urls import reverse

from textmanager.campaigns.lifecycle import sure_to_be_held
from textmanager.dashboard.facts import Facts
from textmanager.organizations.imis_health import imis_problem
from textmanager.organizations.models import Membership, Organization, Role
from textmanager.organizations.twilio_health import twilio_problem
from textmanager.runs.models import Run

# More runs than this are told of as a number.
NAMED = 3


@dataclass(frozen=True)
class Remedy:
    """Where to go to set it right."""

    label: str
    url: str


@dataclass(frozen=True)
class Banner:
    """One thing that needs a hand; the more urgent `tone` is error, then warning, then test."""

    key: str
    tone: str
    words: str
    remedies: list[Remedy] = field(default_factory=list)


def banners(facts: Facts, membership: Membership) -> list[Banner]:
    """The most urgent first. Whoever may not set a thing right is told who can."""
    organization = membership.organization
    told = [
        *_workers(facts, membership),
        *_held(facts.standing.held),
        *_paused(facts.standing.paused),
        *_not_run("failed", facts.standing.failed),
        *_not_run("missed", facts.standing.missed),
        *_connections(facts, organization, membership),
        *_unfit_senders(facts, membership),
        *_test_mode(facts),
    ]
    urgency = ("error", "warning", "test")
    return sorted(told, key=lambda banner: urgency.index(banner.tone))


def _workers(facts: Facts, membership: Membership) -> Iterator[Banner]:
    if not facts.workers:
        yield Banner(
            "workers",
            "error",
            "No worker is running: no campaign starts, and nothing is sent. What is due then "
            "waits, and nothing is lost.",
            _for_administrators(membership, Remedy("Set-up check", reverse("settings:check"))),
        )


def _held(runs: Sequence[Run]) -> Iterator[Banner]:
    if not runs:
        return
    if len(runs) == 1:
        words = f"The run of “{runs[0].campaign_name}” is held, and no text of it leaves."
        words = f"{words} {runs[0].reason}".strip()
    else:
        words = f"{len(runs)} runs are held, and no text of them leaves."
    yield Banner("held", "warning", words, _links(runs, "Resume or cancel it"))


def _paused(runs: Sequence[Run]) -> Iterator[Banner]:
    if not runs:
        return
    if len(runs) == 1:
        words = f"No text of the run of “{runs[0].campaign_name}” leaves. {runs[0].reason}"
    else:
        words = f"{len(runs)} runs are paused, and no text of them leaves."
    yield Banner("paused", "warning", words, _links(runs, "Resume or cancel it"))


def _not_run(how: str, runs: Sequence[Run]) -> Iterator[Banner]:
    if not runs:
        return
    what = "failed" if how == "failed" else "did not take place"
    if len(runs) == 1:
        words = f"The run of “{runs[0].campaign_name}” {what}. {runs[0].reason}".strip()
    else:
        words = f"{len(runs)} runs of the last days {what}."
    yield Banner(how, "error" if how == "failed" else "warning", words, _links(runs, "See why"))


def _links(runs: Sequence[Run], label: str) -> list[Remedy]:
    return [
        Remedy(
            label if len(runs) == 1 else f"“{run.campaign_name}”",
            reverse("runs:detail", args=[run.pk]),
        )
        for run in runs[:NAMED]
    ]


def _connections(
    facts: Facts, organization: Organization, membership: Membership
) -> Iterator[Banner]:
    found = {
        "imis": (imis_problem(organization, facts.now), "Settings, iMIS", "settings:imis"),
        "twilio": (twilio_problem(organization), "Settings, Twilio", "settings:twilio"),
    }
    for name, (problem, label, page) in found.items():
        if problem is not None:
            is_there = getattr(organization, name, None) is not None
            yield Banner(
                name if is_there else f"no-{name}",
                "warning",
                f"{problem.words} {problem.remedy}",
                _for_administrators(membership, Remedy(label, reverse(page))),
            )


def _unfit_senders(facts: Facts, membership: Membership) -> Iterator[Banner]:
    if not facts.to_be_held:
        return
    # Asked for only where there is something to tell.
    soonest = sure_to_be_held(membership.organization).order_by("next_run_at", "pk")[:NAMED]
    campaigns = list(soonest.only("name"))
    if facts.to_be_held == 1 and campaigns:
        whose = f"“{campaigns[0].name}” has a sender from which nothing can leave: its run"
    else:
        whose = (
            f"{facts.to_be_held} campaigns that are to run have senders from which nothing can "
            "leave: their runs"
        )
    remedies = []
    if membership.may(Role.AUTHOR):
        label = "Choose another sender"
        remedies = [
            Remedy(
                label if facts.to_be_held == 1 else f"{label} for “{each.name}”",
                reverse("campaigns:edit", args=[each.pk]),
            )
            for each in campaigns
        ]
        if facts.to_be_held > NAMED:
            remedies.append(Remedy("All campaigns", reverse("campaigns:list")))
    remedies += _for_administrators(
        membership, Remedy("Settings, Twilio", reverse("settings:twilio"))
    )
    yield Banner("unfit-sender", "warning", f"{whose} will be held.", remedies)


def _test_mode(facts: Facts) -> Iterator[Banner]:
    if facts.campaigns and not facts.live_campaigns:
        yield Banner(
            "test",
            "test",
            "Every campaign is in TEST mode: all is prepared and checked, and nothing is sent.",
            [Remedy("Campaigns", reverse("campaigns:list"))],
        )


def _for_administrators(membership: Membership, remedy: Remedy) -> list[Remedy]:
    return [remedy] if membership.may(Role.ADMIN) else []
