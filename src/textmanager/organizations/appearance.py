"""Turns an organization's color into the brand colors of its pages, readable in light and dark."""

from __future__ import annotations

import colorsys
import hashlib
from dataclasses import dataclass

# WCAG 2.2 AA for text of any size.
ENOUGH = 4.5
OWN_COLOR = "#0f766e"
# The lightest and the darkest ground that --brand stands on in static/textmanager.css, or beyond.
LIGHT_GROUNDS = ("#ffffff", "#eef0ea")
DARK_GROUNDS = ("#182120", "#0f1615")
DARKEST, LIGHTEST = "#06221f", "#ffffff"
STEP = 0.005


@dataclass(frozen=True)
class Brand:
    """The tokens of one color scheme: the color, what is written on it, and its soft ground."""

    color: str
    ink: str
    soft: str


def brand(accent: str, *, is_dark: bool) -> Brand:
    """The accent as near as it can be read: on the page, on a card, and on its own soft ground.

    Its hue and saturation stay; only its lightness moves, down on light grounds, up on dark ones.
    """
    hue, lightness, saturation = _hls(accent)
    grounds = DARK_GROUNDS if is_dark else LIGHT_GROUNDS
    soft = _hex(hue, 0.14 if is_dark else 0.93, min(saturation, 0.5))
    step = STEP if is_dark else -STEP
    color = accent
    while not all(contrast(color, ground) >= ENOUGH for ground in (*grounds, soft)):
        lightness = min(1.0, max(0.0, lightness + step))
        color = _hex(hue, lightness, saturation)
        if lightness in {0.0, 1.0}:
            break
    ink = max((LIGHTEST, DARKEST), key=lambda each: contrast(color, each))
    return Brand(color, ink, soft)


def adjusted(accent: str) -> list[str]:
    """What had to be changed to keep the pages readable, in words; nothing when nothing had."""
    told = []
    for where, is_dark in (("light", False), ("dark", True)):
        shown = brand(accent, is_dark=is_dark).color
        if shown != accent:
            direction = "lighter" if is_dark else "darker"
            told.append(
                f"On {where} pages {accent} would be hard to read, so it is made {direction}: "
                f"{shown}."
            )
    return told


def stylesheet(accent: str) -> str:
    """The tokens as CSS; empty for the color that the pages have anyway."""
    if not accent:
        return ""
    light, dark = brand(accent, is_dark=False), brand(accent, is_dark=True)
    # light-dark() goes by the page's color scheme, which its person may have chosen.
    pairs = {
        "brand": (light.color, dark.color),
        "brand-ink": (light.ink, dark.ink),
        "brand-soft": (light.soft, dark.soft),
    }
    tokens = " ".join(f"--{name}: light-dark({', '.join(pair)});" for name, pair in pairs.items())
    return f":root {{ --accent: {accent}; {tokens} }}\n"


def version(accent: str) -> str:
    """Changes with what the stylesheet says, so that a browser may keep it for ever."""
    return hashlib.sha256(stylesheet(accent).encode()).hexdigest()[:12]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colors such as #0f766e, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    # The constants of sRGB, as WCAG's definition of relative luminance has them.
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - see above


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hls(color: str) -> tuple[float, float, float]:
    return colorsys.rgb_to_hls(*_channels(color))


def _hex(hue: float, lightness: float, saturation: float) -> str:
    channels = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
