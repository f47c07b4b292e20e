"""Mails people about a run that needs them."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from textmanager.organizations.mailing import tell
from textmanager.runs.models import Run


def run_held(run: Run) -> None:
    """Tells the people of the status report that a run waits for them; its page does too."""
    tell(
        run.report_emails,
        f"Held: {run.campaign_name}",
        f"The run of “{run.campaign_name}” is held, and no further text of it leaves.\n\n"
        f"{run.reason}\n\n"
        f"Look at it, then resume or cancel it:\n{run_address(run)}\n",
    )


def run_address(run: Run) -> str:
    return settings.PUBLIC_URL + reverse("runs:detail", args=[run.pk])
