"""Writes a page of the audience as messages, in one COPY."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection

from textmanager.campaigns.composition import ComposedText, Composer, Exclusions
from textmanager.campaigns.models import WriteBackTarget
from textmanager.replies.opt_outs import opted_out_among
from textmanager.runs.history import lock_history, recently_texted
from textmanager.runs.models import Run, WriteBack
from textmanager.runs.texting_hours import window_for
from textmanager.text.merge import Template
from textmanager.text.statuses import MessageStatus

# The order in which _values() gives them.
COLUMNS = (
    'run_id, number, organization_id, sender_id, imis_id, raw_phone, "to", body, encoding, '
    "segments, time_zones, status, reason, priority, not_before, settled_at, write_back, "
    "write_back_due, attempts, sid, error_text, price_unit, write_back_tries, write_back_ref, "
    "write_back_error, created_at"
)


def write_messages(
    run: Run, first_number: int, rows: Sequence[dict[str, object]], *, now: dt.datetime
) -> bool:
    """Composes and writes one message a row, numbered on from `first_number`.

    Tells whether a member is among them who was on an earlier page.

    The caller holds the run's lock: between the look-up of what the run has already and the
    COPY nobody else may add to it.
    """
    composer = Composer(
        template=Template.parse(run.template),
        id_column=run.id_column,
        phone_column=run.phone_column,
        region=run.organization.region,
        formats=run.organization.formats,
        empty_values=run.empty_values,
    )
    texts = [composer.compose(first_number + place, row) for place, row in enumerate(rows)]
    moments = functools.cache(functools.partial(_Moment.of, run, now))
    # Looked up before the COPY begins: it keeps the connection to itself.
    exclusions = _exclusions(run, texts, now)
    repeats = bool(exclusions.members)
    now_text = now.isoformat()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY runs_message ({COLUMNS}) FROM STDIN") as copy,
    ):
        for text in exclusions.apply(texts):
            copy.write_row(_values(run, text, now_text, moments(text.time_zones)))
    return repeats


def _exclusions(run: Run, texts: Sequence[ComposedText], now: dt.datetime) -> Exclusions:
    numbers = {text.to for text in texts if text.to}
    members = {text.imis_id for text in texts if text.imis_id}
    recent: frozenset[str] = frozenset()
    if run.days_between_texts:
        lock_history(run.campaign_id)
        recent = recently_texted(
            campaign_id=run.campaign_id,
            numbers=numbers,
            since=now - dt.timedelta(days=run.days_between_texts),
        )
    return Exclusions(
        opted_out=opted_out_among(run.organization_id, numbers),
        texted_recently=recent,
        numbers=_written(_NUMBERS_OF_RUN, run, numbers),
        members=_written(_MEMBERS_OF_RUN, run, members),
    )


def _written(question: str, run: Run, values: Collection[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(question, {"run": run.pk, "values": list(values)})
        return {value for (value,) in cursor}


# Each value is looked up on its own. Asked in one, the database would read the whole run for each
# page of it: what it believes to know of a table lags behind a run that is just being written.
_NUMBERS_OF_RUN = """
SELECT asked.number FROM unnest(%(values)s::text[]) AS asked(number), LATERAL (
    SELECT 1 FROM runs_message AS m
    WHERE m.run_id = %(run)s AND m."to" = asked.number AND NOT (m.status IN ('error', 'skipped'))
    LIMIT 1
) AS found
"""
_MEMBERS_OF_RUN = """
SELECT asked.imis_id FROM unnest(%(values)s::text[]) AS asked(imis_id), LATERAL (
    SELECT 1 FROM runs_message AS m
    WHERE m.run_id = %(run)s AND m.imis_id = asked.imis_id
      AND NOT (m.status IN ('error', 'skipped'))
    LIMIT 1
) AS found
"""


@dataclass(frozen=True)
class _Moment:
    """When recipients of the same time zones may be texted, as COPY writes it.

    A page has few kinds of them, and writing an array or a time anew for each row takes longer
    than composing its text.
    """

    not_before: str
    is_later: bool
    is_too_late: bool
    time_zones: str

    @classmethod
    def of(cls, run: Run, now: dt.datetime, zones: tuple[str, ...]) -> _Moment:
        opens = window_for(run.organization, zones, now).opens
        quoted = ",".join(f'"{zone}"' for zone in zones)
        too_late = run.useful_until is not None and opens >= run.useful_until
        return cls(opens.isoformat(), opens > now, too_late, f"{{{quoted}}}")


def _values(run: Run, text: ComposedText, now: str, moment: _Moment) -> tuple[object, ...]:
    status, reason = text.status, text.reason
    if status == MessageStatus.QUEUED and moment.is_too_late:
        status, reason = MessageStatus.SKIPPED, "too_late"
    will_be_sent = status == MessageStatus.QUEUED
    if will_be_sent and moment.is_later:
        status, reason = MessageStatus.HELD, "quiet_hours"
    wants_record = will_be_sent and not run.is_test and run.write_back != WriteBackTarget.NONE
    return (
        run.pk,
        text.number,
        run.organization_id,
        run.sender_id,
        text.imis_id,
        text.raw_phone,
        text.to,
        text.body,
        text.encoding,
        text.segments,
        moment.time_zones,
        status.value,
        reason,
        run.priority,
        moment.not_before if will_be_sent else now,
        None if will_be_sent else now,
        WriteBack.WAITING.value if wants_record else WriteBack.NONE.value,
        now if wants_record else None,
        0,
        "",
        "",
        "",
        0,
        "",
        "",
        now,
    )
