"""When one recipient may be texted by one organization."""

from __future__ import annotations

import datetime as dt

from textmanager.organizations.models import Organization
from textmanager.schedule.quiet_hours import Window, window_from


def window_for(organization: Organization, zones: tuple[str, ...], now: dt.datetime) -> Window:
    """From when, not before now, and until when every zone the recipient may be in allows a text.

    A number that says nothing about where its owner is, or could be anywhere from Maine to
    Guam, is taken to be where the organization is.
    """
    return window_from(now, zones, organization.texting_hours, home=organization.time_zone)
