"""The web process as its server runs it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from serving_in_thread import serve_in_thread
from textmanager.config import asgi


@pytest.mark.parametrize("path", ["/", "/hooks/twilio/sample/status"])
def test_a_request_that_is_cut_when_the_server_stops_is_no_fault_of_its_page(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    arrived = threading.Event()

    async def hanging(scope: dict[str, Any], *_: Any) -> None:
        # As Django has it, which knows of nothing else that a server may ask.
        assert scope["type"] == "http"
        arrived.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(asgi, "pages", hanging)
    monkeypatch.setattr(asgi, "webhooks", hanging)
    options = {"timeout_graceful_shutdown": 1, "log_config": None}
    with ThreadPoolExecutor(1) as threads:
        with serve_in_thread(asgi.application, **options) as web:
            asked = threads.submit(requests.post, web + path, timeout=20)
            assert arrived.wait(20)
        answer = asked.result()
    assert (answer.status_code, "is stopping" in answer.text) == (503, True)
    assert [record.message for record in caplog.records] == [
        "Cancel 1 running task(s), timeout graceful shutdown exceeded"
    ]


def test_a_page_that_fails_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(*_: Any) -> None:
        raise LookupError

    monkeypatch.setattr(asgi, "pages", failing)
    with serve_in_thread(asgi.application, log_config=None) as web:
        assert requests.get(web, timeout=20).status_code == 500
    assert "Exception in ASGI application" in caplog.text
