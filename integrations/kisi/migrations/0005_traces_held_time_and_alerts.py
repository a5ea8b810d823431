"""Traces and held time on the activity, alerts that know what they told, and the operator's way to prune."""

from django.db import migrations, models

# A transaction that says so may delete events (never change one): the command that prunes.
POSTGRES = """
CREATE OR REPLACE FUNCTION kisi_event_is_written_once() RETURNS trigger AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('core.pruning', true) = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'events of the activity are written once';
END;
$$ LANGUAGE plpgsql;
"""
POSTGRES_BACK = """
CREATE OR REPLACE FUNCTION kisi_event_is_written_once() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'events of the activity are written once'; END;
$$ LANGUAGE plpgsql;
"""
# SQLite makes a changed table anew, and the trigger on it is lost.
SQLITE = """
CREATE TRIGGER IF NOT EXISTS kisi_event_is_written_once BEFORE UPDATE ON kisi_accessevent
BEGIN SELECT RAISE(ABORT, 'events of the activity are written once'); END;
"""


def permit_pruning(apps, schema_editor):
    schema_editor.execute(POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE)


def forbid_pruning(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_BACK)


class Migration(migrations.Migration):

    dependencies = [
        ('kisi', '0004_events_are_written_once'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='alert',
            name='sent_at',
        ),
        migrations.AddField(
            model_name='accessevent',
            name='held_for',
            field=models.DurationField(null=True),
        ),
        migrations.AddField(
            model_name='accessevent',
            name='trace',
            field=models.CharField(blank=True, default='', max_length=32),
        ),
        migrations.AddField(
            model_name='alert',
            name='about',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='alert',
            name='busy_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='alert',
            name='owes_all_clear',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='alert',
            name='since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='alert',
            name='told_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='release',
            name='due_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='syncrun',
            name='trace',
            field=models.CharField(blank=True, default='', max_length=32),
        ),
        migrations.AlterField(
            model_name='accessevent',
            name='kind',
            field=models.CharField(choices=[('granted', 'Access given'), ('revoked', 'Access removed'), ('adopted', 'Taken over'), ('repaired', 'Put back'), ('renamed', 'Name sent'), ('drift', 'Changed in Kisi'), ('held', 'Held'), ('allowed', 'Removal allowed'), ('kept', 'Access kept'), ('returned', 'No longer held'), ('exempted', 'Left to Kisi'), ('managed', 'Managed in Kisi'), ('refused', 'Refused'), ('status', 'Connection'), ('setting', 'Settings')], max_length=10),
        ),
        migrations.RunPython(permit_pruning, forbid_pruning),
    ]
