"""Records who did what, so that an organization can always tell afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import models

from textmanager.organizations.models import AuditEvent, Organization, User

SYSTEM = "Text Manager"


def record(
    *,
    organization: Organization,
    actor: User | None,
    action: str,
    subject: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Adds one event; `actor` None means the system itself. Never pass a secret in the values."""
    AuditEvent.objects.create(
        organization=organization,
        actor=actor,
        actor_name=actor.get_username() if actor else SYSTEM,
        action=action,
        subject_kind=type(subject).__name__.lower(),
        subject_id=str(subject.pk),
        subject_name=str(subject)[:200],
        before=before or {},
        after=after or {},
    )


def last_actor(
    subject: models.Model, *, actions: Collection[str], before: dt.datetime
) -> User | None:
    """Who last did one of these to `subject`, until then; None for the system, or for nobody."""
    event = (
        AuditEvent.objects.filter(
            subject_kind=type(subject).__name__.lower(),
            subject_id=str(subject.pk),
            action__in=actions,
            at__lte=before,
        )
        .select_related("actor")
        .order_by("-at", "-pk")
        .first()
    )
    return event.actor if event else None


def events_of(*, organization: Organization, subject: models.Model, most: int) -> list[AuditEvent]:
    """What was done to one thing, the oldest first; the latest `most` of it."""
    events = AuditEvent.objects.filter(
        organization=organization,
        subject_kind=type(subject).__name__.lower(),
        subject_id=str(subject.pk),
    )
    return list(events.order_by("-at", "-pk")[:most])[::-1]
