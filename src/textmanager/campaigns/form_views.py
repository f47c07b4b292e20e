"""The campaign form: new and edit, both kinds, as drafts and for good."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from textmanager.campaigns import drafts
from textmanager.campaigns.audience import AudienceUnavailable, FirstLook, first_look
from textmanager.campaigns.comparing import differences
from textmanager.campaigns.confirming import confirmation, digest_of
from textmanager.campaigns.editing import (
    EditedMeanwhile,
    HasBegun,
    SavedAlready,
    refuse_begun,
)
from textmanager.campaigns.form_values import (
    answers_in,
    initial_for,
    initial_for_draft,
    initial_for_new,
    typed_in,
)
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.kept_forms import keeps_what_was_typed, person_token, take_kept_form
from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import ApiMode, Campaign, CampaignKind, CampaignState
from textmanager.campaigns.saving import save_campaign
from textmanager.config.typed import whole_number
from textmanager.organizations.activity_types import activity_types
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs.beginning import latest_run_of

FORM = "campaigns/form.html"
SESSION_ENDED = (
    "Your session had ended. This is what you had typed; it is not saved yet. Look through it and "
    "save it again."
)


@dataclass
class Opened:
    """The form that a request is about: of a campaign, or of one that is not there yet."""

    request: MemberRequest
    kind: str
    initial: dict[str, Any]
    form_id: str
    campaign: Campaign | None = None
    # What is said above the form, beside its errors.
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def is_draft(self) -> bool:
        return self.campaign is None or self.campaign.state == CampaignState.DRAFT


@keeps_what_was_typed
@member_required(Role.AUTHOR)
def new(request: MemberRequest) -> HttpResponse:
    kind = kind_in(request)
    opened = Opened(
        request,
        kind,
        initial_for_new(request.organization, timezone.now(), kind=kind),
        request.POST.get("form_id", "") or str(uuid.uuid4()),
    )
    return _answer(opened)


@keeps_what_was_typed
@member_required(Role.AUTHOR)
def edit(request: MemberRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(
        Campaign.objects.select_related("organization"),
        pk=campaign_id,
        organization=request.organization,
        deleted_at=None,
    )
    try:
        refuse_begun(campaign)
    except HasBegun as begun:
        return _begun_already(request, campaign_id, begun)
    is_draft = campaign.state == CampaignState.DRAFT
    initial = initial_for_draft(campaign, timezone.now()) if is_draft else initial_for(campaign)
    return _answer(Opened(request, campaign.kind, initial, f"campaign-{campaign_id}", campaign))


def _begun_already(request: MemberRequest, campaign_id: int, begun: HasBegun) -> HttpResponse:
    """To the run, for whoever pressed twice; the second press may have waited for the first."""
    campaign = Campaign.objects.get(pk=campaign_id, organization=request.organization)
    run = latest_run_of(campaign)
    if run is not None and _is_pressed_twice(request, campaign):
        return redirect("runs:detail", run.pk)
    messages.error(request, str(begun))
    return redirect("campaigns:list")


def _is_pressed_twice(request: MemberRequest, campaign: Campaign) -> bool:
    """Whether what is sent here is what the campaign has begun with."""
    said = ("name", "iqa_path", "template", "api_mode")
    typed = typed_in(request.POST)
    return "confirmed" in request.POST and all(
        str(typed.get(name, "")).replace("\r\n", "\n").strip() == getattr(campaign, name)
        for name in said
    )


def kind_in(request: MemberRequest) -> str:
    """The kind of campaign that a new form is for: as it says, or as the address does."""
    said = request.POST.get("kind") or request.GET.get("kind")
    return CampaignKind.ONE_TIME if said == CampaignKind.ONE_TIME else CampaignKind.RECURRING


def _answer(opened: Opened) -> HttpResponse:
    request = opened.request
    if request.method != "POST":
        _bring_back(opened)
        return _page(opened, _form(opened, None))
    if request.POST.get("save") == "draft" and opened.is_draft:
        return _save_draft(opened)
    form = _form(opened, request.POST)
    if request.POST.get("save") == "back" or not form.is_valid():
        opened.context["is_unsaved"] = True
        return _page(opened, form)
    if form.cleaned_data["api_mode"] == ApiMode.LIVE and not _is_confirmed(opened, form):
        return _ask(opened, form)
    return _save(opened, form)


def _bring_back(opened: Opened) -> None:
    """Puts into the form what this person typed and could not save the last time."""
    kept = take_kept_form(opened.request)
    if kept is not None:
        opened.initial |= kept["typed"]
        opened.form_id = kept["form_id"] or opened.form_id
        version = whole_number(kept["version"])
        if opened.campaign is not None and version is not None:
            opened.initial["version"] = version
        opened.context |= {"notice": SESSION_ENDED, "is_unsaved": True}
        return
    unsaved = (
        drafts.unsaved_changes(opened.campaign, opened.request.user) if opened.campaign else None
    )
    if unsaved is not None and opened.campaign is not None:
        # The comparison is with what the campaign says now.
        if unsaved.version != opened.campaign.version:
            opened.context["differences"] = _differences(opened, unsaved.typed)
        opened.initial |= unsaved.typed | {"version": unsaved.version}
        opened.context |= {"unsaved_since": unsaved.saved_at, "is_unsaved": True}


def _save_draft(opened: Opened) -> HttpResponse:
    request, typed = opened.request, typed_in(opened.request.POST)
    if opened.campaign is None:
        new_draft = drafts.keep_draft(
            organization=request.organization,
            actor=request.user,
            form_id=form_id_in(opened.form_id),
            kind=opened.kind,
            typed=typed,
        )
        if new_draft is None:
            messages.info(request, "Nothing was typed yet, so there is no draft to keep.")
            return _to_list(opened.kind)
    else:
        kept = drafts.keep_changes(
            organization=request.organization,
            actor=request.user,
            campaign_id=opened.campaign.pk,
            typed=typed,
            version=version_in(request),
        )
        if kept.edited_meanwhile:
            return redirect("campaigns:edit", opened.campaign.pk)
    messages.success(request, "The draft is saved. Nothing is sent before you finish it.")
    return _to_list(opened.kind)


def _save(opened: Opened, form: CampaignForm) -> HttpResponse:
    request = opened.request
    try:
        saved = save_campaign(
            organization=request.organization,
            actor=request.user,
            values=form.cleaned_data,
            kind=opened.kind,
            form_id=form_id_in(opened.form_id),
            campaign_id=opened.campaign.pk if opened.campaign else None,
        )
    except EditedMeanwhile as conflict:
        form.add_error(None, str(conflict))
        # What the person saves next is a choice made with the other's version in mind.
        form.data = request.POST.copy()
        form.data["version"] = str(Campaign.objects.get(pk=opened.campaign.pk).version)  # type: ignore[union-attr]  # only a campaign can have been edited
        opened.context["differences"] = _differences(opened, typed_in(request.POST))
        return _page(opened, form)
    except HasBegun as begun:
        return _begun_already(request, opened.campaign.pk, begun)  # type: ignore[union-attr]  # only a campaign can have begun
    except SavedAlready as already:
        form.add_error(None, str(already))
        opened.context["is_unsaved"] = True
        return _page(opened, form)
    except NotPossible as refusal:
        form.add_error("start_date", str(refusal))
        return _page(opened, form)
    messages.success(request, _told(saved.campaign, form, is_new=opened.is_draft))
    return redirect("runs:detail", saved.run.pk) if saved.run else _to_list(opened.kind)


def _told(campaign: Campaign, form: CampaignForm, *, is_new: bool) -> str:
    if campaign.kind == CampaignKind.ONE_TIME:
        now = form.cleaned_data.get("when") == "now"
        return f"“{campaign.name}” is {'on its way' if now else 'scheduled'}."
    return f"“{campaign.name}” is saved{' and active' if is_new else ''}."


def _to_list(kind: str) -> HttpResponse:
    one_time = "?kind=one_time" if kind == CampaignKind.ONE_TIME else ""
    return redirect(reverse("campaigns:list") + one_time)


def _is_confirmed(opened: Opened, form: CampaignForm) -> bool:
    return opened.request.POST.get("confirmed") == digest_of(form.cleaned_data)


def _ask(opened: Opened, form: CampaignForm) -> HttpResponse:
    """The second step of saving a LIVE campaign; it carries everything that was typed."""
    request = opened.request
    context = {
        "form": form,
        "campaign": opened.campaign,
        "carried": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in {"csrfmiddlewaretoken", "confirmed", "save"}
        ],
        "confirmed": digest_of(form.cleaned_data),
        "asked": confirmation(
            request.organization,
            form,
            actor=request.user,
            form_key=f"{request.user.pk}-{opened.form_id}"[:60],
            campaign=opened.campaign,
        ),
    }
    return render(request, "campaigns/form_confirm.html", context)


def _differences(opened: Opened, typed: Mapping[str, Any]) -> list[Any]:
    campaign = Campaign.objects.select_related("organization").get(pk=opened.campaign.pk)  # type: ignore[union-attr]  # asked for a campaign only
    theirs = (
        initial_for_draft(campaign, timezone.now())
        if campaign.state == CampaignState.DRAFT
        else initial_for(campaign)
    )
    form = CampaignForm(organization=campaign.organization, kind=campaign.kind, initial=theirs)
    return differences(form, typed)


def form_id_in(text: str) -> uuid.UUID:
    """The form's own ID; a new one for a form that has none, or nonsense."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


def version_in(request: MemberRequest) -> int:
    """The version that the form was opened with; 0 when it does not say."""
    return whole_number(request.POST.get("version")) or 0


def look_at(
    request: MemberRequest, path: str, answers: Mapping[str, str]
) -> tuple[FirstLook | None, str]:
    """A first look at the IQA, or why there is none."""
    if not path:
        return None, ""
    try:
        return first_look(request.organization.pk, path, answers), ""
    except AudienceUnavailable as unavailable:
        return None, str(unavailable)


def _form(opened: Opened, data: Any) -> CampaignForm:
    initial = opened.initial
    path = str(data.get("iqa_path", "") if data is not None else initial.get("iqa_path", ""))
    answers = dict(initial.get("prompt_answers") or ()) | answers_in(
        data if data is not None else initial
    )
    look, error = look_at(opened.request, path.strip(), answers)
    opened.context |= looked(look, error)
    return CampaignForm(
        data,
        organization=opened.request.organization,
        kind=opened.kind,
        columns=look.columns if look else (),
        prompts=look.prompts if look else None,
        initial=initial,
    )


def looked(look: FirstLook | None, error: str) -> dict[str, Any]:
    """What a look at the IQA adds to the page."""
    return {
        "columns": list(look.columns) if look else [],
        "sample": look.sample if look else {},
        "problems": list(look.problems) if look else [],
        "iqa_error": error,
    }


def _page(opened: Opened, form: CampaignForm) -> HttpResponse:
    request = opened.request
    others = (
        drafts.others_at(opened.campaign, request.user, timezone.now()) if opened.campaign else []
    )
    context = {
        **opened.context,
        "text_type": activity_types(opened.request.organization.pk).texts,
        "form": form,
        "kind": opened.kind,
        "is_one_time": opened.kind == CampaignKind.ONE_TIME,
        "is_draft": opened.is_draft,
        "campaign": opened.campaign,
        "form_id": opened.form_id,
        "person": person_token(request.user),
        "others": others,
        "has_senders": any(each.is_active for each in form.senders),
        "may_connect": request.membership.may(Role.ADMIN),
    }
    return render(request, FORM, context, status=422 if form.errors else 200)
