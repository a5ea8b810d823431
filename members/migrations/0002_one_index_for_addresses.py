"""The index of gym and address serves the gym too; a second one misleads PostgreSQL while its statistics are old."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0001_gym_staff_members'),
    ]

    operations = [
        migrations.AlterField(
            model_name='member',
            name='gym',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='members.gym'),
        ),
    ]
