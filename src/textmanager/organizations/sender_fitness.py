"""Whether texts can leave from an organization's senders, as its Twilio account has them."""

from __future__ import annotations

import logging
from collections.abc import Collection

from textmanager.config.bridge import in_database, wait_for
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.directory import AccountSender, list_senders
from textmanager.gateway.errors import GatewayError
from textmanager.organizations.models import Sender

logger = logging.getLogger(__name__)


def unfit(found: AccountSender | None) -> tuple[str, str] | None:
    """Why nothing can be sent from it, and what is to be done; None when something can.

    `found` is the sender as the account has it, None where the account has no such sender.
    """
    if found is None:
        return (
            " is not in this Twilio account.",
            "Take it out of use under Settings, Twilio, or connect the account that has it.",
        )
    if found.is_blocked:
        return (
            f": {found.registration} (error 30032).",
            "Ask for toll-free verification in Twilio's console; it takes three to five days.",
        )
    if found.can_text:
        return None
    if found.kind == "service":
        return (
            " has no number to send from (error 21704).",
            "Add a number to the Messaging Service in Twilio's console.",
        )
    return (" cannot send texts.", "Choose a number that can; this one is for calls.")


def look_at_senders(organization_id: int, credentials: TwilioCredentials) -> None:
    """Asks the account for its senders and keeps which of ours can send; for a page that waits."""
    wait_for(watch_senders(organization_id, credentials))


async def watch_senders(organization_id: int, credentials: TwilioCredentials) -> None:
    """The same for a job. When Twilio does not tell, what was known of the senders stays."""
    try:
        theirs = await list_senders(credentials)
    except GatewayError as error:
        logger.warning("Twilio does not tell its senders: %s", error)
        return
    await in_database(note_fitness, organization_id, theirs)


def note_fitness(organization_id: int, theirs: Collection[AccountSender]) -> None:
    """Keeps at each sender why nothing can be sent from it."""
    at_twilio = {each.address: each for each in theirs}
    for sender in Sender.objects.filter(organization_id=organization_id):
        found = unfit(at_twilio.get(sender.address))
        why = _sentence(found[0])[:200] if found else ""
        if why != sender.unfit_because:
            Sender.objects.filter(pk=sender.pk).update(unfit_because=why)


def _sentence(words: str) -> str:
    """What follows a sender's name, as a sentence of its own."""
    return words.removeprefix(": ") if words.startswith(": ") else f"It{words}"
