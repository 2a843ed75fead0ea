"""The console and its practice world: started in order, watched, stopped together."""

from __future__ import annotations

import json
import sys
import time
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from launch.children import Child, answers, check_alive, start_child, stop_child, wait_until
from launch.machine import Trouble, port_is_taken

ROOT = Path(__file__).resolve().parent.parent


class Start(NamedTuple):
    """How to start: `speed` is practice seconds in one real second, `browser` whether to open one."""

    mode: str
    home: Path
    port: int
    speed: float
    browser: bool


def practice_answers(home: Path) -> bool:
    try:
        port = int(json.loads((home / "practice.json").read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return answers(port, "/control/status")


def start_practice(python: Path, start: Start, environ: Mapping[str, str]) -> Child:
    if practice_answers(start.home):
        raise Trouble(f"A practice world already uses {start.home}: stop it, or choose another folder with `--home`.")
    (start.home / "practice.json").unlink(missing_ok=True)  # left by one that was killed
    command = ["deepracer_admin.rehearsal", "--home", str(start.home), "--speed", f"{start.speed:g}"]
    return start_child("The practice world", python, command, start.home / "logs" / "practice.log", environ)


def start_console(python: Path, start: Start, environ: Mapping[str, str]) -> Child:
    command = ["streamlit", "run", str(ROOT / "app.py"), "--server.port", str(start.port)]
    return start_child("The console", python, command, start.home / "logs" / "console.log", environ)


def child_environment(environ: Mapping[str, str], start: Start) -> dict[str, str]:
    """Ours, over what the person has set; in rehearsal the second listener is on, so that links to /live work."""
    ours = {"HOME": str(start.home), "MODE": start.mode, "PORT": str(start.port)}
    if start.mode == "rehearsal" and not environ.get("DEEPRACER_ADMIN_PUBLIC_PORT"):
        port = start.port + 1
        ours["PUBLIC_PORT"] = str(port) if port < 65536 and not port_is_taken(port) else "0"
    return {**environ, **{f"DEEPRACER_ADMIN_{name}": value for name, value in ours.items()}}


def run_console(python: Path, start: Start, environ: Mapping[str, str]) -> None:
    """Start everything, say where it is, and watch until an exception ends it; whatever was started is stopped then.

    Raises Trouble when a part does not start or stops by itself.
    """
    environ = child_environment(environ, start)
    children: list[Child] = []
    try:
        if start.mode == "rehearsal":
            children.append(start_practice(python, start, environ))
            wait_until(lambda: practice_answers(start.home), children, "The practice world")
        children.append(start_console(python, start, environ))
        wait_until(lambda: answers(start.port, "/_stcore/health"), children, "The console")
        address = f"http://localhost:{start.port}"
        remark = "rehearsal: nothing leaves this machine" if start.mode == "rehearsal" else "live"
        print(f"The console is ready at {address} ({remark}).", flush=True)
        print(f"Its data: {start.home}. Stop it with Ctrl-C.", flush=True)
        if start.browser and can_open_browser(environ):
            webbrowser.open(address)
        while True:
            for child in children:
                check_alive(child)
            time.sleep(0.5)
    finally:
        for child in reversed(children):  # the console first: it may still be talking to the practice world
            stop_child(child)


def can_open_browser(environ: Mapping[str, str]) -> bool:
    """On a Linux machine without a screen, `webbrowser` would start a text browser in this very terminal."""
    return sys.platform != "linux" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
