"""What the simulated account costs: its balance and the price list."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from textmanager.sandbox.twilio_rules import error
from textmanager.sandbox.twilio_senders import Endpoint
from textmanager.sandbox.twilio_store import Store

PRICE = 0.0079
_OPENING_BALANCE = 100.0
# Made up; which carrier is dearest differs from kind to kind, as in the real list.
_OUTBOUND = {
    "AT&T": {"local": "0.0079", "toll-free": "0.0079", "shortcode": "0.0079"},
    "T-Mobile": {"local": "0.0083", "toll-free": "0.0079", "shortcode": "0.0081"},
}
_CODES = {"AT&T": ("310", "410"), "T-Mobile": ("310", "260")}


class Billing:
    """Tells the balance and the prices of a country."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def endpoints(self, account: str) -> list[tuple[str, str, Endpoint]]:
        """Method, path and endpoint of each; `account` is the path of the account."""
        return [
            ("GET", account + "/Balance.json", self.balance),
            ("GET", "/v1/Messaging/Countries/{country}", self.prices),
        ]

    async def balance(self, _request: Request) -> Response:
        left = f"{_OPENING_BALANCE - self._store.spent:.4f}"
        account_sid = self._store.settings.account_sid
        return JSONResponse({"account_sid": account_sid, "balance": left, "currency": "USD"})

    async def prices(self, request: Request) -> Response:
        country = request.path_params["country"].upper()
        if country != "US":
            raise error(20404, status=404)
        return JSONResponse(
            {
                "country": "United States",
                "iso_country": country,
                "price_unit": "USD",
                "outbound_sms_prices": [_carrier(name, row) for name, row in _OUTBOUND.items()],
                "inbound_sms_prices": [_price(kind, "0.0079") for kind in ("local", "toll-free")],
                "url": f"https://pricing.twilio.com/v1/Messaging/Countries/{country}",
            }
        )


def _carrier(name: str, row: dict[str, str]) -> dict[str, Any]:
    mcc, mnc = _CODES[name]
    prices = [_price(kind, amount) for kind, amount in row.items()]
    return {"carrier": name, "mcc": mcc, "mnc": mnc, "prices": prices}


def _price(kind: str, amount: str) -> dict[str, str]:
    return {"number_type": kind, "base_price": amount, "current_price": amount}
