"""Twilio's side of delivery receipts: sends signed callbacks and times their answers.

    python -m bench.callbacks URL TOKEN RUN FIRST COUNT CONNECTIONS RATE

A process of its own, so that a bench measures who takes them. All requests are signed before the
clock starts. With a RATE they are sent at so many a second, whatever the answers take; with 0 each
connection sends its next when it has its answer. Ends with a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlencode, urlsplit

import uvloop
from twilio.request_validator import RequestValidator

ACCEPTED = b"HTTP/1.1 204"
END = b"\r\n\r\n"


def main() -> None:
    url, token, run, first, count, connections, rate = sys.argv[1:]
    numbers = range(int(first), int(first) + int(count))
    requests = [signed_request(url, token, run, number) for number in numbers]
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(uvloop.run(send(url, requests, int(connections), float(rate)))))


def signed_request(url: str, token: str, run: str, number: int) -> bytes:
    """One callback, as the bytes that go over the wire."""
    sid = f"SM{number:032d}"
    form = {
        "AccountSid": "AC" + "0" * 32,
        "ApiVersion": "2010-04-01",
        "From": "+12025550143",
        "MessageSid": sid,
        "MessageStatus": "delivered",
        "RawDlrDoneDate": "2611241530",
        "SmsSid": sid,
        "SmsStatus": "delivered",
        "To": f"+1{2020000000 + number}",
    }
    address = f"{url}?m={run}-{number}"
    signature = RequestValidator(token).compute_signature(address, form)
    body = urlencode(form)
    parts = urlsplit(address)
    head = (
        f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n"
        "User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n\r\n"
    )
    return (head + body).encode()


async def send(
    url: str, requests: list[bytes], connections: int, rate: float
) -> dict[str, float | int]:
    """Sends them all; the answers that were not 204 are counted as refused."""
    where = urlsplit(url)
    waits: list[float] = []
    refused = 0
    began = time.perf_counter()
    left = iter(enumerate(requests))

    async def connection() -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for number, request in left:
            due = began + number / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(request)
            head = await reader.readuntil(END)
            refused += not head.startswith(ACCEPTED)
            waits.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(connections)))
    seconds = time.perf_counter() - began
    waits.sort()
    return {
        "receipts_per_second": round(len(waits) / seconds),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
        "refused": refused,
    }


if __name__ == "__main__":
    main()
