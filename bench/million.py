"""Fills an organization as years would: a million messages, 500 campaigns, and all around them.

Every table starts from one row that the models made, which the database then multiplies: so the
rows have every column that the models have, and take no way through Python. Triggers keep the
tallies, as they always do.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

CAMPAIGNS = 500
# One run as large as an association, a few large ones, and years of small ones.
LARGEST_SHARE, LARGE_SHARE, UNSENT_SHARE = 0.2, 0.05, 0.02
LARGE_RUNS, SMALL_RUNS = 8, 2_000
RUNS_OF_ONE_CAMPAIGN = 400
OPT_OUTS, CONVERSATIONS, EVENTS = 20_000, 20_000, 50_000
# Whom the organization texts: the same people again and again.
NUMBER = "'+1' || (2020000000 + n)"

# A row's chance, the same at every start: the digits of a hash of its place.
CHANCE = "(abs(hashint4(n + 7919 * r.place)) % 1000)"
STATUS = f"""CASE WHEN {CHANCE} < 920 THEN 'delivered' WHEN {CHANCE} < 950 THEN 'undelivered'
    WHEN {CHANCE} < 960 THEN 'failed' WHEN {CHANCE} < 985 THEN 'skipped'
    WHEN {CHANCE} < 995 THEN 'error' ELSE 'sent' END"""
WAS_SENT = f"({CHANCE} < 950 OR {CHANCE} >= 995)"


@dataclass(frozen=True)
class Filled:
    """What pages can be asked about.

    `idle` is a campaign no run of which is going on; `largest`, the run with the most messages.
    """

    organization: Any
    administrator: Any
    campaign: Any
    idle: Any
    largest: Any
    sending: Any
    conversation_id: int
    opted_out: str
    messages: int


@dataclass(frozen=True)
class Sizes:
    """Messages in a run of each size."""

    largest: int
    large: int
    small: int
    unsent: int


def fill(messages: int) -> Filled:
    """Fills an empty, migrated database."""
    from django.db import connection  # noqa: PLC0415 - needs Django

    from bench.installation import ready_run  # noqa: PLC0415 - needs Django
    from textmanager.organizations import founding  # noqa: PLC0415 - needs Django

    largest = ready_run("http://127.0.0.1:9")
    organization = largest.organization
    administrator = founding.add_local_administrator(organization, "bench", "a long password")
    campaign = largest.campaign
    idle = _campaigns(campaign)
    sizes = Sizes(
        largest=int(messages * LARGEST_SHARE),
        large=int(messages * LARGE_SHARE),
        unsent=int(messages * UNSENT_SHARE),
        small=int(messages * (1 - LARGEST_SHARE - LARGE_RUNS * LARGE_SHARE - UNSENT_SHARE))
        // SMALL_RUNS,
    )
    sending = _runs(largest, sizes)
    written = _messages(largest, sending, sizes)
    _receipts(largest, sizes.largest // 2)
    conversation_id = _replies(organization, administrator, largest.sender)
    _events(organization, administrator)
    connection.cursor().execute("VACUUM ANALYZE")
    return Filled(
        organization=organization,
        administrator=administrator,
        campaign=campaign,
        idle=idle,
        largest=largest,
        sending=sending,
        conversation_id=conversation_id,
        opted_out="+12020000000",
        messages=written,
    )


def multiply(row: Any, source: str, /, **columns: str) -> int:
    """Inserts a copy of `row` for each row of `source`, with these columns by SQL instead.

    `source` is what follows FROM; a serial ID is left to the database.
    """
    from django.db import connection  # noqa: PLC0415 - needs Django

    table = row._meta.db_table  # noqa: SLF001 - the model's description is public in all but name
    fields = row._meta.concrete_fields  # noqa: SLF001 - as above
    serial = {"AutoField", "BigAutoField"}
    names = [
        field.column
        for field in fields
        if not field.generated
        and (field.column in columns or field.get_internal_type() not in serial)
    ]
    copied = ", ".join(columns.get(name, f'model."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    condition = " AND ".join(f'model."{key}" = %s' for key in _key_of(row))
    insert = f'INSERT INTO "{table}" ({quoted}) SELECT {copied} FROM "{table}" AS model, {source}'
    with connection.cursor() as cursor:
        # Their percent signs are remainders of divisions.
        cursor.execute(
            insert.replace("%", "%%") + f" WHERE {condition}", list(_key_of(row).values())
        )
        return int(cursor.rowcount)


def _key_of(row: Any) -> dict[str, Any]:
    key = row._meta.pk  # noqa: SLF001 - as above
    parts = getattr(key, "fields", [key])
    return {field.column: getattr(row, field.attname) for field in parts}


def _campaigns(campaign: Any) -> Any:
    """Three in five recurring, the others one-time, in every state. A paused one is told."""
    from textmanager.campaigns.models import Campaign  # noqa: PLC0415 - needs Django

    recurring = CAMPAIGNS * 3 // 5
    multiply(
        campaign,
        f"generate_series(1, {recurring - 1}) AS n",
        name="'Reminder ' || n || ' of ' || (ARRAY['dues', 'events', 'board', 'news'])[1 + n % 4]",
        state="(ARRAY['active', 'active', 'active', 'paused', 'ended', 'archived'])[1 + n % 6]",
        next_run_at="CASE WHEN n % 6 < 3 THEN now() + n * interval '1 hour' END",
    )
    multiply(
        campaign,
        f"generate_series(1, {CAMPAIGNS - recurring}) AS n",
        name="'Announcement ' || n",
        kind="'one_time'",
        state="(ARRAY['draft', 'scheduled', 'completed', 'completed', 'archived'])[1 + n % 5]",
        rrule="''",
        next_run_at="CASE WHEN n % 5 = 1 THEN now() + n * interval '3 hours' END",
    )
    Campaign.objects.filter(state="archived").update(archived_at=dt.datetime.now(dt.UTC))
    campaign.next_run_at = dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)
    campaign.save()
    return Campaign.objects.filter(kind="recurring", state="paused").earliest("pk")


def _runs(largest: Any, sizes: Sizes) -> Any:
    """Years of them; the last one is being sent now, and is told."""
    from django.db.models import F  # noqa: PLC0415 - needs Django
    from django.utils import timezone  # noqa: PLC0415 - needs Django

    from textmanager.runs.models import Run  # noqa: PLC0415 - needs Django

    now = timezone.now()
    done = {"state": "completed", "contacts": 0, "report_sent_at": now}
    Run.objects.filter(pk=largest.pk).update(
        **done, scheduled_for=now - dt.timedelta(days=2), completed_at=now, settled_at=now
    )
    multiply(
        largest,
        f"generate_series(1, {LARGE_RUNS + SMALL_RUNS}) AS n JOIN "
        "(SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM campaigns_campaign) AS c "
        f"ON c.place = CASE WHEN n <= {RUNS_OF_ONE_CAMPAIGN} THEN 0 ELSE n % {CAMPAIGNS} END",
        id="uuidv7(make_interval(secs => -12000 * n))",
        campaign_id="c.id",
        campaign_name="'Reminder ' || n",
        scheduled_for="now() - n * interval '200 minutes' - interval '3 days'",
        created_at="now() - n * interval '200 minutes' - interval '3 days'",
        prepared_at="now() - n * interval '200 minutes' - interval '3 days'",
        completed_at="now() - n * interval '200 minutes' - interval '2 days'",
        settled_at="now() - n * interval '200 minutes' - interval '2 days'",
        state="(ARRAY['completed', 'completed', 'completed', 'missed', 'canceled'])[1 + n % 5]",
        contacts=f"CASE WHEN n <= {LARGE_RUNS} THEN {sizes.large} ELSE {sizes.small} END",
    )
    Run.objects.filter(pk=largest.pk).update(contacts=sizes.largest)
    Run.objects.update(next_offset=F("contacts"))
    sending = Run.objects.get(pk=largest.pk)
    sending.pk = Run().pk
    sending.scheduled_for = sending.created_at = now
    sending.state, sending.contacts = "sending", sizes.unsent
    sending.next_offset = sizes.unsent
    sending.completed_at = sending.settled_at = sending.report_sent_at = None
    sending.save(force_insert=True)
    return sending


def _messages(largest: Any, sending: Any, sizes: Sizes) -> int:
    """How many it wrote."""
    from django.utils import timezone  # noqa: PLC0415 - needs Django

    from textmanager.runs.models import Message  # noqa: PLC0415 - needs Django

    model = Message(
        run=largest,
        number=0,
        organization=largest.organization,
        sender=largest.sender,
        imis_id="10000",
        to="+12020000000",
        body="Hello Ann, your membership lapses on June 30. Reply STOP to end.",
        encoding="GSM-7",
        segments=1,
        time_zones=["America/New_York"],
        status="delivered",
        not_before=timezone.now(),
    )
    model.save(force_insert=True)
    written = 1 + multiply(model, _rows_of(f"id = '{largest.pk}'", sizes.largest - 1), **_told())
    others = f"id NOT IN ('{largest.pk}', '{sending.pk}')"
    for each in (sizes.large, sizes.small):
        written += multiply(model, _rows_of(f"{others} AND contacts = {each}", each), **_told())
    return written + multiply(
        model,
        _rows_of(f"id = '{sending.pk}'", sizes.unsent),
        run_id="r.id",
        number="n",
        imis_id="(10000 + n)::text",
        to=NUMBER,
        status="'queued'",
        not_before="now()",
    )


def _rows_of(runs: str, each: int) -> str:
    return (
        "(SELECT id, scheduled_for, row_number() OVER (ORDER BY id)::int AS place "
        f"FROM runs_run WHERE {runs}) AS r, generate_series(1, {each}) AS n"
    )


def _told() -> dict[str, str]:
    """The columns of a message whose outcome is known."""
    return {
        "run_id": "r.id",
        "number": "n",
        "imis_id": "(10000 + n)::text",
        "to": NUMBER,
        "status": STATUS,
        "reason": f"CASE WHEN {CHANCE} BETWEEN 960 AND 984 THEN 'opted_out' "
        f"WHEN {CHANCE} BETWEEN 985 AND 994 THEN 'number:too_short' ELSE '' END",
        "error_code": f"CASE WHEN {CHANCE} BETWEEN 920 AND 949 THEN 30003 "
        f"WHEN {CHANCE} BETWEEN 950 AND 959 THEN 30007 END",
        "sid": f"CASE WHEN {WAS_SENT} THEN 'SM' || md5(r.id::text || n) ELSE '' END",
        "attempts": f"CASE WHEN {WAS_SENT} THEN 1 ELSE 0 END",
        "charged_day": f"CASE WHEN {WAS_SENT} THEN r.scheduled_for::date END",
        "not_before": "r.scheduled_for",
        "created_at": "r.scheduled_for",
        "accepted_at": f"CASE WHEN {WAS_SENT} THEN r.scheduled_for + n * interval '10 ms' END",
        "sent_at": f"CASE WHEN {WAS_SENT} THEN r.scheduled_for + n * interval '11 ms' END",
        "settled_at": "r.scheduled_for + n * interval '12 ms'",
        "write_back": f"CASE WHEN {CHANCE} = 0 THEN 'failed' ELSE 'none' END",
    }


def _receipts(largest: Any, messages: int) -> None:
    """Two for each of so many messages of the largest run."""
    from django.utils import timezone  # noqa: PLC0415 - needs Django

    from textmanager.runs.models import Receipt  # noqa: PLC0415 - needs Django

    model = Receipt.objects.create(
        organization=largest.organization,
        run_id=largest.pk,
        number=0,
        twilio_status="sent",
        raw={"MessageStatus": "sent"},
        received_at=timezone.now(),
    )
    multiply(
        model,
        f"generate_series(1, {messages}) AS n, (VALUES ('sent'), ('delivered')) AS s(word)",
        id="uuidv7()",
        number="n",
        twilio_status="s.word",
        sid="'SM' || md5(model.run_id::text || n)",
    )


def _replies(organization: Any, actor: Any, sender: Any) -> int:
    """Opt-outs, conversations with texts both ways; the ID of the longest conversation."""
    from textmanager.replies.models import (  # noqa: PLC0415 - needs Django
        Answer,
        Conversation,
        InboundText,
        OptOut,
    )

    ours = {"organization": organization}
    number = "+12020000000"
    opted_out = OptOut.objects.create(number=number, source="staff", created_by=actor, **ours)
    many = f"generate_series(1, {OPT_OUTS}) AS n"
    before = "now() - n * interval '7 minutes'"
    multiply(
        opted_out,
        many,
        number="'+1' || (2020000000 + n * 5)",
        source="(ARRAY['reply', 'staff', 'imis', 'twilio'])[1 + n % 4]",
        created_at=before,
        cleared_at=f"CASE WHEN n % 10 = 0 THEN {before} + interval '1 hour' END",
    )
    conversation = Conversation.objects.create(
        number=number, last_words="Thank you", is_open=True, **ours
    )
    multiply(
        conversation,
        f"generate_series(1, {CONVERSATIONS}) AS n",
        number=NUMBER,
        imis_id="(10000 + n)::text",
        is_open="n % 20 = 0",
        unread="CASE WHEN n % 40 = 0 THEN 1 ELSE 0 END",
        asks_to_stop="n % 100 = 0",
        last_text_at=before,
    )
    inbound = InboundText.objects.create(
        conversation=conversation, sid="SM0", from_number=number, to="555010", body="Yes", **ours
    )
    all_of_them = "(SELECT id, number, row_number() OVER () AS n FROM replies_conversation) AS c"
    multiply(
        inbound,
        all_of_them,
        conversation_id="c.id",
        from_number="c.number",
        sid="'SM' || md5('in' || n)",
        received_at=before,
    )
    multiply(inbound, "generate_series(1, 300) AS n", sid="'SM' || md5('long' || n)")
    answer = Answer.objects.create(
        conversation=conversation, sender=sender, body="Welcome", segments=1, author=actor, **ours
    )
    answered = {"status": "'accepted'", "created_at": before, "id": "gen_random_uuid()"}
    multiply(answer, all_of_them, conversation_id="c.id", **answered)
    multiply(answer, "generate_series(1, 300) AS n", **answered)
    return int(conversation.pk)


def _events(organization: Any, actor: Any) -> None:
    from textmanager.organizations.models import AuditEvent  # noqa: PLC0415 - needs Django

    event = AuditEvent.objects.create(
        organization=organization,
        actor=actor,
        actor_name=actor.get_username(),
        action="edited",
        subject_kind="campaign",
        subject_id="1",
        subject_name="Reminder",
    )
    multiply(
        event, f"generate_series(1, {EVENTS}) AS n", at="now() - n * interval '5 minutes'",
        subject_id="(1 + n % 500)::text",
    )  # fmt: skip
