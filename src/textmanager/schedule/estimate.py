"""When a run's last text will have left, and how many segments go on each day until then.

The sending is played through ahead of time, text by text, by the rules of the send step: those
that have waited longest first, a text that does not fit into the day's allowance lets smaller
ones pass, and one whose recipient is asleep lets those pass who are not.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from textmanager.schedule.local_time import first_showing
from textmanager.schedule.quiet_hours import TextingHours, Window, window_from

# An allowance that takes longer than this to send is a mistake, not a plan.
MOST_DAYS = 400


@dataclass(frozen=True)
class Estimate:
    """When the last text leaves (aware UTC), and how many segments go on each local day.

    `left_over` segments do not go within 400 days, or ever: they belong to texts larger than a
    whole day's allowance.
    """

    finish: dt.datetime
    by_day: list[tuple[dt.date, int]]
    left_over: int = 0


def estimate(
    texts: Iterable[tuple[int, Sequence[str]]],
    *,
    starts_at: dt.datetime,
    segments_per_second: float,
    left_first_day: int,
    a_day: int,
    zone: str,
    hours: TextingHours,
) -> Estimate:
    """How the sending of `texts` spreads over the days of `zone`, the organization's.

    Each text is its segments and the zones that its recipient may be in; the order is that of
    the audience. `left_first_day` segments may go on the day of `starts_at` (aware), `a_day` on
    every later one. Texts leave in `hours` by the recipient's clock, or by the organization's
    when nothing is known of the recipient's.
    """
    sending = _Sending(
        now=starts_at.timestamp(),
        days=_Days.of(starts_at, ZoneInfo(zone), left=left_first_day, a_day=a_day),
        segments_per_second=segments_per_second,
    )
    queues: dict[tuple[tuple[str, ...], int], _Queue] = {}
    groups: dict[tuple[str, ...], _Group] = {}
    for number, (segments, zones) in enumerate(texts):
        known = tuple(zones)
        if (known, segments) not in queues:
            group = groups.setdefault(known, _Group(known, hours, zone))
            queues[known, segments] = _Queue(group, segments, sending.now)
        queues[known, segments].numbers.append(number)
    for queue in queues.values():
        sending.wait(queue, sending.now)
    sending.run()
    return Estimate(
        finish=dt.datetime.fromtimestamp(sending.finish, dt.UTC),
        by_day=sorted(sending.days.gone.items()),
        left_over=sum(queue.segments * len(queue.numbers) for queue in queues.values()),
    )


@dataclass
class _Group:
    """The recipients who may be in the same zones, and the window in which they may be texted."""

    zones: tuple[str, ...]
    hours: TextingHours
    home: str
    opens: float = 0.0
    closes: float = 0.0

    def open_from(self, moment: float) -> float:
        """The first moment, from this one on, at which they may be texted."""
        if moment >= self.closes:
            window = self._window(moment)
            self.opens = window.opens.timestamp()
            self.closes = window.closes.timestamp() if window.closes else float("inf")
        return max(moment, self.opens)

    def _window(self, moment: float) -> Window:
        instant = dt.datetime.fromtimestamp(moment, dt.UTC)
        return window_from(instant, self.zones, self.hours, home=self.home)


@dataclass
class _Queue:
    """The texts of one size to one group, by their numbers in the audience.

    They differ in nothing but their number, so that the first stands for all that wait.
    """

    group: _Group
    segments: int
    since: float
    numbers: deque[int] = field(default_factory=deque)


@dataclass
class _Days:
    """The organization's days and what may still go today."""

    zone: ZoneInfo
    today: dt.date
    left: int
    a_day: int
    midnight: float
    last: float
    gone: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, moment: dt.datetime, zone: ZoneInfo, *, left: int, a_day: int) -> _Days:
        today = moment.astimezone(zone).date()
        last = moment.timestamp() + MOST_DAYS * 86_400
        return cls(zone, today, left, a_day, _midnight_after(today, zone), last)

    def reach(self, moment: float) -> None:
        """Begins a new day if `moment` is in one."""
        if moment >= self.midnight:
            self.today = dt.datetime.fromtimestamp(moment, self.zone).date()
            self.midnight = _midnight_after(self.today, self.zone)
            self.left = self.a_day

    def spend(self, segments: int) -> None:
        self.left -= segments
        self.gone[self.today] += segments


@dataclass
class _Sending:
    """The sender at work: its clock, the queues that may go, and those that wait."""

    now: float
    days: _Days
    segments_per_second: float
    finish: float = 0.0
    _ready: list[tuple[float, int, _Queue]] = field(default_factory=list)
    _waiting: list[tuple[float, int, _Queue]] = field(default_factory=list)

    def run(self) -> None:
        """Sends all that can be sent; what cannot stays in its queue."""
        self.finish = self.now
        while self._ready or self._waiting:
            if not self._ready:
                self.now = max(self.now, self._waiting[0][0])
            if self.now > self.days.last:
                return
            self.days.reach(self.now)
            while self._waiting and self._waiting[0][0] <= self.now:
                since, _, queue = heappop(self._waiting)
                self._wake(queue, since)
            if self._ready:
                self._send(heappop(self._ready)[2])

    def wait(self, queue: _Queue, until: float) -> None:
        heappush(self._waiting, (until, queue.numbers[0], queue))

    def _wake(self, queue: _Queue, since: float) -> None:
        opens = queue.group.open_from(self.now)
        if opens > self.now:
            self.wait(queue, opens)
        else:
            queue.since = since
            heappush(self._ready, (since, queue.numbers[0], queue))

    def _send(self, queue: _Queue) -> None:
        """Lets the first text of the queue leave, unless the queue has to wait."""
        opens = queue.group.open_from(self.now)
        if opens > self.now:
            self.wait(queue, opens)
        elif queue.segments <= self.days.left:
            self.finish = self.now
            self.now += queue.segments / self.segments_per_second
            self.days.spend(queue.segments)
            queue.numbers.popleft()
            if queue.numbers:
                heappush(self._ready, (queue.since, queue.numbers[0], queue))
        elif queue.segments <= self.days.a_day:
            self.wait(queue, self.days.midnight)


def _midnight_after(day: dt.date, zone: ZoneInfo) -> float:
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min)
    return first_showing(midnight, zone).timestamp()
