"""`textmanager worker`: a process that runs jobs; start as many as wanted."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys

import click

from textmanager.commands.preparing import end_in_order_on_sigterm, prepare
from textmanager.config import environment


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    help="Jobs at the same time.  [default: TEXTMANAGER_WORKER_CONCURRENCY]",
)
def command(concurrency: int | None) -> None:
    """Run jobs: plan, prepare, send, track, write back, report.

    SIGTERM or Ctrl-C: takes no new job and lets those that run reach a safe point.
    """
    end_in_order_on_sigterm()
    concurrency = concurrency or environment.number("TEXTMANAGER_WORKER_CONCURRENCY")
    prepare()
    # Needs Django to be set up.
    from textmanager.config.jobs import run_worker  # noqa: PLC0415 - see above

    name = f"{socket.gethostname()}-{os.getpid()}"
    click.echo(f"Worker {name} takes jobs, {concurrency} at a time.")
    keep_what_is_loaded()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(run_worker(concurrency=concurrency, name=name))


def keep_what_is_loaded() -> None:
    """Spares the garbage collector what stays to the end: walking it takes a twentieth of all."""
    gc.collect()
    gc.freeze()


def _new_loop() -> asyncio.AbstractEventLoop:
    """The fast event loop where there is one."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415 - not to be had on Windows

    return uvloop.new_event_loop()
