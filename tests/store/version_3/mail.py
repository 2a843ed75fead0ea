from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {
    "campaigns": [
        {
            "access": {
                "template": "access",
                "version": 1,
                "audience": {"kind": "proven", "cohort": ""},
                "state": "running",
                "by": "",
                "by_name": "Onboarding",
                "created_at": "2026-11-02T09:30:00.123456+00:00",
                "schedule_at": None,
                "sentence": "",
            },
            "camp-1": {
                "template": "reminder",
                "version": 3,
                "audience": {"kind": "not_trained", "cohort": "office:Milano"},
                "state": "scheduled",
                "by": "oid-1",
                "by_name": "Anna Rossi",
                "created_at": "2026-11-02T09:30:00.123456+00:00",
                "schedule_at": "2026-11-03T08:00:00+01:00",
                "sentence": "The sender's quota is used up.",
            },
        }
    ],
    "templates": [
        {
            "access.en": {
                "key": "access",
                "language": "en",
                "version": 2,
                "subject": "Welcome to {event}",
                "body": "Hello {name}.",
            }
        }
    ],
    "sender": [
        {
            "per_second": 14.0,
            "per_day": 50000,
            "used_today": 12,
            "sandbox": False,
            "enabled": True,
            "as_of": "2026-11-02T09:30:00.123456+00:00",
        }
    ],
    "events_taken_at": ["2026-11-02T09:30:00.123456+00:00"],
    "outbox": [
        [
            {
                "seq": 7,
                "message_id": "m-7",
                "at": "2026-11-02T09:30:00+00:00",
                "to": "person100@example.com",
                "subject": "[REHEARSAL] Spring Cup",
                "text": "Hello.",
                "html": "<p>Hello.</p>",
                "tags": {"key": "spring#a00100#access#1", "template": "access.1"},
            }
        ]
    ],
}
