"""`textmanager password-link`: a link to a new password for an account that cannot be mailed."""

from __future__ import annotations

import click

from textmanager.commands.preparing import prepare


@click.command()
@click.argument("username")
def command(username: str) -> None:
    """Print a link that sets a new password for a local account, once, within an hour.

    Who opens it is that person from then on: hand it to nobody else. iMIS staff have no password
    here; theirs is reset in iMIS.
    """
    prepare()
    from textmanager.organizations.password_reset import (  # noqa: PLC0415 - needs Django to be set up
        NoLink,
        link_for,
    )

    try:
        click.echo(link_for(username))
    except NoLink as refusal:
        raise click.ClickException(str(refusal)) from refusal
