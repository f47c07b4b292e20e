"""The button that a second person presses."""

from __future__ import annotations

import uuid

from django.contrib import messages as notices
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs import approval
from textmanager.runs.models import Run


@require_POST
@member_required(Role.APPROVER)
def approve(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    try:
        approval.approve_run(run_id=run_id, membership=request.membership)
    except Run.DoesNotExist:
        raise Http404 from None
    except NotPossible as refusal:
        notices.error(request, str(refusal))
    else:
        notices.success(request, "You have approved the run; its texts leave.")
    return redirect("runs:detail", run_id)
