"""A whole event without a browser: set up, onboard, race, close, and what the practice world counted.

Every stage asks the store first and does only what is missing, so the command may be killed at any moment and started
again with the same `--home`: the practice world goes on (or is started again from its saved state), and so does the
event. A drill puts one bad day into it, and counts how the console did.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepracer_admin.compose import compose
from deepracer_admin.rehearse.crew import Crew
from deepracer_admin.rehearse.drills import DRILLS, drill_of
from deepracer_admin.rehearse.event import RehearsedEvent
from deepracer_admin.rehearse.plan import Plan, checked
from deepracer_admin.rehearse.practice import Controls, start_world, stop_world
from deepracer_admin.settings import Settings, read_practice

__all__ = ["DRILLS", "Plan", "rehearse"]


def rehearse(plan: Plan, *, say: Callable[[str], None]) -> dict[str, Any]:
    """Run it all; the report of the practice world's own counts. Raises ConsoleError with a sentence."""
    drill = drill_of(plan.drill)
    plan = drill.fit(checked(plan))
    began = time.monotonic()
    home = Path(plan.home).expanduser().resolve() if plan.home else Path(tempfile.mkdtemp(prefix="rehearsal-"))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    world = start_world(plan, home)
    try:
        console = compose(Settings.model_validate({"mode": "rehearsal", "home": home}))
        crew = Crew(console)
        try:
            crew.start()
            report = RehearsedEvent(plan, console, Controls(read_practice(home)), say, drill, crew).run()
        finally:
            crew.stop()
            console.close()
    finally:
        stop_world(home, world)
        if not plan.home:
            shutil.rmtree(home, ignore_errors=True)
    report["seconds"] = round(time.monotonic() - began, 1)
    return report
