"""`textmanager demo-reset`: empties the demo."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from textmanager.commands.demo import DATA_DIR
from textmanager.config import database

# What every folder of a demo has, so that no other folder is emptied by mistake.
MARKS = ("logs", "secret.key")


@click.command()
@click.option(
    "--data-dir",
    default=DATA_DIR,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder given to `textmanager demo`.",
)
def command(data_dir: Path) -> None:
    """Empty the demo: its next start makes everything anew."""
    if not data_dir.exists():
        click.echo("There is nothing to empty.")
        return
    if not all((data_dir / mark).exists() for mark in MARKS):
        raise click.ClickException(f"{data_dir} does not look like the folder of a demo.")
    if not database.stop_embedded(data_dir / "postgres"):
        raise click.ClickException("The demo still runs. Stop it first with Ctrl-C.")
    shutil.rmtree(data_dir)
    click.echo(f"{data_dir} is emptied.")
