"""How fast a sender's texts may leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """A rate in segments a second, as the generic cell rate algorithm (ITU-T I.371).

    The state is one instant, kept by the caller: up to when the rate is spoken for. A caller
    that comes late may catch up on `burst_seconds` of it, so that the rate holds on average.
    """

    segments_per_second: float
    burst_seconds: float = 1.0

    def take(
        self, paced_until: dt.datetime, now: dt.datetime, segments: Sequence[int]
    ) -> tuple[list[dt.datetime], dt.datetime]:
        """When each text of so many segments may leave, none before now; and the new state."""
        free = max(paced_until, now - dt.timedelta(seconds=self.burst_seconds))
        slots = []
        for count in segments:
            slots.append(max(free, now))
            free += dt.timedelta(seconds=count / self.segments_per_second)
        return slots, free
