from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0009_activity_types"),
    ]

    operations = [
        migrations.AddField(
            model_name="twilioconnection",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="problem",
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
