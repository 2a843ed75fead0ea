from collections.abc import Sequence
from typing import Any

AT = "2026-11-02T09:30:00.123456+00:00"

EXAMPLES: dict[str, Sequence[Any]] = {
    "onboarding": [
        {"state": "running", "by": "oid-1", "by_name": "Anna Rossi", "since": AT},
        {"state": "closed"},
    ],
    "onboarding_report": [
        {"as_of": AT, "rate_per_minute": 40.0, "eta_minutes": None, "limit": "", "not_known": ["signed_in"]}
    ],
    "trouble": [{"group": "Entra asks us to wait."}],
    "current_event": ["spring"],
    "invites": [
        {
            "0a": {
                "people": ["a00100", "a00101"],
                "job": "job-1",
                "state": "finished",
                "at": AT,
                "way": "service",
                "tries": 1,
                "again_at": None,
                "existed": ["a00101"],
                "mailed_at": AT,
                "mails": 1,
            },
            "0b": {"people": ["a00102"], "job": "", "state": "planned", "at": AT},  # before there were two ways
            "0c": {
                "people": ["a00103", "a00104"],
                "job": "",
                "state": "planned",
                "at": AT,
                "way": "pool",
                "tries": 1,
                "left": ["a00104"],
                "doubt": ["a00104"],
                "existed": [],
                "again_at": AT,
            },
        }
    ],
    "invites_resent": [[[AT, "a00100"], [AT, "a00101"]]],
    "guests": [
        {
            "a00100": {"state": "pending", "made": True, "id": "g1", "link": "sealed", "again_at": AT},
            "a00101": {"state": "accepted", "made": False, "id": "g2", "link": ""},
            "a00102": {"state": "pending", "made": True, "id": "g3"},
        }
    ],
    "guests_seen_at": [AT],
    "orphan_rows": [{"a00100": ["p1", "p2"]}],
    "not_theirs": [{"a00100": ["p3"]}],
    "passwords_until": [{"a00100": AT}],
    "adopted_quotas": [{"p1": [600, 5], "p2": [-1, 0]}],
    "column_mappings": [{"0123456789abcdef": {"email": "E-Mail", "name": 2, "office": ""}}],
    "rehearsal_before_close": [{"in_group": 20, "profiles": 19, "hours": 3.5, "mails_sent": 20}],
}
