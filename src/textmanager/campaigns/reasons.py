"""Why somebody gets no text, or not yet: a code in the database, words on every page."""

from __future__ import annotations

from dataclasses import dataclass

from textmanager.text.phones import INVALID_REASONS


@dataclass(frozen=True)
class Reason:
    """A reason in plain words, and what staff can do about it (empty: nothing needs doing)."""

    words: str
    what_to_do: str = ""


_CORRECT_THE_NUMBER = "Correct the mobile number on the iMIS record."

REASONS: dict[str, Reason] = {
    "opted_out": Reason("Opted out", "Nothing. The person replied STOP or was opted out by staff."),
    "duplicate_number": Reason(
        "Same number as another person in this run",
        "Nothing. A number gets at most one text in a run.",
    ),
    "duplicate_member": Reason(
        "Same person more than once in the audience",
        "Nothing. A person gets at most one text in a run. To avoid it, let the IQA return one row "
        "a person.",
    ),
    "texted_recently": Reason("Texted by this campaign a short while ago", ""),
    "no_imis_id": Reason("No iMIS ID", "Let the IQA return the iMIS ID in every row."),
    "empty_field": Reason(
        "A merge field is empty",
        "Fill the field on the iMIS record, or give it a fallback: ${FirstName|friend}.",
    ),
    "empty_text": Reason("The text would be empty", "Check the message template."),
    "too_long": Reason("The text is longer than 1,600 characters", "Shorten the message template."),
    "too_late": Reason(
        "Its time had passed before it could leave",
        "Nothing, or run the campaign again. How long its texts are useful is on its form.",
    ),
    "quiet_hours": Reason("Waits for the recipient's texting hours"),
    "allowance": Reason("Waits for tomorrow: today's allowance is used up"),
    "sender_cap": Reason("Waits for tomorrow: the sender's daily cap is reached"),
    "absent": Reason("Twilio has not got it so far; it is looked for once more"),
    "retry": Reason("Waits for another try: Twilio could not be reached or was busy"),
    "run_canceled": Reason("The run was canceled"),
    "unclear": Reason(
        "Not known whether it was sent",
        "Twilio neither confirmed nor denied it. It is never sent again by itself; look the "
        "number up in the Twilio console.",
    ),
}


def explain_reason(code: str) -> Reason:
    """The words for a reason code; one that is not known is shown as it is."""
    if code.startswith("number:"):
        words = INVALID_REASONS.get(code.removeprefix("number:"), code)
        return Reason(words, _CORRECT_THE_NUMBER)
    return REASONS.get(code, Reason(code.replace("_", " ")))
