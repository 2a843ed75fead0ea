"""Kills the process that tells alarms, again and again, and counts what reached a chat and two mailboxes. Prints JSON.

    python -m benchmarks.calls [--kills 50] [--seed 1]

Alarms rise and end all the time. A third of the kills (SIGKILL; terminate on Windows) comes at a random moment, a third
at the very moment at which the chat gets a message and has not answered, a third just after its answer. At the end
nobody works until a console has told that. `ok` is true when nothing arrived twice, what never arrived is shown as not
known and is at most one message a kill, every rise reached somebody, within 60 s, and no body names a racer.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.faults.calling import call_with_kills

LONGEST_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="calls-", ignore_cleanup_errors=True) as home:
        told = call_with_kills(Path(home), options.kills, seed=options.seed, silent_worker=True)
    checks = {**told.checks, "within_a_minute": told.slowest_s <= LONGEST_S, "silence_is_told": "worker" in told.kinds}
    print(json.dumps({**asdict(told), **checks, "ok": all(checks.values())}, indent=2))
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
