"""Every sentence of the program that tells people what to do, read once: the way out must be one.

`table()` is made from the source: whatever is a sentence in it, with the error or outcome that carries it where that
can be read there. A page, tab, button or field that is named must be one, by that very label; that something is tried
again may be said only where it is.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deepracer_admin import errors
from deepracer_admin.ui.kit.page_table import PAGES

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "deepracer_admin"
ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.ConsoleError)
}
PASSING = (errors.Throttled, errors.Unavailable, errors.Unreachable, errors.LostAnswer)
BY_ITSELF = re.compile(
    r"\b(?:the console|it|we) (?:slows down and |waits and )?(?:tries|try|asks|looks) again\b"
    r"|\b(?:go|goes) on by (?:our|it|them)sel(?:f|ves)\b|\bis asked again\b|\bconsole lists it anew\b"
)
HOLE = "{…}"


@dataclass(frozen=True)
class Told:
    """A sentence and who carries it: an error's name, a State's, or "" where the source does not tell."""

    place: str
    sentence: str
    carrier: str


def _text(node: ast.expr, named: dict[str, ast.expr]) -> Iterator[str]:
    """The texts that an expression can be; a value that is put in shows as a hole."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            texts = [""]
            for part in parts:
                if isinstance(part, ast.Constant):
                    ends = [str(part.value)]
                else:
                    inner = part.value if isinstance(part, ast.FormattedValue) else part
                    ends = [*_text(named[inner.id], named)] if isinstance(inner, ast.Name) and inner.id in named else []
                    ends = ends or [HOLE]
                texts = [begun + end for begun in texts for end in ends]
            yield from texts
        case ast.Name(id=name) if name in named:
            yield from _text(named[name], {**named, name: ast.Constant(HOLE)})
        case ast.IfExp(body=one, orelse=other):
            yield from _text(one, named)
            yield from _text(other, named)
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _text(part, named)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            ends = [*_text(right, named)] or [HOLE]
            yield from (one + end for one in [*_text(left, named)] or [HOLE] for end in ends)


def _carrier(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ERRORS:
        return name
    if name not in ("Outcome", "_outcome", "replace"):
        return ""
    states = [
        each.attr for each in ast.walk(call) if isinstance(each, ast.Attribute) and ast.unparse(each.value) == "State"
    ]
    return states[0] if len(states) == 1 else ""


def _read(path: Path) -> Iterator[Told]:
    tree = ast.parse(path.read_text("utf-8"))
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant | ast.JoinedStr)
    }
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Expr | ast.JoinedStr | ast.Call | ast.Constant)]
    aside = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    aside |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    place = str(path.relative_to(ROOT)).replace("\\", "/")
    for node in nodes:
        if isinstance(node, ast.Call) and (carrier := _carrier(node)):
            spoken = node.args[:1] if carrier in ERRORS else [*node.args, *(word.value for word in node.keywords)]
            for argument in spoken:
                for text in _text(argument, named):
                    yield Told(f"{place}:{node.lineno}", text, carrier)
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in aside:
            for text in _text(node, named):
                yield Told(f"{place}:{node.lineno}", text, "")


def _is_sentence(text: str) -> bool:
    return len(text) > 15 and " " in text and not text.startswith(("\n", "<"))


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in ("rehearsal",)]


@functools.cache
def table() -> list[Told]:
    """Made when a test first asks: each process of a run collects this module, and seldom more than one runs it."""
    return [told for path in FILES for told in _read(path) if _is_sentence(told.sentence)]


# -------------------------------------------------------------------------------------------- what the screens hold


@functools.cache
def labels() -> set[str]:
    """Every text that stands on a screen: arguments of calls, choices, values of tables; in ui/, pages/ and sign-in."""
    screens = [*(PACKAGE / "ui").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), PACKAGE / "web/signin.py"]
    found: set[str] = {page.title for page in PAGES}
    for path in screens:
        tree = ast.parse(path.read_text("utf-8"))
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Expr | ast.Constant)]
        aside = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in aside:
                found.add(node.value.removesuffix(" …"))
    return found


TABS = {
    "Settings",
    "Slots and hours",
    "Prices",
    "Pre-flight",
    "Alarms",
    "Sponsorship",
    "Hours per cohort",
    "Staff",
    "Other events",
}
_PAGE = re.compile(r"\b(?:on|open|Open|see|See) (?:the )?([A-Z]\w+(?: up)?)(?: page|(?= to settle))")
_TAB = re.compile(r"\bthe ([A-Z]\w+(?: \w+)?) tab\b")
_QUOTED = re.compile(r"“([^”{]+)”")
_PRESSED = re.compile(r"\b[Pp]ress(?:es)? ([A-Z]\w+(?: \w+)*)")
_WAY = re.compile(r"\(Set up, ([^)]+)\)")
_PART = re.compile(rf"\b({'|'.join(re.escape(page.title) for page in PAGES)}), ([A-Z]\w+(?:-\w+)?(?: \w+)*)")
QUOTED_ELSEWHERE = {
    "forgot password": "a link of DeepRacer on AWS's own site",
    "Send webhook alerts to a channel": "a template of Microsoft Teams' own Workflows",
}


def named(sentence: str) -> set[tuple[str, str]]:
    """(kind, label) of everything on our screens that a sentence names."""
    found = {("page", each) for each in _PAGE.findall(sentence)}
    found |= {("tab", each) for each in _TAB.findall(sentence)}
    found |= {("label", each) for each in _QUOTED.findall(sentence) if each not in QUOTED_ELSEWHERE}
    found |= {("label", each) for each in _PRESSED.findall(sentence)}
    return found | {("label", each) for each in _WAY.findall(sentence)}


def strange_parts(sentence: str) -> list[str]:
    """Parts of a page, as "Set up, Alarms", that the page itself does not have."""
    return [f"{page}, {words}" for page, words in _PART.findall(sentence) if not _begins_with(words, own()[page])]


def _begins_with(words: str, known: set[str]) -> bool:
    return any(words == label or words.startswith(f"{label} ") for label in known)


def _own(page: Path) -> set[str]:
    """The texts of a page, and of the parts that it is put together from."""
    trees = [ast.parse(page.read_text("utf-8"))]
    for node in ast.walk(trees[0]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepracer_admin.ui."):
            whole = ROOT / node.module.replace(".", "/")
            files = [whole.with_suffix(".py"), *(whole / f"{each.name}.py" for each in node.names)]
            trees += [ast.parse(path.read_text("utf-8")) for path in files if path.is_file()]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {each for each in constants if isinstance(each, str)}


@functools.cache
def own() -> dict[str, set[str]]:
    return {page.title: _own(ROOT / page.file) - {page.title} for page in PAGES}


ELSEWHERE = ("deepracer_admin/ui/", "deepracer_admin/rules/roster/")  # screens themselves; words of people's lists


@functools.cache
def naming() -> list[Told]:
    return [told for told in table() if named(told.sentence) and not told.place.startswith(ELSEWHERE)]


def test_the_table_holds_the_sentences_of_adapters_and_flows() -> None:
    rooms = {told.place.split("/")[1] for told in table()}
    assert {"racing", "directory", "mail", "edge", "flows", "services", "web", "worker", "rules"} <= rooms
    carried = {told.carrier for told in table()}
    assert {
        "Refused",
        "AccessDenied",
        "CredentialsExpired",
        "Throttled",
        "Unavailable",
        "BadInput",
        "REFUSED",
    } <= carried
    assert len(table()) > 800
    assert len(naming()) > 25


def test_every_page_tab_button_and_field_that_a_sentence_names_is_there_by_that_very_label() -> None:
    pages = {page.title for page in PAGES}
    wrong = [
        f"{told.place}: {kind} {label!r} in: {told.sentence}"
        for told in naming()
        for kind, label in sorted(named(told.sentence))
        if label not in {"page": pages, "tab": TABS, "label": labels()}[kind]
    ]
    assert wrong == []


def test_a_part_that_a_sentence_names_is_one_of_that_very_page() -> None:
    wrong = [f"{told.place}: {part!r} in: {told.sentence}" for told in table() for part in strange_parts(told.sentence)]
    assert wrong == []
    assert strange_parts("Read on Event, Needs a human, what it waits for.") == ["Event, Needs a human"]
    assert strange_parts("Somebody is told: Set up, Alarms has who.") == []


def test_the_tabs_are_those_of_the_set_up_page() -> None:
    assert {
        node.value
        for node in ast.walk(ast.parse((ROOT / "pages/plan/setup.py").read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } >= TABS


def test_that_something_is_tried_again_is_said_only_of_what_is() -> None:
    wrong = [
        f"{told.place}: {told.carrier}: {told.sentence}"
        for told in table()
        if BY_ITSELF.search(told.sentence)
        if (told.carrier in ERRORS and told.carrier != "StoreError" and not issubclass(ERRORS[told.carrier], PASSING))
        or told.carrier in ("REFUSED", "DONE", "ALREADY")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("Do it, then press Retry.", "Retry"),
        ("Take them out on the Boarding page.", "Boarding"),
        ("Close that on the Patrons tab.", "Patrons"),
        ("Correct “Sender of mail”.", "Sender of mail"),
    ],
)
def test_a_name_that_no_screen_has_is_found(sentence: str, label: str) -> None:
    ((_, found),) = named(sentence)
    assert found == label
    assert label not in labels() | TABS | {page.title for page in PAGES}
