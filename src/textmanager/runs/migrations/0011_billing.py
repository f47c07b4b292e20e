from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_useful_for"),
        ("organizations", "0008_twilio_receiving"),
        ("runs", "0010_waits_for_imis"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="billed_amount",
            field=models.DecimalField(blank=True, decimal_places=5, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="billed_texts",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="billed_unit",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="run",
            name="price_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="price_tries",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="priced_through",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="tested_with_twilio",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="run",
            name="useful_for_hours",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("price_due_at__isnull", False)),
                fields=["price_due_at"],
                name="run_unpriced",
            ),
        ),
    ]
