"""A person's last word counts, whoever changes the register in the same moment."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import pytest
from django.utils import timezone

from meeting import meet
from textmanager.gateway.inbound import InboundMessage
from textmanager.imis.records import FoundActivity
from textmanager.organizations.models import Organization
from textmanager.replies.imis_reading import take_over
from textmanager.replies.inbound import record_inbound
from textmanager.replies.models import OptOut, OptOutSource
from textmanager.replies.opt_outs import (
    clear_opt_out,
    opted_out_among,
    record_opt_out,
    record_opt_outs,
)

pytestmark = pytest.mark.django_db(transaction=True)

MEMBER, OTHER = "+12025550101", "+12025550102"
SPRING = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
SUMMER = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
_sids = itertools.count()


def text(
    organization: Organization,
    body: str,
    *,
    number: str = MEMBER,
    received_at: dt.datetime | None = None,
) -> Callable[[], object]:
    """Takes a text of the member."""
    message = InboundMessage(f"SM{next(_sids):032x}", number, "555010", body, "", "", {})
    return lambda: record_inbound(
        organization_id=organization.pk, message=message, received_at=received_at
    )


def enter(
    organization: Organization, number: str, source: OptOutSource = OptOutSource.STAFF
) -> None:
    record_opt_out(organization_id=organization.pk, number=number, source=source)


def clear(organization: Organization) -> None:
    clear_opt_out(organization_id=organization.pk, number=MEMBER, because="They asked for it.")


def test_a_stop_that_meets_the_end_of_an_earlier_one_counts(organization: Organization) -> None:
    enter(organization, MEMBER)
    meet(lambda: clear(organization), text(organization, "STOP"))
    assert opted_out_among(organization.pk, [MEMBER])
    assert OptOut.objects.count() == 2


def test_a_list_that_meets_the_end_of_an_opt_out_counts(organization: Organization) -> None:
    enter(organization, MEMBER)
    meet(
        # As clear_opt_out begins.
        lambda: OptOut.objects.select_for_update().get(),
        lambda: clear(organization),
        lambda: record_opt_outs(
            organization_id=organization.pk,
            numbers=[MEMBER],
            source=OptOutSource.STAFF,
            evidence="Imported from a file",
        ),
    )
    assert opted_out_among(organization.pk, [MEMBER])


def test_a_start_that_was_missed_does_not_undo_a_stop_that_comes_just_now(
    organization: Organization,
) -> None:
    earlier = timezone.now() - dt.timedelta(hours=1)
    meet(text(organization, "STOP"), text(organization, "START", received_at=earlier))
    assert opted_out_among(organization.pk, [MEMBER])


def activity(number: str, at: dt.datetime) -> FoundActivity:
    return FoundActivity(party_id="1", description="", uf_1=number, at=at)


def test_reading_imis_ends_no_opt_out_that_was_texted_meanwhile(organization: Organization) -> None:
    take_over(organization.pk, [activity(MEMBER, SPRING)], [])

    def come_back_and_stop() -> None:
        text(organization, "START")()
        text(organization, "STOP")()
        # The reading has looked at the register when it comes to this number, and waits.
        enter(organization, OTHER)

    def read() -> None:
        gone = [activity(MEMBER, SPRING), activity(OTHER, SPRING)]
        take_over(organization.pk, gone, [activity(MEMBER, SUMMER)])

    meet(come_back_and_stop, read)
    assert opted_out_among(organization.pk, [MEMBER])
