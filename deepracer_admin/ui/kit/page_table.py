"""The one table of pages: navigation, access and tests share it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PAGES", "PageEntry"]


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page. `action` of rules/access.py opens it; `address` is its one-segment URL path."""

    file: str
    title: str
    icon: str
    address: str
    group: str
    action: str
    help: str
    look_every_s: int = 5
    """How often an open tab looks whether the frame, and parts of this page, have moved (looks.py)."""


PAGES: tuple[PageEntry, ...] = (
    PageEntry(
        "pages/plan/event.py",
        "Event",
        ":material/flag:",
        "event",
        "Plan",
        "event.view",
        "Where the event stands and what to do next",
        look_every_s=2,
    ),
    PageEntry(
        "pages/plan/setup.py",
        "Set up",
        ":material/tune:",
        "setup",
        "Plan",
        "setup.view",
        "Name, dates, budget, quotas, pre-flight, sponsorship",
    ),
    PageEntry(
        "pages/plan/attendees.py",
        "Attendees",
        ":material/groups:",
        "attendees",
        "Plan",
        "attendees.view",
        "The list: upload, dry run, search, walk-ups",
    ),
    PageEntry(
        "pages/run/onboarding.py",
        "Onboarding",
        ":material/login:",
        "onboarding",
        "Run",
        "onboarding.view",
        "The funnel, why people are stuck, and the fix",
        look_every_s=2,
    ),
    PageEntry(
        "pages/run/messages.py",
        "Messages",
        ":material/mail:",
        "messages",
        "Run",
        "messages.view",
        "Templates, campaigns, every single mail",
    ),
    PageEntry(
        "pages/run/races.py", "Races", ":material/sports_score:", "races", "Run", "races.view", "Create and share races"
    ),
    PageEntry(
        "pages/run/usage.py",
        "Usage",
        ":material/monitoring:",
        "usage",
        "Run",
        "usage.totals",
        "Hours and estimated spend per sponsored profile",
    ),
    PageEntry(
        "pages/run/leaderboard.py",
        "Leaderboard",
        ":material/leaderboard:",
        "leaderboard",
        "Run",
        "boards.view",
        "Standings and the big screen",
        look_every_s=2,
    ),
    PageEntry(
        "pages/close/closeout.py",
        "Close",
        ":material/lock:",
        "closeout",
        "Close",
        "closeout.view",
        "Close everything and prove that access is gone",
    ),
    PageEntry(
        "pages/close/report.py",
        "Report",
        ":material/summarize:",
        "report",
        "Close",
        "closeout.view",
        "What came of the event, and when personal data goes",
    ),
    PageEntry(
        "pages/close/audit.py",
        "Audit",
        ":material/history:",
        "audit",
        "Close",
        "audit.view",
        "Who did what, when, to how many",
    ),
)
