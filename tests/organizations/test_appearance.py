"""An organization's color, readable wherever it stands, whatever was chosen."""

from __future__ import annotations

import colorsys
import re
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from textmanager.organizations import appearance
from textmanager.organizations.models import Organization, User

STYLES = Path(appearance.__file__).parent.parent / "static" / "textmanager.css"
colors = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def tokens(*, is_dark: bool) -> dict[str, str]:
    """The plain colors of the pages themselves, as the stylesheet has them."""
    text = STYLES.read_text(encoding="utf-8")
    light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light.partition("}")[0]))
    if is_dark:
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark.partition("}")[0]))
    pairs = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", text)
    return found | {name: pair[is_dark] for name, *pair in pairs}


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0f766e", "#0f766e", 1.0)],
)
def test_contrast_is_as_the_guidelines_define_it(one: str, other: str, ratio: float) -> None:
    assert appearance.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert appearance.contrast(other, one) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("is_dark", [False, True])
@given(accent=colors)
def test_every_color_can_be_read_wherever_it_stands(*, is_dark: bool, accent: str) -> None:
    page = tokens(is_dark=is_dark)
    brand = appearance.brand(accent, is_dark=is_dark)
    for ground in (page["paper"], page["card"], brand.soft):
        assert appearance.contrast(brand.color, ground) >= appearance.ENOUGH
    assert appearance.contrast(brand.ink, brand.color) >= appearance.ENOUGH
    assert appearance.contrast(page["ink"], brand.soft) >= appearance.ENOUGH


def test_a_color_that_can_be_read_stays_as_it_is() -> None:
    assert appearance.brand("#0f766e", is_dark=False).color == "#0f766e"
    assert appearance.brand("#5ecdbf", is_dark=True).color == "#5ecdbf"


def test_a_color_that_cannot_is_moved_and_keeps_its_hue() -> None:
    told = appearance.adjusted("#ffdd00")
    assert len(told) == 1
    assert "On light pages #ffdd00 would be hard to read" in told[0]
    color = appearance.brand("#ffdd00", is_dark=False).color
    assert color in told[0]
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    assert colorsys.rgb_to_hls(red, green, blue)[0] == pytest.approx(52 / 360, abs=0.01)


@pytest.mark.django_db
class TestTheStylesheet:
    @pytest.fixture
    def desk(self, alice: User, client: Client) -> Client:
        client.force_login(alice)
        return client

    def choose(self, desk: Client, **form: str) -> str:
        return desk.post("/settings/appearance/", form, follow=True).content.decode()

    def test_a_color_is_on_every_page_and_kept_by_the_browser(
        self, desk: Client, organization: Organization
    ) -> None:
        page = self.choose(desk, display_name="SA", has_accent="on", accent="#FFDD00")
        assert "hard to read" in page
        organization.refresh_from_db()
        assert (organization.accent, organization.shown_name) == ("#ffdd00", "SA")
        found = re.search(r'href="(/appearance\.css\?v=\w+)"', desk.get("/campaigns/").text)
        assert found
        styles = desk.get(found.group(1))
        assert "--accent: #ffdd00; --brand: light-dark(#" in styles.text
        assert styles.headers["Content-Type"].startswith("text/css")
        assert "immutable" in styles.headers["Cache-Control"]
        assert "private" in styles.headers["Cache-Control"]
        assert desk.get("/appearance.css?v=other").headers["Cache-Control"] == "private, no-cache"

    def test_another_color_has_another_address(
        self, desk: Client, organization: Organization
    ) -> None:
        assert appearance.version("#112233") != appearance.version("#112234")

    def test_without_one_nothing_is_loaded(self, desk: Client, organization: Organization) -> None:
        assert "/appearance.css" not in desk.get("/campaigns/").text
        self.choose(desk, has_accent="on", accent="#112233")
        assert "/appearance.css" in desk.get("/campaigns/").text
        self.choose(desk, accent="#112233")
        assert "/appearance.css" not in desk.get("/campaigns/").text

    def test_what_is_no_color_never_gets_into_a_stylesheet(
        self, desk: Client, organization: Organization
    ) -> None:
        page = self.choose(desk, has_accent="on", accent="red; } body { display: none")
        assert "A color is #" in page
        organization.refresh_from_db()
        assert organization.accent == ""

    def test_a_stranger_has_colors_of_their_own(
        self, organization: Organization, charlie: User, client: Client
    ) -> None:
        Organization.objects.filter(pk=organization.pk).update(accent="#112233")
        client.force_login(charlie)
        assert client.get(f"/appearance.css?v={appearance.version('#112233')}").text == ""
