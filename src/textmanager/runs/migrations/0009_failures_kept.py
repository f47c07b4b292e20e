from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "failures.sql"
UNDO = "DROP FUNCTION runs_failures_inserted, runs_failures_updated, runs_failures_deleted CASCADE"


class Migration(migrations.Migration):
    dependencies = [("runs", "0008_failure_tally")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"), UNDO)]
