from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0008_skipped_and_by_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="failures_looked_at",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="outcomes_looked_at",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
