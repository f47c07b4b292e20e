"""What Twilio and the carriers know of a sender: its verification, registration and usual rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twilio.rest import Client

from textmanager.gateway.account import reading
from textmanager.gateway.errors import TwilioRefused

NOT_VERIFIED = "Not verified: carriers block its texts"
_APPROVED = "TWILIO_APPROVED"
# Since 2024 carriers take texts of verified toll-free numbers only; a pending one is blocked too.
_VERIFICATION = {
    _APPROVED: "Verified",
    "PENDING_REVIEW": "Verification waits for review; until then carriers block its texts",
    "IN_REVIEW": "Verification is in review; until then carriers block its texts",
    "TWILIO_REJECTED": "Verification was rejected: carriers block its texts",
}
# Segments a second over all carriers, by the trust score of the brand (from that score on).
_PACES = ((75, 225.0), (50, 120.0), (1, 12.0))
# What the use case alone says: its pace, and T-Mobile's cap for a day.
_SMALL = {
    "LOW_VOLUME": (3.75, 2_000),
    "SOLE_PROPRIETOR": (1.0, 1_000),
}
_NOT_OFFERED = frozenset({401, 403, 404})


@dataclass(frozen=True)
class Registration:
    """A service's 10DLC registration; `pace` (segments a second) and `cap` (a day) if readable."""

    words: str
    is_registered: bool
    pace: float | None = None
    cap: int | None = None


def toll_free_words(state: str | None) -> tuple[str, bool]:
    """A toll-free number's verification in words, and whether carriers block its texts.

    None is a state that could not be read: Twilio's console knows it, and sending shows it.
    """
    if state is None:
        return "Twilio does not let this key read whether it is verified", False
    return _VERIFICATION.get(state, NOT_VERIFIED), state != _APPROVED


async def read_verifications(client: Client) -> dict[str, str] | None:
    """The state of each toll-free number's verification, by the number's SID.

    None where the account or its key may not read them: its numbers are listed all the same.
    """
    try:
        async with reading():
            found = await client.messaging.v1.tollfree_verifications.list_async()
    except TwilioRefused as error:
        if error.status in _NOT_OFFERED:
            return None
        raise
    return {
        str(each.tollfree_phone_number_sid): str(each.status).rpartition(".")[2] for each in found
    }


async def read_registration(client: Client, service: Any) -> Registration:
    """What a Messaging Service's registered campaign allows. Raises what the SDK raises."""
    if not service.us_app_to_person_registered:
        return Registration("Not registered for 10DLC: fine for toll-free and short codes", False)
    campaigns = await _optional(client.messaging.v1.services(service.sid).us_app_to_person)
    if not campaigns:
        return Registration("Registered for 10DLC", True)
    campaign = campaigns[0]
    use_case = str(campaign.us_app_to_person_usecase or "")
    if use_case in _SMALL:
        small_pace, cap = _SMALL[use_case]
        name = use_case.replace("_", " ").lower()
        return Registration(f"Registered for 10DLC, {name}", True, small_pace, cap)
    score = await _trust_score(client, str(campaign.brand_registration_sid or ""))
    if score is None:
        return Registration("Registered for 10DLC", True)
    pace = next((pace for least, pace in _PACES if score >= least), None)
    return Registration(f"Registered for 10DLC, trust score {score}", True, pace)


async def _trust_score(client: Client, brand_sid: str) -> int | None:
    brands = await _optional(client.messaging.v1.brand_registrations)
    scores = [brand.brand_score for brand in brands if str(brand.sid) == brand_sid]
    return scores[0] if scores and isinstance(scores[0], int) else None


async def _optional(resource: Any) -> list[Any]:
    """A list that not every account may read; where it may not, an empty one."""
    try:
        async with reading():
            found: list[Any] = await resource.list_async()
    except TwilioRefused as error:
        if error.status in _NOT_OFFERED:
            return []
        raise
    return found
