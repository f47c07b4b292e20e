"""Messages of a run as files, streamed."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from textmanager.organizations import audit
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.runs.export import Sheet, as_csv, as_workbook, bad_numbers
from textmanager.runs.message_list import Asked
from textmanager.runs.views import run_of

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
@member_required()
def messages(request: MemberRequest, run_id: uuid.UUID, kind: str) -> HttpResponse:
    """The messages that the filters of the page leave, all of them without any."""
    run = run_of(request, run_id)
    sheet = Sheet(run, Asked.of(request.GET).sought_in(run))
    return _file(request, sheet, kind, "messages")


@require_GET
@member_required()
def numbers_to_correct(request: MemberRequest, run_id: uuid.UUID, kind: str) -> HttpResponse:
    """Whose number has to be corrected on the iMIS record."""
    return _file(request, bad_numbers(run_of(request, run_id)), kind, "bad-numbers")


def _file(request: MemberRequest, sheet: Sheet, kind: str, what: str) -> HttpResponse:
    audit.record(
        organization=request.organization,
        actor=request.user,
        action="exported",
        subject=sheet.run,
        after={"words": f"{what}.{kind}"},
    )
    answer = StreamingHttpResponse(
        as_csv(sheet) if kind == "csv" else as_workbook(sheet),
        content_type="text/csv; charset=utf-8" if kind == "csv" else WORKBOOK,
    )
    name = f"{what}-{sheet.run.scheduled_for:%Y-%m-%d}.{kind}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer  # type: ignore[return-value]  # every view's answer, streamed
