"""The database itself refuses to change an event; PostgreSQL refuses to delete one too."""

from django.db import migrations

POSTGRES = """
CREATE FUNCTION kisi_event_is_written_once() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'events of the activity are written once'; END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER kisi_event_is_written_once BEFORE UPDATE OR DELETE ON kisi_accessevent
FOR EACH ROW EXECUTE FUNCTION kisi_event_is_written_once();
"""
POSTGRES_BACK = """
DROP TRIGGER kisi_event_is_written_once ON kisi_accessevent;
DROP FUNCTION kisi_event_is_written_once();
"""
SQLITE = """
CREATE TRIGGER kisi_event_is_written_once BEFORE UPDATE ON kisi_accessevent
BEGIN SELECT RAISE(ABORT, 'events of the activity are written once'); END;
"""


def forbid(apps, schema_editor):
    schema_editor.execute(POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE)


def permit(apps, schema_editor):
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRES_BACK if is_postgres else "DROP TRIGGER kisi_event_is_written_once")


class Migration(migrations.Migration):
    dependencies = [("kisi", "0003_checked_at")]
    operations = [migrations.RunPython(forbid, permit)]
