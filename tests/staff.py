"""Somebody of one organization in front of a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from house import House

PASSWORD = "demo-password"


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

    @property
    def of_ours(self) -> str:
        """The condition that leaves rows of this organization alone."""
        return (
            "organization_id = (SELECT id FROM organizations_organization "
            f"WHERE cloud_id = '{self.cloud_id}')"
        )

    def texts_to(self, number: str) -> list[str]:
        """What a phone has received from anybody, on the simulated Twilio's books."""
        return [text["body"] for text in self.house.texts() if text["to"] == number]
