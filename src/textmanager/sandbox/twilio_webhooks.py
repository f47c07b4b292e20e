"""Posts signed webhooks the way Twilio does: form order, headers, retries by URL fragment.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import time
import uuid
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit

import aiohttp
from yarl import URL

_logger = logging.getLogger(__name__)

Form = Sequence[tuple[str, str]]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_AT_ONCE = 32
_FIRST_PAUSE = 0.1


@dataclass(frozen=True)
class Overrides:
    """Seconds, and what is retried how often; the defaults are Twilio's."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, fragment: str) -> Overrides:
        given = {key: values[-1] for key, values in parse_qs(fragment).items()}
        return cls(
            connect=_milliseconds(given.get("ct"), 5000, most=10_000),
            read=_milliseconds(given.get("rt"), 15_000, most=15_000),
            total=_milliseconds(given.get("tt"), 15_000, most=15_000),
            retries=min(5, int(given["rc"])) if given.get("rc", "").isdecimal() else 1,
            retry_on=frozenset(given.get("rp", "ct").split(",")),
        )

    def retries_after(self, failure: str) -> bool:
        return failure in self.retry_on or "all" in self.retry_on


@dataclass(frozen=True)
class Answer:
    """`failure` is empty for a 2xx, else ct, rt, 4xx or 5xx, the words of the override `rp`."""

    failure: str
    body: str = ""


def signature(url: str, form: Form, auth_token: str) -> str:
    """X-Twilio-Signature of a form POST: HMAC-SHA1 over the address and the sorted fields."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


class Webhooks:
    """Sends webhooks in the background, a bounded number at a time, to loopback hosts only."""

    def __init__(self, auth_token: str, hosts: Sequence[str] = ()) -> None:
        self._auth_token = auth_token
        self._hosts = _LOOPBACK | set(hosts)
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()

    def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_AT_ONCE, keepalive_timeout=4.0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def in_background(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def post(self, url: str, form: Form) -> Answer:
        """Deliver one webhook with the retries that its address asks for."""
        address, fragment = urldefrag(url)
        if urlsplit(address).hostname not in self._hosts:
            _logger.warning("A webhook to a host that is not this machine was not sent.")
            return Answer("ct")
        overrides = Overrides.of(fragment)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "X-Twilio-Signature": signature(address, form, self._auth_token),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
        }
        async with self._slots:
            return await self._try_repeatedly(
                URL(address, encoded=True), urlencode(form).encode(), headers, overrides
            )

    async def _try_repeatedly(
        self, url: URL, body: bytes, headers: dict[str, str], overrides: Overrides
    ) -> Answer:
        deadline = time.monotonic() + overrides.total
        pause = _FIRST_PAUSE
        for left in range(overrides.retries, -1, -1):
            answer = await self._try_once(url, body, headers, overrides)
            if not answer.failure or not left or not overrides.retries_after(answer.failure):
                break
            if time.monotonic() + pause >= deadline:
                break
            await asyncio.sleep(pause)
            pause *= 2
        if answer.failure:
            _logger.info("A webhook was given up (%s).", answer.failure)
        return answer

    async def _try_once(
        self, url: URL, body: bytes, headers: dict[str, str], overrides: Overrides
    ) -> Answer:
        timeout = aiohttp.ClientTimeout(
            total=overrides.total, sock_connect=overrides.connect, sock_read=overrides.read
        )
        if self._session is None:
            raise RuntimeError("Webhooks are not open.")
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                text = await answer.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Answer("ct")
        except (aiohttp.ClientError, OSError):
            return Answer("rt")
        if answer.ok:
            return Answer("", text)
        return Answer("5xx" if answer.status >= 500 else "4xx")  # noqa: PLR2004  # as it reads


def _milliseconds(text: str | None, default: int, *, most: int) -> float:
    value = int(text) if text is not None and text.isdecimal() else default
    return min(max(value, 100), most) / 1000
