"""Each fault of docs/faults.md, provoked: it has its own message and remedy, as told there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from cryptography.fernet import Fernet
from django.utils import timezone

import world
from certificates import DAY, issuer, trusting
from serving_in_thread import serve_in_thread
from textmanager.campaigns.audience import AudienceUnavailable, first_look
from textmanager.imis import transport
from textmanager.imis.errors import ImisError
from textmanager.organizations.examination import examine_organization
from textmanager.organizations.models import ImisConnection, Organization
from textmanager.organizations.sign_in import SignInRefused, sign_in
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, ImisUser, create_app

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
NOT_STAFF = ImisUser("textmanager", "background-password", ("Member",))


def rows_of_the_page() -> dict[str, tuple[str, str]]:
    """Message and remedy by fault, of the section on iMIS."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## iMIS\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if line.startswith("| ")
    ]
    return {fault: (words, remedy) for fault, words, remedy in cells[1:]}


def fits(told: str, said: str) -> bool:
    """Whether `told`, in which … stands for anything, is part of what was said."""
    pattern = ".+?".join(re.escape(part) for part in told.split("…"))
    return re.search(pattern, said) is not None


@dataclass
class Bench:
    """An organization, a site for it, and what to take down afterwards."""

    organization: Organization
    folder: Path
    taken_down: ExitStack
    patch: pytest.MonkeyPatch
    settings: Any

    def site(self, options: dict[str, Any] | None = None, **settings: Any) -> str:
        app = create_app(ImisSettings(**settings))
        address = self.taken_down.enter_context(serve_in_thread(app, **(options or {})))
        self.connect(base_url=address)
        return address

    def connect(self, password: str = "", **values: Any) -> None:
        kept = ImisConnection.objects.get(organization=self.organization)
        for name, value in values.items():
            setattr(kept, name, value)
        if password:
            kept.set_password(password)
        kept.save()

    def play(self, **fault: Any) -> None:
        address = ImisConnection.objects.get(organization=self.organization).base_url
        requests.post(f"{address}/_sandbox/faults", json=fault, timeout=5).raise_for_status()

    def checked(self) -> tuple[str, str]:
        """The first thing to do that the set-up check finds in iMIS."""
        return next(
            (finding.words, finding.remedy)
            for finding in examine_organization(self.organization)
            if finding.subject.startswith(("iMIS", "Activity")) and not finding.is_ok
        )


Said = tuple[str, str]


@pytest.fixture
def bench(
    transactional_db: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(world.organization(), tmp_path, stack, monkeypatch, settings)


def as_user(username: str) -> Callable[[Bench], Said]:
    """The background account is one of the sandbox's users who are not let in, or not far."""

    def provoke(bench: Bench) -> Said:
        bench.site()
        bench.connect("demo-password", username=username)
        return bench.checked()

    return provoke


def with_certificate(**wrong: Any) -> Callable[[Bench], Said]:
    def provoke(bench: Bench) -> Said:
        ours = issuer(bench.folder)
        bench.taken_down.enter_context(trusting(ours))
        over_https(bench, ours.certificate(bench.folder, **wrong))
        return bench.checked()

    return provoke


def over_https(bench: Bench, files: dict[str, str]) -> None:
    address = bench.site(files)
    bench.connect(base_url=address.replace("http://", "https://"))


def playing(**fault: Any) -> Callable[[Bench], Said]:
    def provoke(bench: Bench) -> Said:
        bench.site()
        bench.play(**fault)
        return bench.checked()

    return provoke


def at(address: str) -> Callable[[Bench], Said]:
    def provoke(bench: Bench) -> Said:
        bench.connect(base_url=address)
        return bench.checked()

    return provoke


def looking_at(path: str) -> Callable[[Bench], Said]:
    """Somebody chooses an IQA in the form, which says both in one."""

    def provoke(bench: Bench) -> Said:
        bench.site()
        with pytest.raises(AudienceUnavailable) as caught:
            first_look(bench.organization.pk, path)
        assert isinstance(caught.value.__cause__, ImisError)
        return caught.value.__cause__.words, caught.value.__cause__.remedy

    return provoke


def wrong_password(bench: Bench) -> Said:
    bench.site()
    bench.connect("the password of last quarter")
    return bench.checked()


def not_staff(bench: Bench) -> Said:
    bench.site(users=(NOT_STAFF,))
    return bench.checked()


def a_member_signs_in(bench: Bench) -> Said:
    bench.site()
    with pytest.raises(SignInRefused) as caught:
        sign_in(
            cloud_id=bench.organization.cloud_id,
            username="member",
            password="member-password",
            address="192.0.2.1",
        )
    assert isinstance(caught.value.__cause__, ImisError)
    return caught.value.__cause__.words, caught.value.__cause__.remedy


def no_answer_in_time(bench: Bench) -> Said:
    bench.patch.setattr(transport, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
    return playing(kind="slow", path="/token", seconds=1.0)(bench)


def unknown_issuer(bench: Bench) -> Said:
    over_https(bench, issuer(bench.folder).certificate(bench.folder))
    return bench.checked()


def no_https(bench: Bench) -> Said:
    address = bench.site()
    bench.connect(base_url=address.replace("http://", "https://"))
    return bench.checked()


def soon_expires(bench: Bench) -> Said:
    bench.site()
    bench.connect(password_changed_at=timezone.now() - dt.timedelta(days=80))
    return bench.checked()


def opt_outs_not_read(bench: Bench) -> Said:
    bench.site()
    bench.connect(opt_outs_read_at=timezone.now() - dt.timedelta(days=2))
    return bench.checked()


def activity_type_missing(bench: Bench) -> Said:
    bench.site(activity_types=("TEXTUNSUB", "TEXTUNSUB_A"))
    return bench.checked()


def lost_key(bench: Bench) -> Said:
    bench.site()
    bench.settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    return bench.checked()


FAULTS: dict[str, Callable[[Bench], Said]] = {
    "Wrong password": wrong_password,
    "Expired password": as_user("expired"),
    "Locked account": as_user("locked"),
    "Switched-off account": as_user("disabled"),
    "Missing role": as_user("norole"),
    "Not staff": not_staff,
    "A member signs in": a_member_signs_in,
    "Wrong address": playing(kind="status", path="/token", status=404, text="<h1>Not found</h1>"),
    "Wrong name of the server": at("https://no-such-site.invalid"),
    "Nothing there": at("http://127.0.0.1:9"),
    "No answer in time": no_answer_in_time,
    "Maintenance page": playing(kind="html", path="/token"),
    "Busy or failing site": playing(kind="status", path="/api/", status=503, count=99),
    "Expired certificate": with_certificate(ends=-DAY),
    "Certificate of another site": with_certificate(host="members.example.org"),
    "Certificate of nobody known": unknown_issuer,
    "No HTTPS there": no_https,
    "Password soon expires": soon_expires,
    "Opt-outs not read": opt_outs_not_read,
    "Activity type missing": activity_type_missing,
    "IQA not for programs": looking_at("$/Samples/Not for programs"),
    "IQA gone": looking_at("$/Nowhere/Gone"),
    "Lost encryption key": lost_key,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_provoked_fault_says_what_the_page_tells(bench: Bench, fault: str) -> None:
    words, remedy = FAULTS[fault](bench)

    told_words, told_remedy = rows_of_the_page()[fault]
    assert fits(told_words, words), words
    assert fits(told_remedy, remedy), remedy
    assert BACKGROUND.password not in words + remedy


def test_the_page_tells_of_every_fault_that_is_provoked_and_of_no_other() -> None:
    assert list(rows_of_the_page()) == list(FAULTS)


def test_no_two_faults_say_the_same() -> None:
    told = [words for words, _ in rows_of_the_page().values()]
    assert len(set(told)) == len(told)


def test_a_site_in_order_needs_nothing(bench: Bench) -> None:
    bench.site()
    findings = [
        finding
        for finding in examine_organization(bench.organization)
        if finding.subject.startswith(("iMIS", "Activity"))
    ]
    assert [finding.subject for finding in findings] == ["iMIS", "iMIS password", "Activity types"]
    assert all(finding.is_ok for finding in findings)
