"""What the simulated Twilio account is made of; everything has a default that works."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

ACCOUNT_SID = "ACde300000000000000000000000000de3"
# Made up, and worth nothing outside the sandbox.
AUTH_TOKEN = "5a4db0c05a4db0c05a4db0c05a4db0c0"  # noqa: S105  # see above
TEST_ACCOUNT_SID = "ACde310000000000000000000000000de3"
TEST_AUTH_TOKEN = "7e577e577e577e577e577e577e577e57"  # noqa: S105  # see above

TOLL_FREE, TEN_DLC, SHORT_CODE, LONG_CODE = "toll-free", "10DLC", "short code", "long code"


def made_up_sid(prefix: str, *parts: str) -> str:
    """A SID that is the same each time for the same thing."""
    digest = hashlib.blake2b("|".join(parts).encode(), digest_size=16).hexdigest()
    return prefix + digest


@dataclass(frozen=True)
class SandboxNumber:
    """A number of the account. `sms_url` receives what phones send to it.

    `verification` is the state of a toll-free number's, empty for one that never asked for it.
    """

    e164: str
    kind: str = LONG_CODE
    segments_per_second: float = 1.0
    sms_url: str = ""
    verification: str = "TWILIO_APPROVED"

    @property
    def sid(self) -> str:
        return made_up_sid("PN", self.e164)


@dataclass(frozen=True)
class SandboxService:
    """A Messaging Service: a pool of numbers with one block list and one inbound address."""

    name: str
    numbers: tuple[str, ...]
    inbound_url: str = ""
    status_callback: str = ""
    advanced_opt_out: bool = False

    @property
    def sid(self) -> str:
        return made_up_sid("MG", self.name)


DEFAULT_NUMBERS = (
    SandboxNumber("+18005550199", TOLL_FREE, 3.0),
    SandboxNumber("+12025550143", TEN_DLC, 75.0),
    SandboxNumber("+12025550144", TEN_DLC, 37.5),
    SandboxNumber("+12025550145", TEN_DLC, 37.5),
    SandboxNumber("555010", SHORT_CODE, 100.0),
)
DEFAULT_SERVICES = (SandboxService("Member texts", ("+12025550144", "+12025550145")),)


@dataclass(frozen=True)
class TwilioSettings:
    """`delay_scale` stretches every wait of the carrier's side: 1 is real, 0 is at once.

    `undelivered_share` and `failed_share` of the phones fail, always the same ones for a `seed`;
    `failing` names phones that fail with a given code whatever the shares say. `answer_seconds`
    is how long each API call takes, `seconds_to_bill` how long a message has no price yet.
    Callbacks go to loopback hosts and to `callback_hosts` only.
    `journal` is a folder; None keeps everything in memory.
    """

    account_sid: str = ACCOUNT_SID
    auth_token: str = field(default=AUTH_TOKEN, repr=False)
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    test_account_sid: str = TEST_ACCOUNT_SID
    test_auth_token: str = field(default=TEST_AUTH_TOKEN, repr=False)
    friendly_name: str = "Sandbox association"
    numbers: tuple[SandboxNumber, ...] = DEFAULT_NUMBERS
    services: tuple[SandboxService, ...] = DEFAULT_SERVICES
    seed: int = 1
    undelivered_share: float = 0.03
    failed_share: float = 0.005
    failing: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    delay_scale: float = 1.0
    answer_seconds: float = 0.0
    seconds_to_bill: float = 60.0
    max_concurrent: int = 100
    callback_hosts: tuple[str, ...] = ()
    journal: Path | None = None
