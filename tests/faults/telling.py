"""``python -m tests.faults.telling HOME``: a worker that tells alarms until it is killed. It imports no more than one
does, for what is measured is how soon a worker goes on where its predecessor was killed.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from deepracer_admin.compose import Console, compose
from deepracer_admin.settings import Settings
from deepracer_admin.worker import Worker

WEBHOOK = "DEEPRACER_ADMIN_ALARM_WEBHOOK"


def open_console(home: Path) -> Console:
    return compose(Settings(mode="rehearsal", home=home, entra_app_only=True, alarm_webhook=os.environ[WEBHOOK]))  # type: ignore[arg-type]


def main(home: Path) -> None:
    """Tell until killed."""
    console = open_console(home)
    Worker(console, holder="client").start()
    print("working", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
