"""The IQA picker, and what a chosen IQA changes in the form."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from textmanager.campaigns.audience import AudienceUnavailable
from textmanager.campaigns.form_values import answers_in
from textmanager.campaigns.form_views import FORM, look_at, looked
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.iqa_library import folder, recently_used, search_queries
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role

PICKER = "campaigns/form_iqa_picker.html"


@member_required(Role.AUTHOR)
def columns(request: MemberRequest) -> HttpResponse:
    """The part of the form that depends on the IQA, as soon as one is chosen."""
    path = request.GET.get("iqa_path", "").strip()
    answers = answers_in(request.GET)
    look, error = look_at(request, path, answers)
    known = look.columns if look else ()
    chosen = {name: request.GET.get(name, "") for name in ("id_column", "phone_column")}
    initial = {
        "iqa_path": path,
        "prompt_answers": list(answers.items()),
        # What somebody has chosen stays, as long as the IQA has it.
        **{
            name: column if column in known else getattr(look, name, "")
            for name, column in chosen.items()
        },
    }
    form = CampaignForm(
        organization=request.organization,
        columns=known,
        prompts=look.prompts if look else None,
        initial=initial,
    )
    return render(request, f"{FORM}#columns", {"form": form, **looked(look, error)})


@member_required(Role.AUTHOR)
def picker(request: MemberRequest) -> HttpResponse:
    """Recently used IQAs and the first folder; with `folder` or `words` only what was asked for."""
    organization = request.organization
    context: dict[str, Any] = {"error": ""}
    part = ""
    try:
        if "folder" in request.GET:
            part = "#folder"
            context["documents"] = folder(organization.pk, request.GET["folder"])
        elif "words" in request.GET:
            part = "#found"
            context["words"] = request.GET["words"].strip()
            if context["words"]:
                context["matches"] = search_queries(organization.pk, context["words"])
        else:
            context["recent"] = recently_used(organization)
            context["documents"] = folder(organization.pk)
    except AudienceUnavailable as unavailable:
        context["error"] = str(unavailable)
    return render(request, PICKER + part, context)
