"""The signature against published vectors, and the reading of callbacks seen in real traffic."""

from __future__ import annotations

from urllib.parse import parse_qsl, urldefrag, urlsplit

import pytest
from twilio.request_validator import RequestValidator

from textmanager.gateway.receipts import callback_url, parse_receipt, signature_is_valid
from textmanager.text.statuses import MessageStatus

# The first three are the official SDK's own; the others were computed with it.
SDK_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
SDK_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
TOKEN = "12345678901234567890123456789012"
STATUS_URL = "https://app.example.com/twilio/status?campaign=42"
STATUS_FORM = {
    "RawDlrDoneDate": "2611241530",
    "SmsSid": "SM" + "1" * 32,
    "SmsStatus": "delivered",
    "MessageStatus": "delivered",
    "To": "+15558675310",
    "MessageSid": "SM" + "1" * 32,
    "AccountSid": "AC" + "0" * 32,
    "From": "+15017250604",
    "ApiVersion": "2010-04-01",
}
VECTORS = [
    (SDK_URL, SDK_FORM, "12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (SDK_URL, SDK_FORM, "12345", "kvajT1Ptam85bY51eRf/AJRuM3w="),
    (STATUS_URL, STATUS_FORM, TOKEN, "4KflEKKKSzsqLRg4ZTZnCkHQMMg="),
    (STATUS_URL, STATUS_FORM, TOKEN, "ise2qa9mrMRegd5T49NdTR2tFig="),
    (
        "https://app.example.com/in",
        {"Body": "Héllo 😀 +&=", "From": "+1", "Empty": ""},
        TOKEN,
        "MdWbrSEIl67CNhENmCKr3aU7KsM=",
    ),
    (
        "https://x/",
        {"b": "1", "B": "2", "a": "3", "_z": "4"},
        TOKEN,
        "DtWP7AGZOYwoUyPN5N3P7tQ+KWs=",
    ),
]


@pytest.mark.parametrize(("url", "form", "token", "signature"), VECTORS)
def test_published_signatures_are_valid(url, form, token, signature):
    assert signature_is_valid(url, form, signature, [token])
    assert signature_is_valid(url, list(form.items()), signature, [token])


@pytest.mark.parametrize(("url", "form", "token", "signature"), VECTORS)
def test_a_changed_request_is_not_valid(url, form, token, signature):
    name = next(iter(form))

    assert not signature_is_valid(url + "x", form, signature, [token])
    assert not signature_is_valid(url, {**form, name: form[name] + "x"}, signature, [token])
    assert not signature_is_valid(url, {**form, "More": "1"}, signature, [token])
    assert not signature_is_valid(url, form, signature, [token + "x"])
    assert not signature_is_valid(url, form, signature[:-2] + "A=", [token])


def test_repeated_keys_are_signed_together():
    pairs = [("Sid", "CA123"), ("SidAccount", "AC123")]
    digits = [("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]

    assert signature_is_valid(SDK_URL, pairs + digits, "IK+Dwps556ElfBT0I3Rgjkr1wJU=", ["12345"])
    assert not signature_is_valid(
        SDK_URL, pairs + digits[:1], "IK+Dwps556ElfBT0I3Rgjkr1wJU=", ["12345"]
    )


def test_either_of_an_accounts_two_tokens_will_do():
    signature = "4KflEKKKSzsqLRg4ZTZnCkHQMMg="

    assert signature_is_valid(STATUS_URL, STATUS_FORM, signature, ["older", TOKEN])
    assert signature_is_valid(STATUS_URL, STATUS_FORM, signature, [TOKEN, "newer"])


@pytest.mark.parametrize("signature", ["", "é", "x" * 10_000, "\x00"])
def test_nonsense_is_no_signature(signature):
    assert not signature_is_valid(STATUS_URL, STATUS_FORM, signature, [TOKEN])


def test_without_a_token_nothing_is_valid():
    signed_with_nothing = RequestValidator("").compute_signature(STATUS_URL, STATUS_FORM)

    assert not signature_is_valid(STATUS_URL, STATUS_FORM, signed_with_nothing, [])
    assert not signature_is_valid(STATUS_URL, STATUS_FORM, signed_with_nothing, [""])


REAL = (
    "RawDlrDoneDate=2303222338&SmsSid=SMxxx&SmsStatus=delivered&MessageStatus=delivered"
    "&To=%2B11111111111&MessageSid=SMxxx&AccountSid=ACzzz&From=%2B12223334444"
    "&ApiVersion=2010-04-01"
)


def test_a_delivery_receipt_is_read_with_our_reference():
    receipt = parse_receipt({"m": "42"}, dict(parse_qsl(REAL)))

    assert receipt.reference == "42"
    assert receipt.sid == "SMxxx"
    assert receipt.status is MessageStatus.DELIVERED
    assert receipt.raw_status == "delivered"
    assert receipt.error_code is None
    assert (receipt.to, receipt.from_number) == ("+11111111111", "+12223334444")
    assert receipt.raw["RawDlrDoneDate"] == "2303222338"


def test_a_failure_keeps_its_code():
    form = {"MessageStatus": "undelivered", "ErrorCode": "30003", "ErrorMessage": "Unreachable"}
    receipt = parse_receipt({}, form)

    assert receipt.status is MessageStatus.UNDELIVERED
    assert (receipt.error_code, receipt.error_text) == (30003, "Unreachable")


@pytest.mark.parametrize("form", [{}, {"MessageStatus": "teleported"}, {"ErrorCode": "x²"}])
def test_what_we_do_not_know_is_kept_raw_and_changes_nothing(form):
    receipt = parse_receipt({}, form)

    assert receipt.status is None
    assert receipt.error_code is None
    assert receipt.raw == form


def test_the_callback_address_carries_the_reference_and_asks_for_retries():
    url = callback_url("https://texts.example.org/", "/hooks/twilio/status", "a b&c")
    address, fragment = urldefrag(url)

    assert address == "https://texts.example.org/hooks/twilio/status?m=a+b%26c"
    assert dict(parse_qsl(urlsplit(address).query)) == {"m": "a b&c"}
    assert fragment == "rc=5&rp=all"
