"""Mails a status report once more, to whoever asks for it."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations import audit
from textmanager.organizations.mailing import MAIL_TROUBLE
from textmanager.organizations.models import Organization, User
from textmanager.runs.models import ReportMail, Run
from textmanager.runs.pipeline.report import as_mail, composed_report


def mail_report(*, organization: Organization, run_id: uuid.UUID, to: str, actor: User) -> Run:
    """Mails the report as it went out, or as it stands now when none did.

    Raises NotPossible with the reason in words for staff, Run.DoesNotExist.
    """
    run = Run.objects.select_related("organization", "sender").get(
        pk=run_id, organization=organization
    )
    address = to.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise NotPossible(f"“{address}” is not an e-mail address.") from None
    if run.settled_at is None:
        raise NotPossible("The report is ready once every outcome of this run is known.")
    kept = _again(run, address, actor)
    try:
        as_mail(kept).send()
    except MAIL_TROUBLE:
        raise NotPossible(
            "The mail server did not take the mail. Try again later, or ask your administrator."
        ) from None
    kept.save()
    audit.record(
        organization=organization,
        actor=actor,
        action="mailed report",
        subject=run,
        after={"words": f"to {address}"},
    )
    return run


def _again(run: Run, address: str, actor: User) -> ReportMail:
    went_out = ReportMail.objects.filter(run=run).order_by("sent_at").first()
    if went_out is None:
        kept = composed_report(run, to=[address])
        kept.sent_by = actor
        return kept
    return ReportMail(
        run=run,
        to=[address],
        subject=went_out.subject,
        text=went_out.text,
        html=went_out.html,
        sent_by=actor,
    )
