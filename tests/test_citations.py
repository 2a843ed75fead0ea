"""Facts have a place to look them up: every page that a docstring or comment names is in docs/, with the section."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = {page.name: page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if page.name != "README.md"}
FOLDERS = ("deepracer_admin", "pages", "launch", "benchmarks", "tests")
SOURCES = [*ROOT.glob("*.py"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))]

_NAME = r"(?P<name>(?:\d+-)?[a-z][a-z0-9-]*(?:\.\d)?[a-z0-9-]*\.md\b)"
_SECTION = r"\d+(?:\.\d+)?\b(?! page)(?!\.\d)"
_NUMBERS = rf"(?:(?:sections? )?(?P<numbers>{_SECTION}(?:(?:, and |, | and | to ){_SECTION})*))"
_WORD = r"\"?(?P<word>[A-Z][a-z]\w+)"
_CITED = re.compile(rf"(?:{_NAME}|\b1\.3 page\b)(?:,? {_NUMBERS})?(?:,? {_WORD})?")
_BY_TITLE = ("architecture.md", "screens.md")  # their sections have no numbers; elsewhere a word stands in the text


def joined(text: str) -> str:
    """The text of a file on one line, so that a citation may go over the end of one."""
    return re.sub(r"\s*\n\s*(?:# ?)?", " ", text)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Each page that is named, with "", or the number of a section, or a word (an operation, the first of a title)."""
    for found in _CITED.finditer(joined(text)):
        page = found["name"] or "deepracer-on-aws-1.3.md"
        where = re.findall(_SECTION, found["numbers"] or "") + ([found["word"]] if found["word"] else [])
        yield from ((page, each) for each in where or [""])


def sections(page: Path) -> set[str]:
    """The numbers of a page's headings, and the first word of each."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {heading.split()[0].rstrip(".,") for heading in headings}


def stands_in(page: Path, where: str) -> bool:
    """Has the page this section, or this word where its sections have numbers?"""
    if not where or where in sections(page):
        return True
    by_word = page.name not in _BY_TITLE and not where[0].isdigit()
    return by_word and where in page.read_text(encoding="utf-8")


@cache
def citations() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        for citation in cited(text) if ".md" in text or "1.3" in text else ():
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
    assert list(cited("(deepracer-on-aws.md 1.7, CreateProfile; 1.3 page, 4.1, WAF trap)")) == [
        ("deepracer-on-aws.md", "1.7"),
        ("deepracer-on-aws.md", "CreateProfile"),
        ("deepracer-on-aws-1.3.md", "4.1"),
    ]
    assert list(cited("deepracer-on-aws-capacity.md\n    5).")) == [("deepracer-on-aws-capacity.md", "5")]


def test_every_page_and_section_that_is_cited_can_be_read_here() -> None:
    found = citations()
    assert len(found) > 60, "the reader of citations finds next to none: it is broken"
    missing = {
        f"{page} {where}".strip(): sorted(files)
        for (page, where), files in found.items()
        if page not in DOCS or not stands_in(DOCS[page], where)
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
