"""A fresh installation on an embedded PostgreSQL of its own, for the length of a bench."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def installation() -> Iterator[str]:
    """Sets up Django over an empty, migrated database; its address. Once in a process."""
    with tempfile.TemporaryDirectory(prefix="tm-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL runs as a user of its own under root.
        Path(folder).chmod(0o755)
        os.environ.pop("DATABASE_URL", None)
        os.environ["TEXTMANAGER_DATA_DIR"] = folder
        os.environ["TEXTMANAGER_LOG_LEVEL"] = "WARNING"
        os.environ["DJANGO_SETTINGS_MODULE"] = "textmanager.config.settings"
        from textmanager.commands.preparing import prepare  # noqa: PLC0415 - reads the environment

        prepare(migrated=False)
        from django.core.management import call_command  # noqa: PLC0415 - needs Django
        from django.db import connections  # noqa: PLC0415 - needs Django

        call_command("migrate", verbosity=0)
        try:
            yield os.environ["DATABASE_URL"]
        finally:
            connections.close_all()


def ready_run(carrier: str, imis: str = "http://127.0.0.1:9") -> Any:
    """A run that is being sent, of an organization without limits; with no message yet."""
    import datetime as dt  # noqa: PLC0415 - as below

    from django.utils import timezone  # noqa: PLC0415 - needs Django

    from textmanager.campaigns.models import Campaign  # noqa: PLC0415 - needs Django
    from textmanager.gateway.account import TwilioCredentials  # noqa: PLC0415 - needs Django
    from textmanager.organizations import founding  # noqa: PLC0415 - needs Django
    from textmanager.organizations.models import SenderKind  # noqa: PLC0415 - needs Django
    from textmanager.runs.models import Run  # noqa: PLC0415 - needs Django

    now = timezone.now()
    organization = founding.found_organization(
        cloud_id="bench",
        name="Bench",
        time_zone="America/New_York",
        imis=founding.ImisAccount(imis, "textmanager", "background-password"),
        twilio=TwilioCredentials("AC" + "0" * 32, "0" * 32, base_url=carrier),
    )
    organization.daily_allowance = 2_000_000_000
    organization.texting_opens = organization.texting_closes = dt.time(8)
    organization.save()
    sender = founding.add_sender(
        organization,
        founding.NewSender("Bench", SenderKind.SHORT_CODE, "555010", 1_000_000.0),
    )
    said = {
        "iqa_path": "$/Text Manager/All members",
        "id_column": "ID",
        "phone_column": "MobilePhone",
        "api_mode": "live",
        "sender": sender,
        "template": "Hello ${FirstName|friend}, your membership lapses on ${PaidThrough}.",
        "empty_values": "send",
        "write_back": "none",
    }
    campaign = Campaign.objects.create(
        organization=organization,
        name="Bench",
        state="active",
        rrule="FREQ=DAILY",
        start_date=now.date(),
        start_time=dt.time(9),
        time_zone="America/New_York",
        **said,
    )
    return Run.objects.create(
        organization=organization,
        campaign=campaign,
        campaign_name="Bench",
        scheduled_for=now,
        state="sending",
        prepared_at=now,
        contacts=0,
        **said,
    )


def queue_messages(run: Any, count: int) -> None:
    """Queues so many texts to as many numbers, in the database itself."""
    from django.db import connection  # noqa: PLC0415 - needs Django

    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"run": run.pk, "count": count, "body": BODY})
        cursor.execute("VACUUM ANALYZE runs_message")


BODY = "Hello Ann, your membership lapses on June 30. Reply STOP to end."
_QUEUE = """
INSERT INTO runs_message (
    run_id, number, organization_id, sender_id, imis_id, raw_phone, "to", body, encoding, segments,
    time_zones, status, reason, priority, not_before, attempts, sid, error_text, price_unit,
    write_back, write_back_tries, write_back_ref, write_back_error, created_at)
SELECT r.id, n, r.organization_id, r.sender_id, n::text, '', '+1' || (2020000000 + n), %(body)s,
    'GSM-7', 1, ARRAY['America/New_York'], 'queued', '', 1, now(), 0, '', '', '', 'none', 0, '', '',
    now()
FROM runs_run AS r, generate_series(0, %(count)s - 1) AS n WHERE r.id = %(run)s
"""


def machine() -> str:
    """What the figures were measured on, in one line."""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
