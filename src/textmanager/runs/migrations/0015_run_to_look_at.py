from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0014_tally_causes")]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["preparing", "sending", "held", "failed", "missed"])
                ),
                fields=["organization", "scheduled_for"],
                name="run_to_look_at",
            ),
        ),
    ]
