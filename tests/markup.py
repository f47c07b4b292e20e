"""Reads a page's HTML as strictly as a validator, and says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Their end tags may be left out.
LENIENT = {"li", "option", "dt", "dd", "p", "tr", "td", "th", "tbody", "thead"}
HEADINGS = {f"h{level}" for level in range(1, 7)}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list", "form")
NEED_NO_LABEL = {"hidden", "submit", "button", "reset", "image"}
NAMED_BY_CONTENT = {"a", "button", "summary"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    is_labelled: bool = False

    def __str__(self) -> str:
        words = " ".join(f'{key}="{value}"' for key, value in self.attributes.items())
        return f"<{self.tag} {words}> in line {self.line}"


@dataclass
class Markup(HTMLParser):
    """What was found; `problems` in sentences."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        element = Element(tag, {name: value or "" for name, value in attrs}, self.getpos()[0])
        if len(names) != len(set(names)):
            self.problems.append(f"{element} says an attribute twice.")
        element.is_labelled = any(each.tag == "label" for each in self.open)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)
        alt = element.attributes.get("alt", element.attributes.get("aria-label", ""))
        for each in self.open:
            each.text += f" {alt}"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1].tag != tag and self.open[-1].tag in LENIENT:
            self.open.pop()
        if not self.open or self.open[-1].tag != tag:
            inside = str(self.open[-1]) if self.open else "nothing"
            self.problems.append(f"</{tag}> in line {self.getpos()[0]} ends {inside}.")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for each in self.open:
            each.text += data


def problems_of(html: str, *, of_a_whole_page: bool) -> list[str]:
    """Sentences for whoever has to mend it; none for a page that is right."""
    markup = Markup()
    markup.feed(html)
    markup.close()
    found = list(markup.problems)
    found += [f"{each} is not ended." for each in markup.open if each.tag not in LENIENT]
    found += _names(markup.elements)
    found += _tables(markup.elements)
    ids = [each.attributes["id"] for each in markup.elements if each.attributes.get("id")]
    found += [
        f"The id {each} is there twice." for each in sorted({i for i in ids if ids.count(i) > 1})
    ]
    if of_a_whole_page:
        found += _references(markup.elements, set(ids))
        found += _outline(markup.elements)
    return found


def _names(elements: list[Element]) -> list[str]:
    labelled = {each.attributes["for"] for each in elements if "for" in each.attributes}
    found = []
    for each in elements:
        has = each.attributes
        named = bool(has.get("aria-label") or has.get("aria-labelledby") or has.get("title"))
        if each.tag in {"input", "select", "textarea"}:
            named |= each.is_labelled or has.get("id") in labelled
            named |= has.get("type") in NEED_NO_LABEL
        elif each.tag in NAMED_BY_CONTENT:
            named |= bool(each.text.strip())
        elif each.tag == "img":
            named = "alt" in has
        else:
            continue
        if not named:
            found.append(f"{each} has no name.")
    return found


def _tables(elements: list[Element]) -> list[str]:
    return [
        f"{each} does not say of what it is the head."
        for each in elements
        if each.tag == "th" and each.attributes.get("scope") not in {"col", "row", "colgroup"}
    ]


def _references(elements: list[Element], ids: set[str]) -> list[str]:
    return [
        f"{each} refers to {target}, which is not there."
        for each in elements
        for attribute in REFERENCES
        for target in each.attributes.get(attribute, "").split()
        if target not in ids
    ]


def _outline(elements: list[Element]) -> list[str]:
    levels = [int(each.tag[1]) for each in elements if each.tag in HEADINGS]
    found = []
    if levels.count(1) != 1:
        found.append(f"The page has {levels.count(1)} headings of the first level.")
    if levels and levels[0] != 1:
        found.append("The first heading is not the page's.")
    for before, after in pairwise(levels):
        if after > before + 1:
            found.append(f"A heading of level {after} follows one of level {before}.")
    tags = [each.tag for each in elements]
    found += [f"The page has no <{tag}>." for tag in ("title", "main") if tag not in tags]
    if not any(each.tag == "html" and each.attributes.get("lang") for each in elements):
        found.append("The page does not say its language.")
    return found
