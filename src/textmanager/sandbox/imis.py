"""A simulated iMIS as an ASGI program: sign-in, IQAs, activities, the communication log.

    uvicorn --factory textmanager.sandbox.imis:create_app

Everything under /_sandbox is for tests and for the page at / that shows what is inside.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from textmanager.sandbox import imis_wire as wire
from textmanager.sandbox.imis_faults import Fault, FaultGate
from textmanager.sandbox.imis_page import overview_page
from textmanager.sandbox.imis_people import People
from textmanager.sandbox.imis_queries import Queries
from textmanager.sandbox.imis_records import ACTIVITY_TYPES, Records, activity_entity
from textmanager.sandbox.journal import Journal
from textmanager.sandbox.members import Query

__all__ = ["BACKGROUND", "ImisSettings", "ImisUser", "create_app"]


@dataclass(frozen=True)
class ImisUser:
    """Somebody who can sign in at the sandbox. Passwords here are made up and worth nothing."""

    username: str
    password: str
    roles: tuple[str, ...]
    # What the site says when even the right password does not let them in.
    refusal: str = ""
    # Some may sign in and are refused everything else.
    may_call: bool = True


BACKGROUND = ImisUser("textmanager", "background-password", ("SysAdmin", "RemoteService"))
USERS = (
    BACKGROUND,
    ImisUser("jordan.lee", "demo-password", ("SysAdmin",)),
    ImisUser("sam.rivera", "demo-password", ("SysAdmin",)),
    ImisUser("member", "member-password", ("Member",)),
    ImisUser("expired", "demo-password", ("SysAdmin",), refusal="The password has expired."),
    ImisUser("locked", "demo-password", ("SysAdmin",), refusal="The user is locked out."),
    ImisUser("disabled", "demo-password", ("SysAdmin",), refusal="The user is disabled."),
    ImisUser("norole", "demo-password", (), may_call=False),
)


@dataclass(frozen=True)
class ImisSettings:
    """`older` answers as iMIS 2017 does. `journal` is a folder; None keeps all in memory.

    Each page of a query takes `page_seconds`; with `pages_at_once` more are turned away (429).
    """

    users: tuple[ImisUser, ...] = USERS
    token_seconds: int = 1199
    slow_seconds: float = 4.0
    page_seconds: float = 0.0
    pages_at_once: int | None = None
    older: bool = False
    journal: Path | None = None
    activity_types: tuple[str, ...] = ACTIVITY_TYPES


class _Site:
    """Who is signed in, and what each request is answered."""

    def __init__(self, settings: ImisSettings) -> None:
        self.settings = settings
        self.users = {user.username.casefold(): user for user in settings.users}
        self.tokens: dict[str, tuple[ImisUser, float]] = {}
        self.pages_now = self.most_pages = 0
        folder = settings.journal
        journal = Journal(folder / "imis.jsonl" if folder else None)
        self.records = Records(journal, settings.activity_types)
        self.people = People()
        self.queries = Queries(settings.slow_seconds, older=settings.older)

    async def token(self, request: Request) -> Response:
        body = (await request.body()).decode()
        form = {name.casefold(): value for name, value in parse_qsl(body)}
        user = self.users.get(form.get("username", "").casefold())
        if form.get("grant_type") != "password":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        if user is None or user.password != form.get("password"):
            return _refused("The user name or password is incorrect.")
        if user.refusal:
            return _refused(user.refusal)
        token = secrets.token_urlsafe(40)
        self.tokens[token] = (user, time.monotonic() + self.settings.token_seconds)
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": self.settings.token_seconds,
                "userName": user.username,
            }
        )

    def user_of(self, request: Request) -> ImisUser | None:
        """Whose token it is, as long as it lasts."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        user, ends_at = self.tokens.get(token, (None, 0.0))
        return user if kind.casefold() == "bearer" and ends_at > time.monotonic() else None

    async def query(self, request: Request) -> Response:
        if self.settings.older:
            return PlainTextResponse("No such entity.", status_code=404)
        return await self._rows(request, flat=True)

    async def iqa(self, request: Request) -> Response:
        return await self._rows(request, flat=False)

    async def _rows(self, request: Request, *, flat: bool) -> Response:
        params = _lowered(request)
        query = self.queries.find(params.get("queryname", ""))
        if query is None:
            return PlainTextResponse("The query was not found.", status_code=404)
        if not query.is_shared:
            return PlainTextResponse("The query is not available via REST.", status_code=403)
        if self.pages_now == self.settings.pages_at_once:
            return PlainTextResponse("Too many requests.", status_code=429)
        self.pages_now += 1
        self.most_pages = max(self.most_pages, self.pages_now)
        try:
            await asyncio.sleep(query.seconds_a_page + self.settings.page_seconds)
        finally:
            self.pages_now -= 1
        answers = _named_answers(query, request) if flat else _placed_answers(query, request)
        if any(
            prompt.is_required and not answer
            for prompt, answer in zip(query.prompts, answers, strict=True)
        ):
            return PlainTextResponse("A required parameter has no value.", status_code=400)
        rows = self.queries.rows(query, flat=flat, answers=answers)
        return JSONResponse(wire.page(rows, params, flat=flat))

    async def execute(self, request: Request) -> Response:
        body = await request.json()
        operation = str(body.get("OperationName", ""))
        parameters = [_plain(each) for each in (body.get("Parameters") or {}).get("$values", [])]
        entity = request.path_params["entity"].casefold()
        if entity == "usersecurity":
            return self._user_security(operation, parameters)
        result = self.queries.execute(entity, operation, parameters)
        return JSONResponse(result if self.settings.older else wire.service_response(result))

    def _user_security(self, operation: str, parameters: list[Any]) -> Response:
        if self.settings.older or operation != "GetUserRoles":
            return PlainTextResponse("Operation not implemented", status_code=501)
        user = self.users.get(str(parameters[0]).casefold())
        return JSONResponse(wire.service_response(_roles(user)))

    async def user(self, request: Request) -> Response:
        if request.method == "POST":
            return self.people.create_user(await request.json())
        name = _lowered(request).get("username", "").removeprefix("eq:")
        user = self.users.get(name.casefold())
        found = [] if user is None else [{"UserName": user.username, "Roles": _roles(user)}]
        return JSONResponse(wire.page(found, {}))

    async def activity(self, request: Request) -> Response:
        if request.method == "POST":
            return self.records.create_activity(await request.json())
        params = _lowered(request)
        found = self.records.matching_activities(
            {name: value for name, value in params.items() if name not in {"offset", "limit"}}
        )
        return JSONResponse(wire.page([activity_entity(each) for each in found], params))

    async def log_recipient(self, request: Request) -> Response:
        if request.method == "POST":
            return self.records.create_log_entry(await request.json())
        params = _lowered(request)
        party = params.get("partyid", "").removeprefix("eq:")
        found = [
            entry
            for entry in self.records.log_entries
            if not party or entry["Party"]["PartyId"] == party
        ]
        return JSONResponse(wire.page(found, params))

    async def activity_type(self, request: Request) -> Response:
        if request.method == "POST":
            return self.records.create_activity_type(await request.json())
        name = str(request.path_params.get("name", ""))
        if not name:
            known = self.records.activity_types
            types = [known[each] for each in sorted(known)]
            return JSONResponse(wire.page(types, _lowered(request)))
        if name not in self.records.activity_types:
            return PlainTextResponse("Not found", status_code=404)
        return JSONResponse(self.records.activity_types[name])

    async def prompts(self, _request: Request) -> Response:
        return JSONResponse(wire.page([], {}))

    async def home(self, _request: Request) -> Response:
        users = [(user.username, ", ".join(user.roles)) for user in self.settings.users]
        return overview_page(users, self.queries.all(), self.records.activities)


Handler = Callable[[Request], Awaitable[Response]]


def create_app(settings: ImisSettings | None = None) -> ASGIApp:
    """The whole sandbox; dropped connections need uvicorn."""
    site = _Site(settings or ImisSettings())

    def signed_in(handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            user = site.user_of(request)
            if user is None:
                return wire.not_authorized()
            if not user.may_call:
                return PlainTextResponse("SecurityFault", status_code=403)
            return await handler(request)

        return guarded

    def api(entity: str, handler: Handler, *methods: str) -> Route:
        return Route(f"/api/{entity}", signed_in(handler), methods=list(methods or ("GET",)))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        site.records.close()

    both = ("GET", "POST")
    program = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/token", site.token, methods=["POST"]),
            Route("/api/{entity}/_execute", signed_in(site.execute), methods=["POST"]),
            api("query", site.query),
            api("iqa", site.iqa),
            api("user", site.user, *both),
            api("activity", site.activity, *both),
            api("communicationlogrecipient", site.log_recipient, *both),
            api("legacyactivitytype", site.activity_type, *both),
            api("legacyactivitytype/{name}", site.activity_type),
            api("queryparameterdefinition", site.prompts),
            api("party", site.people.parties),
            api("party/{party}", site.people.party),
            api("csnamefin/{party}", site.people.name_fin, "GET", "PUT"),
            Route("/", site.home),
        ],
    )
    gate = FaultGate(_in_lower_case(program))
    program.router.routes += _behind_the_scenes(site, gate)
    return gate


def _in_lower_case(program: ASGIApp) -> ASGIApp:
    """IMIS minds the case neither of /Token nor of an entity's name."""

    async def lowered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            head, *rest = scope["path"].split("/", 3)[1:]
            known = [part.casefold() for part in (head, *rest[:1])]
            scope = {**scope, "path": "/" + "/".join([*known, *rest[1:]])}
        await program(scope, receive, send)

    return lowered


def _behind_the_scenes(site: _Site, gate: FaultGate) -> list[Route]:
    """What only tests ask for: everything that was written, and faults."""

    async def activities(_request: Request) -> Response:
        return JSONResponse({"activities": site.records.activities})

    async def activity_types(_request: Request) -> Response:
        return JSONResponse({"activity_types": list(site.records.activity_types.values())})

    async def log_entries(_request: Request) -> Response:
        return JSONResponse({"entries": site.records.log_entries})

    async def faults(request: Request) -> Response:
        gate.faults.append(Fault(**await request.json()))
        return JSONResponse({"waiting": len(gate.faults)}, status_code=201)

    async def clear_faults(_request: Request) -> Response:
        gate.faults.clear()
        return Response(status_code=204)

    async def requests(_request: Request) -> Response:
        return JSONResponse(gate.seen)

    async def pages(_request: Request) -> Response:
        """How many pages were asked for at the same time, at most."""
        return JSONResponse({"at_once": site.most_pages})

    async def forget_tokens(_request: Request) -> Response:
        """What a restart of its web server does to a site."""
        site.tokens.clear()
        return Response(status_code=204)

    return [
        Route("/_sandbox/activities", activities),
        Route("/_sandbox/activity-types", activity_types),
        Route("/_sandbox/log-entries", log_entries),
        Route("/_sandbox/faults", faults, methods=["POST"]),
        Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
        Route("/_sandbox/requests", requests),
        Route("/_sandbox/pages", pages),
        Route("/_sandbox/tokens", forget_tokens, methods=["DELETE"]),
    ]


def _refused(why: str) -> Response:
    return JSONResponse({"error": "invalid_grant", "error_description": why}, status_code=400)


def _named_answers(query: Query, request: Request) -> tuple[str, ...]:
    """The newer endpoint: each answer by its property's name or by its label."""
    params = _lowered(request)
    return tuple(
        params.get(prompt.column.casefold(), params.get(prompt.label.casefold(), ""))
        for prompt in query.prompts
    )


def _placed_answers(query: Query, request: Request) -> tuple[str, ...]:
    """The older endpoint: `Parameter`, once for each question, in their order."""
    given = [
        value.removeprefix("eq:")
        for name, value in request.query_params.multi_items()
        if name.casefold() == "parameter"
    ]
    return tuple((given + [""] * len(query.prompts))[: len(query.prompts)])


def _lowered(request: Request) -> dict[str, str]:
    return {name.casefold(): value for name, value in request.query_params.items()}


def _plain(parameter: Any) -> Any:
    if isinstance(parameter, Mapping):
        return parameter.get("$value", parameter.get("$values"))
    return parameter


def _roles(user: ImisUser | None) -> wire.Json:
    kind = "Asi.Soa.Membership.DataContracts.User.RoleData"
    return wire.values(
        f"{kind}Collection, Asi.Contracts",
        [
            {"$type": f"{kind}, Asi.Contracts", "RoleName": role, "Description": role}
            for role in (user.roles if user else ())
        ],
    )
