from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("replies", "0005_stopped_imports"),
    ]

    operations = [
        migrations.AddField(
            model_name="optoutrecord",
            name="of_list",
            field=models.BooleanField(default=False),
        ),
        migrations.RemoveIndex(
            model_name="optoutrecord",
            name="opt_out_to_write",
        ),
        migrations.AddIndex(
            model_name="optoutrecord",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "writing"])),
                fields=["organization", "of_list", "due_at"],
                name="opt_out_to_write",
            ),
        ),
    ]
