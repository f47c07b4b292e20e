"""Proves that the public address leads to this very installation."""

from __future__ import annotations

from django.core.signing import Signer

# The field of the question that only we can answer.
NONCE = "nonce"
LONGEST_QUESTION = 64


def answer_to(nonce: str, *, is_signed: bool) -> str:
    """What only an installation with our key answers to a question.

    `is_signed` tells whether the question came with a signature such as Twilio's that holds for
    the public address: a proxy that changes address or headers breaks it.
    """
    signer = Signer(salt="textmanager.reach")
    return signer.signature(f"{nonce[:LONGEST_QUESTION]} {'signed' if is_signed else 'unsigned'}")
