"""The live parts of the form that tell what a campaign will do: figures, dates, who is left out."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from textmanager.campaigns.coming import coming_of, pause_in_words
from textmanager.campaigns.confirming import confirmation
from textmanager.campaigns.counting import ask, count_of, left_out_of, nobody_counts
from textmanager.campaigns.figures import MOST_NAMED, Question
from textmanager.campaigns.form_values import answers_in
from textmanager.campaigns.form_views import kind_in, look_at
from textmanager.campaigns.forms import CampaignForm
from textmanager.campaigns.models import AudienceCount, Campaign, CampaignState, CountState
from textmanager.campaigns.reasons import explain_reason
from textmanager.campaigns.scheduling import FIELDS as SCHEDULE_FIELDS
from textmanager.campaigns.summary import count_now, summary_of, values_of
from textmanager.config.typed import whole_number
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role

A_PAGE = 50


@require_POST
@member_required(Role.AUTHOR)
def summary(request: MemberRequest) -> HttpResponse:
    """The Campaign Summary for what the form holds now, or what is missing for it.

    While the audience is being counted it asks for itself again, with whatever the form holds
    by then.
    """
    form, error = form_in(request)
    context: dict[str, Any] = {"missing": [], "error": error}
    if not form.is_valid():
        context["missing"] = missing_in(form)
    elif not error:
        campaign = campaign_in(request)
        count = ask(
            organization=request.organization,
            actor=request.user,
            form_key=form_key_in(request),
            question=Question.of(form.cleaned_data, campaign.pk if campaign else None),
            fresh=request.POST.get("again") == "1",
        )
        context |= counted(count)
        context["summary"] = summary_of(
            request.organization,
            form.cleaned_data,
            count,
            skipped=campaign.skipped if campaign else (),
        )
    return render(request, "campaigns/summary.html", context)


@require_POST
@member_required(Role.AUTHOR)
def schedule(request: MemberRequest) -> HttpResponse:
    """The schedule in words and its next dates, as soon as it is whole."""
    form = CampaignForm(request.POST, organization=request.organization, kind=kind_in(request))
    form.is_valid()
    context: dict[str, Any] = {
        "coming": None,
        "problems": schedule_problems(form),
        "is_one_time": form.is_one_time,
    }
    if not form.schedule_errors():
        campaign = campaign_in(request)
        skipped = campaign.skipped if campaign else ()
        context["coming"] = coming_of(form.cleaned_data, timezone.now(), skipped)
    days = form.cleaned_data.get("days_between_texts") or 0
    context["pause"] = pause_in_words(days)
    return render(request, "campaigns/form_schedule.html", context)


@require_POST
@member_required(Role.AUTHOR)
def confirmation_figures(request: MemberRequest) -> HttpResponse:
    """The sentence that asks whether to save, once more while the audience is being counted."""
    form, error = form_in(request)
    if error or not form.is_valid():
        return render(request, "campaigns/form_confirm.html#figures", {"error": error})
    asked = confirmation(
        request.organization,
        form,
        actor=request.user,
        form_key=form_key_in(request),
        campaign=campaign_in(request),
    )
    return render(request, "campaigns/form_confirm.html#figures", {"asked": asked})


@member_required(Role.AUTHOR)
def left_out(request: MemberRequest, count_id: int, reason: str) -> HttpResponse:
    """Who gets no text for one reason: the list behind a figure of the summary."""
    try:
        count = count_of(request.organization, count_id)
        people = left_out_of(request.organization, count_id, reason)
    except AudienceCount.DoesNotExist:
        raise Http404 from None
    total = count.figures.get("excluded", {}).get(reason, 0)
    page = Paginator(people, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "count": count,
        "reason": explain_reason(reason),
        "code": reason,
        "people": page,
        "total": total,
        "named": len(people),
        "most_named": MOST_NAMED,
        "zone": request.organization.time_zone,
    }
    part = "#list" if request.htmx else ""
    return render(request, f"campaigns/form_left_out.html{part}", context)


@member_required(Role.AUTHOR)
def run_now_figures(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Whom a run at this moment would text, for the page that asks."""
    campaign = get_object_or_404(
        Campaign.objects.select_related("organization", "sender").exclude(
            state=CampaignState.DRAFT
        ),
        pk=campaign_id,
        organization=request.organization,
        deleted_at=None,
    )
    count = count_now(campaign, actor=request.user, again=request.GET.get("again") == "1")
    figures = summary_of(request.organization, values_of(campaign), count, starts_at=timezone.now())
    context = {"campaign": campaign, "summary": figures, **counted(count)}
    return render(request, "campaigns/run_now.html#figures", context)


def counted(count: AudienceCount) -> dict[str, Any]:
    """How far a count is, for the part of a page that waits for it."""
    return {
        "count": count,
        "is_counting": count.state not in (CountState.DONE, CountState.FAILED),
        "failure": count.error if count.state == CountState.FAILED else "",
        "no_worker": nobody_counts(count),
    }


def form_in(request: MemberRequest) -> tuple[CampaignForm, str]:
    """The form as it stands, and why its IQA cannot be read. Nothing is saved: a name can wait."""
    path = request.POST.get("iqa_path", "").strip()
    look, error = look_at(request, path, answers_in(request.POST))
    form = CampaignForm(
        request.POST,
        organization=request.organization,
        kind=kind_in(request),
        columns=look.columns if look else (),
        prompts=look.prompts if look else None,
    )
    form.fields["name"].required = False
    return form, error


def form_key_in(request: MemberRequest) -> str:
    """The form's own key, one for each person: what they change abandons nobody else's count."""
    return f"{request.user.pk}-{request.POST.get('form_id', '')}"[:60]


def campaign_in(request: MemberRequest) -> Campaign | None:
    """The organization's campaign that the form is of, with its skips; None for a new one."""
    given = whole_number(request.POST.get("campaign_id"))
    if given is None:
        return None
    own = Campaign.objects.filter(pk=given, organization=request.organization)
    return own.only("skipped").first()


def missing_in(form: CampaignForm) -> list[str]:
    """What to fill in before there can be figures, one sentence a subject."""
    wanted = {
        "iqa_path": "Choose the IQA.",
        "id_column": "Choose the column with the iMIS ID.",
        "phone_column": "Choose the column with the mobile number.",
        "template": "Write the message.",
        "sender": "Choose the sender.",
        **dict.fromkeys((*SCHEDULE_FIELDS, "when"), "Complete the schedule."),
    }
    missing = [
        wanted[name] if name in wanted and not form.data.get(name) else " ".join(map(str, errors))
        for name, errors in form.errors.items()
    ]
    return list(dict.fromkeys(missing))


def schedule_problems(form: CampaignForm) -> list[str]:
    """What is wrong with what is filled in of the schedule."""
    wrong = (name for name in SCHEDULE_FIELDS if name in form.errors and form.data.get(name))
    return list(dict.fromkeys(str(error) for name in wrong for error in form.errors[name]))
