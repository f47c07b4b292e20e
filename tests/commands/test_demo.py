"""`textmanager demo` as a new user meets it: started, stopped, started again, emptied."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from processes import COMMAND, Processes, answers, free_ports, processes, stop, wait_until
from visitor import Visitor

pytestmark = pytest.mark.journey

SECONDS_FOR_A_SECOND_START = 10
# What dies sooner ends the demo: it would only die again.
SECONDS_TO_DIE_AT_ONCE = 11


@dataclass
class Demo:
    """A folder and ports for a demo."""

    data: Path
    ports: list[int]
    started: Processes

    @property
    def web(self) -> str:
        return f"http://localhost:{self.ports[0]}"

    @property
    def arguments(self) -> tuple[str, ...]:
        web, imis, twilio = self.ports
        return (
            "demo",
            f"--port={web}",
            f"--imis-port={imis}",
            f"--twilio-port={twilio}",
            f"--data-dir={self.data}",
        )

    def start(self) -> subprocess.Popen[bytes]:
        process = self.started.start(*self.arguments, program=COMMAND)
        wait_until(
            lambda: (
                "Ctrl-C stops everything" in self.started.output() or process.poll() is not None
            ),
            seconds=60,
            what="the demo says what to try",
        )
        assert process.poll() is None, self.started.output()
        return process

    def visitor(self) -> Visitor:
        visitor = Visitor(self.web)
        visitor.sign_in("demo", "jordan.lee", "demo-password")
        return visitor


@pytest.fixture
def demo() -> Iterator[Demo]:
    # Not pytest's folder: its name is too long for the socket that PostgreSQL makes in it.
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    data = folder / "data"
    with processes(folder, TEXTMANAGER_DATA_DIR=str(data)) as started:
        demo = Demo(data, free_ports(3), started)
        # As it says itself: the doctor has to know where the demo is.
        started.environ["TEXTMANAGER_PUBLIC_URL"] = demo.web
        yield demo
    shutil.rmtree(folder)


def test_a_demo_starts_stops_goes_on_and_is_emptied(demo: Demo) -> None:
    first = demo.start()
    began = time.monotonic()
    found = checked_as_it_says(demo)
    assert "All is well." in found
    assert f"Mail: Reports are written to {demo.data / 'mail'}." in found
    visitor = demo.visitor()
    campaigns = visitor.get("/campaigns/").text
    assert "Board meeting" in campaigns
    paused = re.search(r'action="(/campaigns/\d+/pause/)"', campaigns)
    assert paused
    visitor.http.post(
        demo.web + paused[1],
        headers={"X-CSRFToken": visitor.http.cookies["csrftoken"], "Referer": demo.web},
        timeout=20,
    ).raise_for_status()
    assert "Paused" in visitor.get("/campaigns/").text

    refused = demo.started.run(*demo.arguments, expect=1)
    assert refused.strip() == (
        f"Error: Port {demo.ports[0]} is taken by another program. Stop that one, or choose "
        "another port: make demo PORT=9000 (takes 9000, 9001 and 9002)"
    )
    assert "The demo still runs." in demo.started.run(
        "demo-reset", f"--data-dir={demo.data}", expect=1
    )

    time.sleep(max(0.0, began + SECONDS_TO_DIE_AT_ONCE - time.monotonic()))
    a_worker_that_dies_is_started_again(demo, first)

    # As Ctrl-C does.
    assert stop(first, signal.SIGINT) == 0
    assert "Stopped. The data is kept" in demo.started.output()
    assert not answers(f"{demo.web}/health")
    assert not (demo.data / "postgres" / "postmaster.pid").exists()

    began = time.monotonic()
    second = demo.started.start(*demo.arguments, program=COMMAND)
    wait_until(lambda: answers(f"{demo.web}/health"), seconds=60, what="the pages answer")
    assert time.monotonic() - began < SECONDS_FOR_A_SECOND_START
    assert "Paused" in demo.visitor().get("/campaigns/").text
    assert stop(second, signal.SIGTERM) == 0

    assert "emptied" in demo.started.run("demo-reset", f"--data-dir={demo.data}")
    assert not demo.data.exists()


def checked_as_it_says(demo: Demo) -> str:
    """What the command finds that a new user copies from the terminal."""
    said = re.search(r"Check it(.*?doctor)", demo.started.output(), re.DOTALL)
    assert said
    environ = {name: value for name, value in os.environ.items() if name == "PATH"}
    done = subprocess.run(
        ["bash", "-c", said[1]],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def a_worker_that_dies_is_started_again(demo: Demo, process: subprocess.Popen[bytes]) -> None:
    children = psutil.Process(process.pid).children()
    (worker,) = (child for child in children if "worker" in child.cmdline())
    worker.kill()
    wait_until(
        lambda: (
            "The worker process has ended (code -9) and is started again" in demo.started.output()
        ),
        seconds=10,
        what="the demo says that it starts the worker again",
    )
    wait_until(
        lambda: "Workers: 1 running" in demo.started.run("doctor", expect=0),
        seconds=30,
        what="a worker runs",
    )


def test_a_folder_that_cannot_be_written_to_is_refused_in_one_line(demo: Demo) -> None:
    blocked = demo.data.parent / "file"
    blocked.write_text("not a folder")
    demo.data = blocked / "data"
    refused = demo.started.run(*demo.arguments, expect=1)
    assert refused.startswith(
        f"Error: The folder {demo.data} cannot be written to (Not a directory)."
    )
    assert refused.count("\n") == 1
