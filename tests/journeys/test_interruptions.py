"""Whatever interrupts a run while it sends: nobody is left out, and nobody is texted twice."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from house import House
from processes import HASTY, stop, wait_until

pytestmark = pytest.mark.journey

MEMBERS = 240
# Process managers commonly wait so long before they kill.
SECONDS_TO_STOP_IN = 10


STATE = """
    SELECT r.state, r.reason, (SELECT json_object_agg(status, messages) FROM runs_runtally),
        (SELECT array_agg(row(j.id, j.status, j.task_name, j.attempts, j.lock)::text)
         FROM procrastinate_jobs AS j), now()
    FROM runs_run AS r
"""


TALLIED_AND_COUNTED = """
    SELECT (SELECT json_object_agg(status, messages) FROM runs_runtally WHERE messages > 0),
        (SELECT json_object_agg(status, messages)
         FROM (SELECT status, count(*) AS messages FROM runs_message GROUP BY status) AS counted)
"""


def start_run(house: House) -> None:
    house.visitor.sign_in("demo", "jordan.lee", "demo-password")
    ((campaign,),) = house.ask("SELECT id FROM campaigns_campaign WHERE name = 'Dues reminder'")
    answer = house.visitor.post(f"/campaigns/{campaign}/run-now/")
    assert "/runs/" in answer.url


def test_a_worker_that_is_killed(house: House) -> None:
    start_run(house)
    first = house.started.start("worker", program=HASTY)
    wait_until(lambda: len(house.texts()) > MEMBERS / 4, seconds=30, what="a quarter is sent")
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = len(house.texts())
    assert left < MEMBERS, "It was killed too late to show anything."

    house.started.start("worker", program=HASTY)
    each_member_gets_one_text_and_one_record(house)
    assert house.ask("SELECT count(*) FROM runs_message WHERE attempts > 1")[0][0] > 0, (
        "Nothing was under way when the worker was killed."
    )


def test_a_database_that_drops_every_connection(house: House) -> None:
    start_run(house)
    house.started.start("worker", program=HASTY)
    wait_until(lambda: len(house.texts()) > MEMBERS / 4, seconds=30, what="a quarter is sent")
    dropped = house.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert len(dropped) > 1
    each_member_gets_one_text_and_one_record(house)


def each_member_gets_one_text_and_one_record(house: House) -> None:
    wait_until(
        lambda: house.ask("SELECT 1 FROM runs_run WHERE completed_at IS NOT NULL"),
        seconds=60,
        what="the run is completed",
        instead=lambda: house.ask(STATE),
    )
    texts = Counter(text["to"] for text in house.texts())
    assert len(texts) == MEMBERS
    assert set(texts.values()) == {1}
    unwritten = """
        SELECT 1 FROM runs_message WHERE status IN ('queued', 'sending', 'accepted')
        OR (status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'written')
    """
    wait_until(lambda: not house.ask(unwritten), seconds=60, what="every text is written back")
    sent = house.ask(
        "SELECT imis_id FROM runs_message WHERE status IN ('sent', 'delivered', 'undelivered')"
    )
    activities = Counter(activity["PartyId"] for activity in house.activities())
    assert activities == Counter(imis_id for (imis_id,) in sent)
    # In one look: a text may be delivered between two.
    ((tallied, counted),) = house.ask(TALLIED_AND_COUNTED)
    assert tallied == counted


def test_a_worker_that_is_asked_to_stop_leaves_nothing_unclear(house: House) -> None:
    start_run(house)
    worker = house.started.start("worker")
    wait_until(lambda: len(house.texts()) > MEMBERS / 4, seconds=30, what="a quarter is sent")
    began = time.monotonic()
    assert stop(worker) == 0
    assert time.monotonic() - began < SECONDS_TO_STOP_IN
    assert house.ask("SELECT count(*) FROM runs_message WHERE status = 'sending'") == [(0,)]
    accepted = house.ask("SELECT count(*) FROM runs_message WHERE sid <> ''")[0][0]
    assert MEMBERS > accepted == len(house.texts())
