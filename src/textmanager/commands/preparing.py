"""What commands do before their own work: the database, Django, the configuration's checks."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click
import django
from django.core import checks

from textmanager.config import database, keys
from textmanager.config.environment import ConfigurationError


def prepare(*, migrated: bool = True) -> None:
    """Starts the embedded database if it is the one in use, and sets up Django.

    With `migrated`, refuses a database that lacks migrations. Raises DatabaseUnavailable,
    ConfigurationError; prints what the checks warn of.
    """
    # Settings read the database's address, so it has to run before anything imports them.
    database.ensure_running(keys.data_dir())
    django.setup()
    refuse_wrong_configuration()
    if migrated:
        refuse_pending_migrations()


def refuse_wrong_configuration() -> None:
    # Imported here: Django must be set up before anything of its own database side is.
    from textmanager.config.checks import TAG  # noqa: PLC0415 - see above

    found = checks.run_checks(tags=[TAG])
    for message in found:
        if message.level < checks.ERROR:
            click.echo(f"Warning: {message.msg} {message.hint}", err=True)
    for message in found:
        if message.is_serious():
            raise ConfigurationError(f"{message.msg} {message.hint}")


def refuse_pending_migrations() -> None:
    if pending_migrations():
        raise ConfigurationError(
            "The database lacks tables of this version. Run `textmanager migrate` first."
        )


def pending_migrations() -> list[str]:
    """Names of the migrations that this version has and the database has not."""
    from django.db import connection  # noqa: PLC0415 - needs Django to be set up
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 - see above

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def end_in_order_on_sigterm() -> None:
    """Lets SIGTERM end the process by its exit handlers, which give the database back."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
