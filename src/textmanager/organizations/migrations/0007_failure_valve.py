import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0007_twilio_receiving"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="hold_failure_least",
            field=models.PositiveIntegerField(
                default=50, help_text="Only once so many of its texts have an outcome."
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="hold_failure_percent",
            field=models.PositiveSmallIntegerField(
                default=20,
                help_text="A run pauses itself when so many percent of its texts fail; 0 for never.",
                validators=[django.core.validators.MaxValueValidator(100)],
            ),
        ),
    ]
