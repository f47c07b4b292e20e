"""TEST mode judges as Twilio does, and has no way out of the house."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from textmanager.gateway.sender import (
    LiveGateway,
    Refused,
    Tested,
    TestGateway,
    TwilioCredentials,
)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("TEST mode opened a socket.")

    for way_out in ("connect", "connect_ex", "send", "sendall", "sendto"):
        monkeypatch.setattr(socket.socket, way_out, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


async def test_a_good_text_is_tested_without_a_socket(text, no_network):
    async with TestGateway() as gateway:
        assert await gateway.send(text) == Tested(segments=1)
        assert await gateway.send(replace(text, body="a" * 161)) == Tested(segments=2)


async def test_the_live_gateway_would_be_caught_at_it(text, no_network):
    credentials = TwilioCredentials("AC1", "secret", base_url="http://127.0.0.1:1")
    async with LiveGateway(credentials) as gateway:
        with pytest.raises(AssertionError, match="opened a socket"):
            await gateway.send(text)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "12025550100"}, 21211),
        ({"to": "+1202555010x"}, 21211),
        ({"to": "+0202555010"}, 21211),
        ({"from_number": ""}, 21603),
        ({"body": ""}, 21602),
        ({"body": "a" * 1601}, 21617),
        ({"body": "😀" * 801}, 21617),
        ({"validity_seconds": 0}, 21624),
        ({"validity_seconds": 36_001}, 21624),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"from_number": "+15005550001"}, 21212),
        ({"from_number": "+15005550007"}, 21606),
        ({"from_number": "+15005550008"}, 21611),
    ],
)
async def test_a_bad_text_is_refused_with_twilios_code(text, change, code, no_network):
    outcome = await TestGateway().send(replace(text, **change))

    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert outcome.text


@pytest.mark.parametrize(
    "change",
    [
        {"body": "a" * 1600},
        {"body": "😀" * 800},
        {"validity_seconds": 36_000},
        {"from_number": "", "messaging_service_sid": "MG" + "1" * 32},
        {"from_number": "+15005550006"},
        {"to": "+447911123456"},
    ],
)
async def test_what_twilio_would_take_is_tested(text, change):
    assert isinstance(await TestGateway().send(replace(text, **change)), Tested)


def test_the_test_gateway_holds_nothing_and_can_be_given_nothing():
    gateway = TestGateway()

    assert not hasattr(gateway, "__dict__")
    assert TestGateway.__slots__ == ()
    with pytest.raises(TypeError):
        TestGateway("AC1", "secret")


def test_its_module_loads_neither_the_transport_nor_the_sdk():
    program = (
        "import sys, textmanager.gateway.rehearsal\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('aiohttp', 'twilio', 'requests')\n"
        "       or m.endswith('gateway.transport')])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert loaded.stdout.strip() == "[]"
