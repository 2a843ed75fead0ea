from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {
    "sponsorship": [
        {
            "open": True,
            "as_of": "2026-11-02T09:30:00.123456+00:00",
            "sentence": "Sponsorship is open.",
            "former_new": [-1, -1],
            "own_new": [[0, 0], [600, 5]],
            "former": {"p1": [600, 5]},
        },
        {
            "open": False,
            "closing": True,
            "as_of": "2026-11-02T09:30:00+00:00",
            "sentence": "Multi-user mode reads back off.",
            "opened_at": "2026-11-01T08:00:00+00:00",
            "hidden": " 3 models of 1 profile went out of sight.",
            "tries": {"job": "job-1", "rounds": 2},
            "given_back_new": [600, 5],
        },
    ],
    "paused_profiles": [{"p1": [600, 5]}],
}
