"""`textmanager demo`: everything on this machine, with both outside systems simulated."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from textmanager.commands.children import ChildDied, Children
from textmanager.commands.ports import refuse_taken
from textmanager.config import database

HOST = "127.0.0.1"
DATA_DIR = Path(".data/demo")
SECONDS_TO_START = 60.0


@dataclass(frozen=True)
class Place:
    """Where this demo runs: its folder and its three ports."""

    data_dir: Path
    web_port: int
    imis_port: int
    twilio_port: int

    @property
    def web(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def imis(self) -> str:
        return f"http://localhost:{self.imis_port}"

    @property
    def twilio(self) -> str:
        return f"http://localhost:{self.twilio_port}"


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port of the pages.")
@click.option("--imis-port", type=int, help="Port of the simulated iMIS.  [default: PORT + 1]")
@click.option("--twilio-port", type=int, help="Port of the simulated Twilio.  [default: PORT + 2]")
@click.option(
    "--data-dir",
    default=DATA_DIR,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps everything from one start to the next.",
)
def command(port: int, imis_port: int | None, twilio_port: int | None, data_dir: Path) -> None:
    """Try it: one organization, 5,000 made-up members, nothing leaves this machine.

    Uses an embedded PostgreSQL and none of the environment's settings. Ctrl-C stops everything;
    the data stays.
    """
    place = Place(data_dir.resolve(), port, imis_port or port + 1, twilio_port or port + 2)
    refuse_impossible(place)
    environ = environment_for(place)
    os.environ.update(environ)
    try:
        with _signals_as_keyboard_interrupt(), Children(place.data_dir / "logs") as children:
            start(place, children)
            click.echo(welcome(place))
            children.watch(click.echo)
    except KeyboardInterrupt:
        click.echo("\nStopped. The data is kept for the next start.")
    except ChildDied as death:
        raise click.ClickException(f"{death}\nEverything else is stopped too.") from death


def refuse_impossible(place: Place) -> None:
    """Raises ClickException for a taken port or a folder that cannot be written to."""
    for port in (place.web_port, place.imis_port, place.twilio_port):
        refuse_taken(HOST, port, instead="make demo PORT=9000 (takes 9000, 9001 and 9002)")
    if database.live_holders(place.data_dir / "postgres"):
        raise click.ClickException(
            f"A demo runs on {place.data_dir} already. Stop it, or choose another folder: "
            "make demo DATA=/tmp/textmanager-demo"
        )
    probe = place.data_dir / ".writable"
    try:
        place.data_dir.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise click.ClickException(
            f"The folder {place.data_dir} cannot be written to ({error.strerror}). Make it "
            "writable, or choose another: make demo DATA=/tmp/textmanager-demo"
        ) from error


def environment_for(place: Place) -> dict[str, str]:
    """The demo's settings. What the environment says is put aside: it may be about real systems."""
    for name in list(os.environ):
        if name.startswith("TEXTMANAGER_") or name in {"DATABASE_URL", "DATABASE_URL_FILE"}:
            del os.environ[name]
    return settings_of(place)


def settings_of(place: Place) -> dict[str, str]:
    return {
        "TEXTMANAGER_DATA_DIR": str(place.data_dir),
        "TEXTMANAGER_PUBLIC_URL": place.web,
        "TEXTMANAGER_MAIL_URL": f"folder:{place.data_dir / 'mail'}",
        "TEXTMANAGER_MAIL_FROM": "Text Manager <textmanager@example.org>",
    }


def start(place: Place, children: Children) -> None:
    """Starts everything and waits until the first page answers. Raises ChildDied."""
    with _step("Simulated iMIS and Twilio"):
        children.start(
            "sandbox",
            "sandbox",
            f"--imis-port={place.imis_port}",
            f"--twilio-port={place.twilio_port}",
            f"--journal={place.data_dir / 'sandbox'}",
            f"--inbound-url={place.web}/hooks/twilio/demo/inbound",
        )
    with _step("PostgreSQL"):
        # Imported here, as below: these need the settings that stand only now.
        from textmanager.commands.preparing import prepare  # noqa: PLC0415 - see below

        prepare(migrated=False)
    with _step("Tables and sample data"):
        from textmanager.commands.migrate import migrate  # noqa: PLC0415 - see above

        migrate()
        from textmanager.commands.seed import Sandboxes, seed  # noqa: PLC0415 - see above

        seed(Sandboxes(place.imis, place.twilio))
    with _step("Web and worker"):
        children.start("web", "serve", f"--host={HOST}", f"--port={place.web_port}")
        children.start("worker", "worker")
        for url in (f"{place.web}/health", f"{place.imis}/", f"{place.twilio}/phones"):
            _wait_for(url, children)


@contextlib.contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    click.echo(f"  {name:<28}", nl=False)
    try:
        yield
    except BaseException:
        click.echo()
        raise
    click.echo(f"{time.monotonic() - began:5.1f} s")


def _wait_for(url: str, children: Children) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        children.check()
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise click.ClickException(f"{url} does not answer after {SECONDS_TO_START:.0f} s.")


@contextlib.contextmanager
def _signals_as_keyboard_interrupt() -> Iterator[None]:
    """A closed terminal or a kill ends the demo as Ctrl-C does.

    Ctrl-C too is asked for outright: what a script starts in the background begins without it.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    yield


def _this_command() -> str:
    """How the person can call us again from where they are."""
    path = Path(sys.executable).with_name("textmanager")
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _with_settings(place: Place, command: str) -> str:
    """The command for a shell that knows none of the demo's settings: it looks at what runs."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in settings_of(place).items()]
    return f" \\\n{' ' * 17}".join([*settings, command])


def welcome(place: Place) -> str:
    # Needs the settings; see `start`.
    from textmanager.commands.seed import ADMINISTRATOR, CLOUD_ID, PASSWORD, STAFF  # noqa: PLC0415 - see above

    return f"""
Text Manager runs. Nothing that you do here leaves this machine.

  Open           {place.web}/
  Sign in        Cloud ID {CLOUD_ID}, user name {STAFF}, password {PASSWORD}
                 (or the local administrator: no Cloud ID, {ADMINISTRATOR}, {PASSWORD})
  The phones     {place.twilio}/phones
  The members    {place.imis}/
  Mail           {place.data_dir / "mail"}
  Logs           {place.data_dir / "logs"}
  Check it       {_with_settings(place, f"{_this_command()} doctor")}

Try this:
  1. Run "Board meeting" now. Watch its run, and see the texts arrive on the phones.
  2. Answer STOP from one of the phones. Run it again: that person is left out, and told why.
  3. Run "News for all members" now: 5,000 texts at 100 a second. Press Ctrl-C in the middle
     and start again: it goes on where it was, and nobody gets it twice.
  4. Do that once more, and kill the worker. It is started again, and looks up at Twilio what
     it was just sending before it sends any of that again. This takes up to four minutes.
  5. Create a campaign over "$/Text Manager/Dirty numbers" and read its summary before you save.

Ctrl-C stops everything. The data stays; `make demo-reset` empties it.
"""
