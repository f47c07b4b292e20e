from django.db import migrations, models
from django.db.models.functions import Reverse


class Migration(migrations.Migration):
    dependencies = [
        ("replies", "0006_lists_are_written_last"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="optout",
            index=models.Index(
                models.F("organization"), Reverse("number"), name="opt_out_by_last_digits"
            ),
        ),
    ]
