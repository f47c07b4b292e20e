"""What can go wrong between us and Twilio, told apart by what may have happened on the other side.

    GatewayError
    ├── ConnectionNotMade   nothing of the request left this machine: safe to repeat
    ├── AnswerLost          the request may have been carried out: look before repeating
    └── TwilioRefused       Twilio (or something in front of it) answered with an error

`LiveGateway.send` turns all of these into outcomes and raises none of them; readers
(`TwilioReader`, `check_account`) raise them.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of everything that this connector raises."""


class ConnectionNotMade(GatewayError):  # named for what happened
    """No byte of the request was written: DNS, refused, TLS, connect timeout."""


class AnswerLost(GatewayError):  # named for what happened
    """The request was, or may have been, written, and no usable answer came back."""


class TwilioRefused(GatewayError):  # named for what happened
    """An answer with an error status.

    `status` is the HTTP status; `code` is Twilio's own error code, None when the body carried
    none, which means that the answer was not written by Twilio's API.
    """

    def __init__(self, status: int, code: int | None, text: str) -> None:
        super().__init__(text or f"HTTP {status}")
        self.status = status
        self.code = code
        self.text = text
