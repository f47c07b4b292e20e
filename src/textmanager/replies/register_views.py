"""The opt-out register's pages."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages as notices
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from textmanager.organizations.activity_types import activity_types
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.replies import importing
from textmanager.replies import register as book
from textmanager.replies.conversations import conversation_of
from textmanager.replies.imis_reading import defer_reading
from textmanager.replies.models import OptOutImport

MOST_BYTES = 5_000_000
# How long the register's page leads to the latest import.
TOLD_FOR = dt.timedelta(days=1)


@member_required()
def register(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@member_required(Role.AUTHOR)
def add(request: MemberRequest) -> HttpResponse:
    raw, note = request.POST.get("number", ""), request.POST.get("note", "")
    try:
        number = book.add_number(
            organization=request.organization, raw=raw, note=note, actor=request.user
        )
    except book.NotANumber as error:
        return _page(request, typed=raw, note=note, wrong=str(error))
    notices.success(request, f"{number} gets no more texts.")
    return redirect("replies:register")


@member_required()
def history(request: MemberRequest, number: str) -> HttpResponse:
    """Every time a number opted out and came back."""
    entries = book.history_of(request.organization, number)
    if not entries:
        raise Http404
    context = {
        "number": number,
        "entries": entries,
        "records": book.records_of(request.organization, number),
        "conversation": conversation_of(request.organization, number),
        "in_effect": any(entry.cleared_at is None for entry in entries),
        "can_edit": request.membership.may(Role.AUTHOR),
    }
    return render(request, "replies/opt_out.html", context)


@require_POST
@member_required(Role.AUTHOR)
def remove(request: MemberRequest, number: str) -> HttpResponse:
    if not book.history_of(request.organization, number):
        raise Http404
    because = request.POST.get("because", "").strip()
    if not because:
        notices.error(request, "Say why this number may be texted again.")
        return redirect("replies:history", number)
    # A second press finds it cleared already, which is what was wanted.
    book.remove_number(
        organization=request.organization, number=number, because=because, actor=request.user
    )
    notices.success(request, f"{number} may be texted again.")
    return redirect("replies:history", number)


@require_POST
@member_required(Role.AUTHOR)
def write_again(request: MemberRequest, number: str) -> HttpResponse:
    """Lets iMIS be told once more of what it refused."""
    if not book.history_of(request.organization, number):
        raise Http404
    if book.write_again(organization=request.organization, number=number, actor=request.user):
        notices.success(request, "It is written to iMIS again. Look again in a minute.")
    return redirect("replies:history", number)


@require_POST
@member_required(Role.AUTHOR)
def import_file(request: MemberRequest) -> HttpResponse:
    """Enters a short file at once; a longer one is a worker's, and its page tells how far it is."""
    upload = request.FILES.get("file")
    if upload is None:
        return _page(request, file_problem="Choose a file first.")
    if upload.size is None or upload.size > MOST_BYTES:
        return _page(request, file_problem="The file is larger than 5 MB. Split it.")
    try:
        text = _text_of(upload.read())
        lines = importing.lines_in(text)
    except importing.NotReadable as problem:
        return _page(request, file_problem=str(problem))
    if not lines:
        return _page(request, file_problem="The file has no number in it.")
    made = importing.begin_import(
        organization=request.organization,
        text=text,
        lines=lines,
        actor=request.user,
        file_name=upload.name or "",
    )
    return redirect("replies:import-outcome", made.pk)


def _text_of(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise importing.NotReadable("This is no text file. Save the list as CSV (UTF-8).")
    return text


@member_required()
def outcome(request: MemberRequest, import_id: int) -> HttpResponse:
    """How far an import is, and what became of its lines."""
    return render(request, "replies/import.html", _about_import(request, import_id))


@member_required()
def progress(request: MemberRequest, import_id: int) -> HttpResponse:
    """The part of the page that keeps itself up to date."""
    return render(request, "replies/import.html#progress", _about_import(request, import_id))


@require_POST
@member_required(Role.AUTHOR)
def stop_import(request: MemberRequest, import_id: int) -> HttpResponse:
    try:
        importing.stop_import(request.organization, import_id, actor=request.user)
    except OptOutImport.DoesNotExist:
        raise Http404 from None
    return redirect("replies:import-outcome", import_id)


def _about_import(request: MemberRequest, import_id: int) -> dict[str, object]:
    try:
        made = importing.import_of(request.organization, import_id)
    except OptOutImport.DoesNotExist:
        raise Http404 from None
    return {
        "made": made,
        "stopped_by": importing.who_stopped(made),
        "can_edit": request.membership.may(Role.AUTHOR),
    }


@require_POST
@member_required(Role.ADMIN)
def read_imis(request: MemberRequest) -> HttpResponse:
    defer_reading(request.organization.pk)
    notices.success(request, "The opt-outs in iMIS are being read. Look again in a minute.")
    return redirect("replies:register")


@member_required()
def export(request: MemberRequest) -> HttpResponse:
    answer = StreamingHttpResponse(
        book.export_rows(request.organization), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="opt-outs.csv"'
    return answer  # type: ignore[return-value]  # every view's answer, streamed


def _page(request: MemberRequest, **more: object) -> HttpResponse:
    cleared = request.GET.get("show") == "cleared"
    query = request.GET.get("q", "").strip()
    context = {
        "page": book.register_page(
            request.organization,
            query=query,
            cleared=cleared,
            before=request.GET.get("before", ""),
        ),
        "is_first": "before" not in request.GET,
        "activity_types": activity_types(request.organization.pk),
        "latest_import": importing.latest_import(
            request.organization, since=timezone.now() - TOLD_FOR
        ),
        "refused": book.refused_by_imis(request.organization),
        "cleared": cleared,
        "query": query,
        "can_edit": request.membership.may(Role.AUTHOR),
        "may_configure": request.membership.may(Role.ADMIN),
        **more,
    }
    return render(request, "replies/register.html", context)
