"""Closes a rehearsed event from the command line, killed at random moments on a bad day, and holds its certificate
against the practice servers' own state. Prints JSON.

    python -m benchmarks.closing [--people 500] [--kills 10] [--slots 20] [--seed 1] [--version 1.3.1]
    python -m benchmarks.closing --people 40 --empty always | half | minutes [--no-pool]

Racers train with few slots, so that models are queued, waiting, running and broken when the event is closed. Services
answer 3 % "too many requests", 1 % failures and lose 1 % of their answers, the racing service is down for 20 s in the
middle, and somebody else is faster with 5 % of the deletions. `--empty`: DeleteProfile answers `500 {}` for live
accounts, always, half of the time or for two minutes. `--no-pool`: the console's AWS credentials may not read the user
pool. A deletion that proves nothing is asked for over five minutes of real time, so such a run takes about eight.
Each command works for a random 2 to 8 seconds, from when it has the event's lease, and is killed (SIGKILL; terminate
on Windows); a last one finishes.
`ok` is true when the close-out ended, the certificate verifies and is green only where nothing is left, nobody is
called gone who can sign in, and no model was deleted while somebody could of whom the certificate does not say so.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.faults.closing import close_with_kills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--slots", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", default="1.3.1")
    parser.add_argument("--empty", default="", choices=("", "always", "half", "minutes"))
    parser.add_argument("--no-pool", action="store_true")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    pauses = [chance.uniform(2.0, 8.0) for _ in range(options.kills)]
    with tempfile.TemporaryDirectory(prefix="closing-", ignore_cleanup_errors=True) as home:
        found = close_with_kills(
            Path(home),
            options.people,
            pauses,
            version=options.version,
            slots=options.slots,
            empty=options.empty,
            pool=not options.no_pool,
        )
    report = {
        "people": found.people,
        "kills": found.kills,
        "seconds": found.seconds,
        "seconds_closing": found.seconds_closing,
        "models_when_closing_began": dict(found.models),
        "could_sign_in_before": found.before["can_sign_in"],
        "can_sign_in": found.truth["can_sign_in"],
        "answers": dict(found.answers),
        "verdict": found.certificate["verdict"],
        "left": found.certificate["left"],
        "tries": dict(found.tries),
        "delete_profile_calls": found.calls.get("deepracer.DeleteProfile", 0),
        **found.checks,
        "ok": all(found.checks.values()),
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
