"""The simulated Twilio REST API: sign-in, messages, account and balance."""

from __future__ import annotations

import base64
import email.utils
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from textmanager.sandbox import twilio_json as shapes
from textmanager.sandbox.twilio_billing import Billing
from textmanager.sandbox.twilio_delivery import QUEUE_SECONDS, Carriers
from textmanager.sandbox.twilio_rules import (
    WORDS,
    TwilioError,
    check_create,
    check_test_create,
    error,
    scheduled_for,
)
from textmanager.sandbox.twilio_senders import Endpoint, Senders
from textmanager.sandbox.twilio_store import FINAL, Message, Store
from textmanager.text.segments import measure

_LARGEST_PAGE = 1000
_USUAL_PAGE = 50


class Api:
    """The endpoints, over one store."""

    def __init__(self, store: Store, carriers: Carriers) -> None:
        self._store = store
        self._carriers = carriers
        settings = store.settings
        self._accounts = {_basic(settings.account_sid, settings.auth_token): settings.account_sid}
        if settings.api_key_sid:
            key = _basic(settings.api_key_sid, settings.api_key_secret)
            self._accounts[key] = settings.account_sid
        test = _basic(settings.test_account_sid, settings.test_auth_token)
        self._accounts[test] = settings.test_account_sid

    def routes(self) -> list[BaseRoute]:
        account = shapes.API + "/{account}"
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", account + "/Messages.json", self.list_messages),
            ("POST", account + "/Messages.json", self.create_message),
            ("GET", account + "/Messages/{sid}.json", self.fetch_message),
            ("POST", account + "/Messages/{sid}.json", self.update_message),
            ("DELETE", account + "/Messages/{sid}.json", self.delete_message),
            ("GET", account + ".json", self.account),
            *Billing(self._store).endpoints(account),
            *Senders(self._store).endpoints(account),
        ]
        return [
            Route(path, self._guarded(endpoint), methods=[method])
            for method, path, endpoint in table
        ]

    async def create_message(self, request: Request) -> Response:
        form = await shapes.read_form(request)
        if request.path_params["account"] == self._store.settings.test_account_sid:
            check_test_create(form)
            return self._answer(_message(form, 0.0), 201)
        check_create(form, self._store)
        message = _message(form, scheduled_for(form))
        if not message.service and self._carriers.backlog(message.sender) > QUEUE_SECONDS:
            raise error(21611)
        if message.service and not message.callback:
            message.callback = self._store.services[message.service].status_callback
        self._store.add(message)
        answer = self._answer(message, 201)
        self._carriers.take(message)
        return answer

    async def fetch_message(self, request: Request) -> Response:
        return self._answer(self._message(request))

    async def update_message(self, request: Request) -> Response:
        message, form = self._message(request), await shapes.read_form(request)
        match form:
            case {"Body": "", **rest} if not rest:
                self._store.change(message, body="")
            case {"Status": "canceled", **rest} if not rest:
                if message.status not in {"scheduled", "accepted", "queued"}:
                    raise error(30409)
                self._carriers.cancel(message)
            case _:
                raise error(30400)
        return self._answer(message)

    async def delete_message(self, request: Request) -> Response:
        message = self._message(request)
        if message.status not in FINAL:
            raise TwilioError(400, 20009, "Cannot delete this resource before it is complete")
        self._store.delete(message)
        return Response(status_code=204)

    async def list_messages(self, request: Request) -> Response:
        query = dict(request.query_params)
        size = min(_LARGEST_PAGE, max(1, _number(query.get("PageSize"), _USUAL_PAGE)))
        rows: list[Message] = []
        for message in self._matching(query):
            rows.append(message)
            if len(rows) > size:
                break
        page = shapes.page_json(
            "messages",
            [shapes.message_json(message, self._store) for message in rows[:size]],
            request.url.path,
            query=query,
            page=_number(query.get("Page"), 0),
            page_size=size,
            more=len(rows) > size,
        )
        return JSONResponse(page)

    async def account(self, _request: Request) -> Response:
        return JSONResponse(shapes.account_json(self._store))

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Signs in, and turns Twilio's errors into their JSON."""

        async def guarded(request: Request) -> Response:
            try:
                self._sign_in(request)
                return await endpoint(request)
            except TwilioError as refusal:
                return JSONResponse(shapes.error_json(refusal), refusal.status)

        return guarded

    def _sign_in(self, request: Request) -> None:
        account = self._accounts.get(request.headers.get("authorization", ""))
        if account is None or request.path_params.get("account", account) != account:
            raise TwilioError(401, 20003, WORDS[20003], detail="")
        is_create = request.method == "POST" and request.url.path.endswith("/Messages.json")
        if account == self._store.settings.test_account_sid and not is_create:
            raise error(20008, status=403)

    def _message(self, request: Request) -> Message:
        message = self._store.by_sid.get(request.path_params["sid"])
        if message is None:
            path = request.url.path
            words = f"The requested resource {path} was not found"
            raise TwilioError(404, 20404, words)
        return message

    def _answer(self, message: Message, status: int = 200) -> Response:
        return JSONResponse(shapes.message_json(message, self._store), status)

    def _matching(self, query: Mapping[str, str]) -> Iterator[Message]:
        last = self._store.by_sid.get(query.get("PageToken", "")[2:])
        sender = query.get("From")
        before = last.ordinal if last else None
        for message in self._store.newest_first(query.get("To"), before):
            if sender in {None, message.sender} and _sent_as_asked(message, query):
                yield message


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _message(form: Mapping[str, str], send_at: float) -> Message:
    service, body = form.get("MessagingServiceSid", ""), form.get("Body", "")
    first_status = "accepted" if service else "queued"
    return Message(
        form["To"],
        form.get("From", ""),
        body,
        status="scheduled" if send_at else first_status,
        segments=measure(body).segments,
        service=service,
        callback=form.get("StatusCallback", ""),
        validity=int(form.get("ValidityPeriod", "36000")),
        send_at=send_at,
    )


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _sent_as_asked(message: Message, query: Mapping[str, str]) -> bool:
    """DateSent is that day; DateSent< and DateSent> are inclusive; unsent messages match none."""
    asked = [
        (name, query[name]) for name in ("DateSent", "DateSent<", "DateSent>") if name in query
    ]
    if not asked:
        return True
    if message.sent is None:
        return False
    sent = datetime.fromtimestamp(int(message.sent), UTC)
    for name, text in asked:
        first, last = _span(text)
        if name != "DateSent<" and sent < first:
            return False
        if name != "DateSent>" and sent > last:
            return False
    return True


def _span(text: str) -> tuple[datetime, datetime]:
    """First and last second meant by a date, an ISO 8601 time or an RFC 2822 time."""
    try:
        if len(text) == len("2026-01-02"):
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return day, day + timedelta(days=1, seconds=-1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except ValueError:
            raise TwilioError(400, 20001, f"Invalid date: {text}") from None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return moment, moment
