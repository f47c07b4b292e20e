"""`textmanager sandbox`: a simulated iMIS and a simulated Twilio over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import uvicorn

from textmanager.commands.ports import listen
from textmanager.sandbox.imis import BACKGROUND, ImisSettings
from textmanager.sandbox.imis import create_app as create_imis
from textmanager.sandbox.twilio import TwilioSettings
from textmanager.sandbox.twilio import create_app as create_twilio
from textmanager.sandbox.twilio_settings import ACCOUNT_SID, AUTH_TOKEN

# Whoever plays a slow answer need not wait for it.
SECONDS_TO_FINISH_REQUESTS = 2


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--imis-port", default=8001, show_default=True, help="Port of the simulated iMIS.")
@click.option("--twilio-port", default=8002, show_default=True, help="Port of the other.")
@click.option(
    "--journal",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to remember everything in.  [default: remember nothing]",
)
@click.option("--inbound-url", default="", help="Where texts from the phones are sent on to.")
def command(
    host: str, imis_port: int, twilio_port: int, journal: Path | None, inbound_url: str
) -> None:
    """Simulate iMIS and Twilio, to try things with nobody real."""
    listeners = [
        listen(host, imis_port, instead="--imis-port 9001"),
        listen(host, twilio_port, instead="--twilio-port 9002"),
    ]
    apps = [
        create_imis(ImisSettings(journal=journal)),
        create_twilio(_twilio_settings(journal, inbound_url)),
    ]
    click.echo(f"iMIS    http://{host}:{imis_port}/")
    click.echo(f"        background account {BACKGROUND.username}, {BACKGROUND.password}")
    click.echo(f"Twilio  http://{host}:{twilio_port}/phones")
    click.echo(f"        account {ACCOUNT_SID}, auth token {AUTH_TOKEN}")
    servers = [_Server(_configuration(app)) for app in apps]

    async def serve() -> None:
        _stop_on_signals(servers)
        await asyncio.gather(
            *(
                server.serve(sockets=[listener])
                for server, listener in zip(servers, listeners, strict=True)
            )
        )

    asyncio.run(serve())


def _configuration(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH_REQUESTS,
    )


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: of two servers, only one would hear of a signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _stop_on_signals(servers: list[_Server]) -> None:
    def stop() -> None:
        for server in servers:
            # Not at once by force: that would leave what a sandbox has open, its journal too.
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _twilio_settings(journal: Path | None, inbound_url: str) -> TwilioSettings:
    """The usual account, with every number's texts sent on to one address."""
    usual = TwilioSettings(journal=journal)
    return replace(
        usual,
        numbers=tuple(replace(number, sms_url=inbound_url) for number in usual.numbers),
        services=tuple(replace(each, inbound_url=inbound_url) for each in usual.services),
    )
