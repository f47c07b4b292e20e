"""What replies and opt-outs come to, for the home page; one query for all of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from textmanager.organizations.models import Organization


@dataclass(frozen=True)
class ReplyFigures:
    """Opt-outs are those of people and staff: what is read from iMIS was decided long ago."""

    unread: int
    opt_outs_today: int
    opt_outs_lately: int
    segments_today: int
    segments_this_month: int


def reply_figures(organization: Organization, *, now: dt.datetime, days: int) -> ReplyFigures:
    """Days are the organization's; `days` of opt-outs include today."""
    today = organization.day_of(now)
    with connection.cursor() as cursor:
        cursor.execute(
            _FIGURES,
            {
                "organization": organization.pk,
                "today": today,
                "month": today.replace(day=1),
                "midnight": _midnight(today, organization),
                "since": _midnight(today - dt.timedelta(days=days - 1), organization),
            },
        )
        row = cursor.fetchone()
    return ReplyFigures(*(int(figure or 0) for figure in row))


def _midnight(day: dt.date, organization: Organization) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, organization.zone)


# Each part rides on an index of its table; answers and opt-outs of a month are few.
_FIGURES = """
SELECT unread.conversations, opt_outs.today, opt_outs.lately, answers.today, answers.this_month
FROM (
    SELECT count(*) AS conversations FROM replies_conversation
    WHERE organization_id = %(organization)s AND unread > 0
) AS unread, (
    SELECT count(*) AS lately, count(*) FILTER (WHERE created_at >= %(midnight)s) AS today
    FROM replies_optout
    WHERE organization_id = %(organization)s AND created_at >= %(since)s AND source <> 'imis'
) AS opt_outs, (
    SELECT sum(segments) AS this_month,
           sum(segments) FILTER (WHERE charged_day = %(today)s) AS today
    FROM replies_answer
    WHERE organization_id = %(organization)s
      AND charged_day >= %(month)s AND charged_day <= %(today)s
) AS answers
"""
