"""`textmanager sandbox`: what it tells is what its two systems let in."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import requests

from processes import answers, free_ports, processes, stop, wait_until


def test_it_says_who_may_sign_in(tmp_path: Path) -> None:
    imis, twilio = free_ports(2)
    with processes(tmp_path) as started:
        started.start("sandbox", f"--imis-port={imis}", f"--twilio-port={twilio}")
        phones = f"http://127.0.0.1:{twilio}/phones"
        wait_until(lambda: answers(phones), seconds=60, what="the sandbox answers")
        said = started.output()
        username, password = re.findall(r"background account (\S+), (\S+)", said)[0]
        sid, token = re.findall(r"account (AC\w+), auth token (\w+)", said)[0]
        account = f"http://127.0.0.1:{twilio}/2010-04-01/Accounts/{sid}.json"
        assert requests.get(account, auth=(sid, token), timeout=20).ok
        form = {"grant_type": "password", "username": username, "password": password}
        assert requests.post(f"http://127.0.0.1:{imis}/token", data=form, timeout=20).ok


def test_it_ends_without_a_complaint_although_a_page_is_open(tmp_path: Path) -> None:
    imis, twilio = free_ports(2)
    with processes(tmp_path) as started, requests.Session() as browser:
        running = started.start("sandbox", f"--imis-port={imis}", f"--twilio-port={twilio}")
        phones = f"http://127.0.0.1:{twilio}/phones"
        wait_until(lambda: answers(phones), seconds=60, what="the sandbox answers")
        assert browser.get(phones, timeout=20).ok
        assert stop(running, signal.SIGINT) == 0
        assert "ERROR" not in started.output()
        assert "Unclosed" not in started.output()
