"""What the simulated account sends from: numbers, short codes, Messaging Services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from textmanager.sandbox import twilio_json as shapes
from textmanager.sandbox.twilio_rules import error
from textmanager.sandbox.twilio_settings import SHORT_CODE, TOLL_FREE, SandboxNumber, SandboxService
from textmanager.sandbox.twilio_store import Store

_LARGEST_PAGE = 1000
Endpoint = Callable[[Request], Awaitable[Response]]


class Senders:
    """Lists them, and takes the address at which each receives texts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def endpoints(self, account: str) -> list[tuple[str, str, Endpoint]]:
        """Method, path and endpoint of each; `account` is the path of the account."""
        return [
            ("GET", account + "/IncomingPhoneNumbers.json", self.list_numbers),
            ("GET", account + "/IncomingPhoneNumbers/{sid}.json", self.number),
            ("POST", account + "/IncomingPhoneNumbers/{sid}.json", self.number),
            ("GET", account + "/SMS/ShortCodes.json", self.list_short_codes),
            ("POST", account + "/SMS/ShortCodes/{sid}.json", self.short_code),
            ("GET", "/v1/Services", self.list_services),
            ("GET", "/v1/Services/{sid}", self.service),
            ("POST", "/v1/Services/{sid}", self.service),
            ("GET", "/v1/Services/{sid}/PhoneNumbers", self.list_pool),
            ("GET", "/v1/Services/{sid}/ShortCodes", self.list_pool),
            ("GET", "/v1/Services/{sid}/Compliance/Usa2p", self.list_campaigns),
            ("GET", "/v1/a2p/BrandRegistrations", self.list_brands),
            ("GET", "/v1/Tollfree/Verifications", self.list_verifications),
        ]

    async def list_numbers(self, request: Request) -> Response:
        wanted = request.query_params.get("PhoneNumber", "")
        numbers = [n for n in self._numbers(short=False) if wanted in {"", n.e164}]
        rows = [shapes.number_json(number, self._store) for number in numbers]
        return _one_page("incoming_phone_numbers", rows, request)

    async def number(self, request: Request) -> Response:
        number = next(
            (n for n in self._numbers(short=False) if n.sid == request.path_params["sid"]), None
        )
        if number is None:
            raise error(20404, status=404)
        await self._take_inbound_url(request, number.e164, "SmsUrl")
        if request.method == "POST" and not (await shapes.read_form(request)).get(
            "SmsApplicationSid", "kept"
        ):
            self._store.clear_application(number.e164)
        return JSONResponse(shapes.number_json(number, self._store))

    async def list_short_codes(self, request: Request) -> Response:
        rows = [shapes.short_code_json(n, self._store) for n in self._numbers(short=True)]
        return _one_page("short_codes", rows, request)

    async def short_code(self, request: Request) -> Response:
        codes = self._numbers(short=True)
        number = next(
            (n for n in codes if shapes.short_code_sid(n) == request.path_params["sid"]), None
        )
        if number is None:
            raise error(20404, status=404)
        await self._take_inbound_url(request, number.e164, "SmsUrl")
        return JSONResponse(shapes.short_code_json(number, self._store))

    async def list_services(self, request: Request) -> Response:
        rows = [shapes.service_json(s, self._store) for s in self._store.services.values()]
        return _newer("services", rows, request)

    async def service(self, request: Request) -> Response:
        service = self._service(request)
        await self._take_inbound_url(request, service.sid, "InboundRequestUrl")
        return JSONResponse(shapes.service_json(service, self._store))

    async def list_pool(self, request: Request) -> Response:
        service = self._service(request)
        short = request.url.path.endswith("/ShortCodes")
        rows = [
            shapes.pooled_json(each, service, self._store)
            for each in self._numbers(short=short)
            if each.e164 in service.numbers
        ]
        key = "short_codes" if short else "phone_numbers"
        return _newer(key, rows, request)

    async def list_campaigns(self, request: Request) -> Response:
        service = self._service(request)
        rows = [shapes.campaign_json(service, self._store)] if service.use_case else []
        return _newer("compliance", rows, request)

    async def list_brands(self, request: Request) -> Response:
        return _newer("data", [shapes.brand_json(self._store)], request)

    def _service(self, request: Request) -> SandboxService:
        service = self._store.services.get(request.path_params["sid"])
        if service is None:
            raise error(20404, status=404)
        return service

    async def list_verifications(self, request: Request) -> Response:
        rows = [
            shapes.verification_json(number, self._store)
            for number in self._numbers(short=False)
            if number.kind == TOLL_FREE and number.verification
        ]
        return _newer("verifications", rows, request)

    def _numbers(self, *, short: bool) -> list[SandboxNumber]:
        return [n for n in self._store.numbers.values() if (n.kind == SHORT_CODE) is short]

    async def _take_inbound_url(self, request: Request, of: str, name: str) -> None:
        if request.method == "POST":
            form = await shapes.read_form(request)
            if name in form:
                self._store.set_inbound_url(of, form[name])


def _one_page(key: str, rows: list[dict[str, Any]], request: Request) -> Response:
    """A page of the 2010 API, by its number: these lists are short and do not move."""
    query = dict(request.query_params)
    page, size = query.get("Page", "0"), query.get("PageSize", "50")
    number = int(page) if page.isdecimal() else 0
    length = int(size) if size.isdecimal() and 0 < int(size) <= _LARGEST_PAGE else 50
    shown = rows[number * length : (number + 1) * length]
    return JSONResponse(
        shapes.page_json(
            key,
            shown,
            request.url.path,
            query=query,
            page=number,
            page_size=length,
            more=len(rows) > (number + 1) * length,
        )
    )


def _newer(key: str, rows: list[dict[str, Any]], request: Request) -> Response:
    page, size = request.query_params.get("Page", "0"), request.query_params.get("PageSize", "50")
    return JSONResponse(
        shapes.newer_page_json(
            key,
            rows,
            request.url.path,
            page=int(page) if page.isdecimal() else 0,
            page_size=int(size) if size.isdecimal() and 0 < int(size) <= _LARGEST_PAGE else 50,
        )
    )
