import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0007_failure_valve"),
        ("runs", "0012_approval"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CauseTally",
            fields=[
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cause_tallies",
                        to="runs.run",
                    ),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id",
                        "status",
                        "cause",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("status", models.CharField(max_length=11)),
                ("cause", models.CharField(max_length=40)),
                ("messages", models.IntegerField()),
                ("segments", models.IntegerField()),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RecordTally",
            fields=[
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="record_tallies",
                        to="runs.run",
                    ),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id",
                        "write_back",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("write_back", models.CharField(max_length=7)),
                ("messages", models.IntegerField()),
                ("last_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReportMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.EmailField(max_length=254), size=None
                    ),
                ),
                ("subject", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("html", models.TextField()),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="message",
            name="message_refused",
        ),
        migrations.AddField(
            model_name="run",
            name="retry_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retries",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="retried_in",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="runtally",
            name="first_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="runtally",
            name="last_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="cause",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(
                            (
                                "status__in",
                                [
                                    "held",
                                    "skipped",
                                    "error",
                                    "failed",
                                    "undelivered",
                                    "unconfirmed",
                                    "canceled",
                                    "queued",
                                ],
                            ),
                            _negated=True,
                        ),
                        then=models.Value(""),
                    ),
                    models.When(
                        models.Q(
                            ("error_code__isnull", False),
                            models.Q(
                                ("status__in", ("error", "failed", "undelivered")),
                                ("reason", ""),
                                _connector="OR",
                            ),
                        ),
                        then=django.db.models.functions.comparison.Cast(
                            "error_code", models.CharField(max_length=40)
                        ),
                    ),
                    default="reason",
                ),
                output_field=models.CharField(max_length=40),
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["sent", "delivered", "undelivered"]),
                    models.Q(("write_back", "none"), _negated=True),
                ),
                fields=["run", "write_back", "number"],
                name="message_by_record",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        (
                            "held",
                            "skipped",
                            "error",
                            "failed",
                            "undelivered",
                            "unconfirmed",
                            "canceled",
                        ),
                    )
                ),
                fields=["run", "status", "cause", "number"],
                name="message_by_cause",
            ),
        ),
        migrations.AddField(
            model_name="reportmail",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="report_mails",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="reportmail",
            name="sent_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
