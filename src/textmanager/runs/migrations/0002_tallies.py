from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "tallies.sql"
UNDO = """
DROP FUNCTION runs_tally_inserted, runs_tally_updated, runs_tally_deleted, runs_refuse_change CASCADE
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"), UNDO)]
