from __future__ import annotations

from django.db import migrations

SQL = """
CREATE FUNCTION organizations_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The actor may be deleted; what they did stays under the name they had.
    IF (to_jsonb(NEW) - 'actor_id') = (to_jsonb(OLD) - 'actor_id') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER organizations_auditevent_append_only BEFORE UPDATE ON organizations_auditevent
FOR EACH ROW EXECUTE FUNCTION organizations_refuse_change();
"""
UNDO = "DROP FUNCTION organizations_refuse_change CASCADE"


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]
    operations = [migrations.RunSQL(SQL, UNDO)]
