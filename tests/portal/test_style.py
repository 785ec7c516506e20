"""The one sheet of all views: a class that one view gives a look has that look in no other."""

import re
from collections import defaultdict

from tests.incidents import ROOT

SHEET = ROOT / "server" / "portal" / "pages" / "style.css"
VIEWS = ("Board", "A trip", "New trip and import", "Settings", "Numbers")
"""Sections of views, as their titles stand in the sheet; what comes before them is for all."""
LEADS = re.compile(r"(?P<view>main(?:\[data-view=|:is\()\S.*?\)? )?[a-z]*\.(?P<name>[\w-]+)")


def classes(section: str) -> tuple[set[str], set[str]]:
    """The classes that a section's selectors begin with, and those of them that are not bound to a view."""
    named, bare = set(), set()
    for selectors in re.findall(r"([^{}]+)\{", section):
        for selector in re.split(r",(?![^(]*\))", selectors):
            if found := LEADS.match(selector.strip()):
                named.add(found["name"])
                if not found["view"]:
                    bare.add(found["name"])
    return named, bare


def clashes(sheet: str) -> dict[str, list[str]]:
    """Classes that one view's section gives a look everywhere, while another view has a class of that name too."""
    parts = re.split(r"^/\* (.*) \*/$", sheet, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(VIEWS) <= set(sections)
    shared = set().union(*(classes(text)[0] for title, text in sections.items() if title not in VIEWS))
    looks = {title: classes(sections[title]) for title in VIEWS}
    found = defaultdict(list)
    for title, (_, bare) in looks.items():
        for other, (named, _) in looks.items():
            for name in (bare & named) - shared if other != title else ():
                found[name].append(f"{title}, {other}")
    return dict(found)


def test_no_class_has_the_look_of_another_view() -> None:
    assert clashes(SHEET.read_text(encoding="utf-8")) == {}


def test_a_clash_is_found() -> None:
    sheet = SHEET.read_text(encoding="utf-8")
    assert clashes(sheet.replace('main[data-view="trip"] .phone', ".phone")) == {
        "phone": ["A trip, New trip and import"]
    }
