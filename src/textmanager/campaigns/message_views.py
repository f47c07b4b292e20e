"""The live part of the form beneath the editor: what is wrong, how long it is, how it looks."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from textmanager.campaigns.audience import AudienceUnavailable
from textmanager.campaigns.figures import Question
from textmanager.campaigns.form_values import answers_in
from textmanager.campaigns.form_views import look_at
from textmanager.campaigns.models import ApiMode, EmptyValues
from textmanager.campaigns.preview import (
    Preview,
    characters_that_cost,
    notable_places,
    place_of,
    preview_at,
)
from textmanager.config.typed import whole_number
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Organization, Role
from textmanager.organizations.senders import senders_in_use
from textmanager.replies.answering import NotAnswered
from textmanager.replies.models import Answer
from textmanager.replies.trial_texts import MARK, send_trial_text, trial_text
from textmanager.text.merge import Template, TemplateError
from textmanager.text.segments import smart_encode

MESSAGE = "campaigns/form_message.html"
REMEMBERED_NUMBER = "test_number"
SAYS_HOW_TO_END = re.compile(r"\b(stop|unsubscribe|opt[\s-]?out)\b", re.IGNORECASE)
HOW_TO_END = "Reply STOP to end."


@require_POST
@member_required(Role.AUTHOR)
def message(request: MemberRequest) -> HttpResponse:
    """What is wrong with the message, its length, and a phone with the text to one person."""
    return render(request, MESSAGE, _message_context(request))


@require_POST
@member_required(Role.AUTHOR)
def send_test(request: MemberRequest) -> HttpResponse:
    """Sends the previewed text, marked as a test, to a number that the person gives."""
    context: dict[str, Any] = {
        "test_number": request.POST.get("test_number", "").strip(),
        "is_live": _is_live(request),
    }
    try:
        context["sent"] = _send_test(request, context["test_number"])
        request.session[REMEMBERED_NUMBER] = context["test_number"]
    except (NotAnswered, AudienceUnavailable, TemplateError) as refusal:
        context["refusal"] = str(refusal)
    context["text_id"] = uuid.uuid4()
    return render(request, f"{MESSAGE}#test", context)


@member_required(Role.AUTHOR)
def test_text_status(request: MemberRequest, text_id: uuid.UUID) -> HttpResponse:
    """How a test text fares, asked for until it is settled."""
    try:
        sent = trial_text(request.organization, text_id)
    except Answer.DoesNotExist:
        raise Http404 from None
    return render(request, f"{MESSAGE}#sent", {"sent": sent})


def _send_test(request: MemberRequest, number: str) -> Answer:
    if not _is_live(request):
        raise NotAnswered(
            "The campaign is in TEST mode, which sends nothing. Choose LIVE above to send one "
            "text to yourself; the campaign itself is not sent by that."
        )
    sender = _sender(request)
    preview = _preview(request, request.organization)
    if preview is None or not preview.body:
        raise NotAnswered("There is no text to send yet. Choose the IQA and write the message.")
    return send_trial_text(
        organization=request.organization,
        number=number,
        body=preview.body,
        sender=sender,
        author=request.user,
        form_id=_text_id(request),
    )


def _is_live(request: MemberRequest) -> bool:
    return request.POST.get("api_mode") == ApiMode.LIVE


def _sender(request: MemberRequest) -> Any:
    senders = senders_in_use(request.organization.pk)
    sender = senders.filter(pk=whole_number(request.POST.get("sender")) or 0).first()
    if sender is None:
        raise NotAnswered("Choose the sender first.")
    return sender


def _text_id(request: MemberRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("text_id", ""))
    except ValueError:
        return uuid.uuid4()


def _message_context(request: MemberRequest) -> dict[str, Any]:
    text = request.POST.get("template", "").replace("\r\n", "\n")
    context: dict[str, Any] = {
        "template": text,
        "characters": characters_that_cost(text),
        "plain_template": smart_encode(text).body,
        "how_to_end": "" if SAYS_HOW_TO_END.search(text) or not text.strip() else HOW_TO_END,
        "is_live": _is_live(request),
        "test_number": request.session.get(REMEMBERED_NUMBER, ""),
        "text_id": uuid.uuid4(),
        "mark": MARK,
    }
    try:
        template = Template.parse(text)
        look, _ = look_at(
            request, request.POST.get("iqa_path", "").strip(), answers_in(request.POST)
        )
        if look is not None:
            context["unknown"] = _unknown(text, template, look.columns)
            context |= _person_context(request)
    except (TemplateError, AudienceUnavailable) as error:
        context["error"] = str(error)
    return context


def _unknown(text: str, template: Template, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The merge fields that the IQA does not have, each once, with what may have been meant."""
    found = {}
    for problem in template.check(columns):
        written = text[problem.position : problem.position + problem.length]
        _, bar, fallback = written[2:-1].partition("|")
        meant = f"${{{problem.suggestion}{bar}{fallback}}}" if problem.suggestion else ""
        found[written] = {"written": written, "meant": meant, "words": problem.message}
    return list(found.values())


def _person_context(request: MemberRequest) -> dict[str, Any]:
    """The person to preview: whom the form shows, or whom the pressed button asks for."""
    question = _question(request)
    wanted = request.POST.get("find_id", "").strip()
    context: dict[str, Any] = {"notable": notable_places(request.organization, question)}
    if request.POST.get("find") and wanted:
        place = place_of(request.organization, question, wanted)
        if place is None:
            counted = bool(context["notable"])
            context["not_found"] = (
                f"Nobody in this audience has the iMIS ID {wanted}."
                if counted
                else "People can be found by iMIS ID as soon as the audience is counted."
            )
        context["find_id"] = wanted
    else:
        place = None
    at = place if place is not None else _place(request)
    context["preview"] = preview_at(request.organization, question, at)
    return context


def _preview(request: MemberRequest, organization: Organization) -> Preview | None:
    return preview_at(organization, _question(request), _place(request))


def _place(request: MemberRequest) -> int:
    return whole_number(request.POST.get("go") or request.POST.get("place")) or 0


def _question(request: MemberRequest) -> Question:
    """The question as the form stands; what is not chosen yet is empty."""
    values = {
        "iqa_path": request.POST.get("iqa_path", "").strip(),
        "prompt_answers": list(answers_in(request.POST).items()),
        "id_column": request.POST.get("id_column", ""),
        "phone_column": request.POST.get("phone_column", ""),
        "template": request.POST.get("template", "").replace("\r\n", "\n").strip(),
        "empty_values": request.POST.get("empty_values", EmptyValues.SEND),
        "days_between_texts": whole_number(request.POST.get("days_between_texts")) or 0,
    }
    return Question.of(values, whole_number(request.POST.get("campaign_id")))
