from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0006_settings_pages"),
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
