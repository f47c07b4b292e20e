"""The path of a first visit, from nothing to texts that leave; worked out from facts alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from textmanager.campaigns.models import ApiMode
from textmanager.dashboard.facts import Facts
from textmanager.organizations.models import Membership, Role
from textmanager.runs.trying import Trial, Tried, tried

# What a run in TEST mode does.
TRIAL = "Everybody in the IQA is prepared and checked. Nothing is sent."


@dataclass(frozen=True)
class Step:
    """`url` is empty for whoever may not take this step."""

    title: str
    words: str
    label: str
    url: str
    is_done: bool
    is_next: bool = False


def first_visit(facts: Facts, membership: Membership) -> list[Step]:
    """The four steps with the next one marked; empty once all are done. One query."""
    so_far = tried(membership.organization)
    done = _done(facts, membership, so_far)
    if all(done):
        return []
    coming = done.index(False)
    return [
        Step(title, words, label, url, is_done=done[number], is_next=number == coming)
        for number, (title, words, label, url) in enumerate(_steps(membership, so_far))
    ]


def _done(facts: Facts, membership: Membership, so_far: Tried) -> list[bool]:
    """Whether each step is done; texts that leave show that everything before was tried."""
    organization = membership.organization
    imis = getattr(organization, "imis", None)
    twilio = getattr(organization, "twilio", None)
    may_send = twilio is not None and twilio.failing_since is None
    has_sender = may_send and facts.senders > 0
    is_live = bool(facts.live_campaigns) or ApiMode.LIVE in so_far.modes
    return [
        imis is not None and imis.failing_since is None,
        has_sender,
        ApiMode.TEST in so_far.modes or is_live,
        is_live,
    ]


def _steps(membership: Membership, so_far: Tried) -> list[tuple[str, str, str, str]]:
    admin, author = membership.may(Role.ADMIN), membership.may(Role.AUTHOR)
    return [
        (
            "Connect iMIS",
            "The background account reads your IQAs and writes each text on the member's record.",
            "Connect iMIS",
            reverse("settings:imis") if admin else "",
        ),
        (
            "Connect Twilio, and choose a sender",
            "Texts leave from a number or Messaging Service of your own Twilio account.",
            "Connect Twilio",
            reverse("settings:twilio") if admin else "",
        ),
        ("Run a first campaign in TEST mode", *_trial(so_far.trial, may_edit=author)),
        (
            "Go live",
            "Set it to LIVE when its TEST run looks right, first with an IQA of only yourself.",
            "Campaigns",
            reverse("campaigns:list") if author else "",
        ),
    ]


def _trial(trial: Trial | None, *, may_edit: bool) -> tuple[str, str, str]:
    """Words, label and address of the first run in TEST mode, as far as it has come."""
    if trial is None:
        words, label, address = TRIAL, "Make a campaign", reverse("campaigns:new")
    elif trial.open_run:
        words = f"The run of “{trial.name}” has not ended yet."
        return words, "See how it goes", reverse("runs:detail", args=[trial.open_run])
    elif trial.is_draft:
        words = f"“{trial.name or 'Untitled draft'}” is a draft so far. {TRIAL}"
        label, address = "Go on with this draft", reverse("campaigns:edit", args=[trial.id])
    else:
        words = f"“{trial.name}” is saved; now run it. {TRIAL}"
        label, address = "Run it now", reverse("campaigns:run-now", args=[trial.id])
    return words, label, address if may_edit else ""
