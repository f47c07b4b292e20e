"""What staff do with a run: pause, resume, cancel, try again, write again, mail its report."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.contrib import messages as notices
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs import holding, retrying, writing_again
from textmanager.runs.breakdown import counts_by_status
from textmanager.runs.mailing_again import mail_report
from textmanager.runs.models import ReportMail, Run
from textmanager.runs.progress import how_far
from textmanager.runs.views import run_of


@require_POST
@member_required(Role.AUTHOR)
def pause(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    """Asks nothing: it is undone by Resume."""
    return _change(request, run_id, holding.pause_run, "The run is paused.")


@require_http_methods(["GET", "POST"])
@member_required(Role.AUTHOR)
def resume(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        return _change(request, run_id, holding.resume_run, "The run goes on.")
    return _ask(request, run_id, "runs/resume.html", holding.why_not_resume)


@require_http_methods(["GET", "POST"])
@member_required(Role.AUTHOR)
def cancel(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        return _change(request, run_id, holding.cancel_run, "The run is canceled.")
    return _ask(request, run_id, "runs/cancel.html", holding.why_not_cancel)


@require_http_methods(["GET", "POST"])
@member_required(Role.AUTHOR)
def try_again(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        done = "The failed texts are tried again, in this run."
        return _change(request, run_id, retrying.try_again, done)
    run = run_of(request, run_id)
    if refusal := retrying.why_not_send(run):
        notices.error(request, refusal)
        return redirect("runs:detail", run_id)
    context = {"run": run, "campaign": run.campaign, "found": retrying.retriable(run)}
    return render(request, "runs/try_again.html", context)


@require_POST
@member_required(Role.AUTHOR)
def write_again(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    return _change(
        request, run_id, writing_again.write_again, "The records are written to iMIS again."
    )


# The page of the report shows the mail in a frame; no other page has one.
_frames_of_ours = csp_update({"frame-src": [SELF]})


@require_GET
@_frames_of_ours  # type: ignore[arg-type]  # typed for views without arguments
@member_required()
def report(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    """The report as it went out, to whom and when."""
    return _report_page(request, run_id, to=request.user.email)


@require_POST
@_frames_of_ours  # type: ignore[arg-type]  # as above
@member_required(Role.AUTHOR)
def mail_report_again(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    to = request.POST.get("to", "").strip()
    try:
        mail_report(organization=request.organization, run_id=run_id, to=to, actor=request.user)
    except Run.DoesNotExist:
        raise Http404 from None
    except NotPossible as refusal:
        return _report_page(request, run_id, to=to, problem=str(refusal))
    notices.success(request, f"The report was mailed to {to}.")
    return redirect("runs:report", run_id)


def _report_page(
    request: MemberRequest, run_id: uuid.UUID, *, to: str, problem: str = ""
) -> HttpResponse:
    run = run_of(request, run_id)
    context = {
        "run": run,
        "campaign": run.campaign,
        "zone": request.organization.time_zone,
        "mails": list(run.report_mails.select_related("sent_by").order_by("-sent_at", "-pk")),
        "can_edit": request.membership.may(Role.AUTHOR),
        "to": to,
        "problem": problem,
    }
    return render(request, "runs/report.html", context, status=422 if problem else 200)


# A mail carries its looks with it. It has no script, and nothing in it may load or go anywhere.
_MAIL_POLICY = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups", "allow-top-navigation-by-user-activation"],
}


@require_GET
@csp_replace(_MAIL_POLICY)  # type: ignore[arg-type]  # typed for views without arguments
@xframe_options_sameorigin
@member_required()
def report_frame(request: MemberRequest, run_id: uuid.UUID, mail_id: int) -> HttpResponse:
    """The mail itself, for the frame on the page of the report."""
    mails = ReportMail.objects.filter(run__organization=request.organization)
    return HttpResponse(get_object_or_404(mails, pk=mail_id, run_id=run_id).html)


def _ask(
    request: MemberRequest, run_id: uuid.UUID, template: str, why_not: Callable[[Run], str]
) -> HttpResponse:
    """The question; not one whose answer would only be refused."""
    run = run_of(request, run_id)
    if refusal := why_not(run):
        notices.error(request, refusal)
        return redirect("runs:detail", run_id)
    context = {
        "run": run,
        "campaign": run.campaign,
        "how_far": how_far(counts_by_status(run)),
    }
    return render(request, template, context)


def _change(
    request: MemberRequest, run_id: uuid.UUID, change: Callable[..., Run], done: str
) -> HttpResponse:
    try:
        run = change(organization=request.organization, run_id=run_id, actor=request.user)
    except Run.DoesNotExist:
        raise Http404 from None
    except NotPossible as refusal:
        notices.error(request, str(refusal))
        return redirect("runs:detail", run_id)
    notices.success(request, done)
    return redirect("runs:detail", run.pk)
