"""How each part of an organization's settings stands, for the page that lists them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from textmanager.organizations.effects import is_wider_than_the_law
from textmanager.organizations.models import ImisConnection, Organization, Role, TwilioConnection
from textmanager.organizations.people import approvers
from textmanager.schedule.words import clock, zone_name


@dataclass(frozen=True)
class Part:
    """One page of the settings: its address by name, what is set there, and what it still needs."""

    page: str
    title: str
    words: str
    to_do: str = ""


def parts(organization: Organization) -> list[Part]:
    """All of them, in the order of the navigation; what is stored is read, nobody is asked."""
    return [
        _days(organization),
        _imis(organization),
        _twilio(organization),
        Part("activity-types", "Activity types", "How texts and opt-outs are kept in iMIS."),
        _people(organization),
        _mail(organization),
        _appearance(organization),
        _safety(organization),
        Part("trail", "Audit trail", "Who did what, with the values before and after."),
        Part("check", "Set-up check", "Looks at every connection and says what to do."),
    ]


def _days(organization: Organization) -> Part:
    hours = organization.texting_hours
    when = (
        "at any hour"
        if hours.is_always
        else f"{clock(hours.opens)} to {clock(hours.closes)} where the recipient is"
    )
    return Part(
        "organization",
        "Organization",
        f"{zone_name(organization.time_zone)} · {organization.daily_allowance:,} segments a day · "
        f"texts leave {when}",
        "Texting hours are wider than the law allows." if is_wider_than_the_law(hours) else "",
    )


def _imis(organization: Organization) -> Part:
    connection = ImisConnection.objects.filter(organization=organization).first()
    if connection is None:
        return Part("imis", "iMIS", "Not connected", "Connect it: no audience can be read.")
    return Part(
        "imis",
        "iMIS",
        f"{connection.username} at {connection.base_url}",
        f"It does not let us in. {connection.problem}" if connection.failing_since else "",
    )


def _twilio(organization: Organization) -> Part:
    title = "Twilio and senders"
    connection = TwilioConnection.objects.filter(organization=organization).first()
    if connection is None:
        return Part("twilio", title, "Not connected", "Connect it: nothing can be sent.")
    senders = organization.senders.filter(is_active=True).count()
    return Part(
        "twilio",
        title,
        f"{connection.account_sid} · {senders} sender{'' if senders == 1 else 's'} in use",
        "" if senders else "Add a sender: nothing can be sent.",
    )


def _people(organization: Organization) -> Part:
    found = organization.memberships.values("role").annotate(people=Count("pk"))
    by_role = {row["role"]: row["people"] for row in found}
    told = [
        f"{by_role[role]} {role.label.lower()}{'' if by_role[role] == 1 else 's'}"
        for role in reversed(Role)
        if role in by_role
    ]
    return Part("people", "People", " · ".join(told))


def _mail(organization: Organization) -> Part:
    alerts, replies = len(organization.alert_emails), len(organization.reply_emails)
    return Part(
        "mail",
        "Mail",
        f"Alerts go to {_addresses(alerts)} · new replies to {_addresses(replies)}",
        "" if alerts else "Enter who is told when something needs a hand.",
    )


def _addresses(count: int) -> str:
    return f"{count} address{'' if count == 1 else 'es'}" if count else "nobody"


def _appearance(organization: Organization) -> Part:
    color = organization.accent or "Text Manager's own color"
    return Part("appearance", "Appearance", f"{organization.shown_name} · {color}")


def _safety(organization: Organization) -> Part:
    above = organization.approve_above
    asks = (
        "no second person is asked"
        if above is None
        else f"a second person is asked above {above:,} texts"
    )
    alone = above is not None and len(approvers(organization)) < 2  # noqa: PLR2004 - a second person
    return Part(
        "safety",
        "Safety",
        f"Audiences of {organization.unusual_times} times the usual size are held · {asks}",
        "Only one person may approve: make somebody else an approver." if alone else "",
    )
