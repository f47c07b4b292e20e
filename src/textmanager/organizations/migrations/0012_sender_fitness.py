from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0011_settings_columns"),
    ]

    operations = [
        migrations.AddField(
            model_name="sender",
            name="unfit_because",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
    ]
