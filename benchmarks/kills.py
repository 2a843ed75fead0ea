"""Kills the client at random moments of a run against faulty services, then looks at what came of it. Prints JSON.

    python -m benchmarks.kills [--people 500] [--kills 50] [--seed 1] [--version 1.3.1]
    python -m benchmarks.kills --events 2 [--people 20] [--kills 20] [--seed 1]

Services answer 5 % "too many requests", 1 % failures and lose 1 % of their answers. Each client works for a random
0.2 to 3 seconds and is killed (SIGKILL; terminate on Windows); the practice world never is. A last client finishes.
`ok` is true when access equals the list, no mail was sent twice, the unknown mails before delivery events are at most
lost answers + kills x 16, and none that the sender accepted stays unknown after them.

With two events, one on each racing service, the clients go on to the close-out of both (20 people each by default, each
client works for a random 1 to 6 seconds); `ok` is true when both are closed and each ended as if it had been alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.faults.killing import close_two_with_kills, run_with_kills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, choices=(1, 2), default=1)
    parser.add_argument("--people", type=int)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", default="1.3.1")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    if options.events == 2:
        return two_events(options.people or 20, [chance.uniform(1.0, 6.0) for _ in range(options.kills or 20)])
    people = options.people or 500
    pauses = [chance.uniform(0.2, 3.0) for _ in range(50 if options.kills is None else options.kills)]
    with tempfile.TemporaryDirectory(prefix="kills-", ignore_cleanup_errors=True) as home:
        found = run_with_kills(Path(home), people, pauses, version=options.version)
    truth = {
        key: found.truth[key] for key in ("profiles", "in_group", "mails_sent", "mails_duplicate", "users_deleted")
    }
    checks = {
        "access_equals_list": truth["profiles"] == truth["in_group"] == people,
        "no_mail_twice": truth["mails_duplicate"] == 0,
        "nobody_deleted": truth["users_deleted"] == 0,
        "unknown_within_bound": found.unknown <= found.may_be_unknown,
        "none_accepted_stays_unknown": found.unknown_accepted == 0,
    }
    report = {**asdict(found), "truth": truth, "may_be_unknown": found.may_be_unknown, **checks}
    report["ok"] = all(checks.values())
    print(json.dumps(report, indent=2))
    return 0 if report["ok"] else 1


def two_events(people: int, pauses: list[float]) -> int:
    with tempfile.TemporaryDirectory(prefix="kills-", ignore_cleanup_errors=True) as home:
        found = close_two_with_kills(Path(home), people, pauses)
    report = {**asdict(found), **found.checks, "ok": all(found.checks.values())}
    print(json.dumps(report, indent=2))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
