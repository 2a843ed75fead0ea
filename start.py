"""Starts the console, or tests it, on a machine that has nothing but Python 3.11 or newer.

    python3 start.py             the practice world and the console, opened in the browser
    python3 start.py --live      the console alone, against the real services
    python3 start.py portal      the event portal's serverless path, all of it on this machine
    python3 start.py test        every check of this repository

The first start makes `.venv` and installs the locked packages; later ones find their stamp there and take seconds.
This file and `launch/` use the standard library only, and no syntax newer than Python 3.7, so that an old Python
reaches the sentence that says it is too old.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from launch.checks import run_checks
from launch.children import run_tethered
from launch.console import Start, run_console
from launch.environment import prepare
from launch.machine import Trouble, check_port, check_python, default_home, make_home
from launch.portal import portal_home, run_portal

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
RUNTIME_LOCK = ROOT / "requirements.txt"
TEST_LOCK = ROOT / "requirements-test.txt"


class Stopped(Exception):
    """We were asked to stop: Ctrl-C, SIGTERM, Ctrl-Break, the terminal closed."""


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="start.py", description="Starts the DeepRacer Organizer Console; `start.py test` checks it."
    )
    parser.add_argument("command", nargs="?", choices=["run", "portal", "test"], default="run", help="default: run")
    running = parser.add_argument_group("run")
    running.add_argument("--port", type=int, help="port of the console on this machine (8501)")
    running.add_argument("--home", type=Path, help="data folder (default: one per person and mode)")
    running.add_argument("--live", action="store_true", help="the real services; without it, a rehearsal")
    running.add_argument("--speed", type=float, default=60, help="practice seconds in one real second, 0 to 600 (60)")
    running.add_argument("--no-browser", action="store_true", help="do not open a browser")
    testing = parser.add_argument_group("test")
    testing.add_argument("--fast", action="store_true", help="leave out the tests that drive a browser")
    at_once = 2 * (os.cpu_count() or 1)  # half of their time is waiting; each imports everything first
    testing.add_argument("--workers", type=int, default=at_once, help=f"processes for the tests ({at_once})")
    return parser


def read_start(options: argparse.Namespace, environ: Mapping[str, str]) -> Start:
    """What to start: the command line goes before `DEEPRACER_ADMIN_MODE`, `_HOME` and `_PORT`. Raises Trouble."""
    mode = "live" if options.live else environ.get("DEEPRACER_ADMIN_MODE") or "rehearsal"
    if mode not in ("live", "rehearsal"):
        raise Trouble(f"DEEPRACER_ADMIN_MODE is {mode!r}: set it to `rehearsal` or `live`, or unset it.")
    given = options.home or environ.get("DEEPRACER_ADMIN_HOME")
    home = Path(given).expanduser() if given else default_home(mode, platform.system(), environ, Path.home())
    port = options.port or environ.get("DEEPRACER_ADMIN_PORT") or 8501
    if not str(port).isdecimal() or not 1 <= int(port) <= 65535:
        raise Trouble(f"{port} is no port: choose a number from 1024 to 65535.")
    if not 0 <= options.speed <= 600:
        raise Trouble(f"A practice world runs at 0 to 600 times real time, not {options.speed:g}: change `--speed`.")
    return Start(mode, home.absolute(), int(port), options.speed, not options.no_browser)


def stop(_signal: int, _frame: FrameType | None) -> None:
    """Stop once: while the children stop, a second Ctrl-C does what it always does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    raise Stopped


def main(given: list[str]) -> int:
    """0: stopped as asked, or all checks passed. 1: one sentence on stderr says what to put right.

    130: the checks were stopped before their end.
    """
    if given[:1] == ["tethered"]:  # how launch/children.py calls us
        run_tethered(given[1], given[2:])
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a folder's name may hold what a redirected output cannot
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    try:
        check_python(sys.version_info[:2])
        options = command_line().parse_args(given)
        if options.command == "test":
            python = prepare(VENV, [RUNTIME_LOCK, TEST_LOCK])
            run_checks(python, RUNTIME_LOCK, fast=options.fast, workers=options.workers)
        else:
            start = read_start(options, os.environ)
            portal = options.command == "portal"
            if portal:
                start = start._replace(home=portal_home(start.home), speed=1.0)
            check_port(start.port)
            make_home(start.home)
            if portal:  # the stand-ins for AWS come with the checks
                run_portal(prepare(VENV, [RUNTIME_LOCK, TEST_LOCK]), start, os.environ)
            else:
                run_console(prepare(VENV, [RUNTIME_LOCK]), start, os.environ)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except Stopped:
        print("Stopped.", flush=True)
        return 130 if "test" in given else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
