"""Reads the audit trail: who did what to what, with the values before and after in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from textmanager.config.keyset import page_of
from textmanager.organizations.models import AuditEvent, Organization

A_PAGE = 50
# A list says how many it has; beyond this it says "more than".
COUNTED_TO = 1_000
KINDS = {
    "organization": "Settings",
    "campaign": "Campaigns",
    "run": "Runs",
    "sender": "Senders",
    "user": "People",
    "invitation": "Invitations",
    "conversation": "Replies",
    "optout": "Opt-outs",
    "optoutimport": "Imports of opt-outs",
}
# Nothing of the kind is ever recorded; should it be one day, it is not shown.
SECRETS = ("password", "token", "secret", "key")
LONGEST = 300


@dataclass(frozen=True)
class Asked:
    """What somebody looks for; `since` and `until` are days of the organization, both included."""

    person: str = ""
    kind: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True)
class Change:
    """One value: what it was and what it became, as people read it."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """One event of the trail."""

    event: AuditEvent
    kind: str
    changes: list[Change]


@dataclass(frozen=True)
class TrailPage:
    """Some events, the newest first. `older` is where the next page begins; empty at the end."""

    events: list[Told]
    total: int
    older: str

    @property
    def is_more_than_counted(self) -> bool:
        return self.total > COUNTED_TO


def trail(organization: Organization, asked: Asked, *, before: str = "") -> TrailPage:
    """The events that were asked for, from the place `before` on, which an earlier page gave."""
    events = _matching(organization, asked)
    total = events.order_by()[: COUNTED_TO + 1].count()
    shown, older = page_of(events, by="at", before=before, most=A_PAGE)
    return TrailPage([_told(event) for event in shown], total, older)


def changes_of(event: AuditEvent) -> list[Change]:
    """What the event changed; values that stayed are left out."""
    names = dict.fromkeys([*event.before, *event.after])
    return [
        Change(_label(name), *_pair(name, event))
        for name in names
        if event.before.get(name) != event.after.get(name)
    ]


def _matching(organization: Organization, asked: Asked) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.filter(organization=organization)
    if asked.person:
        events = events.filter(actor_name=asked.person)
    if asked.kind:
        events = events.filter(subject_kind=asked.kind)
    if asked.since:
        events = events.filter(at__gte=_midnight(organization, asked.since))
    if asked.until:
        events = events.filter(at__lt=_midnight(organization, asked.until + dt.timedelta(days=1)))
    return events


def _midnight(organization: Organization, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), organization.zone)


def _told(event: AuditEvent) -> Told:
    kind = KINDS.get(event.subject_kind, event.subject_kind.capitalize())
    return Told(event, kind, changes_of(event))


def _pair(name: str, event: AuditEvent) -> tuple[str, str]:
    if any(word in name.lower() for word in SECRETS) and not _is_yes_or_no(event, name):
        return "hidden", "hidden"
    return _shown(event.before.get(name)), _shown(event.after.get(name))


def _is_yes_or_no(event: AuditEvent, name: str) -> bool:
    """Whether only that a secret was entered is told, and not the secret."""
    return all(
        value is None or isinstance(value, bool)
        for value in (event.before.get(name), event.after.get(name))
    )


def _shown(value: Any) -> str:
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_shown(each) for each in value)[:LONGEST]
        case dict():
            return ", ".join(f"{_label(name)}: {_shown(each)}" for name, each in value.items())[
                :LONGEST
            ]
        case _:
            text = str(value)
            return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _label(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
