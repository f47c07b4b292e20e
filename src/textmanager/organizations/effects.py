"""Says in one sentence each what a change of the organization's settings does, and to what not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from textmanager.organizations.models import Organization, Role
from textmanager.schedule.quiet_hours import TextingHours
from textmanager.schedule.words import clock, zone_name

# What the law of the United States allows, by the recipient's own clock.
LAWFUL = TextingHours(dt.time(8), dt.time(21))
QUARTERS = [dt.time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]


def is_wider_than_the_law(hours: TextingHours) -> bool:
    """Whether these hours allow a text at a time of day that the law does not."""
    edges = {hours.opens, *QUARTERS}
    return any(hours.allow(time) and not LAWFUL.allow(time) for time in edges)


def effects(before: Organization, changes: dict[str, Any]) -> list[str]:
    """One sentence for each thing that `changes` do; `before` has the values until now."""
    after = {
        name: changes.get(name, getattr(before, name))
        for name in ("texting_opens", "texting_closes")
    }
    told = [_SENTENCES[name](value) for name, value in changes.items() if name in _SENTENCES]
    if {"texting_opens", "texting_closes"} & set(changes):
        told.append(_hours(TextingHours(after["texting_opens"], after["texting_closes"])))
    return told


def _hours(hours: TextingHours) -> str:
    if hours.is_always:
        return "Texts leave at any hour; nobody's night is kept free."
    window = f"{clock(hours.opens)} and {clock(hours.closes)}"
    sentence = (
        f"Texts leave between {window} by the recipient's own clock; the others wait for the "
        "next time that these hours open, runs that are going on included."
    )
    if is_wider_than_the_law(hours):
        return f"{sentence} That is wider than the 8 AM to 9 PM of the law."
    return sentence


def _zone(zone: str) -> str:
    return (
        f"Days begin and end, and times are shown, in {zone_name(zone)}; a campaign keeps the "
        "time zone that it was saved with."
    )


def _allowance(segments: int) -> str:
    if segments == 0:
        return "Nothing is sent any more until more than 0 segments a day are allowed."
    return (
        f"At most {segments:,} segments leave a day, today included; what is over goes the next "
        "day, and nothing is lost."
    )


def _approval(texts: int | None) -> str:
    if texts is None:
        return "No run waits for a second person any more."
    if texts == 0:
        return "Every LIVE run waits, once it is prepared, until a second person approves it."
    return (
        f"A LIVE run of more than {texts:,} texts waits, once it is prepared, until a second "
        "person approves it."
    )


def _unusual_least(contacts: int) -> str:
    return (
        f"An audience that is as small as {contacts - 1:,} contacts is never held for its size, "
        "and an empty one only where "
        f"{contacts:,} or more are usual."
    )


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "name": lambda name: f"Answers to STOP and HELP begin with “{name}:”.",
    "time_zone": _zone,
    "region": lambda region: f"Numbers without a country code are read as numbers of {region}.",
    "daily_allowance": _allowance,
    "date_format": lambda _: "Texts that are prepared from now on have their dates so.",
    "time_format": lambda _: "Texts that are prepared from now on have their times so.",
    "amount_format": lambda _: "Texts that are prepared from now on have their amounts so.",
    "unusual_times": lambda times: (
        f"A run is held when its audience is {times} times its usual size, or larger."
    ),
    "unusual_least": _unusual_least,
    "hold_failure_percent": lambda percent: (
        f"A run pauses itself when {percent} % of its texts fail, or more."
        if percent
        else "No run pauses itself any more, however many of its texts fail."
    ),
    "hold_failure_least": lambda texts: (
        f"A run is judged by its failures once {texts:,} of its texts have an outcome."
    ),
    "hold_until_opt_outs_read": lambda holds: (
        "A LIVE run is held as long as the opt-outs that iMIS knows have never been read."
        if holds
        else "LIVE runs are sent although iMIS has not told its opt-outs: who opted out there "
        "might be texted."
    ),
    "approve_above": _approval,
    "alert_emails": lambda emails: _mailed("what needs a hand", emails),
    "reply_emails": lambda emails: _mailed("new replies", emails),
    "report_emails": lambda emails: (
        f"New campaigns report to {', '.join(emails)}."
        if emails
        else "New campaigns report to nobody until somebody is entered there."
    ),
    "staff_role": lambda role: (
        f"iMIS staff who sign in for the first time are {Role(role).label.lower()}s; who is here "
        "keeps their role."
    ),
    "display_name": lambda name: (
        f"The pages call the organization “{name}”." if name else "The pages use its whole name."
    ),
    "accent": lambda accent: (
        f"The pages use the color {accent}."
        if accent
        else "The pages use Text Manager's own color."
    ),
}


def _mailed(what: str, emails: list[str]) -> str:
    return f"{', '.join(emails)} is told of {what}." if emails else f"Nobody is mailed {what}."
