"""What was last read of a person's other rights, and an index for the last rows of an address."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kisi', '0011_one_index_for_open_rows'),
    ]

    operations = [
        migrations.AddField(
            model_name='kisigrant',
            name='other_way',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='kisigrant',
            index=models.Index(condition=models.Q(('state', 'closed')), fields=['connection', 'email'], name='ledger_past'),
        ),
    ]
