"""The event portal's serverless path on this machine, beside the console and its practice world."""

from __future__ import annotations

import json
import time
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launch.children import Child, answers, check_alive, start_child, stop_child, wait_until
from launch.console import Start, can_open_browser, child_environment, practice_answers, start_console, start_practice
from launch.machine import Trouble, free_port

__all__ = ["portal_environment", "portal_home", "run_portal"]

ADDRESS_FILE = "portal.json"
PATIENCE_S = 240  # seconds; the first event is made meanwhile


def portal_home(home: Path) -> Path:
    """A folder of its own: its table lives as long as it runs, so nothing of a rehearsal's is mixed with it."""
    return home.with_name(f"{home.name}-portal")


def found(home: Path) -> dict[str, Any]:
    """What the path says about itself; empty until it is ready."""
    try:
        return dict(json.loads((home / ADDRESS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def portal_environment(environ: Mapping[str, str], told: Mapping[str, str], page: str) -> dict[str, str]:
    """The console on the shared table. Its own worker is off: here the functions do the work."""
    ours = {
        "STORE": "dynamodb",
        "STORE_TABLE": "deepracer-portal",
        "STORE_ENDPOINT": told["table"],
        "PORTAL_URL": page,
        "WORKER": "false",
    }
    return {**environ, **{f"DEEPRACER_ADMIN_{name}": value for name, value in ours.items()}}


def run_portal(python: Path, start: Start, environ: Mapping[str, str]) -> None:
    """Start everything, say where it is, and watch until an exception ends it; whatever was started is stopped then.

    Raises Trouble when a part does not start or stops by itself.
    """
    if start.mode != "rehearsal":
        raise Trouble("`portal` is a rehearsal of the deployed path: start it without `--live` (docs/deploy.md).")
    environ = child_environment(environ, start)
    port = free_port(start.port + 2)
    (start.home / ADDRESS_FILE).unlink(missing_ok=True)
    children: list[Child] = []
    try:
        children.append(start_practice(python, start, environ))
        wait_until(lambda: practice_answers(start.home), children, "The practice world")
        command = ["infra.local", "--home", str(start.home), "--port", str(port)]
        log = start.home / "logs" / "portal.log"
        children.append(start_child("The portal's path", python, command, log, environ))
        wait_until(
            lambda: bool(found(start.home)) and answers(port, "/config.json"), children, "The portal", PATIENCE_S
        )
        told = found(start.home)
        children.append(start_console(python, start, portal_environment(environ, told, f"http://127.0.0.1:{port}")))
        wait_until(lambda: answers(start.port, "/_stcore/health"), children, "The console")
        print(f"The portal is open at {told['portal']} (rehearsal: nothing leaves this machine).", flush=True)
        print(f"The console is ready at http://localhost:{start.port}. Stop both with Ctrl-C.", flush=True)
        if start.browser and can_open_browser(environ):
            webbrowser.open(told["portal"])
        while True:
            for child in children:
                check_alive(child)
            time.sleep(0.5)
    finally:
        for child in reversed(children):
            stop_child(child)
