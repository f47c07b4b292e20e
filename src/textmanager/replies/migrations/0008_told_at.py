import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("replies", "0007_opt_out_by_last_digits"),
    ]

    operations = [
        migrations.AddField(
            model_name="optout",
            name="told_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.RunSQL(
            "UPDATE replies_optout SET told_at = created_at", migrations.RunSQL.noop, elidable=True
        ),
    ]
