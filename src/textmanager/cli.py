"""The `textmanager` command: one module of textmanager.commands for each of its words."""

from __future__ import annotations

import importlib
import os
from typing import Any

import click

from textmanager.config.database import DatabaseUnavailable
from textmanager.config.environment import ConfigurationError

COMMANDS = {
    "demo": "textmanager.commands.demo",
    "demo-reset": "textmanager.commands.demo_reset",
    "serve": "textmanager.commands.serve",
    "worker": "textmanager.commands.worker",
    "migrate": "textmanager.commands.migrate",
    "createorg": "textmanager.commands.createorg",
    "connect": "textmanager.commands.connect",
    "doctor": "textmanager.commands.doctor",
    "password-link": "textmanager.commands.password_link",
    "rekey": "textmanager.commands.rekey",
    "sandbox": "textmanager.commands.sandbox",
}


class Commands(click.Group):
    """Imports a command when it is asked for, so that each starts as fast as it can."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name]).command
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:
        """Says what is wrong with the installation in one line instead of a traceback."""
        try:
            return super().invoke(ctx)
        except (ConfigurationError, DatabaseUnavailable) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="textmanager")
def main() -> None:
    """Text campaigns for associations: from an iMIS query to texts delivered.

    Everything is set by environment variables: `textmanager doctor --show-config` lists them.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "textmanager.config.settings")
