"""What may be wrong with a machine, each in one sentence, and where a person's data lies on it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

OLDEST_PYTHON = (3, 11)
WINDOWS = os.name == "nt"


class Trouble(Exception):
    """Something a person has to put right; the text is the one sentence that says what."""


class OutOfReach(Trouble):
    """What is to be fetched cannot be reached from this machine."""


def check_python(version: Sequence[int], find: Callable[[str], str | None] = shutil.which) -> None:
    """Raise Trouble for a Python that is too old, naming a newer one where `find` knows it."""
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return
    newer = next((name for name in (f"python3.{minor}" for minor in range(19, 10, -1)) if find(name)), None)
    remedy = f"run `{newer} start.py`" if newer else "install a newer one from python.org and start again with it"
    raise Trouble(f"The console needs Python 3.11 or newer and this is {version[0]}.{version[1]}: {remedy}.")


def free_port(first: int) -> int:
    """The first free port from `first` on; 0 when the next hundred are all taken."""
    return next((port for port in range(first, min(first + 100, 65536)) if not port_is_taken(port)), 0)


def port_is_taken(port: int) -> bool:
    """Does anything answer on the port, or keep us from it? A browser tries `localhost` as ::1 too, so both count."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) == 0:
                    return True
        except OSError:  # no IPv6 on this machine
            continue
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if not WINDOWS:  # there the option would let two programs share a port; here it only skips a closing one
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def check_port(port: int) -> None:
    if port_is_taken(port):
        other = free_port(port + 1)
        choice = f"start with `--port {other}`" if other else "choose another with `--port`"
        raise Trouble(
            f"Port {port} is in use, perhaps by a console that already runs (http://localhost:{port}): "
            f"stop that program, or {choice}."
        )


def default_home(mode: str, system: str, environ: Mapping[str, str], user: Path) -> Path:
    """The data folder of one person and one mode (a store refuses the other mode), where the system keeps such."""
    if system == "Windows":
        base = Path(environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / "DeepRacerConsole"
    elif system == "Darwin":
        base = user / "Library" / "Application Support" / "DeepRacerConsole"
    else:
        base = Path(environ.get("XDG_DATA_HOME") or user / ".local" / "share") / "deepracer-console"
    return base / mode


def make_home(home: Path) -> None:
    """Create the data folder for this person alone; one that exists keeps its permissions."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        if not home.exists():
            home.mkdir(mode=0o700)
        (home / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Trouble(
            f"The data folder {home} cannot be made ({error.strerror}): choose another with `--home`."
        ) from None


def check_disk_free(folder: Path, needed: float) -> None:
    """Raise Trouble when fewer than `needed` bytes are free where `folder` lies."""
    if shutil.disk_usage(folder).free < needed:
        raise Trouble(f"The disk is nearly full: free at least {needed / 1e9:.1f} GB and start again.")


# --- Debian's packages, where we may install them ---------------------------------------------------------------------


def distribution(release: Path = Path("/etc/os-release")) -> str:
    """The `ID` of a Linux distribution, e.g. `debian`; empty elsewhere."""
    try:
        lines = release.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line[3:].strip("\"'") for line in lines if line.startswith("ID=")), "")


def may_use_apt() -> bool:
    """Only root installs system packages, and only where apt is the way."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> bool:
    """Install Debian packages quietly; whether it worked."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    codes = [
        subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        for command in (["apt-get", "update", "-q"], install)
    ]
    return codes[-1] == 0
