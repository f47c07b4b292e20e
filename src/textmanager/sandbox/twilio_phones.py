"""The page that shows the simulated phones and lets a person answer from them."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from textmanager.sandbox.twilio_phones_look import SCRIPT, STYLE
from textmanager.sandbox.twilio_replies import Replies
from textmanager.sandbox.twilio_store import Message, Store

_LISTED = 50
_SHOWN = 200
_QUICK = ("STOP", "START", "HELP")
_LONGEST_REPLY = 1600


class PhonesPage:
    """`/phones`, `/phones/{number}`, and the fragments that the page's script asks for.

    A fragment is answered with 204 while nothing has changed since the version asked about.
    """

    def __init__(self, store: Store, replies: Replies) -> None:
        self._store = store
        self._replies = replies

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", _to_phones),
            Route("/phones", self.show),
            Route("/phones/look.css", _style),
            Route("/phones/live.js", _script),
            Route("/phones/{phone}", self.show),
            Route("/phones/{phone}/reply", self.reply, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        phone = request.path_params.get("phone", "")
        search = "".join(filter(str.isdigit, request.query_params.get("q", "")))
        part = request.query_params.get("part")
        version = str(self._store.version)
        if part and request.query_params.get("since") == version:
            return Response(status_code=204)
        headers = {"X-Version": version, "Cache-Control": "no-store"}
        if part == "list":
            return HTMLResponse(self._list(search, phone), headers=headers)
        if part == "thread":
            return HTMLResponse(self._thread(phone), headers=headers)
        return HTMLResponse(self._page(search, phone), headers=headers)

    async def reply(self, request: Request) -> Response:
        """A text from the phone, by form. Other sites' pages may not post it."""
        phone = request.path_params["phone"]
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return Response("Not from another site.", 403)
        number, body = form.get("to", ""), form.get("quick") or form.get("body", "")
        if body.strip() and number in self._store.numbers:
            self._replies.receive(phone, number, body.strip()[:_LONGEST_REPLY])
        return RedirectResponse(f"/phones/{quote(phone)}", 303)

    def _page(self, search: str, phone: str) -> str:
        title = f"{_pretty(phone)} · Phones" if phone else "Phones"
        right = self._phone(phone) if phone else _NO_PHONE
        return _PAGE.format(
            title=html.escape(title),
            chosen="has-phone" if phone else "",
            search=html.escape(search),
            action=f"/phones/{quote(phone)}" if phone else "/phones",
            list=self._list(search, phone),
            right=right,
        )

    def _list(self, search: str, chosen: str) -> str:
        found = [phone for phone in reversed(self._store.phones) if search in phone]
        if not found:
            words = "No phone has these digits." if search else "No texts yet."
            return f'<p class="none">{words}</p>'
        latest = "".join(self._row(p, search, p == chosen) for p in found[:_LISTED])
        return f'<p class="count">{_count(len(found))}</p><ul>{latest}</ul>'

    def _row(self, phone: str, search: str, chosen: bool) -> str:  # noqa: FBT001  # private
        last = self._store.phones[phone][-1]
        query = "?" + urlencode({"q": search}) if search else ""
        who = "You: " if last.inbound else ""
        return (
            f'<li><a href="/phones/{quote(phone)}{query}"{" aria-current=true" if chosen else ""}>'
            f'<span class="top"><b>{html.escape(_pretty(phone))}</b>{_time(last.created)}</span>'
            f'<span class="last">{html.escape(who + last.body[:90])}</span></a></li>'
        )

    def _phone(self, phone: str) -> str:
        thread = self._store.phones.get(phone, [])
        senders = list(dict.fromkeys(self._number_of(m) for m in reversed(thread)))
        numbers = [n for n in senders if n in self._store.numbers] or list(self._store.numbers)
        options = "".join(
            f'<option value="{html.escape(n)}">{html.escape(_pretty(n))}</option>' for n in numbers
        )
        quick = "".join(
            f'<button name="quick" value="{word}" class="quick">{word}</button>' for word in _QUICK
        )
        return _PHONE.format(
            phone=html.escape(_pretty(phone)),
            address=quote(phone),
            thread=self._thread(phone),
            numbers=options,
            only="only" if len(numbers) == 1 else "",
            quick=quick,
        )

    def _thread(self, phone: str) -> str:
        thread = self._store.phones.get(phone, [])[-_SHOWN:]
        if not thread:
            return '<p class="none">No texts yet.</p>'
        several = len({self._number_of(message) for message in thread}) > 1
        return "".join(self._bubbles(thread, several=several)) + self._block_note(phone, thread)

    def _bubbles(self, thread: Iterable[Message], *, several: bool) -> Iterable[str]:
        day = ""
        for message in thread:
            today = f"{datetime.fromtimestamp(message.created, UTC):%A, %B %-d}"
            if today != day:
                day = today
                yield f'<p class="day">{day}</p>'
            yield _bubble(message, self._number_of(message) if several else "")

    def _block_note(self, phone: str, thread: list[Message]) -> str:
        numbers = dict.fromkeys(self._number_of(message) for message in thread)
        blocked = [_pretty(n) for n in numbers if self._store.is_blocked(n, phone)]
        if not blocked:
            return ""
        words = f"This phone has sent STOP to {', '.join(blocked)}, whose texts are now refused."
        return f'<p class="blocked">{html.escape(words)}</p>'

    def _number_of(self, message: Message) -> str:
        return message.to if message.inbound else message.sender


def _bubble(message: Message, label: str) -> str:
    side = "mine" if message.inbound else "theirs"
    missed = message.status in {"undelivered", "failed", "canceled"}
    waiting = message.status in {"accepted", "scheduled", "queued", "sending"}
    state = message.status + (f" · {message.error_code}" if message.error_code else "")
    details = [_time(message.created)]
    if label:
        details.append(html.escape(_pretty(label)))
    if not message.inbound:
        details.append(f'<span class="state {message.status}">{state}</span>')
    if message.segments > 1:
        details.append(f"{message.segments} segments")
    look = f"{side}{' missed' if missed else ''}{' waiting' if waiting else ''}"
    return (
        f'<div class="bubble {look}"><p>{html.escape(message.body)}</p>'
        f"<small>{' · '.join(details)}</small></div>"
    )


def _count(found: int) -> str:
    phones = "1 phone" if found == 1 else f"{found:,} phones"
    return f"{phones}, the latest {_LISTED} shown" if found > _LISTED else f"{phones}, latest first"


def _time(instant: float) -> str:
    """In UTC; the page's script writes it in the reader's own time, and names its zone."""
    moment = datetime.fromtimestamp(instant, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%H:%M} UTC</time>'


def _pretty(number: str) -> str:
    if number.startswith("+1") and len(number) == len("+12025550143"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


async def _to_phones(_request: Request) -> Response:
    return RedirectResponse("/phones")


async def _style(_request: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def _script(_request: Request) -> Response:
    return Response(SCRIPT, media_type="text/javascript")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/phones/look.css">
<script src="/phones/live.js" defer></script>
</head>
<body class="{chosen}">
<header><h1><a href="/phones">Phones</a></h1>
<p>The sandbox's carrier. Nothing here reaches a real phone.</p></header>
<main>
<nav aria-label="Phones">
<form action="{action}" role="search">
<label for="q">Search by digits</label>
<input id="q" name="q" type="search" inputmode="numeric" value="{search}" autocomplete="off"
 placeholder="555 0142">
</form>
<div data-live="list">{list}</div>
</nav>
<section aria-label="Phone">{right}</section>
</main>
</body>
</html>
"""

_NO_PHONE = '<p class="choose">Choose a phone to read its texts and to answer from it.</p>'

_PHONE = """<p class="back"><a href="/phones">All phones</a></p>
<div class="phone">
<h2>{phone}</h2>
<div class="screen" data-live="thread" tabindex="0" role="log" aria-label="Texts">{thread}</div>
<form method="post" action="/phones/{address}/reply" data-reply>
<label class="to {only}">To <select name="to">{numbers}</select></label>
<div class="write">
<input name="body" aria-label="Text to send from this phone" placeholder="Text message"
 maxlength="1600" autocomplete="off"><button>Send</button>
</div>
<div class="quicks">{quick}</div>
</form>
</div>
"""
