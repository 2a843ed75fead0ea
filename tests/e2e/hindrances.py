"""What axe-core finds on a page that hinders people (WCAG 2.2 A and AA, and its best practices)."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

__all__ = ["hindrances"]

GRAVE = ("serious", "critical")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def hindrances(page: Page) -> list[str]:
    """Serious and critical findings, one line each: rule, where, what to do. Raises AssertionError where axe found
    nothing to check at all."""
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    assert len(found["passes"]) > 5, "axe has not seen the page"
    return [
        f"{each['id']} ({each['impact']}) at {node['target']}: {node.get('failureSummary', each['help'])}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
