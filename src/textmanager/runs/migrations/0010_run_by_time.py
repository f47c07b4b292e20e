from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0009_failures_kept")]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["organization", "scheduled_for"], name="run_by_time"),
        ),
    ]
