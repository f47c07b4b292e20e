"""The wire format of the simulated API: forms in, and JSON out as the real one writes it."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from textmanager.sandbox.twilio_rules import TwilioError
from textmanager.sandbox.twilio_settings import SandboxNumber, SandboxService, made_up_sid
from textmanager.sandbox.twilio_store import Message, Store

API = "/2010-04-01/Accounts"
_BIRTHDAY = "Thu, 01 Jan 2026 00:00:00 +0000"
_BIRTHDAY_ISO = "2026-01-01T00:00:00Z"


async def read_form(request: Request) -> dict[str, str]:
    """The last value of each field; nothing at all when the body is not form-encoded."""
    body = await request.body()
    if "application/x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return {}
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def error_json(error: TwilioError) -> dict[str, Any]:
    body: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
    return body if error.detail is None else {**body, "detail": error.detail}


def message_json(message: Message, store: Store) -> dict[str, Any]:
    account_sid = store.settings.account_sid
    # The real one bills some time after a message has arrived.
    billed = message.updated + store.settings.seconds_to_bill * store.settings.delay_scale
    uri = f"{API}/{account_sid}/Messages/{message.sid}"
    unassigned = message.status in {"accepted", "scheduled"}
    return {
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": _rfc2822(message.created),
        "date_sent": _rfc2822(message.sent),
        "date_updated": _rfc2822(message.updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender or None,
        "messaging_service_sid": message.service or None,
        "num_media": "0",
        # Not known to the real one either before a sender is chosen.
        "num_segments": "0" if unassigned else str(message.segments),
        "price": message.price if time.time() >= billed else None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def page_json(
    key: str,
    rows: Sequence[dict[str, Any]],
    path: str,
    *,
    query: dict[str, str],
    page: int = 0,
    page_size: int = 50,
    more: bool = False,
) -> dict[str, Any]:
    """A page of the 2010 API; `more` adds the address of the next, told by the last row's SID."""
    kept = {k: v for k, v in query.items() if k not in {"Page", "PageToken", "PageSize"}}
    kept["PageSize"] = str(page_size)

    def address(**place: str) -> str:
        return f"{path}?{urlencode({**kept, **place})}"

    following = {"Page": str(page + 1), "PageToken": f"PA{rows[-1]['sid']}"} if more else {}
    return {
        "first_page_uri": address(Page="0"),
        "next_page_uri": address(**following) if more else None,
        "previous_page_uri": None,
        "page": page,
        "page_size": page_size,
        "start": page * page_size,
        "end": page * page_size + max(0, len(rows) - 1),
        "uri": address(Page=str(page)),
        key: list(rows),
    }


def account_json(store: Store) -> dict[str, Any]:
    settings = store.settings
    return {
        "sid": settings.account_sid,
        "owner_account_sid": settings.account_sid,
        "friendly_name": settings.friendly_name,
        "status": "active",
        "type": "Full",
        "auth_token": settings.auth_token,
        "date_created": _BIRTHDAY,
        "date_updated": _BIRTHDAY,
        "uri": f"{API}/{settings.account_sid}.json",
        "subresource_uris": {"messages": f"{API}/{settings.account_sid}/Messages.json"},
    }


def number_json(number: SandboxNumber, store: Store) -> dict[str, Any]:
    account_sid = store.settings.account_sid
    return {
        "sid": number.sid,
        "account_sid": account_sid,
        "friendly_name": f"{number.kind} {number.e164}",
        "phone_number": number.e164,
        "sms_url": store.sms_urls[number.e164],
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_application_sid": "",
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "status": "in-use",
        "origin": "twilio",
        "beta": False,
        "api_version": "2010-04-01",
        "date_created": _BIRTHDAY,
        "date_updated": _BIRTHDAY,
        "uri": f"{API}/{account_sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


def short_code_json(number: SandboxNumber, store: Store) -> dict[str, Any]:
    account_sid, sid = store.settings.account_sid, short_code_sid(number)
    return {
        "sid": sid,
        "account_sid": account_sid,
        "friendly_name": number.e164,
        "short_code": number.e164,
        "sms_url": store.sms_urls[number.e164],
        "sms_method": "POST",
        "sms_fallback_url": "",
        "api_version": "2010-04-01",
        "date_created": _BIRTHDAY,
        "date_updated": _BIRTHDAY,
        "uri": f"{API}/{account_sid}/SMS/ShortCodes/{sid}.json",
    }


def short_code_sid(number: SandboxNumber) -> str:
    return made_up_sid("SC", number.e164)


def service_json(service: SandboxService, store: Store) -> dict[str, Any]:
    return {
        "sid": service.sid,
        "account_sid": store.settings.account_sid,
        "friendly_name": service.name,
        "inbound_request_url": store.sms_urls[service.sid] or None,
        "inbound_method": "POST",
        "status_callback": service.status_callback or None,
        "sticky_sender": True,
        "smart_encoding": False,
        "validity_period": 36_000,
        "use_inbound_webhook_on_number": False,
        "us_app_to_person_registered": True,
        "date_created": _BIRTHDAY_ISO,
        "date_updated": _BIRTHDAY_ISO,
        "url": f"https://messaging.twilio.com/v1/Services/{service.sid}",
    }


def verification_json(number: SandboxNumber, store: Store) -> dict[str, Any]:
    """The verification of a toll-free number, with what is asked for of its many fields."""
    sid = made_up_sid("HH", number.e164)
    return {
        "sid": sid,
        "account_sid": store.settings.account_sid,
        "tollfree_phone_number_sid": number.sid,
        "status": number.verification,
        "date_created": _BIRTHDAY_ISO,
        "date_updated": _BIRTHDAY_ISO,
        "url": f"https://messaging.twilio.com/v1/Tollfree/Verifications/{sid}",
    }


def newer_page_json(key: str, rows: Sequence[dict[str, Any]], path: str) -> dict[str, Any]:
    """A page in the shape of Twilio's newer APIs; the sandbox needs only one."""
    address = f"https://messaging.twilio.com{path}?PageSize=50&Page=0"
    meta = {
        "key": key,
        "page": 0,
        "page_size": 50,
        "first_page_url": address,
        "previous_page_url": None,
        "next_page_url": None,
        "url": address,
    }
    return {key: list(rows), "meta": meta}


def _rfc2822(instant: float | None) -> str | None:
    if instant is None:
        return None
    return email.utils.format_datetime(datetime.fromtimestamp(instant, UTC))
