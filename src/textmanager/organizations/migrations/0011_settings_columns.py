import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0010_twilio_health"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Viewer"),
                            ("author", "Author"),
                            ("approver", "Approver"),
                            ("admin", "Administrator"),
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="membership",
            name="email",
            field=models.EmailField(
                blank=True, help_text="Where this person is mailed to.", max_length=254
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="last_seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="accent",
            field=models.CharField(
                blank=True,
                max_length=7,
                validators=[
                    django.core.validators.RegexValidator("^#[0-9a-f]{6}$", "Such as #0f766e.")
                ],
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="amount_format",
            field=models.CharField(default="plain", max_length=12),
        ),
        migrations.AddField(
            model_name="organization",
            name="approve_above",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="A LIVE run of more texts waits for a second person; empty for never.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="display_name",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="organization",
            name="report_emails",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.EmailField(max_length=254),
                blank=True,
                default=list,
                help_text="Who a new campaign mails its status report to, until somebody changes it there.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="staff_role",
            field=models.CharField(
                choices=[
                    ("viewer", "Viewer"),
                    ("author", "Author"),
                    ("approver", "Approver"),
                    ("admin", "Administrator"),
                ],
                default="author",
                help_text="What iMIS staff may do from their first sign-in on.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="time_format",
            field=models.CharField(default="%-I:%M %p", max_length=20),
        ),
        migrations.AddField(
            model_name="organization",
            name="unusual_least",
            field=models.PositiveIntegerField(
                default=50, validators=[django.core.validators.MinValueValidator(1)]
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="unusual_times",
            field=models.PositiveSmallIntegerField(
                default=10, validators=[django.core.validators.MinValueValidator(2)]
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["organization", "actor_name", "-at"], name="audit_by_person"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["organization", "subject_kind", "-at"], name="audit_by_kind"
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="invited_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="organizations.organization",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("organization", "email"),
                name="one_open_invitation_an_address",
            ),
        ),
    ]
