"""The statuses of a message: which may follow which, what Twilio's mean, what staff call them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MessageStatus(StrEnum):
    """Where a message stands."""

    HELD = "held"  # waits for its time: texting hours, allowance
    QUEUED = "queued"  # may be sent; → sending
    SENDING = "sending"  # the attempt is committed, its outcome is not known yet
    ACCEPTED = "accepted"  # Twilio took it
    UNCONFIRMED = "unconfirmed"  # ambiguous past the limit: never sent again by itself
    SENT = "sent"  # handed to the carrier
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"  # could not be sent
    ERROR = "error"  # the number is not valid
    SKIPPED = "skipped"  # left out: opted out, duplicate, …
    CANCELED = "canceled"
    TESTED = "tested"  # TEST mode: prepared and checked, nothing left the house


_RANKS = {
    MessageStatus.HELD: 0,
    MessageStatus.QUEUED: 0,
    MessageStatus.SENDING: 1,
    MessageStatus.ACCEPTED: 2,
    MessageStatus.UNCONFIRMED: 2,
    MessageStatus.SENT: 3,
}
_FINAL_RANK = 4

_FROM_TWILIO = (
    MessageStatus.ACCEPTED,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.UNDELIVERED,
    MessageStatus.FAILED,
    MessageStatus.CANCELED,
)

# These never leave the house: nobody is billed for their segments.
NEVER_LEFT = frozenset({MessageStatus.ERROR, MessageStatus.SKIPPED, MessageStatus.CANCELED})

# twilio.com/docs/messaging/api/message-resource#message-status-values
_TWILIO = {
    "accepted": MessageStatus.ACCEPTED,
    "scheduled": MessageStatus.ACCEPTED,
    "queued": MessageStatus.ACCEPTED,
    "sending": MessageStatus.ACCEPTED,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.CANCELED,
}


def rank(status: MessageStatus) -> int:
    """How far along a status is; what is final has the highest rank."""
    return _RANKS.get(status, _FINAL_RANK)


def is_final(status: MessageStatus) -> bool:
    return rank(status) == _FINAL_RANK


def may_follow(before: MessageStatus, after: MessageStatus) -> bool:
    """Whether news of `after` may move a message that is `before`. Never back, never sideways."""
    if before is MessageStatus.UNCONFIRMED:
        return after in _FROM_TWILIO
    return rank(after) > rank(before)


def from_twilio(status: str) -> MessageStatus | None:
    """Ours for one of Twilio's; None for a word we do not know, which then changes nothing."""
    return _TWILIO.get(status.lower())


@dataclass(frozen=True)
class StaffStatus:
    """A name that staff see, what it means in plain words, and the statuses behind it."""

    key: str
    label: str
    meaning: str
    statuses: tuple[MessageStatus, ...]
    is_always_shown: bool = True


STAFF_STATUSES: tuple[StaffStatus, ...] = (
    StaffStatus(
        "preparing",
        "Preparing",
        "The message is being prepared to send, or waits at Twilio for its turn.",
        (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.ACCEPTED),
    ),
    StaffStatus(
        "error", "Error", "The To number is not a valid phone number.", (MessageStatus.ERROR,)
    ),
    StaffStatus(
        "sent",
        "Sent",
        "Handed to the carrier, no delivery receipt yet. It normally turns into Delivered or "
        "Undelivered in seconds or minutes; after 72 hours a change is unlikely.",
        (MessageStatus.SENT,),
    ),
    StaffStatus(
        "delivered",
        "Delivered",
        "The carrier, and where available the handset, confirmed delivery.",
        (MessageStatus.DELIVERED,),
    ),
    StaffStatus(
        "undelivered",
        "Undelivered",
        "A receipt says it was not delivered: carrier filtering, handset not available, …",
        (MessageStatus.UNDELIVERED,),
    ),
    StaffStatus(
        "failed",
        "Failed",
        "It could not be sent: queue overflow, account suspended, media error, …",
        (MessageStatus.FAILED,),
    ),
    StaffStatus(
        "held",
        "Held",
        "Waits for its time: the recipient's texting hours, or tomorrow's allowance.",
        (MessageStatus.HELD,),
        is_always_shown=False,
    ),
    StaffStatus(
        "skipped",
        "Skipped",
        "Left out on purpose: opted out, twice in the audience, texted a short while ago, …",
        (MessageStatus.SKIPPED,),
        is_always_shown=False,
    ),
    StaffStatus(
        "unconfirmed",
        "Unconfirmed",
        "Nobody knows whether it was sent. It is never sent again by itself.",
        (MessageStatus.UNCONFIRMED,),
        is_always_shown=False,
    ),
    StaffStatus(
        "canceled",
        "Canceled",
        "The run was canceled before this text left.",
        (MessageStatus.CANCELED,),
        is_always_shown=False,
    ),
    StaffStatus(
        "tested",
        "Tested",
        "TEST mode: prepared and checked, and nothing was sent.",
        (MessageStatus.TESTED,),
        is_always_shown=False,
    ),
)

_STAFF = {status: staff for staff in STAFF_STATUSES for status in staff.statuses}


def staff_name(status: MessageStatus) -> str:
    """What staff see, such as "Delivered"."""
    return _STAFF[status].label


def staff_key(status: MessageStatus) -> str:
    """The key of the name that staff see, as in STAFF_STATUSES."""
    return _STAFF[status].key
