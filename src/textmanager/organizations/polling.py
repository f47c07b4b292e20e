"""Whose replies have to be asked for at Twilio, and up to when that was done."""

from __future__ import annotations

import datetime as dt

from textmanager.organizations.models import Organization, TwilioConnection

EVERY_MINUTE = dt.timedelta(seconds=50)
# Where webhooks arrive this only makes up for those that were lost.
EVERY_HALF_HOUR = dt.timedelta(minutes=30)


def organizations_to_poll(now: dt.datetime) -> list[int]:
    """Organizations that have waited long enough since the last look."""
    due = []
    for connection in TwilioConnection.objects.all():
        wait = EVERY_MINUTE if connection.is_polling else EVERY_HALF_HOUR
        last = connection.replies_polled_until
        if last is None or now - last >= wait:
            due.append(connection.organization_id)
    return due


def polled_until(organization_id: int) -> dt.datetime | None:
    """Up to when everything that came in is known."""
    connection = TwilioConnection.objects.filter(organization_id=organization_id).first()
    return connection.replies_polled_until if connection else None


def note_polled(organization_id: int, until: dt.datetime) -> None:
    TwilioConnection.objects.filter(organization_id=organization_id).update(
        replies_polled_until=until
    )


def is_polling(organization: Organization) -> bool:
    """Whether Twilio's webhooks do not tell this organization what became of its texts."""
    connection: TwilioConnection | None = getattr(organization, "twilio", None)
    return connection is not None and connection.is_polling
