"""Step 8, price: asks Twilio what a run's texts have cost.

Twilio bills a text some time after it left, and no receipt tells of it. Its list of messages
does, a thousand at a time: so a run's time is walked through in slices, and each price found is
added to the run's own total. A run of a million texts takes a thousand calls, not a million.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from textmanager.campaigns.models import ApiMode
from textmanager.config.bridge import in_database
from textmanager.config.jobs import is_stopping, jobs
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.ledger import LedgerEntry, TwilioReader
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.runs.completion import FIRST_PRICE
from textmanager.runs.costs import cost_of
from textmanager.runs.models import Run
from textmanager.runs.pipeline.due import SENT

logger = logging.getLogger(__name__)

# Prices are asked for so long after a run's end, again while some are missing, then no more.
WAITS = (
    FIRST_PRICE,
    dt.timedelta(minutes=10),
    dt.timedelta(hours=1),
    dt.timedelta(hours=6),
    dt.timedelta(hours=24),
    dt.timedelta(hours=72),
)
SLICE = dt.timedelta(hours=1)
# Twilio's clock and ours may differ.
CLOCKS_DIFFER = dt.timedelta(minutes=1)


def runs_to_price(now: dt.datetime) -> list[uuid.UUID]:
    """Ended runs whose texts Twilio may have billed by now."""
    due = Run.objects.filter(price_due_at__lte=now, api_mode=ApiMode.LIVE)
    return list(due.values_list("pk", flat=True))


@jobs.task(name="price")
async def price(run_id: str) -> None:
    """Walks once through the time in which the run's texts left; goes on where it was cut."""
    run = await in_database(Run.objects.get, pk=run_id)
    try:
        credentials = await in_database(twilio_credentials, run.organization_id)
    except NotConnected:
        await in_database(wait_or_end, run_id, timezone.now())
        return
    ends = min(timezone.now(), run.settled_at or timezone.now()) + CLOCKS_DIFFER
    begins = run.priced_through or ((run.prepared_at or run.created_at) - CLOCKS_DIFFER)
    async with TwilioReader(credentials) as reader:
        while begins < ends:
            if is_stopping():
                return
            until = min(begins + SLICE, ends)
            try:
                async for page in reader.pages_sent(since=begins, until=until):
                    await in_database(keep_prices, run.organization_id, page)
                    if _reach_beyond(page, until):
                        until = max(until, _next_day(begins))
            except GatewayError as error:
                logger.warning("Twilio cannot be asked for prices: %s", error)
                break
            await in_database(_walked, run_id, until)
            begins = until
    await in_database(wait_or_end, run_id, timezone.now())


def _reach_beyond(page: Sequence[LedgerEntry], until: dt.datetime) -> bool:
    """Whether Twilio took the date alone and left the time of day out: a whole day came then.

    Its reference promises neither.
    """
    return any(entry.date_sent and entry.date_sent > until + CLOCKS_DIFFER for entry in page)


def _next_day(moment: dt.datetime) -> dt.datetime:
    midnight = moment.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + dt.timedelta(days=1)


def _walked(run_id: str, through: dt.datetime) -> None:
    Run.objects.filter(pk=run_id).update(priced_through=through)


@transaction.atomic
def wait_or_end(run_id: uuid.UUID | str, now: dt.datetime) -> None:
    """Sets when to ask again; not at all once every text has its price, or after four days."""
    # Locked: a run that is settled in this moment begins anew to ask.
    run = Run.objects.select_for_update(no_key=True, of=("self",)).get(pk=run_id)
    tries = run.price_tries + 1
    is_over = run.settled_at is not None and cost_of(run).is_whole
    run.price_due_at = None if is_over or tries >= len(WAITS) else now + WAITS[tries]
    run.price_tries, run.priced_through = tries, None
    run.save(update_fields=["price_due_at", "price_tries", "priced_through"])


@transaction.atomic
def keep_prices(organization_id: int, entries: Sequence[LedgerEntry]) -> int:
    """Writes the prices that are new, and adds them to the totals of their runs, exactly once.

    Whose run a text is does not matter here: those of other runs are taken along.
    """
    prices = [
        {"sid": entry.sid, "price": str(entry.price), "unit": entry.price_unit[:3]}
        for entry in entries
        if entry.price is not None
    ]
    if not prices:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "prices": json.dumps(prices),
                "organization": organization_id,
                "sent": [status.value for status in SENT],
            },
        )
        return sum(count for (count,) in cursor.fetchall())


# Only a text without a price gets one: a page that is read twice adds nothing. Rows are locked in
# key order, as everywhere, before they are changed.
_KEEP = """
WITH bill AS (
    SELECT * FROM json_to_recordset(%(prices)s) AS bill(sid text, price numeric, unit text)
), current AS (
    SELECT m.run_id, m.number, bill.price, bill.unit
    FROM runs_message AS m JOIN bill ON m.sid = bill.sid AND m.sid > ''
    WHERE m.organization_id = %(organization)s AND m.price IS NULL
    ORDER BY m.run_id, m.number FOR NO KEY UPDATE OF m
), priced AS (
    UPDATE runs_message AS m SET price = current.price, price_unit = current.unit
    FROM current
    WHERE m.run_id = current.run_id AND m.number = current.number AND m.price IS NULL
    RETURNING m.run_id, m.status, current.price, current.unit
), total AS (
    SELECT run_id, sum(price) AS amount, max(unit) AS unit,
        count(*) FILTER (WHERE status = ANY(%(sent)s)) AS texts, count(*) AS rows
    FROM priced GROUP BY run_id
), run AS (
    SELECT r.id FROM runs_run AS r JOIN total ON total.run_id = r.id
    ORDER BY r.id FOR NO KEY UPDATE OF r
)
UPDATE runs_run AS r SET
    billed_amount = coalesce(r.billed_amount, 0) + total.amount,
    billed_unit = total.unit,
    billed_texts = r.billed_texts + total.texts
FROM total JOIN run ON run.id = total.run_id
WHERE r.id = total.run_id
RETURNING total.rows
"""
