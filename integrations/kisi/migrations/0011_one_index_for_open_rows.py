"""The indexes of connection and state, and of connection and address, serve the connection too."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kisi', '0010_restored_from_a_backup'),
    ]

    operations = [
        migrations.AlterField(
            model_name='kisigrant',
            name='connection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='kisi.kisiconnection'),
        ),
    ]
