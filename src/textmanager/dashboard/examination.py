"""Examines an organization's connections, and whether its campaigns can do with what is there."""

from __future__ import annotations

from collections.abc import Iterator

from textmanager.campaigns.lifecycle import starting_by_themselves, sure_to_be_held
from textmanager.config.finding import Finding
from textmanager.organizations.examination import examine_organization
from textmanager.organizations.models import Organization, Sender
from textmanager.runs.next_cost import dearest_to_come

# More campaigns of one sender than this are told of as a number.
NAMED = 3


def examine(organization: Organization) -> Iterator[Finding]:
    """Signs in at its iMIS and its Twilio; sends and writes nothing."""
    yield from examine_organization(organization, to_come=dearest_to_come(organization))
    yield from _campaigns(organization)


def _campaigns(organization: Organization) -> Iterator[Finding]:
    held = list(sure_to_be_held(organization).select_related("sender").order_by("name", "pk"))
    of_sender: dict[Sender, list[str]] = {}
    for campaign in held:
        if campaign.sender is not None:
            of_sender.setdefault(campaign.sender, []).append(f"“{campaign.name}”")
    for sender, names in of_sender.items():
        why = sender.unfit_because if sender.is_active else "It is out of use."
        shown = ", ".join(names[:NAMED]) + (
            f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        )
        verb, whose = ("is", "Its run") if len(names) == 1 else ("are", "Their runs")
        yield Finding(
            "Campaigns",
            f"{shown} {verb} to run, and nothing can leave from the sender {sender}. {why} "
            f"{whose} will be held.",
            "Set the sender right under Settings, Twilio, or choose another one in the campaign.",
        )
    if not held and (going := starting_by_themselves(organization).count()):
        words = "1 is to run, with a sender" if going == 1 else f"{going} are to run, with senders"
        yield Finding("Campaigns", f"{words} from which texts can leave.")
