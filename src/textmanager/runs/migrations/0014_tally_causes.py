from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "tallies.sql"
# The triggers go with their functions; those of a new installation are the same already.
DROP = """
DROP FUNCTION runs_tally_inserted, runs_tally_updated, runs_tally_deleted, runs_refuse_change CASCADE
"""
COUNT = """
INSERT INTO runs_causetally (run_id, status, cause, messages, segments)
SELECT run_id, status, cause, count(*), sum(segments) FROM runs_message
WHERE status IN ('held', 'skipped', 'error', 'failed', 'undelivered', 'unconfirmed', 'canceled')
GROUP BY run_id, status, cause;

INSERT INTO runs_recordtally (run_id, write_back, messages)
SELECT run_id, write_back, count(*) FROM runs_message
WHERE status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'none'
GROUP BY run_id, write_back;
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0013_causes")]
    operations = [
        migrations.RunSQL(DROP + ";" + SQL.read_text(encoding="utf-8"), migrations.RunSQL.noop),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
