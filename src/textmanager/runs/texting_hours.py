"""When one recipient may be texted by one organization."""

from __future__ import annotations

import datetime as dt

from textmanager.organizations.models import Organization
from textmanager.schedule.quiet_hours import NoCommonHours, first_allowed


def first_allowed_for(
    organization: Organization, zones: tuple[str, ...], now: dt.datetime
) -> dt.datetime:
    """The first instant from now at which every zone the recipient may be in allows a text.

    A number that says nothing about where its owner is, or could be anywhere from Maine to
    Guam, is taken to be where the organization is.
    """
    try:
        return first_allowed(now, zones or (organization.time_zone,), organization.texting_hours)
    except NoCommonHours:
        return first_allowed(now, (organization.time_zone,), organization.texting_hours)
