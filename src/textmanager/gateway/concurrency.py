"""How many calls to Twilio are worth having under way at once, found out while sending.

Twilio tells no limit in advance: it refuses what is too much (429 with 20429), and up to there it
answers more slowly the more it is asked. So the number is raised while that brings more answers a
second, and lowered at once when Twilio refuses.

Each answer tells how many requests of the whole account are under way (Twilio-Concurrent-Requests),
those of other programs too. The count at a refusal is one too many: for a while the number leaves
room under it, so that the same limit is not run into again.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 20
LEAST = 1
MOST = 100
# Seconds over which answers are counted before the number is judged.
WINDOW = 1.0
# What a raise must bring to be kept.
WORTH_IT = 1.1
# Seconds until the next try after a raise that brought nothing, and after a refusal.
UNTIL_NEXT_TRY = 30.0
# Seconds for which the count at a refusal is taken for the account's limit: it may be raised.
BELIEVED = 600.0


@dataclass
class Concurrency:
    """`limit` is how many calls may be under way; moments are seconds of a monotonic clock."""

    limit: int = FIRST
    _window_began: float | None = None
    _answers: int = 0
    _was_short: bool = True
    _before: tuple[int, float] | None = None
    _next_try: float = 0.0
    _of_account: int | None = None
    _too_many: int | None = None
    _believed_until: float = 0.0
    _made_room: float = 0.0

    def heard(self, now: float, of_account: int | None) -> None:
        """How many requests Twilio says the account has under way; None where it said nothing."""
        if of_account is None:
            return
        self._of_account = of_account
        excess = of_account - self._room(now)
        if excess >= 0 and now >= self._made_room + WINDOW:
            # The answers of one moment tell of the same crowd: room is made for it once.
            self.limit = max(LEAST, self.limit - 1 - excess)
            self._made_room, self._before = now, None

    def answered(self, now: float, *, waiting: bool) -> None:
        """One call has ended; `waiting` tells that another was waiting for its place."""
        if self._window_began is None:
            self._window_began = now
        self._answers += 1
        self._was_short = self._was_short and waiting
        if now - self._window_began >= WINDOW:
            self._judge(self._answers / (now - self._window_began), now)
            self._window_began, self._answers, self._was_short = now, 0, True

    def refused(self, now: float) -> None:
        """Twilio had too many requests at once. Those of one moment lower the number once."""
        if self._next_try - UNTIL_NEXT_TRY + WINDOW <= now:
            self.limit = max(LEAST, self.limit // 2)
        if self._of_account is not None:
            self._too_many = max(LEAST + 1, self._of_account)
            self.limit = min(self.limit, self._too_many - 1)
            self._believed_until = now + BELIEVED
            self._made_room = now
        self._before = None
        self._next_try = now + UNTIL_NEXT_TRY

    def _judge(self, rate: float, now: float) -> None:
        if not self._was_short:
            # What bounds the sending is its own pace: the rate tells nothing about the number.
            self._before = None
            return
        if self._before is not None and rate < self._before[1] * WORTH_IT:
            self.limit, self._before = self._before[0], None
            self._next_try = now + UNTIL_NEXT_TRY
        elif now >= self._next_try and self.limit < MOST:
            self._before = (self.limit, rate)
            wanted = min(MOST, self.limit + max(1, self.limit // 2))
            self.limit = max(self.limit, min(wanted, self._room(now) - 1))

    def _room(self, now: float) -> int:
        """The count that Twilio refused last; more than is ever asked for where it refused none."""
        if self._too_many is None or now >= self._believed_until:
            return 10 * MOST
        return self._too_many
