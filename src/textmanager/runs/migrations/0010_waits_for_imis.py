from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0009_looked_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="waits_for_imis_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
