"""Where Twilio calls an organization, below the public address."""

from __future__ import annotations

PREFIX = "/hooks/twilio/"


def status_path(cloud_id: str) -> str:
    """For its delivery receipts."""
    return f"{PREFIX}{cloud_id}/status"


def inbound_path(cloud_id: str) -> str:
    """For the texts that people send to its numbers."""
    return f"{PREFIX}{cloud_id}/inbound"


def reach_path(cloud_id: str) -> str:
    """For our own question whether the public address leads here."""
    return f"{PREFIX}{cloud_id}/reach"
