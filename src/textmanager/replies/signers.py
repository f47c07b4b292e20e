"""Which organization a webhook's signature proves, without asking the database each time."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.organizations.connections import note_webhook, webhook_tokens

# Seconds for which a token that was taken away may still be believed.
REMEMBERED = 10.0
# Seconds between two notes of when Twilio called last.
BETWEEN_NOTES = 60.0


@dataclass
class Signers:
    """The tokens that may sign, by Cloud ID, as this process knows them."""

    _known: dict[str, tuple[float, int, tuple[str, ...]]] = field(default_factory=dict)
    _noted: dict[int, float] = field(default_factory=dict)

    @classmethod
    def here(cls) -> Signers:
        """Those of the running event loop."""
        return _of_loops.setdefault(asyncio.get_running_loop(), cls())

    async def organization_that_signed(
        self, cloud_id: str, fits: Callable[[tuple[str, ...]], bool]
    ) -> int | None:
        """The organization's ID if one of its tokens fits, otherwise None.

        Before anything is refused the database is asked: a new token holds at once.
        """
        now = asyncio.get_running_loop().time()
        until, organization_id, tokens = self._known.get(cloud_id, (now, 0, ()))
        if now < until and fits(tokens):
            return organization_id
        found = await in_database(webhook_tokens, cloud_id)
        if found is None or not fits(found[1]):
            self._known.pop(cloud_id, None)
            return None
        self._known[cloud_id] = (now + REMEMBERED, *found)
        return found[0]

    async def note_call(self, organization_id: int) -> None:
        """Remembers that Twilio reached us: the one proof from outside. Once a minute at most."""
        now = asyncio.get_running_loop().time()
        if now < self._noted.get(organization_id, now):
            return
        self._noted[organization_id] = now + BETWEEN_NOTES
        await in_database(note_webhook, organization_id, timezone.now())


_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Signers] = (
    weakref.WeakKeyDictionary()
)
