"""How long every page takes with a million messages and 500 campaigns in the database.

    python -m bench.pages [--messages 1000000] [--times 60] [--only WORD]

One web process, `textmanager serve` as it is, asked for one page after the other. The time is from
the request to the last byte (for a file: to the first one), seen from beside it. The bytes are
those of a first visit, with every stylesheet, script and picture, as a browser is sent them. The
questions to the database are counted in a process of its own, which also tells the slowest of
them, with its plan, for a page that takes too long.

Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bench.installation import installation, machine
from bench.million import Filled, fill

LIMIT_MS, LIMIT_BYTES, LIMIT_QUERIES = 100, 200_000, 12
SECONDS_A_PAGE = 20
SECONDS_TO_START = 30
WARM_UP = 3


@dataclass(frozen=True)
class Ask:
    """One address of a route. A file is left after its first byte."""

    route: str
    words: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    is_file: bool = False

    @property
    def name(self) -> str:
        return f"{self.route} {self.words}".strip()

    @property
    def path(self) -> str:
        from django.urls import reverse  # noqa: PLC0415 - needs Django

        path = reverse(self.route, kwargs=self.parameters)
        return path + ("?" + urlencode(self.query) if self.query else "")


@dataclass(frozen=True)
class Measured:
    name: str
    p50_ms: float
    p95_ms: float
    page_bytes: int
    first_visit_bytes: int
    queries: int

    @property
    def is_over(self) -> bool:
        return (
            self.p95_ms > LIMIT_MS
            or self.first_visit_bytes > LIMIT_BYTES
            or self.queries > LIMIT_QUERIES
        )

    def __str__(self) -> str:
        mark = "  <-- over the limit" if self.is_over else ""
        return (
            f"{self.name:44} {self.p50_ms:7.1f} {self.p95_ms:7.1f} {self.page_bytes:9,} "
            f"{self.first_visit_bytes:9,} {self.queries:4}{mark}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--only", default="", help="only pages whose name has this in it")
    options = parser.parse_args()
    print(machine())
    with installation():
        began = time.perf_counter()
        filled = fill(options.messages)
        print(f"{filled.messages:,} messages written in {time.perf_counter() - began:.0f} s")
        from textmanager.config.static import (  # noqa: PLC0415 - needs Django
            collect_when_stale,
        )

        collect_when_stale()
        asks = [ask for ask in pages(filled) if options.only in ask.name]
        with _served() as port:
            measured = _measure_all(asks, port, filled, options.times)
    print(
        json.dumps(
            {
                "bench": "pages",
                "machine": machine(),
                "messages": filled.messages,
                "pages": len(measured),
                "slowest_p95_ms": max(each.p95_ms for each in measured),
                "median_p50_ms": round(statistics.median(each.p50_ms for each in measured), 1),
                "heaviest_first_visit_bytes": max(each.first_visit_bytes for each in measured),
                "most_queries": max(each.queries for each in measured),
                "over_the_limit": [each.name for each in measured if each.is_over],
            }
        )
    )


def pages(filled: Filled) -> list[Ask]:
    """Every page, the long ones in the ways that people use them."""
    campaign = {"campaign_id": filled.campaign.pk}
    run, sending = {"run_id": filled.largest.pk}, {"run_id": filled.sending.pk}
    deep = str(filled.messages // 8)
    return [
        Ask("home"),
        Ask("under-way"),
        Ask("help"),
        Ask("whats-new"),
        Ask("campaigns:list"),
        Ask("campaigns:list", "last page", query={"page": "9"}),
        Ask("campaigns:list", "by name", query={"q": "events"}),
        Ask("campaigns:list", "by last run", query={"sort": "-last"}),
        Ask("campaigns:list", "paused", query={"state": "paused"}),
        Ask("campaigns:list", "one-time", query={"kind": "one_time"}),
        Ask("campaigns:calendar", "month"),
        Ask("campaigns:calendar", "week", query={"view": "week"}),
        Ask("campaigns:new"),
        Ask("campaigns:edit", parameters=campaign),
        Ask("campaigns:run-now", parameters={"campaign_id": filled.idle.pk}),
        Ask("campaigns:delete", parameters=campaign),
        Ask("runs:list", parameters=campaign),
        Ask("runs:list", "deep", campaign, {"page": "5"}),
        Ask("runs:detail", "largest", run),
        Ask("runs:detail", "being sent", sending),
        Ask("runs:progress", "being sent", sending),
        Ask("runs:messages", "first page", run),
        Ask("runs:messages", "deep page", run, {"after": deep}),
        Ask("runs:messages", "last page", run, {"last": "1"}),
        Ask("runs:messages", "by status", run, {"status": "failed"}),
        Ask("runs:messages", "by rare status", run, {"status": "unconfirmed"}),
        Ask("runs:messages", "delivered, deep", run, {"status": "delivered", "after": deep}),
        Ask("runs:messages", "by number", run, {"q": "+12020150000"}),
        Ask("runs:messages", "by member", run, {"q": "20000"}),
        Ask("runs:messages", "nobody", run, {"q": "nobody"}),
        Ask("runs:message", parameters={**run, "message_number": 5000}),
        Ask("runs:find", "nobody yet"),
        Ask("runs:find", "by member", query={"q": "10050"}),
        Ask("runs:find", "by number", query={"q": "+12020000050"}),
        Ask("runs:report", parameters=run),
        Ask("runs:export-csv", parameters=run, is_file=True),
        Ask("runs:bad-numbers-csv", parameters=run, is_file=True),
        Ask("replies:inbox"),
        Ask("replies:inbox", "all", query={"which": "all"}),
        Ask("replies:inbox", "by digits", query={"which": "all", "q": "0123"}),
        Ask("replies:conversation", parameters={"conversation_id": filled.conversation_id}),
        Ask("replies:register"),
        Ask("replies:register", "cleared", query={"show": "cleared"}),
        Ask("replies:register", "by digits", query={"q": "0055"}),
        Ask("replies:history", parameters={"number": filled.opted_out}),
        Ask("replies:export", is_file=True),
        Ask("settings:index"),
        Ask("settings:organization"),
        Ask("settings:safety"),
        Ask("settings:people"),
        Ask("settings:mail"),
        Ask("settings:appearance"),
        Ask("settings:trail"),
        Ask("settings:trail", "by person", query={"person": "bench"}),
        Ask("settings:imis"),
        Ask("settings:activity-types"),
        Ask("settings:twilio"),
        Ask("settings:sender", parameters={"sender_id": filled.largest.sender_id}),
        Ask("settings:check"),
    ]


def _measure_all(asks: list[Ask], port: int, filled: Filled, times: int) -> list[Measured]:
    cookie = _signed_in(filled)
    print(f"{'':44} {'p50 ms':>7} {'p95 ms':>7} {'page':>9} {'1st visit':>9} {'SQL':>4}")
    measured = []
    for ask in asks:
        found = _measure(ask, port, cookie, times)
        measured.append(found)
        print(found, flush=True)
        if found.is_over:
            print(_slowest_question(ask, cookie))
    return measured


def _signed_in(filled: Filled) -> str:
    """The session cookie of the administrator, without a sign-in."""
    from django.test import Client  # noqa: PLC0415 - needs Django

    client = Client()
    client.force_login(filled.administrator)
    return str(client.cookies["sessionid"].value)


def _measure(ask: Ask, port: int, cookie: str, times: int) -> Measured:
    asked = _questions(ask, cookie)
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took, until, page = [], time.monotonic() + SECONDS_A_PAGE, b""
    for turn in range(times + WARM_UP):
        seconds, page = _ask(web, ask, cookie)
        if turn >= WARM_UP:
            took.append(seconds * 1000)
        if time.monotonic() > until and took:
            break
    weight = len(page) if ask.is_file else len(page) + _assets(web, page)
    took.sort()
    return Measured(
        name=ask.name,
        p50_ms=round(statistics.median(took), 1),
        p95_ms=round(took[min(len(took) - 1, int(len(took) * 0.95))], 1),
        page_bytes=len(page),
        first_visit_bytes=weight,
        queries=len(asked),
    )


def _ask(web: http.client.HTTPConnection, ask: Ask, cookie: str) -> tuple[float, bytes]:
    headers = {"Cookie": f"sessionid={cookie}", "Accept-Encoding": "gzip"}
    began = time.perf_counter()
    web.request("GET", ask.path, headers=headers)
    answer = web.getresponse()
    page = answer.read(1) if ask.is_file else answer.read()
    seconds = time.perf_counter() - began
    assert answer.status == 200, f"{ask.path} answers {answer.status}"
    if ask.is_file:
        web.close()
    return seconds, page


def _assets(web: http.client.HTTPConnection, page: bytes) -> int:
    """Bytes of everything that the page has a browser fetch besides."""
    total = 0
    for path in sorted(set(re.findall(rb'(?:src|href)="(/static/[^"#]+)"', page))):
        web.request("GET", path.decode(), headers={"Accept-Encoding": "gzip"})
        answer = web.getresponse()
        assert answer.status == 200, path
        total += len(answer.read())
    return total


def _questions(ask: Ask, cookie: str) -> list[dict[str, str]]:
    """What the page asks the database, each with the seconds that it took."""
    from django.core.cache import cache  # noqa: PLC0415 - needs Django
    from django.db import connection  # noqa: PLC0415 - needs Django
    from django.test import Client  # noqa: PLC0415 - needs Django
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 - needs Django

    client = Client(SERVER_NAME="localhost")
    client.cookies["sessionid"] = cookie
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        answer: Any = client.get(ask.path)
        next(iter(answer), b"")
    return list(asked.captured_queries)


def _slowest_question(ask: Ask, cookie: str) -> str:
    """The costliest question of a page, with how the database goes about it."""
    from django.db import connection  # noqa: PLC0415 - needs Django

    asked = [each for each in _questions(ask, cookie) if each["sql"].startswith("SELECT")]
    slowest = max(asked, key=lambda each: float(each["time"]))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + slowest["sql"].replace("%", "%%"), [])
        plan = "\n".join(f"        {line}" for (line,) in cursor.fetchall())
    return f"    {slowest['time']} s: {slowest['sql'][:1500]}\n{plan}"


@contextlib.contextmanager
def _served() -> Iterator[int]:
    """The port of `textmanager serve`, in a process of its own."""
    import socket  # noqa: PLC0415 - for one port

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    on_a_leash = [sys.executable, "-m", "textmanager.commands.leash"]
    process = subprocess.Popen(
        [*on_a_leash, "serve", "--host=127.0.0.1", f"--port={port}"],
        env=os.environ | {"TEXTMANAGER_PUBLIC_URL": f"http://127.0.0.1:{port}"},
        # Its end is told by this one's closing, however the bench ends.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < deadline, "The web process does not start."
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    main()
