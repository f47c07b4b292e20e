"""The campaign form: its fields, and what is wrong with them in words for staff."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils import timezone

from textmanager.campaigns import scheduling
from textmanager.campaigns.models import (
    ApiMode,
    CampaignKind,
    CatchUp,
    EmptyValues,
    Priority,
    WriteBackTarget,
)
from textmanager.config.typed import whole_number
from textmanager.config.wording import InPlainWords
from textmanager.imis.iqa import IqaPrompt
from textmanager.organizations.mailing import addresses_in
from textmanager.organizations.models import Organization, Sender
from textmanager.organizations.senders import senders_in_use, why_out_of_use
from textmanager.schedule.recurrence import RecurrenceError
from textmanager.text.merge import Template, TemplateError

COMMON_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Toronto",
    "America/Puerto_Rico",
    "Europe/London",
    "UTC",
)
# What the fields for an IQA's questions are named by, with the question's name behind.
PROMPT = "prompt-"
# An answer may change who is in the audience: the form looks at it again.
_LOOK_AGAIN = {
    "hx-get": reverse_lazy("campaigns:columns"),
    "hx-trigger": "change",
    "hx-target": "#columns",
    "hx-swap": "outerHTML",
    "hx-include": "#id_iqa_path, #columns select, #columns input",
}
# Of no use to a campaign that runs once.
RECURRING_ALONE = (
    "days_between_texts",
    "repeat",
    "interval",
    "weekdays",
    "month_day",
    "short_months",
    "nth",
    "nth_weekday",
    "ends",
    "until",
    "count",
)
# What most campaigns leave as it is; the form shows it when asked.
RARELY_CHANGED = (
    "priority",
    "days_between_texts",
    "catch_up",
    "catch_up_hours",
    "useful_for_hours",
)
ENDS = (("never", "Never"), ("on", "On a date"), ("after", "After a number of times"))


class CampaignForm(InPlainWords, forms.Form):
    """A campaign of either kind as staff fill it in.

    `columns` are those of the chosen IQA; empty when it could not be read just now, which must
    not keep anybody from saving what they typed. `prompts` are what it asks before it runs; None
    when that is not known, and then the answers that were there stay.
    """

    name = forms.CharField(
        label="Name", max_length=120, error_messages={"required": "Give the campaign a name."}
    )
    report_emails = forms.CharField(
        label="Status report e-mail",
        required=False,
        widget=forms.Textarea(attrs={"rows": 1}),
        help_text="Who gets the full status report. Several addresses: separate them by commas.",
    )

    iqa_path = forms.CharField(
        label="IQA", max_length=400, error_messages={"required": "Choose an IQA."}
    )
    id_column = forms.CharField(
        label="iMIS ID Column Name",
        max_length=200,
        error_messages={"required": "Choose the column with the iMIS ID."},
    )
    phone_column = forms.CharField(
        label="Phone Number Column Name",
        max_length=200,
        error_messages={"required": "Choose the column with the mobile number."},
    )
    days_between_texts = forms.IntegerField(
        label="Do not text the same person again within (days)",
        min_value=0,
        max_value=366,
        initial=0,
        required=False,
        help_text="By this campaign. 0: no such limit.",
    )

    sender = forms.ModelChoiceField(
        label="Sender",
        queryset=Sender.objects.none(),
        error_messages={"required": "Choose the sender."},
    )
    priority = forms.ChoiceField(
        label="Priority",
        choices=Priority.choices,
        initial=str(Priority.NORMAL),
        required=False,
        help_text="Counts when several campaigns wait for one number.",
    )
    api_mode = forms.ChoiceField(
        label="API Mode", choices=ApiMode.choices, initial=ApiMode.TEST, widget=forms.RadioSelect
    )
    template = forms.CharField(
        label="Message Template",
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=4000,
        error_messages={"required": "Write the message."},
    )
    empty_values = forms.ChoiceField(
        label="When a merge field is empty", choices=EmptyValues.choices, initial=EmptyValues.SEND
    )

    write_back = forms.ChoiceField(
        label="Write each text sent to",
        choices=WriteBackTarget.choices,
        initial=WriteBackTarget.ACTIVITIES,
    )

    when = forms.ChoiceField(
        label="Send",
        choices=scheduling.WHEN,
        initial=scheduling.LATER,
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether it goes now or later."},
    )
    repeat = forms.ChoiceField(label="Repeat", choices=scheduling.REPEATS, initial="monthly_date")
    interval = forms.IntegerField(
        label="Every", min_value=1, max_value=99, initial=1, required=False
    )
    weekdays = forms.MultipleChoiceField(
        label="On",
        choices=scheduling.WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    month_day = forms.ChoiceField(
        label="Day of the month", choices=scheduling.MONTH_DAYS, initial="1", required=False
    )
    short_months = forms.ChoiceField(
        label="In shorter months",
        choices=scheduling.SHORT_MONTHS,
        initial="last_day",
        required=False,
    )
    nth = forms.ChoiceField(label="Which", choices=scheduling.NTH, initial="1", required=False)
    nth_weekday = forms.ChoiceField(
        label="Weekday", choices=scheduling.WEEKDAYS, initial="MO", required=False
    )
    start_date = forms.DateField(
        label="Starting on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    start_time = forms.TimeField(
        label="At", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    time_zone = forms.ChoiceField(label="Time zone")
    ends = forms.ChoiceField(label="Ends", choices=ENDS, initial="never")
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    count = forms.IntegerField(label="Number of times", min_value=1, max_value=999, required=False)
    catch_up = forms.ChoiceField(
        label="When an occurrence was missed", choices=CatchUp.choices, initial=CatchUp.RUN_LATE
    )
    catch_up_hours = forms.IntegerField(
        label="At most so many hours late", min_value=1, max_value=72, initial=12, required=False
    )
    useful_for_hours = forms.IntegerField(
        label="No text later than (hours after the start)",
        min_value=1,
        max_value=24 * 30,
        required=False,
        help_text="What is not sent by then stays unsent. Empty: no such limit.",
    )

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        organization: Organization,
        kind: str = CampaignKind.RECURRING,
        columns: tuple[str, ...] = (),
        prompts: Sequence[IqaPrompt] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.kind = kind
        self.columns = columns
        self.prompts = prompts
        self._shape_for_kind()
        answers = dict(self.initial.get("prompt_answers") or ())
        for prompt in prompts or ():
            self.fields[PROMPT + prompt.name] = forms.CharField(
                label=prompt.label,
                required=prompt.is_required,
                max_length=200,
                initial=answers.get(prompt.name, ""),
                error_messages={"required": "The IQA cannot run without this answer."},
                widget=forms.TextInput(attrs=_LOOK_AGAIN),
            )
        self._shape_sender()
        zone = self.fields["time_zone"]
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [(name, name.replace("_", " ")) for name in zones_for(organization)]
            zone.initial = organization.time_zone

    @functools.cached_property
    def senders(self) -> list[Sender]:
        """The organization's, by name, those out of use too; read once for all that shows them."""
        return list(self.organization.senders.order_by("name"))

    def _shape_sender(self) -> None:
        field = self.fields["sender"]
        if not isinstance(field, forms.ModelChoiceField):
            return
        field.queryset = senders_in_use(self.organization.pk)
        field.choices = self._senders_to_choose
        said = whole_number(str(self.initial.get("sender") or ""))
        if said is not None and not self.is_bound:
            why = next((why_out_of_use(each) for each in self.senders if each.pk == said), "")
            field.help_text = f"{why} Choose another sender." if why else ""

    def _senders_to_choose(self) -> list[tuple[object, str]]:
        in_use = [(each.pk, str(each)) for each in self.senders if each.is_active]
        return [("", "Choose…"), *in_use]

    def _shape_for_kind(self) -> None:
        if self.kind == CampaignKind.RECURRING:
            del self.fields["when"]
            return
        for name in RECURRING_ALONE:
            del self.fields[name]
        self.fields["start_date"].label = "On"
        self.fields["catch_up"].label = "When the moment was missed"
        if self.is_bound and self.data.get("when") == scheduling.NOW:
            self.fields["start_date"].required = False
            self.fields["start_time"].required = False

    @property
    def is_one_time(self) -> bool:
        return self.kind == CampaignKind.ONE_TIME

    @property
    def has_rare_options(self) -> bool:
        """Whether something that is rarely changed was changed here, or is wrong."""
        return any(
            name in self.errors
            or str(self[name].value() or "") != str(self.fields[name].initial or "")
            for name in RARELY_CHANGED
            if name in self.fields
        )

    def error_links(self) -> list[tuple[str, str, str]]:
        """Each error for the summary on top: the place to go to, the field's label, the words."""
        links = []
        for name, errors in self.errors.items():
            if name not in self.fields:
                continue
            field = self[name]
            anchor = field.id_for_label or f"{field.auto_id}_0"
            links += [(anchor, str(field.label), str(error)) for error in errors]
        return links

    def prompt_fields(self) -> list[forms.BoundField]:
        """A field for each question of the IQA."""
        return [self[PROMPT + prompt.name] for prompt in self.prompts or ()]

    def clean_report_emails(self) -> list[str]:
        return addresses_in(self.cleaned_data["report_emails"])

    def clean_template(self) -> str:
        text = str(self.cleaned_data["template"])
        try:
            template = Template.parse(text)
        except TemplateError as error:
            raise ValidationError(str(error)) from error
        problems = template.check(self.columns) if self.columns else ()
        if problems:
            raise ValidationError([problem.message for problem in problems])
        return text

    def clean_priority(self) -> Priority:
        return Priority(int(self.cleaned_data["priority"] or Priority.NORMAL))

    def clean_phone_column(self) -> str:
        return self._known_column("phone_column")

    def clean_id_column(self) -> str:
        return self._known_column("id_column")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "iqa_path" in self.errors:
            # Its columns can be chosen once it is: one thing to put right, not three.
            self.errors.pop("id_column", None)
            self.errors.pop("phone_column", None)
        for name in ("interval", "catch_up_hours", "days_between_texts"):
            if name in self.fields and cleaned.get(name) is None and name not in self.errors:
                cleaned[name] = self.fields[name].initial
        cleaned["prompt_answers"] = self._prompt_answers(cleaned)
        if self.is_one_time:
            cleaned |= {"rrule": "", "days_between_texts": 0}
        if not self.schedule_errors():
            self._check_schedule(cleaned)
        return cleaned

    def _check_schedule(self, cleaned: dict[str, Any]) -> None:
        """Adds the rule of a recurring one."""
        try:
            if not self.is_one_time:
                cleaned["rrule"] = scheduling.rrule_from(cleaned)
            scheduling.refuse_what_is_over(cleaned, timezone.now())
        except scheduling.ScheduleProblem as problem:
            self.add_error(problem.field, str(problem))
        except RecurrenceError as error:
            self.add_error("repeat", str(error))

    def _prompt_answers(self, cleaned: dict[str, Any]) -> list[list[str]]:
        if self.prompts is None:
            return list(self.initial.get("prompt_answers") or [])
        return [
            [prompt.name, str(cleaned.pop(PROMPT + prompt.name, ""))] for prompt in self.prompts
        ]

    def schedule_errors(self) -> bool:
        return any(name in self.errors for name in (*scheduling.FIELDS, "when"))

    def _known_column(self, name: str) -> str:
        column = str(self.cleaned_data[name])
        if self.columns and column not in self.columns:
            raise ValidationError(f"The IQA has no column “{column}”. Choose one of its columns.")
        return column


def zones_for(organization: Organization) -> list[str]:
    """The zones to offer: the organization's first, then the usual ones."""
    own = organization.time_zone
    return [own, *(name for name in _usual_zones() if name != own)]


@functools.cache
def _usual_zones() -> tuple[str, ...]:
    # Reads hundreds of files.
    known = available_timezones()
    return tuple(name for name in COMMON_ZONES if name in known)
