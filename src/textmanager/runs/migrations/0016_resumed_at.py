from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0015_run_to_look_at")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="resumed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="done_when_resumed",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
