"""A browser without scripts: fills in forms with their CSRF token."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import requests


@dataclass
class Visitor:
    """Somebody who looks at the pages under `web`, an address without a slash at its end."""

    web: str
    http: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str) -> requests.Response:
        answer = self.http.get(self.web + path, timeout=20)
        answer.raise_for_status()
        return answer

    def post(self, path: str, **fields: Any) -> requests.Response:
        """Fills in and sends the form on a page."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).text)
        assert token, f"{path} has no form"
        return self.post_to(path, token.group(1), **fields)

    def post_to(self, path: str, token: str, **fields: Any) -> requests.Response:
        return self.http.post(
            self.web + path,
            data={"csrfmiddlewaretoken": token, **fields},
            headers={"Referer": self.web + path},
            timeout=30,
        )

    def sign_in(self, cloud_id: str, username: str, password: str) -> None:
        answer = self.post("/sign-in/", cloud_id=cloud_id, username=username, password=password)
        assert answer.url == f"{self.web}/", re.findall(r'role="alert">([^<]*)', answer.text)
