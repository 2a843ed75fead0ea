"""Every capability of a racing service is there because something asks for it."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import deepracer_admin
from deepracer_admin.model import Capabilities

PACKAGE = Path(deepracer_admin.__file__).parent
ROOT = PACKAGE.parent
SOURCES = [*PACKAGE.rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "tests/racing/contract.py"]


def test_no_capability_is_declared_that_nothing_asks_for() -> None:
    """By the name of an attribute, or in the contract that holds each adapter to what it says of itself."""
    declared = {each.name for each in fields(Capabilities)}
    asked = {
        name
        for path in SOURCES
        if "rehearsal" not in path.relative_to(ROOT).parts
        if any(each in (text := path.read_text(encoding="utf-8")) for each in declared)
        for node in ast.walk(ast.parse(text))
        for name in (
            [node.attr] if isinstance(node, ast.Attribute) else [node.value] if isinstance(node, ast.Constant) else []
        )
        if isinstance(name, str)
    }
    assert declared <= asked
