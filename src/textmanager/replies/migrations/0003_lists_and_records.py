from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0011_settings_columns"),
        ("replies", "0002_conversations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["organization", "imis_id"], name="conversation_by_imis_id"),
        ),
        migrations.AddIndex(
            model_name="optoutrecord",
            index=models.Index(
                condition=models.Q(("state", "failed")),
                fields=["organization"],
                name="opt_out_refused",
            ),
        ),
        migrations.AddIndex(
            model_name="optoutrecord",
            index=models.Index(fields=["organization", "number"], name="opt_out_record_by_number"),
        ),
    ]
