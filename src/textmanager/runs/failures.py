"""Why texts did not arrive lately, the commonest reasons first; read from the tallies."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from textmanager.campaigns.models import ApiMode
from textmanager.campaigns.reasons import explain_reason
from textmanager.organizations.models import Organization
from textmanager.runs.models import CauseTally
from textmanager.text.error_codes import explain
from textmanager.text.statuses import MessageStatus, staff_key

NOT_ARRIVED = (
    MessageStatus.FAILED,
    MessageStatus.UNDELIVERED,
    MessageStatus.ERROR,
    MessageStatus.UNCONFIRMED,
)


@dataclass(frozen=True)
class FailureReason:
    """One reason in plain words, and the run that most of its texts belong to."""

    words: str
    what_to_do: str
    messages: int
    runs: int
    run_id: uuid.UUID
    campaign_name: str
    status_key: str


@dataclass(frozen=True)
class FailedLately:
    """The commonest reasons, and how many texts failed for any."""

    reasons: list[FailureReason]
    messages: int
    reasons_total: int


@dataclass(frozen=True)
class _Share:
    run_id: uuid.UUID
    campaign_name: str
    status_key: str
    messages: int


def failed_lately(organization: Organization, *, since: dt.datetime, most: int) -> FailedLately:
    """Of the LIVE runs scheduled since then, in one query."""
    tallies = CauseTally.objects.filter(
        run__organization=organization,
        run__scheduled_for__gte=since,
        run__api_mode=ApiMode.LIVE,
        status__in=NOT_ARRIVED,
        messages__gt=0,
    ).values_list("run_id", "run__campaign_name", "status", "cause", "messages")
    shares: dict[tuple[str, str], list[_Share]] = defaultdict(list)
    for run_id, name, status, cause, texts in tallies:
        key = staff_key(MessageStatus(status))
        shares[_why(cause, key)].append(_Share(run_id, name, key, texts))
    reasons = sorted(
        (_reason(words, each) for words, each in shares.items()),
        key=lambda reason: (-reason.messages, reason.words),
    )
    return FailedLately(reasons[:most], sum(each.messages for each in reasons), len(reasons))


def _why(cause: str, key: str) -> tuple[str, str]:
    """The same words as beside the message itself."""
    if cause.isdecimal():
        explanation = explain(int(cause))
        return explanation.meaning, explanation.what_to_do
    if cause:
        explained = explain_reason(cause)
        return explained.words, explained.what_to_do
    return f"{key.capitalize()}, and nobody gave a reason", ""


def _reason(words: tuple[str, str], shares: Iterable[_Share]) -> FailureReason:
    ordered = sorted(shares, key=lambda share: (-share.messages, share.run_id))
    first = ordered[0]
    return FailureReason(
        words=words[0],
        what_to_do=words[1],
        messages=sum(share.messages for share in ordered),
        runs=len({share.run_id for share in ordered}),
        run_id=first.run_id,
        campaign_name=first.campaign_name,
        status_key=first.status_key,
    )
