import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_one_time_and_skips"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="useful_for_hours",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="No text leaves later than so many hours after its run was to begin.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(720),
                ],
            ),
        ),
    ]
