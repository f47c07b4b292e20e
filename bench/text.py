"""How many recipients a second one core parses, merges and measures.

    python -m bench.text [--rows 200000] [--seed 1]

Seeded rows as a member database has them: most numbers well formed, some with remarks,
extensions, two numbers, foreign, landline or nothing; names in several scripts. Each row goes
the way that the preparation of a run takes it. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import random
import sys
import time
from collections import Counter

from textmanager.text.merge import Template
from textmanager.text.phones import Invalid, parse_recipient
from textmanager.text.segments import BodyTooLong, measure

TEMPLATE = (
    "Hello ${FirstName|friend}, your ${Chapter} membership lapses on ${PaidThrough}. "
    "Renew for ${Dues} at https://example.org/renew. Reply STOP to end."
)
AREAS = (201, 202, 212, 303, 312, 404, 415, 512, 602, 617, 702, 713, 801, 808, 907, 416, 604, 787)
# Most names fit into GSM-7; one in seven does not, and some are missing.
FIRST_NAMES = (
    *("Ann", "Mary Ann", "Robert", "José", "René", "Jo", "Christopher", "ANNA MARIA", "D'Arcy"),
    *("Wei", "Fatima", "Björn", "Kim", "Lee", "Mateo", "Dr. Smith", "Miguel", "Yara", "Julia", ""),
    *("O’Neil", "Zoë", "Łukasz", "Bob 😀"),
)
SHAPES = (
    "({0}) {1}-{2}",
    "{0}-{1}-{2}",
    "{0}.{1}.{2}",
    "{0}{1}{2}",
    "+1{0}{1}{2}",
    "1 {0} {1} {2}",
)
# (share in a hundred, how the usual number is spoiled)
SPOILED = (
    (3, "{} ext. 7"),
    (2, "cell: {}"),
    (2, "{} / {}"),
    (1, "{} (work)"),
)
OTHERS = ("", "n/a", "-", "555-0198", "+44 7400 123456", "+44 20 7946 0018", "800-456-1111", "o2o2")
HOSTILE = (
    {"MobilePhone": "1234567/" * 1000, "FirstName": "Ann"},
    {"MobilePhone": "+" * 100_000, "FirstName": "Ann"},
    {"MobilePhone": "(202) 456-1111", "FirstName": "e" + "\u0301" * 100_000},
    {"MobilePhone": "(202) 456-1111", "FirstName": "\t\x00" * 100_000},
    {"MobilePhone": "(202) 456-1111", "FirstName": "👨‍👩‍👧‍👦" * 130},
    {"MobilePhone": "(202) 456-1111", "FirstName": "${FirstName}" * 10_000},
    {"MobilePhone": "\ufdfa" * 100_000, "FirstName": "2026-99-99T99:99:99"},
)


def rows(count: int, seed: int) -> list[dict[str, object]]:
    """The audience; the same for the same seed."""
    dice = random.Random(seed)
    return [row(dice, number) for number in range(count)]


def row(dice: random.Random, number: int) -> dict[str, object]:
    """One member as a database of members has them."""
    return {
        "ID": str(10_000 + number),
        "FirstName": dice.choice(FIRST_NAMES),
        "MobilePhone": phone(dice),
        "PaidThrough": f"2026-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}T00:00:00",
        "Dues": dice.choice((125.0, 99.5, 250.0)),
        "Chapter": dice.choice(("North", "South", "At large")),
    }


def phone(dice: random.Random) -> str:
    usual = dice.choice(SHAPES).format(
        dice.choice(AREAS), dice.randint(200, 999), f"{dice.randint(0, 9999):04d}"
    )
    at = dice.randint(0, 99)
    for share, shape in SPOILED:
        if at < share:
            return shape.format(usual, usual)
        at -= share
    return dice.choice(OTHERS) if at < 5 else usual


def prepare(template: Template, row: dict[str, object]) -> tuple[str, int]:
    """What becomes of one row: a verdict and its segments."""
    recipient = parse_recipient(row["MobilePhone"], "US")
    if isinstance(recipient, Invalid):
        return recipient.code, 0
    try:
        return "text", measure(template.merge(row).body).segments
    except BodyTooLong:
        return "too_long", 0


def slowest_hostile(template: Template) -> float:
    """Milliseconds, each row at its best of five tries."""
    worst = 0.0
    for row in HOSTILE:
        tries = []
        for _ in range(5):
            # What is remembered of a number must not hide what it costs the first time.
            spoiled = {**row, "MobilePhone": f"{row['MobilePhone']}{random.random()}"}
            began = time.perf_counter()
            prepare(template, spoiled)
            tries.append(time.perf_counter() - began)
        worst = max(worst, min(tries))
    return worst * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"Python {platform.python_version()} on {platform.machine()}, one core")
    template = Template.parse(TEMPLATE)
    audience = rows(options.rows, options.seed)
    # In earnest a page of 500 rows is in memory; the collector shall not walk through all of ours.
    gc.freeze()
    # phonenumbers reads its tables of a country when it first meets a number of it.
    began = time.perf_counter()
    for number in ("202-456-1111", "+44 7400 123456"):
        parse_recipient(number, "US")
    loading = time.perf_counter() - began
    verdicts: Counter[str] = Counter()
    segments, worst = 0, 0.0
    began = time.perf_counter()
    for row in audience:
        at = time.perf_counter()
        verdict, size = prepare(template, row)
        worst = max(worst, time.perf_counter() - at)
        verdicts[verdict] += 1
        segments += size
    seconds = time.perf_counter() - began
    print(f"{options.rows:,} rows in {seconds:.2f} s: {dict(verdicts.most_common())}")
    json.dump(
        {
            "bench": "text",
            "seed": options.seed,
            "rows": options.rows,
            "rows_per_second": round(options.rows / seconds),
            "loading_once_ms": round(loading * 1000, 3),
            "slowest_row_ms": round(worst * 1000, 3),
            "slowest_hostile_row_ms": round(slowest_hostile(template), 3),
            "texts": verdicts["text"],
            "segments": segments,
        },
        sys.stdout,
    )
    print()


if __name__ == "__main__":
    main()
