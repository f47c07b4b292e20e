"""Made-up members of the sandbox association, the same at every start, and the IQAs over them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

SEED = 20
MEMBERS = 5_000
# Everything is counted from here, so that the same query gives the same rows on any day.
EPOCH = dt.date(2026, 1, 1)

# Real area codes of fifty places, with the chapter there. Together with the hundred numbers
# 555-0100 to 555-0199, which are reserved for fiction, they make 5,000 numbers nobody has.
AREAS = (
    ("202", "District of Columbia"), ("203", "Connecticut"), ("205", "Alabama"),
    ("206", "Washington"), ("207", "Maine"), ("208", "Idaho"), ("212", "New York"),
    ("214", "Texas"), ("215", "Pennsylvania"), ("216", "Ohio"), ("225", "Louisiana"),
    ("301", "Maryland"), ("302", "Delaware"), ("303", "Colorado"), ("304", "West Virginia"),
    ("305", "Florida"), ("307", "Wyoming"), ("312", "Illinois"), ("313", "Michigan"),
    ("314", "Missouri"), ("317", "Indiana"), ("334", "Alabama"), ("401", "Rhode Island"),
    ("402", "Nebraska"), ("404", "Georgia"), ("405", "Oklahoma"), ("406", "Montana"),
    ("415", "California"), ("480", "Arizona"), ("501", "Arkansas"), ("502", "Kentucky"),
    ("503", "Oregon"), ("504", "Louisiana"), ("505", "New Mexico"), ("515", "Iowa"),
    ("601", "Mississippi"), ("602", "Arizona"), ("603", "New Hampshire"), ("605", "South Dakota"),
    ("608", "Wisconsin"), ("612", "Minnesota"), ("615", "Tennessee"), ("617", "Massachusetts"),
    ("701", "North Dakota"), ("702", "Nevada"), ("704", "North Carolina"), ("713", "Texas"),
    ("801", "Utah"), ("802", "Vermont"), ("803", "South Carolina"),
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Aisha", "Alejandro", "Amara", "Andrew", "Anika", "Beatriz", "Ben", "Bao", "Carmen",
    "Chidi", "Chloe", "Daniel", "Deepa", "Diego", "Dmitri", "Elena", "Emma", "Esther", "Fatima",
    "Felix", "Gabriel", "Grace", "Hannah", "Hiro", "Ibrahim", "Ingrid", "Isaac", "Jamal", "Jing",
    "José", "Julia", "Kamala", "Kenji", "Laila", "Lars", "Leila", "Lucía", "Malik", "Maria",
    "Mateo", "Mei", "Miguel", "Nadia", "Naomi", "Noah", "Olga", "Omar", "Oscar", "Priya",
    "Quinn", "Rafael", "Renée", "Rosa", "Samir", "Sofia", "Tariq", "Thandi", "Uma", "Victor",
    "Wanda", "Xavier", "Yara", "Zoë",
)  # fmt: skip

LAST_NAMES = (
    "Abbott", "Achebe", "Alvarez", "Andersen", "Baker", "Banerjee", "Bauer", "Brooks", "Castillo",
    "Chen", "Cohen", "Cruz", "Diallo", "Dubois", "Evans", "Fischer", "Flores", "Foster", "García",
    "Gupta", "Haddad", "Hansen", "Hernández", "Hughes", "Ito", "Ivanov", "Jackson", "Johnson",
    "Kaplan", "Kaya", "Khan", "Kim", "Kowalski", "Larsen", "Lee", "López", "Mahmoud", "Martin",
    "Mbeki", "Mehta", "Moreau", "Müller", "Nakamura", "Nguyen", "Novak", "O'Brien", "Okafor",
    "Ortiz", "Park", "Patel", "Petrov", "Popescu", "Reyes", "Rossi", "Sato", "Schmidt", "Silva",
    "Singh", "Smith", "Sørensen", "Suzuki", "Torres", "Walker", "Wong",
)  # fmt: skip

Row = dict[str, object]


@dataclass(frozen=True)
class Member:
    """One made-up person. `mobile` is E.164."""

    party_id: str
    first_name: str
    last_name: str
    mobile: str
    chapter: str
    paid_through: dt.date
    dues: float

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@cache
def members() -> tuple[Member, ...]:
    """All members in the order of their IDs."""
    chance = random.Random(SEED)  # noqa: S311 - made-up people
    people = []
    for place in range(MEMBERS):
        area, chapter = AREAS[place % len(AREAS)]
        people.append(
            Member(
                party_id=str(10_001 + place),
                first_name=chance.choice(FIRST_NAMES),
                last_name=chance.choice(LAST_NAMES),
                mobile=f"+1{area}55501{place // len(AREAS):02d}",
                chapter=chapter,
                paid_through=EPOCH + dt.timedelta(days=chance.randrange(0, 730)),
                dues=float(chance.choice((95, 120, 120.5, 180))),
            )
        )
    return tuple(people)


@dataclass(frozen=True)
class Column:
    """An output column; without an alias the site shows the caption.

    `sent_as` is what it is called in the rows when that is something else.
    """

    alias: str
    property_name: str
    data_type: str = "String"
    caption: str = ""
    sent_as: str = ""


@dataclass(frozen=True)
class Prompt:
    """A question that a query asks; its answer has to equal the value of `column`."""

    column: str
    label: str
    is_required: bool


@dataclass(frozen=True)
class Query:
    """A saved query; `rows` are made when it runs. `seconds_a_page` makes it slow.

    One that is not `is_shared` is refused to programs, as long as nobody allows it.
    """

    path: str
    columns: tuple[Column, ...]
    rows: Callable[[], list[Row]]
    seconds_a_page: float = 0.0
    prompts: tuple[Prompt, ...] = ()
    is_shared: bool = True

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


ID = Column("ID", "ID")
FULL_NAME = Column("FullName", "FullName")
FIRST_NAME = Column("FirstName", "FirstName")
MOBILE = Column("MobilePhone", "MobilePhone")
PAID_THROUGH = Column("PaidThrough", "PaidThrough", "DateTime")
DUES = Column("DuesAmount", "DuesAmount", "Decimal")
CHAPTER = Column("Chapter", "Chapter")
USUAL = (ID, FULL_NAME, FIRST_NAME, MOBILE, PAID_THROUGH, DUES, CHAPTER)


def queries(slow_seconds: float) -> tuple[Query, ...]:
    """Every IQA of the sandbox, good ones first."""
    folder = "$/Text Manager"
    return (
        Query(f"{folder}/Board of directors", USUAL, lambda: _rows(members()[:8])),
        Query(f"{folder}/Dues lapse in 30 days", USUAL, lambda: _rows(members()[1000:1240])),
        Query(f"{folder}/Regular members", USUAL, lambda: _rows(members()[1500:4500])),
        Query(f"{folder}/All members", USUAL, lambda: _rows(members())),
        Query(f"{folder}/Conference registrants", CONFERENCE, _conference),
        Query(f"{folder}/Dirty numbers", (ID, FULL_NAME, MOBILE), _dirty),
        Query(
            f"{folder}/Members of a chapter",
            USUAL,
            lambda: _rows(members()[:2000]),
            prompts=(
                Prompt("Chapter", "Which chapter?", is_required=True),
                Prompt("FirstName", "First name", is_required=False),
            ),
        ),
        Query(f"{folder}/Empty", USUAL, list),
        Query(f"{folder}/Slow", USUAL, lambda: _rows(members()[2000:2025]), slow_seconds),
        Query(
            "$/Samples/No aliases",
            tuple(Column("", each.property_name, each.data_type, each.alias) for each in USUAL),
            lambda: _rows(members()[:40]),
        ),
        Query("$/Samples/No ID column", (FULL_NAME, MOBILE), _without_id),
        Query(
            "$/Samples/Columns called Item",
            (
                ID,
                Column("", "FullName", sent_as="Item"),
                MOBILE,
                Column("", "Chapter", sent_as="Item1"),
            ),
            lambda: _rows(members()[:40]),
        ),
        Query("$/Samples/Not for programs", USUAL, lambda: _rows(members()[:40]), is_shared=False),
    )


def _rows(people: tuple[Member, ...]) -> list[Row]:
    return [
        {
            "ID": one.party_id,
            "FullName": one.full_name,
            "FirstName": one.first_name,
            "MobilePhone": _as_typed(one.mobile, place),
            "PaidThrough": f"{one.paid_through.isoformat()}T00:00:00",
            "DuesAmount": one.dues,
            "Chapter": one.chapter,
        }
        for place, one in enumerate(people)
    ]


def _as_typed(mobile: str, place: int) -> str:
    """Most records hold one form, some another, as in any database that people type into."""
    area, last = mobile[2:5], mobile[8:]
    forms = {3: f"({area}) 555-{last}", 7: f"{area}-555-{last}", 11: f"{area}.555.{last}"}
    return forms.get(place % 13, mobile)


CONFERENCE = (
    ID,
    FULL_NAME,
    FIRST_NAME,
    Column("Cell Phone", "MOBILE"),
    Column("Session Title", "TITLE"),
    Column("Session Date", "BEGIN_DATE", "DateTime"),
    Column("Balance Due", "BALANCE", "Decimal"),
)


def _conference() -> list[Row]:
    titles = ("Opening keynote", "Ethics update – part 2", "Mentors’ lunch", "Café of ideas ☕")
    return [
        {
            "ID": one.party_id,
            "FullName": one.full_name,
            "FirstName": one.first_name if place % 9 else None,
            "Cell Phone": one.mobile,
            "Session Title": titles[place % len(titles)],
            "Session Date": f"2026-12-{1 + place % 20:02d}T09:30:00",
            "Balance Due": float(place % 4) * 25,
        }
        for place, one in enumerate(members()[300:420])
    ]


def _without_id() -> list[Row]:
    return [{"FullName": one.full_name, "MobilePhone": one.mobile} for one in members()[:30]]


DIRTY_NUMBERS: tuple[str | None, ...] = (
    None, "", " ", "-", "n/a", "none", "unknown", "ask office",
    "202-555-0190", "(202) 555-0191", "202.555.0192", "202 555 0193", "1-202-555-0194",
    "+1 202 555 0195", "001 202 555 0196", "cell: 202-555-0197", "202-555-0198 (mobile)",
    "202-555-0199 x204", "202-555-0190 ext. 7", "２０２５５５０１９１",
    "202-555-0192 / 202-555-0193", "(202) 555-0194 or (202) 555-0195",
    "555-0198", "202-555", "20255501911", "123", "000-000-0000", "999-999-9999", "202-155-0199",
    "800-555-0199", "888-555-0100", "900-555-0199", "911", "+44 20 7946 0018", "+44 7700 900123",
    "+33 1 99 00 12 34", "+61 491 570 006", "+52 55 5000 0000", "+1 876 555 0123",
    "202-555-0190", "+12025550190", "(202) 555-0190",
    "o2o2-555-o188", "202_555_0187", "tel:+1-202-555-0186", "2025550185#", "*67 202 555 0184",
)  # fmt: skip


def _dirty() -> list[Row]:
    return [
        {"ID": one.party_id, "FullName": one.full_name, "MobilePhone": number}
        for one, number in zip(members()[4000:], DIRTY_NUMBERS, strict=False)
    ]
