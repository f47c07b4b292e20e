from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_one_time_and_skips"),
        ("organizations", "0006_settings_pages"),
        ("runs", "0007_prompt_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="state",
            field=models.CharField(
                choices=[
                    ("preparing", "Preparing"),
                    ("sending", "Sending"),
                    ("completed", "Completed"),
                    ("held", "Held"),
                    ("canceled", "Canceled"),
                    ("failed", "Failed"),
                    ("missed", "Missed"),
                    ("skipped", "Skipped"),
                ],
                default="preparing",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["organization", "scheduled_for"], name="run_by_time"),
        ),
    ]
