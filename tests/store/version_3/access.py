from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {
    "onboarding": [
        {"state": "running", "by": "oid-1", "by_name": "Anna Rossi", "since": "2026-11-02T09:30:00.123456+00:00"},
        {"state": "closed"},
    ],
    "onboarding_report": [
        {
            "as_of": "2026-11-02T09:30:00.123456+00:00",
            "rate_per_minute": 40.0,
            "eta_minutes": None,
            "limit": "",
            "not_known": ["signed_in"],
        }
    ],
    "trouble": [{"group": "Entra asks us to wait."}],
    "adopted_quotas": [{"p1": [600, 5], "p2": [-1, 0]}],
    "current_event": ["spring"],
}
