"""`textmanager serve`: the web process."""

from __future__ import annotations

import gc

import click
import uvicorn

from textmanager.commands.ports import listen
from textmanager.commands.preparing import end_in_order_on_sigterm, prepare
from textmanager.config import environment

SECONDS_TO_FINISH_REQUESTS = 8


@click.command()
@click.option("--host", help="Address to listen on.  [default: TEXTMANAGER_HOST]")
@click.option("--port", type=int, help="Port to listen on.  [default: TEXTMANAGER_PORT]")
def command(host: str | None, port: int | None) -> None:
    """Serve the pages and Twilio's webhooks."""
    end_in_order_on_sigterm()
    host = host or environment.text("TEXTMANAGER_HOST")
    port = port or environment.number("TEXTMANAGER_PORT")
    listener = listen(host, port, instead="textmanager serve --port 8080")
    prepare()
    # Needs Django's settings.
    from textmanager.config.static import collect_when_stale  # noqa: PLC0415 - see above

    collect_when_stale()
    collect_garbage_seldom()
    click.echo(f"Listening on http://{host}:{port}")
    uvicorn.Server(configuration()).run(sockets=[listener])


def collect_garbage_seldom() -> None:
    """A page should not wait for all that was imported to be looked through once more."""
    from django.urls import get_resolver  # noqa: PLC0415 - needs Django's settings

    # Loads every view: what stays for good has to be there by now.
    len(get_resolver().url_patterns)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def configuration() -> uvicorn.Config:
    return uvicorn.Config(
        "textmanager.config.asgi:application",
        lifespan="off",
        # Django has set logging up.
        log_config=None,
        access_log=False,
        # Who may be believed about the client's address is TEXTMANAGER_TRUST_PROXY's business.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH_REQUESTS,
    )
