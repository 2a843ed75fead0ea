from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {
    "proof": [
        {
            "can_still_sign_in": [{"attendee": "a00100", "name": "Ada", "alias": "Ada-L", "why": "adopted"}],
            "in_group": 0,
            "as_of": "2026-11-02T09:30:00.123456+00:00",
        },
        {
            "can_still_sign_in": [],
            "in_group": None,
            "in_identity_center": 0,
            "source": "IAM Identity Center and the racing service",
            "as_of": "2026-11-02T09:30:00+00:00",
        },
    ],
    "closing_tries": [{"job": "job-1", "rounds": {"p1": 3, "p2": 1}}],
    "closing_profiles": [["p1", "p2"]],
    "closing_former_states": [{"p1": "ACTIVE", "p2": "RESTRICTED"}],
    "closing_ended": [["p1"]],
    "models_proven_gone": [["p1", "p2"]],
    "models_asked_in_this_sweep": [["p3"]],
    "erased": [{"at": "2026-11-02T09:30:00.123456+00:00", "people": 203}],
}
