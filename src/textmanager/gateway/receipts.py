"""Delivery receipts: the address that asks for them, the proof that Twilio sent one, its reading.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from twilio.request_validator import HMAC_SHA1, RequestValidator

from textmanager.text.statuses import MessageStatus, from_twilio

REFERENCE_KEY = "m"

# Twilio's connection overrides: without them it repeats a receipt once, and only when it could
# not connect; a 500 of ours would lose it for good. The fragment is neither sent nor signed.
_RETRIES = "#rc=5&rp=all"


@dataclass(frozen=True)
class Receipt:
    """One status callback. `status` is None for a word we do not know; `raw_status` keeps it.

    `reference` is the one that `callback_url` put into the address, empty when there is none.
    """

    reference: str
    sid: str
    status: MessageStatus | None
    raw_status: str
    error_code: int | None
    error_text: str
    to: str
    from_number: str
    raw: dict[str, str] = field(repr=False)


def callback_url(public_url: str, path: str, reference: str) -> str:
    """The StatusCallback of one text, e.g. `https://texts.example.org/hooks/status?m=7#rc=5&rp=all`."""
    address = f"{public_url.rstrip('/')}/{path.lstrip('/')}"
    return f"{address}?{REFERENCE_KEY}={quote_plus(reference)}{_RETRIES}"


def parse_receipt(query: Mapping[str, str], form: Mapping[str, str]) -> Receipt:
    """Reads a callback whose signature was found valid. Nothing is required to be there."""
    raw_status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    code = form.get("ErrorCode", "")
    return Receipt(
        reference=query.get(REFERENCE_KEY, ""),
        sid=form.get("MessageSid") or form.get("SmsSid") or "",
        status=from_twilio(raw_status),
        raw_status=raw_status,
        error_code=int(code) if code.isascii() and code.isdecimal() else None,
        error_text=form.get("ErrorMessage", ""),
        to=form.get("To", ""),
        from_number=form.get("From", ""),
        raw=dict(form),
    )


def signature_is_valid(
    url: str,
    params: Mapping[str, str] | Iterable[tuple[str, str]],
    signature: str,
    auth_tokens: Sequence[str],
) -> bool:
    """Whether Twilio signed this request with one of the tokens (primary, secondary).

    `url` is the public one, as Twilio was given it, query included: behind a proxy the request's
    own address differs. `params` are the decoded form fields, blanks kept; a repeated key is
    repeated in the list.
    """
    fields = _Fields(params.items() if isinstance(params, Mapping) else params)
    ascii_signature = signature if signature.isascii() else ""
    # All of them, always: the time taken must not tell which token fitted.
    fits = [_fits(url, fields, ascii_signature, token) for token in auth_tokens if token]
    return any(fits)


def sign(url: str, params: Mapping[str, str], auth_token: str) -> str:
    """The signature that Twilio would give this request, to try whether we would believe it."""
    return str(RequestValidator(auth_token).compute_signature(url, params, HMAC_SHA1))


class _Fields(dict[str, list[str]]):
    """Form fields in the shape from which the SDK reads repeated keys."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getall(self, name: str) -> list[str]:
        return self[name]


def _fits(url: str, fields: _Fields, signature: str, token: str) -> bool:
    return bool(RequestValidator(token).validate(url, fields, signature, HMAC_SHA1))
