"""`textmanager migrate`: brings the database and the collected static files up to date."""

from __future__ import annotations

import click

from textmanager.commands.preparing import pending_migrations, prepare


@click.command()
def command() -> None:
    """Bring the database up to date. Run it before each new version starts."""
    prepare(migrated=False)
    applied = migrate()
    click.echo(f"{applied} migrations applied." if applied else "The database is up to date.")


def migrate() -> int:
    """Applies what is pending and collects the static files; Django must be set up.

    Returns how many migrations were applied.
    """
    from django.core.management import call_command  # noqa: PLC0415 - needs Django's settings

    from textmanager.config.static import collect_when_stale  # noqa: PLC0415 - see above

    pending = pending_migrations()
    if pending:
        call_command("migrate", interactive=False, verbosity=0)
    collect_when_stale()
    return len(pending)
