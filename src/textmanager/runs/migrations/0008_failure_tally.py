import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0007_prompt_answers")]

    operations = [
        migrations.CreateModel(
            name="FailureTally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id",
                        "status",
                        "reason",
                        "error_code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="failure_tallies",
                        to="runs.run",
                    ),
                ),
                ("status", models.CharField(max_length=11)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("error_code", models.PositiveIntegerField()),
                ("messages", models.IntegerField()),
            ],
        ),
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
