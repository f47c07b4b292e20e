"""Certificates for a site on this machine, in whatever way wrong, with an issuer of their own."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from textmanager.imis import transport

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Issuer:
    """Signs certificates; `file` is its own, for those who trust it."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    file: Path

    def certificate(
        self, folder: Path, *, host: str = "127.0.0.1", starts: dt.timedelta = -2 * DAY,
        ends: dt.timedelta = 30 * DAY,
    ) -> dict[str, str]:  # fmt: skip
        """What uvicorn wants to know to serve with it. `starts` and `ends` count from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        made = (
            _builder(_name(host), self.name, key, starts, ends)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        files = {"ssl_certfile": folder / "site.pem", "ssl_keyfile": folder / "site.key"}
        files["ssl_certfile"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files["ssl_keyfile"].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return {name: str(file) for name, file in files.items()}


def issuer(folder: Path) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Issuer for tests")
    made = (
        _builder(name, name, key, -3 * DAY, 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "issuer.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Issuer(key, name, file)


@contextmanager
def trusting(issuer: Issuer) -> Iterator[None]:
    """This process accepts what the issuer signed, as it does with SSL_CERT_FILE set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(issuer.file))
        transport.trusted_issuers.cache_clear()
        try:
            yield
        finally:
            transport.trusted_issuers.cache_clear()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name,
    issued_by: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    starts: dt.timedelta,
    ends: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + ends)
    )
