"""Ready to open? The one table of checks, and what they say of a set of facts.

Each check is green, amber, red, not applicable or not known, with what was read and when, why it matters, and what
mends it. A check is never green for want of a reading.
"""

from __future__ import annotations

from deepracer_admin.model import Finding
from deepracer_admin.rules.preflight import console_checks, mail_checks, people_checks, plan_checks, racing_checks
from deepracer_admin.rules.preflight.check import Check
from deepracer_admin.rules.preflight.facts import Facts

__all__ = ["TABLE", "findings"]

TABLE: tuple[Check, ...] = (
    *people_checks.CHECKS,
    *racing_checks.CHECKS,
    *mail_checks.CHECKS,
    *plan_checks.CHECKS,
    *console_checks.CHECKS,
)


def findings(facts: Facts) -> tuple[Finding, ...]:
    """One line for each check of the table, in its order."""
    return tuple(check.look(facts) for check in TABLE)
