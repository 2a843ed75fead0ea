"""What axe-core finds on a page that hinders people (WCAG 2.2 A and AA, and its best practices)."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

__all__ = ["hindrances"]

GRAVE = ("serious", "critical")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Every rule is checked at every element; what passed is not described element by element, for nobody reads it.
    "resultTypes": ["violations"],
}
LOOK = """async ([rules, grave]) => {
    const found = await axe.run(rules)
    const violations = found.violations.filter((each) => grave.includes(each.impact))
    return JSON.stringify([found.passes.length, violations])
}"""


def hindrances(page: Page) -> list[str]:
    """Serious and critical findings, one line each: rule, where, what to do. Raises AssertionError where axe found
    nothing to check at all."""
    if page.evaluate("typeof axe === 'undefined'"):  # once per document: it is half a megabyte
        page.evaluate(AXE_SCRIPT)
    passed, violations = json.loads(page.evaluate(LOOK, [RULES, GRAVE]))
    assert passed > 5, "axe has not seen the page"
    found: list[dict[str, Any]] = violations
    return [
        f"{each['id']} ({each['impact']}) at {node['target']}: {node.get('failureSummary', each['help'])}"
        for each in found
        for node in each["nodes"]
    ]
