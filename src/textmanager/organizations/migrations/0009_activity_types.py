import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0008_twilio_receiving"),
    ]

    operations = [
        migrations.AddField(
            model_name="imisconnection",
            name="came_back_type",
            field=models.CharField(
                default="TEXTUNSUB_A",
                max_length=20,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z0-9_-]+$",
                        "An activity type is capital letters, digits, _ and -, without blanks.",
                    )
                ],
            ),
        ),
        migrations.AddField(
            model_name="imisconnection",
            name="opt_out_type",
            field=models.CharField(
                default="TEXTUNSUB",
                max_length=20,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z0-9_-]+$",
                        "An activity type is capital letters, digits, _ and -, without blanks.",
                    )
                ],
            ),
        ),
        migrations.AddField(
            model_name="imisconnection",
            name="opt_outs_read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="imisconnection",
            name="refused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="imisconnection",
            name="text_type",
            field=models.CharField(
                default="TEXTMSG",
                max_length=20,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z0-9_-]+$",
                        "An activity type is capital letters, digits, _ and -, without blanks.",
                    )
                ],
            ),
        ),
    ]
