"""Questions of somebody who is new here: CONTRIBUTING.md answers them, and the files hold what it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.*?) \| `([^`]+\.py)` \| `(\w+)` \|$", CONTRIBUTING, re.MULTILINE)

ASKED = [
    "bounce",
    "forecast",
    "former quota",
    "new directory",
    "new store",
    "graph",
    "mail is not known",
    "ends access on aws",
    "racer name",
    "lease renewed",
]


def defined(path: Path) -> set[str]:
    """Functions, classes, methods and module constants that a file defines."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


@pytest.mark.parametrize("topic", ASKED)
def test_the_question_is_asked_and_answered(topic: str) -> None:
    questions = [question.lower() for question, _, _ in ROWS]
    assert any(topic in question for question in questions), f"CONTRIBUTING.md does not say where {topic} is"


@pytest.mark.parametrize(("file", "name"), sorted({(file, name) for _, file, name in ROWS}))
def test_the_file_that_is_named_defines_what_is_named(file: str, name: str) -> None:
    assert name in defined(ROOT / file), f"{file} defines no {name}: mend the table in CONTRIBUTING.md"


def test_every_link_of_the_documents_leads_to_a_file() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT).as_posix()}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_module_that_the_documents_name_exists() -> None:
    """`rules/access.py` in a sentence means that file below deepracer_admin/, tests/ or the root."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    roots = [ROOT, ROOT / "deepracer_admin", ROOT / "tests", ROOT / "deepracer_admin" / "rules" / "roster"]
    named = {
        (page.relative_to(ROOT).as_posix(), module)
        for page in pages
        for module in re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8"))
    }
    assert sorted((page, module) for page, module in named if not any((root / module).exists() for root in roots)) == []
