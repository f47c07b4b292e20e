from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("replies", "0004_opt_out_imports"),
    ]

    operations = [
        migrations.AlterField(
            model_name="optoutimport",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waits for a worker"),
                    ("reading", "Being read"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("stopped", "Stopped"),
                ],
                default="waiting",
                max_length=7,
            ),
        ),
    ]
