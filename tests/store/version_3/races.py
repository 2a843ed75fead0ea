from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {
    "board_marks": [
        {
            "r-1": {
                "hidden": ["Speedy"],
                "disqualified": {"Ghost": "two profiles", "Speedy": "borrowed model"},
                "frozen_at": "2026-11-02T15:00:00+00:00",
            },
            "r-2": {"hidden": [], "disqualified": {}, "frozen_at": None},
        },
        {"r-3": {"frozen_at": "2026-11-02T15:00:00+00:00"}},
    ],
    "participants": [{"r-1": {"rows": [["u-1", "Speedy"], ["u-2", "Éva"]], "as_of": "2026-11-02T15:00:00+00:00"}}],
    "entry_lists": [{"r-1": ["a00100", "a00101"], "r-2": []}],
    "own_races": [["r-1", "r-2"]],
    "live_links": [
        {
            "x9-link": {
                "event": "spring",
                "race": "r-1",
                "scene": "board",
                "by": "Anna Rossi",
                "made_at": "2026-11-02T09:30:00.123456+00:00",
                "expires_at": "2026-11-02T21:30:00.123456+00:00",
                "revoked": False,
            }
        }
    ],
    "tracks": [[{"id": "t-1", "name": "The Track", "directions": ["CLOCKWISE"], "length_m": None}]],
    "models_seen": [{"models": 7, "running": 2, "profiles": 4, "as_of": "2026-11-02T09:30:00+00:00"}],
}
