"""The four rows of the schedule; operators may edit daily and weekly in the Django admin."""

from django.db import migrations

INTERVALS = (("Kisi: look", "kisi.look", 30), ("Kisi: sweep", "kisi.sweep", 300))
CRONTABS = (
    ("Kisi: daily check", "kisi.daily", {"minute": "30", "hour": "3", "day_of_week": "*"}),
    ("Kisi: weekly check", "kisi.weekly", {"minute": "0", "hour": "2", "day_of_week": "0"}),
)


def add_rows(apps, schema_editor):
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    for name, task, seconds in INTERVALS:
        every, _ = Interval.objects.get_or_create(every=seconds, period="seconds")
        Task.objects.get_or_create(name=name, defaults={"task": task, "interval": every})
    for name, task, when in CRONTABS:
        facts = {"day_of_month": "*", "month_of_year": "*", "timezone": "UTC", **when}
        at = Crontab.objects.filter(**facts).first() or Crontab.objects.create(**facts)
        Task.objects.get_or_create(name=name, defaults={"task": task, "crontab": at})


def remove_rows(apps, schema_editor):
    names = [row[0] for row in (*INTERVALS, *CRONTABS)]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("kisi", "0001_connection_ledger_and_activity"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(add_rows, remove_rows)]
