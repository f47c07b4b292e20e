from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0002_append_only")]
    operations = [
        migrations.AlterField(
            model_name="organization",
            name="date_format",
            field=models.CharField(default="%B %-d, %Y", max_length=40),
        ),
    ]
