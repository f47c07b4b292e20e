"""Proves that the public address leads to this very installation."""

from __future__ import annotations

from django.core.signing import Signer

LONGEST_QUESTION = 64


def answer_to(nonce: str) -> str:
    """What only an installation with our key answers to a question."""
    return Signer(salt="textmanager.reach").signature(nonce[:LONGEST_QUESTION])
