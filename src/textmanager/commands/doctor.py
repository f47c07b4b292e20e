"""`textmanager doctor`: looks at everything that this installation needs, a line for each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click
import django

from textmanager.config import database, environment, keys
from textmanager.config.environment import ConfigurationError
from textmanager.config.finding import Finding


@click.command()
@click.option("--show-config", is_flag=True, help="List every setting with its value, and end.")
def command(*, show_config: bool) -> None:
    """Check the installation: each line says ok, or what to do.

    Looks at settings, folders, mail, database, migrations, workers, clock, and signs in at each
    organization's iMIS and Twilio. Sends nothing. The exit code is 1 when something is to be done.
    """
    if show_config:
        click.echo("\n".join(configuration()))
        return
    to_do = 0
    for finding in findings():
        to_do += not finding.is_ok
        click.echo("\n".join(finding.lines()))
    if to_do:
        raise click.ClickException(
            "one thing is to be done." if to_do == 1 else f"{to_do} things are to be done."
        )
    click.echo("All is well.")


def configuration() -> Iterator[str]:
    """Each setting as NAME=value, with what it is for. Secrets only tell whether they are set."""
    for setting in environment.SETTINGS:
        yield f"# {setting.help}"
        yield f"{setting.name}={environment.shown(setting)}"


def findings() -> Iterator[Finding]:
    """One after the other, as they are found out; ends after one that blocks the rest."""
    for examine in (_data_folder, _database, _django):
        finding = examine()
        yield finding
        if finding.is_blocking:
            return
    # Its imports need Django to be set up.
    from textmanager.commands.examination import examine_installation  # noqa: PLC0415 - see above

    yield from examine_installation()


def _data_folder() -> Finding:
    folder = keys.data_dir()
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding(
            "Data folder",
            f"{folder} cannot be written to ({error.strerror}).",
            "Make it writable, or set TEXTMANAGER_DATA_DIR to another folder.",
            is_blocking=True,
        )
    return Finding("Data folder", f"{folder} can be written to.")


def _database() -> Finding:
    kind = "the one of DATABASE_URL" if environment.text("DATABASE_URL") else "the embedded one"
    try:
        database.ensure_running(keys.data_dir())
    except (database.DatabaseUnavailable, ConfigurationError) as error:
        return _blocking("Database", error)
    return Finding("Database", f"PostgreSQL answers ({kind}).")


def _django() -> Finding:
    try:
        django.setup()
    except ConfigurationError as error:
        return _blocking("Settings", error)
    return Finding("Settings", "Every one can be read.")


def _blocking(subject: str, error: Exception) -> Finding:
    """Our own errors say what is wrong and mostly, in their last sentence, what to do."""
    words, _, remedy = str(error).removesuffix(".").rpartition(". ")
    if not words:
        words, remedy = remedy, "Correct it, then look again: textmanager doctor"
    return Finding(subject, f"{words}.", remedy.removesuffix(".") + ".", is_blocking=True)
