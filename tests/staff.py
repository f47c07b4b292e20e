"""Somebody of one organization in front of a browser, and the phones at the other end."""

from __future__ import annotations

import re
from dataclasses import dataclass

import requests
from playwright.sync_api import Page, expect

from house import House
from processes import wait_until

PASSWORD = "demo-password"
A_RUN = re.compile(r"/runs/([0-9a-f-]{36})/")


@dataclass(frozen=True)
class Staff:
    """Who makes a journey. `cloud_id` is the organization that this journey has for itself."""

    page: Page
    house: House
    cloud_id: str

    def sign_in(self, username: str = "jordan.lee") -> None:
        self.page.goto("/sign-in/")
        self.page.get_by_label("Cloud ID").fill(self.cloud_id)
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page).not_to_have_url(re.compile("sign-in"))

    def ask_to_run(self, campaign: str) -> None:
        """From the list, as far as the page that asks once more."""
        page = self.page
        page.goto("/campaigns/?kind=recurring")
        row = page.get_by_role("row").filter(has_text=campaign)
        row.locator("summary").click()
        row.get_by_role("link", name=re.compile("Run now")).click()
        expect(page.get_by_role("main")).to_contain_text("Will be texted", timeout=30_000)

    def run_now(self, campaign: str) -> str:
        """Stays on the run's page; the run's ID."""
        self.ask_to_run(campaign)
        self.page.get_by_role("button", name=re.compile("Send the texts now|Run the test")).click()
        self.page.wait_for_load_state()
        found = A_RUN.search(self.page.url)
        # A refusal stands on the page that comes instead.
        assert found, self.page.get_by_role("main").inner_text()
        return found[1]

    def wait_for_run(self, run_id: str, *, until: str = "completed_at") -> None:
        """`until` is the column of the run that says so."""
        asked = f"SELECT 1 FROM runs_run WHERE id = '{run_id}' AND {until} IS NOT NULL"
        wait_until(lambda: self.house.ask(asked), seconds=90, what=f"the run has {until}")

    def status_of(self, run_id: str, number: str) -> str:
        asked = f"SELECT status FROM runs_message WHERE run_id = '{run_id}' AND \"to\" = '{number}'"
        return str(self.house.ask(asked)[0][0])

    def change(self, table: str, column: str, value: str, where: str) -> None:
        """Sets the scene in the database, where no page should be in the way."""
        changed = self.house.ask(
            f"UPDATE {table} SET {column} = {value} WHERE {where} AND organization_id = "
            f"(SELECT id FROM organizations_organization WHERE cloud_id = '{self.cloud_id}') "
            "RETURNING 1"
        )
        assert changed

    def receive_texts_to(self, number: str) -> None:
        """What phones send to this number of the account comes here, as Settings arranges it."""
        url = f"{self.house.visitor.web}/hooks/twilio/{self.cloud_id}/inbound"
        account = f"{self.house.twilio}/2010-04-01/Accounts/{TWILIO[0]}"
        listed = requests.get(f"{account}/IncomingPhoneNumbers.json", auth=TWILIO, timeout=20)
        (sid,) = [
            each["sid"]
            for each in listed.json()["incoming_phone_numbers"]
            if each["phone_number"] == number
        ]
        changed = requests.post(
            f"{account}/IncomingPhoneNumbers/{sid}.json",
            data={"SmsUrl": url},
            auth=TWILIO,
            timeout=20,
        )
        assert changed.json()["sms_url"] == url

    def answer_from_phone(self, number: str, words: str, *, to: str) -> None:
        """Somebody takes their phone, finds our text there, and answers it."""
        phone = self.page.context.new_page()
        phone.goto(f"{self.house.twilio}/phones/{number}")
        recipient = phone.locator("select[name=to]")
        if recipient.is_visible():
            recipient.select_option(to)
        if words in QUICK_ANSWERS:
            phone.get_by_role("button", name=words, exact=True).click()
        else:
            phone.get_by_label("Text to send from this phone").fill(words)
            phone.get_by_role("button", name="Send").click()
        expect(phone.get_by_role("log")).to_contain_text(words)
        phone.close()

    def texts_to(self, number: str, words: str) -> int:
        """How many texts with these words a phone has received, by the simulated Twilio's books."""
        return sum(text["to"] == number and words in text["body"] for text in self.house.texts())


# The sandbox's account: its SID and its auth token.
TWILIO = ("ACde300000000000000000000000000de3", "5a4db0c05a4db0c05a4db0c05a4db0c0")
QUICK_ANSWERS = ("STOP", "START", "HELP")
