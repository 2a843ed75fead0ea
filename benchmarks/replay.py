"""Does the console count what the service counted? Replays whole rehearsals, sample by sample. Prints JSON.

    python -m benchmarks.replay [--people 2000] [--hours 14] [--slots 200] [--seed 7] [--versions 1.2.5 1.3.1]

A rehearsal of each version runs in this process, over the end of a month. Every minute all profiles are read, in the
service's own words and through the console's own reader, into two histories: `steady` has every sample; `rough` has
none for half an hour by day and none for half an hour around the reset, some samples twice, and some again after newer
ones.

Of the samples that were kept: in `equal` of them the minutes used were those of the service's own books, in `in_range`
the books lay within the range that is stated once a reset was seen, `outside` in the others. `queued_differ` and
`spend_off_by_a_cent` count samples with other minutes queued, and with a spend that leaves the (range of the) books' by
more than a cent. `most_unsure_min`: the width of the range. `profiles_differ`: people whose own minutes at the end are
not within their range. A month that ends takes what ran since the last sample before it: `lost_min` were lost to the
counters, and are what the range must hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._replaying import VERSIONS, replay


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="replay", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=2_000, help="racers (default 2000)")
    parser.add_argument("--hours", type=float, default=14.0, help="of event time, from six hours before the month ends")
    parser.add_argument("--slots", type=int, default=200, help="jobs at once (default 200)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--versions", nargs="+", choices=VERSIONS, default=VERSIONS)
    words = parser.parse_args(argv)
    found: dict[str, Any] = {"people": words.people}
    for version in words.versions:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="replay-") as folder:
            found[version] = replay(
                version, people=words.people, hours=words.hours, slots=words.slots, seed=words.seed, home=Path(folder)
            )
        found[version]["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
