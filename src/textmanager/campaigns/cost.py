"""What a campaign would cost, by the price that Twilio tells for its sender."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from textmanager.organizations.models import Organization, Sender
from textmanager.organizations.prices import price_per_segment


@dataclass(frozen=True)
class Cost:
    """An estimate: Twilio bills what it reports afterwards. `unit` is a currency such as USD."""

    amount: Decimal
    unit: str
    a_segment: Decimal

    def __str__(self) -> str:
        return _money(f"{self.amount:,.2f}", self.unit)

    @property
    def besides(self) -> str:
        """What the amount leaves out; whoever shows the amount says this beside it."""
        return "plus carriers' surcharges"

    @property
    def each(self) -> str:
        """Such as "$0.0083 a segment"."""
        return f"{_money(f'{self.a_segment:f}', self.unit)} a segment"


def _money(amount: str, unit: str) -> str:
    return f"${amount}" if unit.upper() == "USD" else f"{amount} {unit}"


def cost_of(organization: Organization, sender: Sender, segments: int) -> Cost | None:
    """What so many segments cost; None while the price is not known."""
    price = price_per_segment(organization, sender)
    return Cost(price.amount * segments, price.unit, price.amount) if price else None
