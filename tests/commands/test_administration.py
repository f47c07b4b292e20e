"""What an administrator does in a terminal: migrate, createorg, connect, doctor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from processes import Processes, own_database, processes
from serving_in_thread import serve_in_thread
from textmanager.commands.createorg import command as createorg
from textmanager.sandbox.imis import ImisSettings
from textmanager.sandbox.imis import create_app as create_imis
from textmanager.sandbox.twilio import TwilioSettings
from textmanager.sandbox.twilio import create_app as create_twilio

pytestmark = pytest.mark.journey

TWILIO = TwilioSettings(delay_scale=0)


@dataclass
class Terminal:
    """A fresh installation's terminal, and both outside systems."""

    started: Processes
    imis: str
    twilio: str

    def run(self, *arguments: str, expect: int = 0) -> str:
        return self.started.run(*arguments, expect=expect)

    def createorg(self, expect: int = 0, **changes: str) -> str:
        given = {
            "name": "Sample Association",
            "cloud-id": "sample",
            "time-zone": "America/New_York",
            "imis-url": self.imis,
            "imis-username": "textmanager",
            "imis-password": "background-password",
            "twilio-account-sid": TWILIO.account_sid,
            "twilio-auth-token": TWILIO.auth_token,
            "twilio-url": self.twilio,
            "sender": "+12025550143",
            "sender-kind": "10dlc",
            "administrator": "jordan.lee",
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        options = [f"--{name}={value}" for name, value in given.items()]
        return self.run("createorg", "--sender-name=Office", *options, expect=expect)


@pytest.fixture
def terminal(transactional_db: None, tmp_path: Path) -> Iterator[Terminal]:
    with (
        own_database() as url,
        serve_in_thread(create_imis(ImisSettings())) as imis,
        serve_in_thread(create_twilio(TWILIO)) as twilio,
        processes(tmp_path, DATABASE_URL=url) as started,
    ):
        yield Terminal(started, imis, twilio)


def test_from_an_empty_database_to_one_that_lacks_only_its_processes(terminal: Terminal) -> None:
    # Before anything is there, the doctor says what to do first.
    assert "Run: textmanager migrate" in terminal.run("doctor", expect=1)
    terminal.run("migrate")
    assert "Create one: textmanager createorg" in terminal.run("doctor", expect=1)

    # Nothing is written before both systems let us in.
    refused = terminal.createorg(imis_password="wrong", expect=1)
    assert "does not accept the user name or password of “textmanager”" in refused
    refused = terminal.createorg(twilio_auth_token="wrong", expect=1)
    assert "Copy both from Twilio's console once more." in refused
    refused = terminal.createorg(sender="+18005550999", expect=1)
    assert "+18005550999 is not in this Twilio account, which has MG" in refused
    assert "+18005550199, +12025550143" in refused
    refused = terminal.createorg(sender="+18005550199", expect=1)
    assert "Sender kind: +18005550199 is toll_free at Twilio, not 10dlc." in refused
    refused = terminal.createorg(time_zone="Eastern", expect=2)
    assert "Eastern is not a time zone such as America/New_York." in refused
    assert "Traceback" not in refused
    assert "There is none yet" in terminal.run("doctor", expect=1)

    assert "Sample Association is created" in terminal.createorg()
    assert "already exists" in terminal.createorg(expect=1)

    found = terminal.run("doctor", expect=1)
    assert "ok     iMIS of sample" in found
    assert "ok     Twilio of sample: The account Sandbox association is active." in found
    assert "ok     Activity types of sample: TEXTMSG" in found
    assert "TO DO  Workers: None is running" in found
    assert "TO DO  Senders of sample: Office (+12025550143): replies and STOP" in found
    assert "TO DO  Public address of sample" in found
    assert found.count("TO DO") == 3

    # A connection is changed only for one that works.
    options = [f"--url={terminal.imis}", "--username=sam.rivera"]
    refused = terminal.run("connect", "imis", "sample", *options, "--password=wrong", expect=1)
    assert "“sam.rivera”" in refused
    terminal.run("connect", "imis", "sample", *options, "--password=demo-password")
    assert "lets sam.rivera in" in terminal.run("doctor", expect=1)
    unknown = terminal.run(
        "connect", "imis", "nobody", *options, "--password=demo-password", expect=1
    )
    assert "No organization has the Cloud ID nobody." in unknown


def test_a_slip_is_asked_about_again_at_once() -> None:
    typed = "Sample\nMy Org!\nMy-Org\nEastern\nAmerica/Chicago\n"
    said = CliRunner().invoke(createorg, input=typed).output
    assert "Error: My Org! is no Cloud ID: use a-z, 0-9 and dashes only.\nCloud ID" in said
    assert "Error: Eastern is not a time zone such as America/New_York.\nTime zone" in said
    assert "Address of the iMIS site" in said


def test_a_wrong_setting_is_one_clear_line(terminal: Terminal) -> None:
    for name, value, words in (
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "does not answer"),
        ("TEXTMANAGER_MAIL_URL", "pigeon:", "TEXTMANAGER_MAIL_URL must begin with"),
        ("TEXTMANAGER_PUBLIC_URL", "example.org", "must be a whole address"),
    ):
        kept = terminal.started.environ.get(name)
        terminal.started.environ[name] = value
        try:
            found = terminal.run("doctor", expect=1)
        finally:
            if kept is None:
                del terminal.started.environ[name]
            else:
                terminal.started.environ[name] = kept
        assert words in found
        assert "Traceback" not in found


def test_show_config_hides_every_secret(terminal: Terminal) -> None:
    terminal.started.environ["TEXTMANAGER_SECRET_KEY"] = "not-for-eyes"
    found = terminal.run("doctor", "--show-config")

    assert "TEXTMANAGER_SECRET_KEY=(set, hidden)" in found
    assert "DATABASE_URL=(set, hidden)" in found
    assert "not-for-eyes" not in found
    assert f"TEXTMANAGER_DATA_DIR={terminal.started.folder}" in found
