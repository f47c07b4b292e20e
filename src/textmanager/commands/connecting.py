"""Signs in at iMIS and Twilio with what an administrator gave, before any of it is kept."""

from __future__ import annotations

import click
from django.core.exceptions import ValidationError

from textmanager.config.bridge import wait_for
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.directory import list_senders
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError

UNAUTHORIZED = 401
SERVICE = "service"


def check_imis(base_url: str, username: str, password: str) -> None:
    """Says that iMIS lets the account in. Raises ClickException with iMIS's reason."""

    async def sign_in() -> str:
        async with ImisClient(base_url, username, password) as client:
            return await client.sign_in()

    try:
        click.echo(f"iMIS lets {wait_for(sign_in())} in.")
    except ImisError as error:
        raise click.ClickException(f"iMIS: {error}") from error


def check_twilio(credentials: TwilioCredentials) -> None:
    """Says that the Twilio account is active. Raises ClickException with Twilio's reason."""
    try:
        account = wait_for(check_account(credentials))
    except TwilioRefused as refused:
        if refused.status != UNAUTHORIZED:
            raise click.ClickException(f"Twilio: {refused}") from refused
        raise click.ClickException(
            "Twilio does not let the account in: its SID and what signs in for it do not fit "
            "together, or the account is closed. Copy both from Twilio's console once more."
        ) from refused
    except GatewayError as error:
        raise click.ClickException(f"Twilio: {error}") from error
    if account.status != "active":
        raise click.ClickException(
            f"Twilio: the account {account.friendly_name} is {account.status}."
        )
    click.echo(f"The Twilio account {account.friendly_name} is active.")


def check_sender(credentials: TwilioCredentials, address: str, kind: str) -> None:
    """Says nothing when the account has this sender, and it is of this kind.

    A kind other than Twilio's would send at the wrong pace. Raises ClickException.
    """
    try:
        theirs = wait_for(list_senders(credentials))
    except GatewayError as error:
        raise click.ClickException(f"Twilio: {error}") from error
    found = next((each for each in theirs if each.address == address), None)
    if found is None:
        others = ", ".join(each.address for each in theirs) or "nothing that can send"
        raise click.ClickException(
            f"Sender: {address} is not in this Twilio account, which has {others}."
        )
    # Which local numbers are registered as 10DLC is not always told.
    local = {"10dlc": "long_code"}
    theirs_is, ours_is = (local.get(each, each) for each in (found.kind, kind))
    if theirs_is not in {SERVICE, ours_is}:
        raise click.ClickException(f"Sender kind: {address} is {found.kind} at Twilio, not {kind}.")


def in_words(error: ValidationError) -> str:
    """What a model finds wrong with its fields, in one line."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        f"{field.replace('_', ' ').capitalize()}: {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    )
