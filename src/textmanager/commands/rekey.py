"""`textmanager rekey`: seals every stored secret with the newest encryption key."""

from __future__ import annotations

import click

from textmanager.commands.preparing import prepare


@click.command()
def command() -> None:
    """Seal every stored secret with the first key of TEXTMANAGER_ENCRYPTION_KEYS.

    Put a new key in front of the list, restart, then run this: after it the older keys can go.
    The exit code is 1 when a secret cannot be read with any of the keys.
    """
    prepare()
    from textmanager.organizations.resealing import (  # noqa: PLC0415 - needs Django to be set up
        reseal_secrets,
    )

    result = reseal_secrets()
    click.echo(f"Sealed anew: {result.anew}. With the newest key already: {result.already}.")
    if result.unreadable:
        raise click.ClickException(
            "These cannot be read with any of the keys: "
            f"{'; '.join(result.unreadable)}. Put the key that sealed them back into the list, or "
            "enter the secrets anew."
        )
