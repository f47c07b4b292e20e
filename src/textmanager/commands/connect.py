"""`textmanager connect`: changes how an organization reaches its iMIS and its Twilio account."""

from __future__ import annotations

import click
from django.core.exceptions import ValidationError

from textmanager.commands.connecting import check_imis, check_twilio, in_words
from textmanager.commands.preparing import prepare
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.transport import TWILIO_API


@click.group()
def command() -> None:
    """Change an organization's connection, for example when a password was changed."""


@command.command("imis")
@click.argument("cloud_id")
@click.option("--url", prompt="Address of the iMIS site, https://...")
@click.option("--username", prompt="User name of the background account")
@click.option(
    "--password", prompt=True, hide_input=True, envvar="CONNECT_IMIS_PASSWORD", show_envvar=True
)
def connect_imis(cloud_id: str, url: str, username: str, password: str) -> None:
    """Sign in at iMIS, then keep the account."""
    prepare()
    # Needs Django to be set up, as below.
    from textmanager.organizations import founding  # noqa: PLC0415 - see above

    try:
        organization = founding.existing_organization(cloud_id)
        check_imis(url, username, password)
        founding.connect_imis(organization, founding.ImisAccount(url, username, password))
    except ValidationError as error:
        raise click.ClickException(in_words(error)) from error
    click.echo("Kept.")


@command.command("twilio")
@click.argument("cloud_id")
@click.option("--account-sid", prompt="Account SID, AC...")
@click.option(
    "--auth-token",
    prompt=True,
    hide_input=True,
    envvar="CONNECT_TWILIO_AUTH_TOKEN",
    show_envvar=True,
)
@click.option(
    "--secondary-auth-token",
    default="",
    envvar="CONNECT_TWILIO_SECONDARY_AUTH_TOKEN",
    show_envvar=True,
    help="May sign webhooks too, while the account's tokens are changed.",
)
@click.option(
    "--api-key-sid",
    default="",
    help="Signs in instead of the auth token, which webhooks are still checked with.",
)
@click.option(
    "--api-key-secret",
    default="",
    envvar="CONNECT_TWILIO_API_KEY_SECRET",
    show_envvar=True,
    help="The secret of that API key.",
)
@click.option("--url", default=TWILIO_API, show_default=True, help="Where Twilio answers.")
def connect_twilio(  # noqa: PLR0917 - Click hands each option over by itself
    cloud_id: str,
    account_sid: str,
    auth_token: str,
    secondary_auth_token: str,
    api_key_sid: str,
    api_key_secret: str,
    url: str,
) -> None:
    """Sign in at Twilio, then keep the account."""
    prepare()
    from textmanager.organizations import founding  # noqa: PLC0415 - see above

    credentials = TwilioCredentials(
        account_sid.strip(), auth_token, api_key_sid.strip(), api_key_secret, base_url=url
    )
    try:
        organization = founding.existing_organization(cloud_id)
        check_twilio(credentials)
        founding.connect_twilio(organization, credentials, secondary_token=secondary_auth_token)
    except ValidationError as error:
        raise click.ClickException(in_words(error)) from error
    click.echo("Kept.")
