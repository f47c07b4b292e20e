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
    from textmanager.organizations import password_reset  # noqa: PLC0415 - needs Django
    from textmanager.organizations.models import User  # noqa: PLC0415 - needs Django

    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise click.ClickException(f"There is no account {username} here.")
    if user.imis_username:
        raise click.ClickException(f"{username} signs in with iMIS: reset the password there.")
    click.echo(password_reset.link(user))
