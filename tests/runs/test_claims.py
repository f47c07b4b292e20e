"""What may leave now is claimed, at the sender's pace; what may not says why, and until when."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

import world
from textmanager.campaigns.models import Priority
from textmanager.organizations.models import Organization, Sender
from textmanager.replies.models import OptOutSource
from textmanager.replies.opt_outs import record_opt_out
from textmanager.runs.models import DayTally, Message, Run, RunState
from textmanager.runs.pipeline.claims import LEAST_VALIDITY, UNTIL_RECONCILED, Batch, claim
from textmanager.text.statuses import MessageStatus

# Monday, 10 AM in New York, 7 AM in Los Angeles.
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
MIDNIGHT = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)


def claim_at(sender: Sender, now: dt.datetime = NOW) -> Batch:
    return claim(sender_id=sender.pk, now=now)


def numbers(batch: Batch) -> list[int]:
    return [text.number for text in batch.texts]


def test_the_attempt_is_in_the_database_before_anything_is_sent(run: Run, sender: Sender) -> None:
    world.message(run, 1, segments=2)
    (text,) = claim_at(sender).texts
    message = Message.objects.get()
    assert message.status == MessageStatus.SENDING
    assert message.attempts == 1
    assert message.attempted_at == text.attempted_at == NOW
    assert message.check_at == NOW + UNTIL_RECONCILED
    assert message.charged_day == dt.date(2026, 11, 23)
    assert (text.to, text.body, text.reference) == (message.to, message.body, message.reference)


def test_what_is_claimed_is_claimed_once(run: Run, sender: Sender) -> None:
    world.message(run, 1)
    assert numbers(claim_at(sender)) == [1]
    assert claim_at(sender) == Batch()


def test_a_campaign_of_high_priority_overtakes_a_long_one(run: Run, sender: Sender) -> None:
    Sender.objects.update(segments_per_second=4, paced_until=NOW)
    for number in range(12):
        world.message(run, number)
    assert numbers(claim_at(sender)) == [0, 1, 2, 3, 4]

    urgent = world.run(run.campaign, scheduled_for=NOW, priority=Priority.HIGH)
    for number in range(40, 43):
        world.message(urgent, number)
    later = NOW + dt.timedelta(seconds=1)
    assert numbers(claim_at(sender, later)) == [40, 41, 42, 5]


@pytest.mark.parametrize("rate", [3.0, 10.0, 75.0])
def test_segments_leave_at_the_senders_pace_over_many_claims(
    run: Run, sender: Sender, rate: float
) -> None:
    Sender.objects.update(segments_per_second=rate, paced_until=NOW)
    for number in range(120):
        world.message(run, number, segments=1 + number % 3)
    now, texts = NOW, []
    while now < NOW + dt.timedelta(seconds=8):
        batch = claim_at(sender, now)
        texts += batch.texts
        if batch.again_at is None:
            break
        now = max(now + dt.timedelta(milliseconds=10), batch.again_at)
    for before, after in pairwise(texts):
        gap = (after.slot - before.slot).total_seconds()
        assert gap >= before.segments / rate - 1e-3
    # Nor is it slower than it may be.
    last = texts[-1].slot - texts[0].slot
    ideal = sum(text.segments for text in texts[:-1]) / rate
    assert last.total_seconds() == pytest.approx(ideal, abs=0.1)
    assert len(texts) == min(120, len(texts))
    assert len(texts) >= min(120, int(rate * 8 / 2) - 2)


def test_what_the_day_does_not_allow_waits_for_midnight_of_the_organization(
    organization: Organization, run: Run, sender: Sender
) -> None:
    Organization.objects.update(daily_allowance=5)
    for number in range(3):
        world.message(run, number, segments=2)
    assert numbers(claim_at(sender)) == [0, 1]
    held = Message.objects.get(number=2)
    assert (held.status, held.reason) == (MessageStatus.HELD, "allowance")
    assert held.not_before == MIDNIGHT
    assert claim_at(sender).texts == []
    assert numbers(claim_at(sender, MIDNIGHT)) == [2]
    assert DayTally.objects.get(day="2026-11-23").segments == 4


def test_the_allowance_is_shared_by_all_senders(
    organization: Organization, run: Run, sender: Sender
) -> None:
    Organization.objects.update(daily_allowance=1)
    other = world.sender(organization, name="Other", number="+12025550143")
    world.message(run, 1)
    world.message(run, 2, sender=other)
    assert numbers(claim_at(sender)) == [1]
    assert numbers(claim_at(other)) == []
    assert Message.objects.get(number=2).reason == "allowance"


def test_a_senders_own_cap_holds_back_too(run: Run, sender: Sender) -> None:
    Sender.objects.update(daily_cap=1)
    world.message(run, 1)
    world.message(run, 2)
    assert numbers(claim_at(sender)) == [1]
    held = Message.objects.get(number=2)
    assert (held.status, held.reason, held.not_before) == ("held", "sender_cap", MIDNIGHT)


def test_a_small_text_passes_a_large_one_that_the_day_has_no_room_for(
    run: Run, sender: Sender
) -> None:
    Organization.objects.update(daily_allowance=2)
    world.message(run, 1, segments=3)
    world.message(run, 2, segments=1)
    assert numbers(claim_at(sender)) == [2]


def test_who_opted_out_meanwhile_is_left_out(run: Run, sender: Sender) -> None:
    message = world.message(run, 1)
    record_opt_out(
        organization_id=run.organization_id, number=message.to, source=OptOutSource.REPLY
    )
    assert claim_at(sender).texts == []
    message.refresh_from_db()
    assert (message.status, message.reason) == (MessageStatus.SKIPPED, "opted_out")
    assert message.settled_at == NOW


def test_nobody_is_texted_outside_the_texting_hours_of_all_their_possible_zones(
    organization: Organization, run: Run, sender: Sender
) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    world.message(run, 1, time_zones=["America/New_York"])
    world.message(run, 2, time_zones=["America/Los_Angeles"])
    world.message(run, 3, time_zones=["America/New_York", "America/Chicago", "America/Denver"])
    assert numbers(claim_at(sender)) == [1, 3]
    held = Message.objects.get(number=2)
    assert (held.status, held.reason) == (MessageStatus.HELD, "quiet_hours")
    assert held.not_before == dt.datetime(2026, 11, 23, 16, 0, tzinfo=dt.UTC)


def test_a_text_whose_moment_falls_into_quiet_hours_waits_though_they_begin_later(
    run: Run, sender: Sender
) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    nine_pm = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)
    now = nine_pm - dt.timedelta(milliseconds=1500)
    Sender.objects.update(segments_per_second=10.0, paced_until=now)
    for number in range(9):
        world.message(run, number)
    batch = claim_at(sender, now)
    assert numbers(batch) == [0, 1, 2, 3, 4, 5]
    assert all(text.slot <= nine_pm - LEAST_VALIDITY for text in batch.texts)
    held = Message.objects.get(number=6)
    assert (held.status, held.reason) == (MessageStatus.HELD, "quiet_hours")
    assert held.not_before == dt.datetime(2026, 11, 24, 13, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "state", [state for state in RunState if state != RunState.SENDING], ids=str
)
def test_only_a_run_that_is_sending_is_claimed_from(run: Run, sender: Sender, state: str) -> None:
    world.message(run, 1)
    Run.objects.update(state=state)
    assert claim_at(sender) == Batch()


@pytest.mark.parametrize(
    "status",
    [s for s in MessageStatus if s not in {MessageStatus.QUEUED, MessageStatus.HELD}],
    ids=str,
)
def test_no_other_status_is_ever_sent_again(run: Run, sender: Sender, status: str) -> None:
    world.message(run, 1, status=status)
    assert claim_at(sender) == Batch()


def test_a_rehearsal_needs_neither_pace_nor_allowance(run: Run, sender: Sender) -> None:
    Sender.objects.update(segments_per_second=0.01)
    Organization.objects.update(daily_allowance=0)
    Run.objects.update(api_mode="test")
    for number in range(20):
        world.message(run, number)
    batch = claim_at(sender)
    assert len(batch.texts) == 20
    assert all(text.is_test and text.slot == NOW for text in batch.texts)
    assert not DayTally.objects.filter(segments__gt=0).exists()


def test_a_clock_set_back_stops_no_sender(run: Run, sender: Sender) -> None:
    """How far the pace was spoken for lies in what is now the future."""
    world.message(run, 1)
    Sender.objects.update(paced_until=NOW + dt.timedelta(hours=1))
    assert numbers(claim_at(sender)) == [1]


def test_the_pace_of_a_slow_sender_is_no_sign_of_a_clock_set_back(run: Run, sender: Sender) -> None:
    Sender.objects.update(segments_per_second=0.1, paced_until=NOW)
    world.message(run, 1, segments=10)
    world.message(run, 2)
    assert numbers(claim_at(sender)) == [1]
    soon = NOW + dt.timedelta(seconds=2)
    assert numbers(claim_at(sender, soon)) == []
    assert numbers(claim_at(sender, NOW + dt.timedelta(seconds=100))) == [2]


def test_what_waits_at_twilio_until_quiet_hours_is_dropped_there(
    run: Run, sender: Sender, organization: Organization
) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    world.message(run, 1, time_zones=["America/New_York"])
    evening = dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)  # 8:30 PM in New York
    (text,) = claim_at(sender, evening).texts
    assert text.validity_seconds == 30 * 60


def test_twilio_needs_no_telling_while_quiet_hours_are_far(run: Run, sender: Sender) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    world.message(run, 1, time_zones=["America/New_York"])
    (text,) = claim_at(sender, NOW).texts
    assert text.validity_seconds is None


def test_in_the_last_second_before_quiet_hours_nothing_leaves(run: Run, sender: Sender) -> None:
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    world.message(run, 1, time_zones=["America/New_York"])
    late = dt.datetime(2026, 11, 24, 1, 59, 59, 500_000, tzinfo=dt.UTC)
    assert claim_at(sender, late).texts == []
    message = Message.objects.get()
    assert message.reason == "quiet_hours"
    assert message.not_before == dt.datetime(2026, 11, 24, 13, tzinfo=dt.UTC)


def useful(run: Run, hours: int) -> dt.datetime:
    """Until when its texts are of use."""
    Run.objects.filter(pk=run.pk).update(useful_for_hours=hours, scheduled_for=NOW)
    return NOW + dt.timedelta(hours=hours)


def test_what_is_of_no_use_any_more_is_left_out(run: Run, sender: Sender) -> None:
    until = useful(run, 2)
    message = world.message(run, 1)
    assert claim_at(sender, until - dt.timedelta(milliseconds=500)).texts == []
    message.refresh_from_db()
    assert (message.status, message.reason) == (MessageStatus.SKIPPED, "too_late")
    assert message.settled_at is not None
    assert message.attempts == 0


def test_twilio_drops_what_it_could_not_send_in_time(run: Run, sender: Sender) -> None:
    until = useful(run, 2)
    world.message(run, 1)
    (text,) = claim_at(sender, until - dt.timedelta(minutes=5)).texts
    assert text.validity_seconds == 300


def test_the_earlier_end_counts(organization: Organization, run: Run, sender: Sender) -> None:
    # Texting hours end at 9 PM in New York, eleven hours after now.
    Organization.objects.update(texting_opens=dt.time(8), texting_closes=dt.time(21))
    useful(run, 100)
    world.message(run, 1)
    evening = NOW + dt.timedelta(hours=10, minutes=50)
    (text,) = claim_at(sender, evening).texts
    assert text.validity_seconds == 600


def test_what_would_have_to_wait_too_long_is_not_waited_for(run: Run, sender: Sender) -> None:
    Organization.objects.update(daily_allowance=0)
    useful(run, 2)
    message = world.message(run, 1)
    claim_at(sender)
    message.refresh_from_db()
    assert (message.status, message.reason) == (MessageStatus.SKIPPED, "too_late")


def test_who_opted_out_is_told_so_however_late_it_is(run: Run, sender: Sender) -> None:
    until = useful(run, 2)
    message = world.message(run, 1)
    record_opt_out(
        organization_id=run.organization_id, number=message.to, source=OptOutSource.REPLY
    )
    claim_at(sender, until)
    message.refresh_from_db()
    assert message.reason == "opted_out"
