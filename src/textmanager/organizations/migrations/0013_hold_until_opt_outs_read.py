from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0012_sender_fitness"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="hold_until_opt_outs_read",
            field=models.BooleanField(
                default=True,
                help_text=(
                    "No LIVE run leaves before the opt-outs that iMIS knows have been read once."
                ),
            ),
        ),
    ]
