"""The shapes of Twilio's wire format, as its OpenAPI document and real traffic have them.

A value is a type, or a pattern that a string has to match; a set of them means any of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NONE = type(None)
RFC_2822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} \+0000")
PRICE = re.compile(r"-\d+\.\d{5}")
DECIMAL = re.compile(r"-?\d+\.\d+")

MESSAGE: dict[str, Any] = {
    "account_sid": re.compile(r"AC[0-9a-f]{32}"),
    "api_version": re.compile("2010-04-01"),
    "body": str,
    "date_created": RFC_2822,
    "date_sent": (NONE, RFC_2822),
    "date_updated": RFC_2822,
    "direction": re.compile("inbound|outbound-api|outbound-reply|outbound-call"),
    "error_code": (NONE, int),
    "error_message": (NONE, str),
    "from": (NONE, str),
    "messaging_service_sid": (NONE, re.compile(r"MG[0-9a-f]{32}")),
    # Numbers, written as strings.
    "num_media": re.compile(r"\d+"),
    "num_segments": re.compile(r"\d+"),
    "price": (NONE, PRICE),
    "price_unit": (NONE, re.compile("[A-Z]{3}")),
    "sid": re.compile(r"(SM|MM)[0-9a-f]{32}"),
    "status": re.compile(
        "queued|sending|sent|failed|delivered|undelivered|receiving|received|accepted|scheduled"
        "|read|partially_delivered|canceled"
    ),
    "subresource_uris": dict,
    "to": str,
    "uri": re.compile(r"/2010-04-01/Accounts/AC[0-9a-f]{32}/Messages/SM[0-9a-f]{32}\.json"),
}

MESSAGE_PAGE: dict[str, Any] = {
    "first_page_uri": str,
    "next_page_uri": (NONE, str),
    "previous_page_uri": (NONE, str),
    "page": int,
    "page_size": int,
    "start": int,
    "end": int,
    "uri": str,
    "messages": list,
}

NEWER_META: dict[str, Any] = {
    "key": str,
    "page": int,
    "page_size": int,
    "first_page_url": str,
    "previous_page_url": (NONE, str),
    "next_page_url": (NONE, str),
    "url": str,
}

ERROR: dict[str, Any] = {
    "code": int,
    "message": str,
    "more_info": re.compile(r"https://www\.twilio\.com/docs/errors/\d{5}"),
    "status": int,
}
# 20003 has it as well.
ERROR_OPTIONAL = {"detail": str, "details": dict}

BALANCE: dict[str, Any] = {
    "account_sid": str,
    "balance": DECIMAL,
    "currency": re.compile("[A-Z]{3}"),
}

COUNTRY_PRICES: dict[str, Any] = {
    "country": str,
    "iso_country": re.compile("[A-Z]{2}"),
    "outbound_sms_prices": list,
    "inbound_sms_prices": list,
    "price_unit": re.compile("[A-Z]{3}"),
    "url": str,
}
CARRIER_PRICES: dict[str, Any] = {"carrier": str, "mcc": str, "mnc": str, "prices": list}
NUMBER_PRICE: dict[str, Any] = {
    "number_type": re.compile("mobile|local|shortcode|toll-free"),
    "base_price": DECIMAL,
    "current_price": DECIMAL,
}

# What may be asked for when a message is created.
CREATE_PARAMETERS = frozenset(
    [
        "To",
        "From",
        "MessagingServiceSid",
        "Body",
        "MediaUrl",
        "ContentSid",
        "ContentVariables",
        "StatusCallback",
        "ApplicationSid",
        "MaxPrice",
        "ProvideFeedback",
        "Attempt",
        "ValidityPeriod",
        "ForceDelivery",
        "ContentRetention",
        "AddressRetention",
        "SmartEncoded",
        "PersistentAction",
        "TrafficType",
        "ShortenUrls",
        "ScheduleType",
        "SendAt",
        "SendAsMms",
        "RiskCheck",
        "FallbackFrom",
        "MessageIntent",
        "Tags",
    ]
)
# By which a list of messages may be narrowed.
LIST_PARAMETERS = frozenset(
    ["To", "From", "DateSent", "DateSent<", "DateSent>", "PageSize", "Page", "PageToken"]
)

# In this order, as seen in real traffic.
STATUS_CALLBACK = [
    "SmsSid",
    "SmsStatus",
    "MessageStatus",
    "To",
    "MessageSid",
    "AccountSid",
    "From",
    "ApiVersion",
]
INBOUND = [
    "ToCountry",
    "ToState",
    "SmsMessageSid",
    "NumMedia",
    "ToCity",
    "FromZip",
    "SmsSid",
    "FromState",
    "SmsStatus",
    "FromCity",
    "Body",
    "FromCountry",
    "To",
    "ToZip",
    "NumSegments",
    "MessageSid",
    "AccountSid",
    "From",
    "ApiVersion",
]


def misfits(body: Mapping[str, Any], shape: Mapping[str, Any], *, optional: Any = ()) -> list[str]:
    """What of an answer does not fit; empty when all of it does."""
    found = [f"{name} is missing" for name in shape if name not in body]
    found += [f"{name} is unknown" for name in body if name not in {*shape, *optional}]
    return found + [
        f"{name} is {body[name]!r}"
        for name, wanted in shape.items()
        if name in body and not _fits(body[name], wanted)
    ]


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return any(_fits(value, each) for each in wanted)
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.fullmatch(value) is not None
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
