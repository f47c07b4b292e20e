"""Lets staff have the records written that iMIS refused, once its reason is gone."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations import audit
from textmanager.organizations.models import Organization, User
from textmanager.runs.models import Message, Run, WriteBack
from textmanager.runs.pipeline.changes import lock_in_order


@transaction.atomic
def write_again(*, organization: Organization, run_id: uuid.UUID, actor: User) -> Run:
    """Puts every refused record of the run back in line. Raises NotPossible, Run.DoesNotExist.

    Each is looked for before it is written: an attempt before the refusal may have succeeded.
    """
    run = Run.objects.get(pk=run_id, organization=organization)
    refused = Message.objects.filter(run=run, write_back=WriteBack.FAILED)
    lock_in_order(refused)
    waiting = refused.update(
        write_back=WriteBack.WRITING,
        write_back_due=timezone.now(),
        write_back_tries=0,
        write_back_error="",
    )
    if not waiting:
        raise NotPossible("Nothing of this run is left to write to iMIS.")
    audit.record(
        organization=organization,
        actor=actor,
        action="wrote again",
        subject=run,
        after={"records": waiting},
    )
    return run
