"""Judges what a site answered: the JSON of a success, or the ImisError that fits."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from textmanager.imis.errors import (
    ImisError,
    ImisForbidden,
    ImisInvalid,
    ImisNotFound,
    ImisNotImis,
    ImisSignInRefused,
    ImisUnavailable,
)
from textmanager.imis.wire import Json, values

LONGEST_QUOTE = 200
ADDRESS_HINT = (
    "Check the iMIS address: it is like https://example.imiscloud.com, or on an iMIS 2017 server "
    "like https://example.org/Asi.Scheduler_iMIS."
)
# What a site says on the page that stands in for it while it is updated or starts up.
_CLOSED = ("maintenance", "app_offline", "being updated", "upgrade", "temporarily unavailable")
# Answers of a site whose administrators have switched the sign-in by password off.
_NO_PASSWORDS = ("unsupported_grant_type", "unauthorized_client", "invalid_client")
# Some builds answer 500 to what they do not have, and begin the text with one of these.
_MISSING = ("UnknownEntityTypeFault", "OperationNotSupportedFault")


def read(status: int, text: str, *, is_write: bool) -> Json:
    """The JSON of a success. Raises the ImisError that an answer of this status means."""
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise failure(status, text, is_write=is_write)
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        if _is_page(text):
            raise not_imis(text, status=status) from None
    raise ImisUnavailable(
        "iMIS's answer breaks off in the middle.",
        remedy="Try again in a few minutes.",
        status=status,
        detail=text,
        ambiguous=is_write,
    )


def read_token(status: int, text: str, *, username: str) -> dict[str, Any]:
    """The answer to a sign-in. Raises ImisSignInRefused, ImisNotImis, ImisUnavailable."""
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED} and not _is_page(text):
        words, remedy = _why_refused(text, username)
        raise ImisSignInRefused(words, remedy=remedy, status=status, detail=text)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }:
        raise not_imis(text, status=status)
    answer = read(status, text, is_write=False)
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        # The answer is not quoted: it might hold a token under another name.
        raise not_imis("", status=status)
    return answer


def failure(status: int, text: str, *, is_write: bool) -> ImisError:
    """The error that an HTTP status of 300 or more means."""
    match status:
        case _ if status < HTTPStatus.BAD_REQUEST:
            return not_imis(text, status=status)
        case 400 | 409 | 422:
            fields = _validation_errors(text)
            said = "; ".join(_about_field(*field) for field in fields) or _quote(text)
            words = f"iMIS refuses it: {said}"
            return ImisInvalid(words, status=status, detail=text, fields=fields)
        case 401 | 403:
            return ImisForbidden(
                "The iMIS account may not do this.",
                remedy="Give it the rights of a staff user and, for calls from outside, the role "
                "RemoteService.",
                status=status,
                detail=text,
            )
        case _ if status in {404, 405, 501} or text.startswith(_MISSING):
            return ImisNotFound("iMIS does not have this.", status=status, detail=text)
        case _ if status in {408, 429} or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _unavailable(status, text, is_write=is_write)
    return ImisError(
        f"iMIS gives an answer that is not known here (HTTP {status}).",
        remedy="Ask whoever runs your iMIS.",
        status=status,
    )


def not_imis(text: str, *, status: int | None = None) -> ImisNotImis:
    """The error for a page where JSON should be."""
    if any(sign in text.casefold() for sign in _CLOSED):
        return ImisNotImis(
            "iMIS shows a maintenance page.",
            remedy="Try again when it is over; what waits here goes on by itself.",
            status=status,
            detail=text,
        )
    return ImisNotImis(
        "The address answers, but not as iMIS does.",
        remedy=ADDRESS_HINT,
        status=status,
        detail=text,
    )


def _unavailable(status: int, text: str, *, is_write: bool) -> ImisError:
    if _is_page(text) and any(sign in text.casefold() for sign in _CLOSED):
        # The page stands before iMIS itself, so nothing was carried out.
        return not_imis(text, status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ImisUnavailable(
            "iMIS asks for fewer requests just now (HTTP 429).",
            remedy="Try again in a few minutes.",
            status=status,
            detail=text,
        )
    return ImisUnavailable(
        f"iMIS fails or is busy just now (HTTP {status}).",
        remedy="Try again in a few minutes; if it stays so, ask whoever runs your iMIS.",
        status=status,
        detail=text,
        ambiguous=is_write,
    )


def _why_refused(text: str, username: str) -> tuple[str, str]:
    """What is wrong, and what to do.

    The wording of iMIS is not documented, so it only chooses among sentences of ours.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = {}
    error, said = (
        str(found.get(member, "") if isinstance(found, dict) else "").casefold()
        for member in ("error", "error_description")
    )
    if error in _NO_PASSWORDS:
        return (
            "This iMIS takes no sign-ins by user name and password.",
            "Ask whoever runs your iMIS to allow them at its address /token.",
        )
    if "expired" in said:
        return (
            f"The iMIS password of “{username}” has expired.",
            "Set a new one in iMIS, and use it here.",
        )
    if "lock" in said:
        return (
            f"The iMIS account “{username}” is locked.",
            "Have it unlocked in iMIS, and check the password: wrong ones lock an account.",
        )
    if any(sign in said for sign in ("disabled", "inactive", "not active", "suspended")):
        return f"The iMIS account “{username}” is switched off.", "Have it enabled in iMIS."
    return (
        f"iMIS does not accept the user name or password of “{username}”.",
        "Check them, and whether the password has expired or the account is locked.",
    )


def _validation_errors(text: str) -> tuple[tuple[str, str], ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    errors = values(found.get("Errors")) if isinstance(found, dict) else []
    return tuple(
        (str(error.get("FieldName", "")), str(error.get("Message", "")))
        for error in errors
        if isinstance(error, dict)
    )


def _about_field(field: str, message: str) -> str:
    return message if not field or field in message else f"{field}: {message}"


def _is_page(text: str) -> bool:
    return text.lstrip().startswith("<")


def _quote(text: str) -> str:
    said = text.strip().strip('"')
    return "no reason given" if not said or _is_page(said) else said[:LONGEST_QUOTE]
