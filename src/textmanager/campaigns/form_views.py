"""The campaign form: new, edit, the columns of an IQA, and the live summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from textmanager.campaigns.audience import (
    AudienceUnavailable,
    FirstLook,
    first_look,
    known_queries,
)
from textmanager.campaigns.editing import EditedMeanwhile, create_campaign, update_campaign
from textmanager.campaigns.forms import (
    CampaignForm,
    answers_in,
    initial_for,
    initial_for_new,
)
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign
from textmanager.campaigns.scheduling import FIELDS as SCHEDULE_FIELDS
from textmanager.campaigns.summary import summarize
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role

FORM = "campaigns/form.html"


@member_required(Role.AUTHOR)
def new(request: MemberRequest) -> HttpResponse:
    initial = initial_for_new(request.organization, timezone.now())
    look, _ = _look(request, request.POST.get("iqa_path", ""), answers_in(request.POST))
    form = _form(request, look, initial)
    if request.method == "POST" and form.is_valid():
        try:
            campaign = create_campaign(
                organization=request.organization, actor=request.user, values=form.cleaned_data
            )
        except NotPossible as refusal:
            form.add_error("start_date", str(refusal))
        else:
            messages.success(request, f"“{campaign.name}” is saved and active.")
            return redirect("campaigns:list")
    return _page(request, form, None)


@member_required(Role.AUTHOR)
def edit(request: MemberRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(
        Campaign, pk=campaign_id, organization=request.organization, deleted_at=None
    )
    answers = answers_in(request.POST) if request.POST else dict(campaign.prompt_answers)
    look, _ = _look(request, request.POST.get("iqa_path", campaign.iqa_path), answers)
    form = _form(request, look, initial_for(campaign))
    if request.method == "POST" and form.is_valid():
        try:
            campaign = update_campaign(
                organization=request.organization,
                actor=request.user,
                campaign_id=campaign_id,
                values=form.cleaned_data,
            )
        except EditedMeanwhile as conflict:
            form.add_error(None, str(conflict))
            # What the person saves next is a choice made with the other's version in mind.
            form.data = request.POST.copy()
            form.data["version"] = str(Campaign.objects.get(pk=campaign_id).version)
        except NotPossible as refusal:
            form.add_error("start_date", str(refusal))
        else:
            messages.success(request, f"“{campaign.name}” is saved.")
            return redirect("campaigns:list")
    return _page(request, form, campaign)


@member_required(Role.AUTHOR)
def columns(request: MemberRequest) -> HttpResponse:
    """The part of the form that depends on the IQA, as soon as one is chosen."""
    path = request.GET.get("iqa_path", "").strip()
    answers = answers_in(request.GET)
    look, error = _look(request, path, answers)
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
    return render(request, f"{FORM}#columns", _columns_context(form, look, error))


@require_POST
@member_required(Role.AUTHOR)
def summary(request: MemberRequest) -> HttpResponse:
    """The Campaign Summary for what the form holds now, or what is missing for it."""
    path = request.POST.get("iqa_path", "").strip()
    look, error = _look(request, path, answers_in(request.POST))
    form = _form(request, look, {})
    # Nothing is saved here: a name can wait, figures need not.
    form.fields["name"].required = False
    context: dict[str, Any] = {"summary": None, "missing": [], "error": error}
    if not form.is_valid():
        context["missing"] = _missing(form)
    elif not error:
        campaign_id = request.POST.get("campaign_id", "")
        try:
            context["summary"] = summarize(
                request.organization,
                form.cleaned_data,
                campaign_id=int(campaign_id) if campaign_id.isdigit() else None,
            )
        except AudienceUnavailable as unavailable:
            context["error"] = str(unavailable)
    return render(request, "campaigns/summary.html", context)


def _missing(form: CampaignForm) -> list[str]:
    """What to fill in before there can be figures, one sentence a subject."""
    wanted = {
        "iqa_path": "Choose the IQA.",
        "id_column": "Choose the column with the iMIS ID.",
        "phone_column": "Choose the column with the mobile number.",
        "template": "Write the message.",
        "sender": "Choose the sender.",
        **dict.fromkeys(SCHEDULE_FIELDS, "Complete the schedule."),
    }
    missing = []
    for name, errors in form.errors.items():
        filled = bool(form.data.get(name))
        sentence = (
            " ".join(str(error) for error in errors)
            if filled or name not in wanted
            else wanted[name]
        )
        missing.append(sentence)
    return list(dict.fromkeys(missing))


def _look(
    request: MemberRequest, path: str, answers: Mapping[str, str]
) -> tuple[FirstLook | None, str]:
    """A first look at the IQA, or why there is none."""
    if not path:
        return None, ""
    try:
        return first_look(request.organization.pk, path, answers), ""
    except AudienceUnavailable as unavailable:
        return None, str(unavailable)


def _form(request: MemberRequest, look: FirstLook | None, initial: dict[str, Any]) -> CampaignForm:
    return CampaignForm(
        request.POST if request.method == "POST" else None,
        organization=request.organization,
        columns=look.columns if look else (),
        prompts=look.prompts if look else None,
        initial=initial,
    )


def _page(request: MemberRequest, form: CampaignForm, campaign: Campaign | None) -> HttpResponse:
    path = str(form["iqa_path"].value() or "")
    answers = dict(form.initial.get("prompt_answers") or ()) | answers_in(form.data)
    look, error = _look(request, path, answers)
    context = {
        **_columns_context(form, look, error),
        "campaign": campaign,
        "senders": form.organization.senders.filter(is_active=True).order_by("name"),
        "iqa_choices": known_queries(request.organization.pk),
    }
    return render(request, FORM, context, status=422 if form.errors else 200)


def _columns_context(form: CampaignForm, look: FirstLook | None, error: str) -> dict[str, Any]:
    return {
        "form": form,
        "columns": list(look.columns) if look else [],
        "sample": look.sample if look else {},
        "problems": list(look.problems) if look else [],
        "iqa_error": error,
    }
