"""Mails people about a run that needs them."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from textmanager.runs.models import Run

logger = logging.getLogger(__name__)


def run_held(run: Run) -> None:
    """Tells the people of the status report that a run waits for them.

    The run shows its reason on its page in any case, so a mail that cannot go out is only logged.
    """
    if not run.report_emails:
        return
    try:
        send_mail(
            subject=f"Held: {run.campaign_name}",
            message=(
                f"The run of “{run.campaign_name}” is held, and no further text of it leaves.\n\n"
                f"{run.reason}\n\n"
                f"Look at it, then resume or cancel it:\n{run_address(run)}\n"
            ),
            from_email=None,
            recipient_list=run.report_emails,
        )
    except (SMTPException, OSError):
        logger.exception("The mail about held run %s cannot be sent", run.pk)


def run_address(run: Run) -> str:
    return settings.PUBLIC_URL + reverse("runs:detail", args=[run.pk])
