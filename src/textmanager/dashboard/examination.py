"""Examines an organization's connections, and whether what is there suffices for its campaigns."""

from __future__ import annotations

from collections.abc import Iterator

from textmanager.config.finding import Finding
from textmanager.organizations.examination import examine_organization
from textmanager.organizations.models import Organization
from textmanager.runs.next_cost import dearest_to_come


def examine(organization: Organization) -> Iterator[Finding]:
    """Signs in at its iMIS and its Twilio; sends and writes nothing."""
    yield from examine_organization(organization, to_come=dearest_to_come(organization))
