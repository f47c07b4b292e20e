"""Signs in at iMIS and Twilio with what an administrator gave, before any of it is kept."""

from __future__ import annotations

import click
from django.core.exceptions import ValidationError

from textmanager.config.bridge import wait_for
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.errors import GatewayError
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError


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
    except GatewayError as error:
        raise click.ClickException(f"Twilio: {error}") from error
    if account.status != "active":
        raise click.ClickException(
            f"Twilio: the account {account.friendly_name} is {account.status}."
        )
    click.echo(f"The Twilio account {account.friendly_name} is active.")


def in_words(error: ValidationError) -> str:
    """What a model finds wrong with its fields, in one line."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        f"{field.replace('_', ' ').capitalize()}: {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    )
