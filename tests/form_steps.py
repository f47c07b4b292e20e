"""What a person and a worker do around the campaign form, step by step."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from django.test import Client

from textmanager.campaigns.counting import count_audience
from textmanager.campaigns.models import AudienceCount, CountState


def let_a_worker_count() -> None:
    """Runs every count that waits, as a worker would. Needs a test with transactions."""
    waiting = AudienceCount.objects.filter(state=CountState.WAITING)
    for count_id in waiting.values_list("pk", flat=True):
        asyncio.run(count_audience.func(count_id))


def confirm(page: Client, address: str, sent: dict[str, Any]) -> Any:
    """Saves a LIVE campaign: sends the form, and then what the page that asks carries along."""
    asked = page.post(address, sent)
    confirmed = re.search(r'name="confirmed" value="(\w+)"', asked.content.decode())
    assert confirmed, "the page does not ask"
    return page.post(address, {**sent, "confirmed": confirmed[1]})
