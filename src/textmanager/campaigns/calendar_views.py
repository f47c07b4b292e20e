"""The calendar of what ran and what is to run."""

from __future__ import annotations

from django.http import HttpResponse

from textmanager.organizations.membership import MemberRequest, member_required


@member_required()
def calendar_page(request: MemberRequest) -> HttpResponse:
    return HttpResponse("")
