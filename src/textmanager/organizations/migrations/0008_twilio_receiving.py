from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0007_failure_valve"),
    ]

    operations = [
        migrations.AddField(
            model_name="twilioconnection",
            name="last_webhook_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="price_unit",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="prices",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="prices_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="reach_checked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="reach_problem",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="receiving",
            field=models.CharField(
                choices=[
                    ("automatic", "Twilio calls us; where it cannot, we ask Twilio every minute"),
                    ("polling", "We ask Twilio every minute"),
                ],
                default="automatic",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="replies_polled_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="test_account_sid",
            field=models.CharField(blank=True, max_length=34),
        ),
        migrations.AddField(
            model_name="twilioconnection",
            name="test_auth_token_sealed",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AlterField(
            model_name="twilioconnection",
            name="auth_token_sealed",
            field=models.TextField(blank=True, editable=False),
        ),
    ]
