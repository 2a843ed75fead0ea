"""The budget guard: what organizers set, and what was crossed."""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.rules.budget_guard import Crossing, Guard
from deepracer_admin.store.documents import Document

__all__ = ["CROSSINGS", "GUARD"]

GUARD = Document("budget_guard", Guard, Guard(), personal=False)
"""Written by organizers on the Usage page; read by who watches the budget. Cohorts are named in it, nobody else."""

CROSSINGS: Document[Mapping[str, Crossing]] = Document("budget_crossings", Mapping[str, Crossing], {}, personal=False)
"""By Crossing.key. Written by who watches the budget (flows/sponsorship/budget.py), and by an organizer's answer."""
