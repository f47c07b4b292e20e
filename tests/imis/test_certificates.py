"""A secure connection that cannot be made: why, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from certificates import DAY, issuer, trusting
from serving import serve
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisUnreachable
from textmanager.imis.tokens import TokenStore
from textmanager.sandbox.imis import BACKGROUND, ImisSettings, create_app


async def sign_in(files: dict[str, str]) -> str:
    async with serve(create_app(ImisSettings()), **files) as address:
        client = ImisClient(
            address.replace("http://", "https://"),
            BACKGROUND.username,
            BACKGROUND.password,
            tokens=TokenStore(),
        )
        async with client:
            return await client.sign_in()


async def test_a_good_certificate_of_an_issuer_that_is_trusted(tmp_path: Path) -> None:
    ours = issuer(tmp_path)
    with trusting(ours):
        assert await sign_in(ours.certificate(tmp_path)) == BACKGROUND.username


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ends": -DAY}, "certificate of “127.0.0.1” has expired. Have it renewed"),
        ({"starts": DAY}, "is not valid yet. Check the clock"),
        ({"host": "members.example.org"}, "is another site's. Check the address"),
    ],
)
async def test_what_is_wrong_with_a_certificate(tmp_path: Path, wrong: dict, words: str) -> None:
    ours = issuer(tmp_path)
    with trusting(ours), pytest.raises(ImisUnreachable, match=words) as caught:
        await sign_in(ours.certificate(tmp_path, **wrong))

    assert not caught.value.ambiguous


async def test_an_issuer_that_nobody_knows(tmp_path: Path) -> None:
    files = issuer(tmp_path).certificate(tmp_path)
    with pytest.raises(ImisUnreachable, match="issuer that this machine trusts"):
        await sign_in(files)
