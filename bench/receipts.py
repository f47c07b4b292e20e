"""How many signed delivery receipts a second one web process makes durable.

    python -m bench.receipts [--receipts 20000] [--plain 4000] [--seconds 20]

First as fast as they go. Then at 500 a second while a run is being sent, for the time within which
99 of 100 are answered. Beside it the plain way: a Django view that checks the signature and saves
one row, without following the message at all. Twilio's side is a process of its own.

Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench.carrier import carrier
from bench.installation import installation, machine, queue_messages, ready_run

CONNECTIONS = 64
TOKEN = "0" * 32
RATE = 500
# A short code's pace: what most associations send at, or faster.
TEXTS_PER_SECOND = 100
SECONDS_TO_START = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receipts", type=int, default=20_000)
    parser.add_argument("--plain", type=int, default=4_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    print(machine())
    paced = RATE * options.seconds
    with carrier() as address, installation():
        run = ready_run(address)
        queue_messages(run, options.receipts + paced + TEXTS_PER_SECOND * options.seconds * 2)
        _accept(options.receipts + paced)
        with _web("textmanager.config.urls") as web:
            url = f"{web}/hooks/twilio/bench/status"
            fast = _callbacks(url, run, range(options.receipts))
            print(f"this         {fast['receipts_per_second']:8.0f} a second")
            with _sending(run):
                rest = range(options.receipts, options.receipts + paced)
                steady = _callbacks(url, run, rest, RATE)
            print(f"99 of 100    {steady['p99_ms']:8.1f} ms at {RATE} a second")
        _check(options.receipts + paced)
        with _web("bench.plain_receipts") as web:
            plain = _callbacks(f"{web}/plain", run, range(options.plain))
        print(f"plain way    {plain['receipts_per_second']:8.0f} a second")
    print(
        json.dumps(
            {
                "bench": "receipts",
                "machine": machine(),
                "receipts": options.receipts,
                "receipts_per_second": fast["receipts_per_second"],
                "plain_way_per_second": plain["receipts_per_second"],
                "times_plain_way": round(
                    fast["receipts_per_second"] / plain["receipts_per_second"], 1
                ),
                "p99_ms_at_500_a_second": steady["p99_ms"],
                "p50_ms_at_500_a_second": steady["p50_ms"],
            }
        )
    )


def _accept(count: int) -> None:
    """Makes the first texts look as they do once Twilio has them."""
    from django.db import connection  # noqa: PLC0415 - needs Django

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_message SET status = 'accepted', attempts = 1, accepted_at = now(), "
            "sid = 'SM' || lpad(number::text, 32, '0') WHERE number < %s",
            [count],
        )
        cursor.execute("VACUUM ANALYZE runs_message")


def _check(count: int) -> None:
    """Each receipt is kept, and has moved its message."""
    from textmanager.runs.models import Message, Receipt  # noqa: PLC0415 - needs Django

    kept = Receipt.objects.count()
    assert kept == count, f"{kept} receipts are kept of {count}"
    moved = Message.objects.filter(number__lt=count, status="delivered").count()
    assert moved == count, f"{moved} messages are delivered of {count}"


@contextlib.contextmanager
def _web(urls: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with _process("-m", "bench.web", urls, str(port), TEXTMANAGER_PUBLIC_URL=address):
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < deadline, "The web process does not start."
            time.sleep(0.05)
        yield address


@contextlib.contextmanager
def _sending(run: Any) -> Iterator[None]:
    """A worker that sends the run meanwhile, at an everyday pace."""
    from textmanager.organizations.models import Sender  # noqa: PLC0415 - needs Django
    from textmanager.runs.models import Message  # noqa: PLC0415 - needs Django

    Sender.objects.update(segments_per_second=TEXTS_PER_SECOND)
    left = Message.objects.filter(run=run, status="queued")
    before = left.count()
    with _process("-m", "textmanager.commands.leash", "worker"):
        deadline = time.monotonic() + SECONDS_TO_START
        while left.count() == before:
            assert time.monotonic() < deadline, "The worker sends nothing."
            time.sleep(0.1)
        yield
        assert left.exists(), "The run ended before the receipts did."


def _callbacks(url: str, run: Any, numbers: range, rate: float = 0) -> dict[str, float]:
    where = [url, TOKEN, run.pk.hex, numbers.start, len(numbers), CONNECTIONS, rate]
    command = [sys.executable, "-m", "bench.callbacks", *map(str, where)]
    twilio = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert twilio.stdin is not None
    assert twilio.stdout is not None
    twilio.stdout.readline()
    said, _ = twilio.communicate("go\n", timeout=300)
    measured: dict[str, float] = json.loads(said)
    assert measured["refused"] == 0, f"{measured['refused']} receipts were refused."
    return measured


@contextlib.contextmanager
def _process(*arguments: str, **environment: str) -> Iterator[None]:
    """A Python program; one on a leash ends with the bench, however that ends."""
    process = subprocess.Popen(
        [sys.executable, *arguments], env=os.environ | environment, stdin=subprocess.PIPE
    )
    try:
        yield
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    main()
