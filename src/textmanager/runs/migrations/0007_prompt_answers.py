from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0006_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="prompt_answers",
            field=models.JSONField(default=list),
        ),
    ]
