"""The deployed functions in a process of their own, made to be killed: ``python -m tests.faults.stream HOME``.

The handler of the table's stream, the mail queue and the schedules, as `infra.local.chain` runs them, on the table
that consoles share. It works until it is killed; one that is started anew gets the whole stream again.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path

from infra.local.chain import Chain, Table, Timing
from tests.faults.client import EVENT, PATIENCE_S

PORTAL = "http://127.0.0.1:8601"


def main(home: Path) -> None:
    warnings.simplefilter("ignore")
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    table = Table(os.environ["DEEPRACER_ADMIN_STORE_ENDPOINT"])
    chain = Chain(home, table, EVENT, PORTAL, timing=Timing(sweep_s=2.0, prove_s=20.0))
    chain.start()
    print("working", flush=True)
    time.sleep(PATIENCE_S)
    os._exit(1)  # whoever started it has forgotten it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
