"""Facts have a place to look them up: every page that a docstring or comment names is in docs/, with the section."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = {page.name: page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if page.name != "README.md"}
FOLDERS = ("deepracer_admin", "pages", "launch", "benchmarks", "tests")
SOURCES = [*ROOT.glob("*.py"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))]

_NAME = r"(?P<name>[a-z][a-z0-9-]*(?:\.\d)?[a-z0-9-]*\.md\b)"
_SECTION = r"\d+(?:\.\d+)?\b(?! page)(?!\.\d)"
_NUMBERS = rf"(?:(?:sections? )?(?P<numbers>{_SECTION}(?:(?:, and |, | and | to ){_SECTION})*))"
_TITLE = r"(?:\"?(?P<title>[A-Z][a-z]+)\b)"
_CITED = re.compile(rf"(?:{_NAME}|\b1\.3 page\b),?(?: (?:{_NUMBERS}|{_TITLE}))?")
_BY_TITLE = ("architecture.md", "screens.md")  # their sections have no numbers


def joined(text: str) -> str:
    """The text of a file on one line, so that a citation may go over the end of one."""
    return re.sub(r"\s*\n\s*(?:# ?)?", " ", text)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Each page that is named, with "" or the section: a number, or the first word of a title."""
    for found in _CITED.finditer(joined(text)):
        page = found["name"] or "deepracer-on-aws-1.3.md"
        sections = re.findall(_SECTION, found["numbers"] or "")
        if page in _BY_TITLE and found["title"]:
            sections = [found["title"]]
        yield from ((page, section) for section in sections or [""])


def sections(page: Path) -> set[str]:
    """The numbers of a page's headings, and the first word of each."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {heading.split()[0].rstrip(".,") for heading in headings}


def citations() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source in SOURCES:
        for citation in cited(source.read_text(encoding="utf-8")):
            if source != Path(__file__).resolve():
                found[citation].add(source.relative_to(ROOT).as_posix())
    return found


def test_a_citation_is_read_in_every_form_that_is_used() -> None:
    assert list(cited("(deepracer-on-aws.md 1.7 and 2.3; 1.3 page, sections 2, 3 and 12.1).")) == [
        ("deepracer-on-aws.md", "1.7"),
        ("deepracer-on-aws.md", "2.3"),
        ("deepracer-on-aws-1.3.md", "2"),
        ("deepracer-on-aws-1.3.md", "3"),
        ("deepracer-on-aws-1.3.md", "12.1"),
    ]
    assert list(cited("# (deepracer-on-aws.md 1.3,\n# 1.3 page 3).")) == [
        ("deepracer-on-aws.md", "1.3"),
        ("deepracer-on-aws-1.3.md", "3"),
    ]
    assert list(cited('(architecture.md, "Time"), (architecture.md)')) == [
        ("architecture.md", "Time"),
        ("architecture.md", ""),
    ]
    assert list(cited("deepracer-on-aws-capacity.md\n    5).")) == [("deepracer-on-aws-capacity.md", "5")]


def test_every_page_and_section_that_is_cited_can_be_read_here() -> None:
    found = citations()
    assert len(found) > 60, "the reader of citations finds next to none: it is broken"
    headings = {name: sections(page) for name, page in DOCS.items()}
    missing = {
        f"{page} {section}".strip(): sorted(where)
        for (page, section), where in found.items()
        if page not in headings or (section and section not in headings[page])
    }
    assert missing == {}


def test_no_section_about_a_service_stands_there_for_nobody() -> None:
    """A fact that no code leans on grows old unseen. A heading above sections that are cited may stand."""
    used = {f"{page} {section}." for page, section in citations()}
    idle = [
        f"{page.name} {number}"
        for page in sorted((ROOT / "docs" / "services").glob("*.md"))
        for number in sorted(sections(page))
        if number[0].isdigit() and not any(each.startswith(f"{page.name} {number}.") for each in used)
    ]
    assert idle == []
