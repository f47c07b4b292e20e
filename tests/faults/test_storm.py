"""The whole pipeline under a storm of faults: nobody is left out, and nobody is texted twice.

    make faults SEED=7 FAULTS=100

Without a seed one is drawn; it is printed, and any seed must pass.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter

import pytest

from faults.storm import SECONDS_BETWEEN, Storm
from faults.victims import Victims
from processes import wait_until

pytestmark = pytest.mark.journey

RECIPIENTS = 3_000
AUDIENCE = "$/Text Manager/Regular members"
FAULTS = int(os.environ.get("FAULTS") or 20)
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10_000))
SECONDS_TO_SETTLE = 120
# What a failed test shows of the logs.
LAST_WORDS = 200_000


def test_nobody_is_left_out_and_nobody_is_texted_twice(victims: Victims) -> None:
    storm = Storm(victims, random.Random(SEED))
    try:
        begin_run(victims)
        storm.rage(FAULTS)
        until_all_is_told(victims)
        each_has_one_text_and_one_record(victims)
    except AssertionError:
        sys.stdout.write(victims.house.started.output()[-LAST_WORDS:])
        raise
    finally:
        told = [f"SEED={SEED} FAULTS={FAULTS}", *storm.committed]
        sys.stdout.write("\n".join([*told, ""]))


def begin_run(victims: Victims) -> None:
    """Paced so that it lasts as long as the faults come."""
    house = victims.house
    pace = RECIPIENTS / (FAULTS * SECONDS_BETWEEN)
    house.database.execute("UPDATE organizations_sender SET segments_per_second = %s", [pace])
    house.database.execute(
        "UPDATE campaigns_campaign SET iqa_path = %s WHERE name = 'News for all members'",
        [AUDIENCE],
    )
    house.visitor.sign_in("demo", "jordan.lee", "demo-password")
    ((campaign,),) = house.ask("SELECT id FROM campaigns_campaign WHERE name LIKE 'News for all%'")
    answer = house.visitor.post(f"/campaigns/{campaign}/run-now/")
    assert "/runs/" in answer.url


def until_all_is_told(victims: Victims) -> None:
    """Until every text has its final status and its record, and the report has gone out."""
    house = victims.house
    for seconds, what, question in (
        (SECONDS_TO_SETTLE, "the run is completed", "completed_at IS NOT NULL"),
        (60, "every outcome is known", "settled_at IS NOT NULL"),
        (60, "the report is sent", "report_sent_at IS NOT NULL"),
    ):
        wait_until(
            lambda at=question: house.ask(f"SELECT 1 FROM runs_run WHERE {at}"),
            seconds=seconds,
            what=what,
            instead=lambda: house.ask(STATE),
        )
    wait_until(lambda: not house.ask(UNWRITTEN), seconds=60, what="every text is on its record")


STATE = """
    SELECT r.state, r.reason, (SELECT json_object_agg(status, messages) FROM runs_runtally),
        (SELECT array_agg(row(m.number, m.status, m.attempts, m.attempted_at, m.accepted_at,
            m.check_at, m.sid)::text)
         FROM (SELECT * FROM runs_message WHERE settled_at IS NULL LIMIT 5) AS m),
        (SELECT array_agg(row(j.id, j.status, j.task_name, j.attempts, j.scheduled_at)::text)
         FROM procrastinate_jobs AS j), now()
    FROM runs_run AS r
"""
UNWRITTEN = """
    SELECT 1 FROM runs_message
    WHERE status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'written'
"""


def each_has_one_text_and_one_record(victims: Victims) -> None:
    house = victims.house
    texts = Counter(text["to"] for text in house.texts())
    assert [number for number, count in texts.items() if count > 1] == [], "texted twice"
    assert len(texts) == RECIPIENTS, "somebody was left out"

    states = dict(house.ask("SELECT status, count(*) FROM runs_message GROUP BY status"))
    assert sum(states.values()) == RECIPIENTS
    assert states.keys() <= {"delivered", "undelivered", "failed"}, "something is not settled"
    tallied = house.ask("SELECT status, messages, segments FROM runs_runtally WHERE messages <> 0")
    counted = house.ask("SELECT status, count(*), sum(segments) FROM runs_message GROUP BY status")
    assert sorted(tallied) == sorted(counted)
    ((charged,),) = house.ask("SELECT sum(segments) FROM runs_daytally")
    assert charged == sum(segments for _, _, segments in counted)

    sids = {text["sid"]: text["to"] for text in house.texts()}
    ours = dict(house.ask('SELECT sid, "to" FROM runs_message'))
    assert ours == sids, "Every message knows its own text."

    sent = house.ask(
        "SELECT imis_id FROM runs_message WHERE status IN ('delivered', 'undelivered')"
    )
    records = Counter(activity["PartyId"] for activity in house.activities())
    assert records == Counter(imis_id for (imis_id,) in sent)
