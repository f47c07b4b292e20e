"""Step 3, send: drains what a sender has to send, at the sender's pace.

One job a sender at a time, by its lock. It claims a second's worth of texts, sends each at its
moment, and writes the outcomes while the next second is already being sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial

from django.conf import settings
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.hooks import status_path
from textmanager.config.jobs import AFTER_OTHER_JOBS, defer_once, is_stopping, jobs
from textmanager.gateway.concurrency import Concurrency
from textmanager.gateway.dress_rehearsal import DressRehearsal
from textmanager.gateway.outcomes import (
    TOO_MANY_REQUESTS,
    AccountProblem,
    NotSent,
    Outcome,
    OutgoingText,
)
from textmanager.gateway.receipts import callback_url
from textmanager.gateway.sender import Gateway, LiveGateway, TestGateway
from textmanager.organizations.connections import (
    NotConnected,
    credentials_for_tests,
    twilio_credentials,
)
from textmanager.organizations.models import Sender
from textmanager.organizations.senders import sender_with_organization
from textmanager.runs.completion import complete_runs
from textmanager.runs.holding import hold_runs_of
from textmanager.runs.pipeline.claims import Claimed, claim
from textmanager.runs.pipeline.lanes import Lanes
from textmanager.runs.pipeline.outcomes import record_outcomes
from textmanager.runs.pipeline.withdrawal import withdraw

NOT_CONNECTED = "This organization is not connected to Twilio."
NO_TEST_CREDENTIALS = (
    "The test credentials were taken away while Twilio was checking this run. Enter them again "
    "and resume it, or cancel it and run the campaign anew: it is then checked here."
)

# Texts whose moment is this close go together, after one look at opt-outs and pauses.
TOGETHER = dt.timedelta(milliseconds=100)
# Texts under way beyond which no more are claimed, and the seconds for which one may wait for a
# place before no more are: what is claimed is bound to this process, and a pause has to reach it.
MOST_UNDER_WAY = 600
LONGEST_WAIT = 1.0
# A sender with much to send gives its place in the worker back this often, so that every other
# sender, and every other kind of job, gets one too. No pace is lost: a turn catches up on it.
TURN = dt.timedelta(seconds=10)
# A process that slept through a text's moment does not send it: reconciliation may already
# have judged that it was never sent.
STALE = dt.timedelta(seconds=20)


# The batches that are being sent, each with its number of texts.
Batches = dict[asyncio.Task[None], int]


@dataclass(frozen=True)
class _Leaving:
    """A text on its way out; `looked_at` is when opt-outs and pauses were looked at for it."""

    claimed: Claimed
    looked_at: float
    outcomes: list[tuple[Claimed, Outcome]]


@dataclass
class Drain:
    """One sender being drained: who it is to Twilio, and its gateways.

    A TEST run's gateway is another object: one without credentials or a network, or one that
    has Twilio's test credentials and nothing else.
    """

    sender: Sender
    callback_path: str
    live: Gateway | None
    test: Gateway = field(default_factory=TestGateway)
    tested_with_twilio: Gateway | None = None
    lanes: Lanes[_Leaving] = field(init=False)

    def __post_init__(self) -> None:
        self._concurrency = concurrency_of(self.sender.pk)
        self.lanes = Lanes(self._call, self._concurrency)

    async def _call(self, leaving: _Leaving) -> None:
        """Sends one text, unless it waited for its place until it should not leave any more."""
        claimed = leaving.claimed
        has_waited = _clock() - leaving.looked_at > LONGEST_WAIT
        if has_waited and not await in_database(withdraw, [claimed], now=timezone.now()):
            return
        outcome: Outcome
        if timezone.now() - claimed.attempted_at < STALE:
            outcome = await self.deliver(claimed)
        else:
            outcome = NotSent("There was no room to send it in time.")
        if isinstance(outcome, NotSent) and outcome.code == TOO_MANY_REQUESTS:
            self._concurrency.refused(_clock())
        leaving.outcomes.append((claimed, outcome))

    async def deliver(self, claimed: Claimed) -> Outcome:
        if claimed.is_test:
            gateway = self.tested_with_twilio if claimed.tested_with_twilio else self.test
        else:
            gateway = self.live
        if gateway is None:
            return AccountProblem(None, NO_TEST_CREDENTIALS if claimed.is_test else NOT_CONNECTED)
        return await gateway.send(
            OutgoingText(
                to=claimed.to,
                body=claimed.body,
                reference=claimed.reference,
                status_callback=callback_url(
                    settings.PUBLIC_URL, self.callback_path, claimed.reference
                ),
                from_number=self.sender.number,
                messaging_service_sid=self.sender.messaging_service_sid,
                validity_seconds=claimed.validity_seconds,
            )
        )


@jobs.task(name="drain", priority=AFTER_OTHER_JOBS)
async def drain(sender_id: int) -> None:
    """Sends until nothing is due for this sender, its turn is over, or the worker is to stop."""
    drained = await in_database(open_drain, sender_id)
    batches: Batches = {}
    is_done = False
    async with contextlib.AsyncExitStack() as gateways:
        for gateway in (drained.test, drained.tested_with_twilio, drained.live):
            if gateway is not None:
                gateways.push_async_callback(gateway.aclose)
        try:
            is_done = await _claim_and_send(drained, batches)
        finally:
            # What was claimed is seen through to its outcome, whatever ended the claiming.
            if batches:
                await asyncio.wait(batches)
    _raise_failed(batches)
    await in_database(complete_runs, now=timezone.now())
    if not is_done:
        await in_database(defer_drain, sender_id)


def defer_drain(sender_id: int) -> None:
    """Lets a worker drain the sender, as part of the caller's transaction."""
    name = f"drain-{sender_id}"
    defer_once(drain, queueing_lock=name, lock=name, sender_id=sender_id)


async def _claim_and_send(drained: Drain, batches: Batches) -> bool:
    """Whether nothing is left that is due."""
    turn_ends = timezone.now() + TURN
    while not is_stopping() and timezone.now() < turn_ends:
        batch = await in_database(claim, sender_id=drained.sender.pk, now=timezone.now())
        if batch.is_out_of_use:
            await in_database(hold_runs_of, drained.sender.pk)
            return True
        if batch.texts:
            task = asyncio.create_task(send_batch(drained, batch.texts))
            batches[task] = len(batch.texts)
            task.add_done_callback(partial(_forget, batches))
        elif batch.again_at is None and not batches:
            return True
        while batches and _is_behind(drained, batches):
            await asyncio.wait(
                batches,
                timeout=TOGETHER.total_seconds(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            _raise_failed(batches)
        await _until(batch.again_at or timezone.now() + TOGETHER)
        _raise_failed(batches)
    return False


def _forget(batches: Batches, task: asyncio.Task[None]) -> None:
    """Leaves a batch that failed where it is: it ends the drain."""
    if not task.cancelled() and task.exception() is None:
        del batches[task]


def _raise_failed(batches: Batches) -> None:
    for task in batches:
        if task.done():
            task.result()


def _is_behind(drained: Drain, batches: Batches) -> bool:
    """Whether what was claimed already is more than leaves in a moment."""
    since = drained.lanes.waits_since()
    return sum(batches.values()) > MOST_UNDER_WAY or (
        since is not None and _clock() - since > LONGEST_WAIT
    )


async def send_batch(drained: Drain, texts: Sequence[Claimed]) -> None:
    """Sends claimed texts, each at its moment, and writes their outcomes in one statement."""
    outcomes: list[tuple[Claimed, Outcome]] = []
    calls: list[asyncio.Task[None]] = []
    try:
        for group in _groups(texts):
            await _until(group[0].slot)
            looked_at = _clock()
            may_leave = await in_database(withdraw, group, now=timezone.now())
            leaving = [_Leaving(text, looked_at, outcomes) for text in may_leave]
            calls.append(asyncio.create_task(drained.lanes.call_each(leaving)))
    finally:
        # What Twilio said is written down, even when something else went wrong.
        errors = await asyncio.gather(*calls, return_exceptions=True)
        if outcomes:
            await in_database(
                record_outcomes, sender_id=drained.sender.pk, outcomes=outcomes, now=timezone.now()
            )
    for error in errors:
        if error is not None:
            raise error


def _groups(texts: Sequence[Claimed]) -> list[list[Claimed]]:
    groups: list[list[Claimed]] = []
    for text in sorted(texts, key=lambda text: text.slot):
        if groups and text.slot - groups[-1][0].slot < TOGETHER:
            groups[-1].append(text)
        else:
            groups.append([text])
    return groups


def _clock() -> float:
    return asyncio.get_running_loop().time()


@cache
def concurrency_of(sender_id: int) -> Concurrency:  # noqa: ARG001 - what is remembered goes by it
    """What this process has found out about a sender's concurrency, from turn to turn."""
    return Concurrency()


async def _until(moment: dt.datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - timezone.now()).total_seconds()))


def open_drain(sender_id: int) -> Drain:
    """Without a Twilio connection TEST runs still go, and a live one is held with the reason."""
    sender = sender_with_organization(sender_id)
    concurrency = concurrency_of(sender.pk)
    try:
        live: Gateway | None = LiveGateway(
            twilio_credentials(sender.organization_id),
            on_exchange=lambda exchange: concurrency.heard(_clock(), exchange.concurrent_requests),
        )
    except NotConnected:
        live = None
    for_tests = credentials_for_tests(sender.organization_id)
    return Drain(
        sender=sender,
        callback_path=status_path(sender.organization.cloud_id),
        live=live,
        tested_with_twilio=DressRehearsal(for_tests) if for_tests else None,
    )
