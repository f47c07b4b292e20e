"""The path of a first visit, from nothing to texts that leave; worked out from facts alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from textmanager.campaigns.models import ApiMode
from textmanager.dashboard.facts import Facts
from textmanager.organizations.models import Membership, Role
from textmanager.organizations.senders import senders_in_use
from textmanager.runs.standing import modes_tried


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
    """The four steps with the next one marked; empty once all are done. Two queries at most."""
    done = _done(facts, membership)
    if all(done):
        return []
    coming = done.index(False)
    return [
        Step(title, words, label, url, is_done=done[number], is_next=number == coming)
        for number, (title, words, label, url) in enumerate(_steps(membership))
    ]


def _done(facts: Facts, membership: Membership) -> list[bool]:
    """Whether each step is done; texts that leave show that everything before was tried."""
    organization = membership.organization
    imis = getattr(organization, "imis", None)
    twilio = getattr(organization, "twilio", None)
    may_send = twilio is not None and twilio.failing_since is None
    has_sender = may_send and any(
        not each.unfit_because for each in senders_in_use(organization.pk)
    )
    tried = modes_tried(organization)
    is_live = bool(facts.live_campaigns) or ApiMode.LIVE in tried
    return [
        imis is not None and imis.failing_since is None,
        has_sender,
        ApiMode.TEST in tried or is_live,
        is_live,
    ]


def _steps(membership: Membership) -> list[tuple[str, str, str, str]]:
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
        (
            "Run a first campaign in TEST mode",
            "Everybody in the IQA is prepared and checked. Nothing is sent.",
            "Make a campaign",
            reverse("campaigns:new") if author else "",
        ),
        (
            "Go live",
            "Set it to LIVE when its TEST run looks right, first with an IQA of only yourself.",
            "Campaigns",
            reverse("campaigns:list") if author else "",
        ),
    ]
