"""The virtual environment: built when missing or broken, filled from the locks, stamped so the next start is quick."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from launch.machine import WINDOWS, OutOfReach, Trouble, apt_install, check_disk_free, may_use_apt

DISK_NEEDED = 1.5e9  # bytes; the console's packages take 0.7 GB unpacked, the tests' 0.6 GB on top


def venv_python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


def python_tag() -> str:
    """What a virtual environment is built for, e.g. `cpython-311 linux-x86_64`."""
    return f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def read_stamp(venv: Path) -> dict[str, str]:
    """What was installed: `python` and per lock its digest. Empty when nothing was, or nobody can tell."""
    try:
        stamp = json.loads((venv / "installed.json").read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) else {}
    except (OSError, ValueError):
        return {}


def write_stamp(venv: Path, stamp: Mapping[str, str]) -> None:
    fresh = venv / "installed.json.new"
    fresh.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    fresh.replace(venv / "installed.json")


def is_whole(venv: Path) -> bool:
    """Does the environment's Python run and find pip? A moved or half-deleted one does not."""
    try:
        found = subprocess.run([str(venv_python(venv)), "-c", "import pip"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0


def explain_venv_failure(output: str, system: Path = Path("/")) -> str:
    """One sentence for what `python -m venv` said."""
    if "No space left" in output or "Errno 28" in output:
        return f"The disk is full: free at least {DISK_NEEDED / 1e9:.1f} GB and start again."
    if "ensurepip" in output or "No module named venv" in output:
        if (system / "etc/debian_version").exists():
            return f"Python's venv module is missing: run `sudo apt-get install {venv_package()}` and start again."
        return "Python's venv module is missing: install your system's package for it, or Python from python.org."
    last = (output.strip().splitlines() or ["no message"])[-1]
    return f".venv could not be made ({last}): stop what uses it, delete the folder and start again."


def venv_package() -> str:
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def build_venv(venv: Path) -> None:
    base = getattr(sys, "_base_executable", None) or sys.executable  # never the Python inside the folder we clear
    if may_use_apt() and not has_ensurepip():
        apt_install(venv_package())
    made = subprocess.run([base, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, errors="replace")
    if made.returncode:
        raise Trouble(explain_venv_failure(made.stdout + made.stderr))


def has_ensurepip() -> bool:
    try:
        import ensurepip  # noqa: F401  (Debian ships Python without it)
    except ImportError:
        return False
    return True


OUT_OF_REACH = (
    (
        r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError|getaddrinfo|"
        r"Failed to establish a new connection|Temporary failure in name resolution|Network is unreachable",
        "The packages could not be fetched: connect this machine to the network (or set HTTPS_PROXY) and start again.",
    ),
    (
        r"SSLError|CERTIFICATE_VERIFY_FAILED",
        "The package index's certificate is not trusted here: ask for your company's pip settings and start again.",
    ),
)
PIP_TROUBLES = (
    (r"No space left on device|Errno 28|WinError 112", "The disk is full: free at least 1.5 GB and start again."),
    *OUT_OF_REACH,
    (
        r"DO NOT MATCH THE HASHES",
        "A package is not the one that was locked, so nothing was installed: start again from another network, "
        "and report it if it stays.",
    ),
    (
        r"No matching distribution|Could not find a version",
        "A package has no ready-made build for this Python and system: use 64-bit Python 3.11 to 3.14 on "
        "Windows (x86), macOS or Linux.",
    ),
    (r"PermissionError|Permission denied|WinError 5", "Files in .venv are in use or not yours: close other consoles."),
)


def explain_pip_failure(output: str, log: Path) -> str:
    """One sentence for what pip said; where none is known, where to read it."""
    for pattern, sentence in PIP_TROUBLES:
        if re.search(pattern, output):
            return sentence
    return f"The packages could not be installed; {log} says why."


def install(venv: Path, lock: Path, *, patience_s: float | None = None) -> None:
    """Raises Trouble, also when it takes longer than `patience_s`.

    A lock is whole, so nothing is resolved: asked to, pip takes a package with extras for one that is not pinned.
    """
    command = [str(venv_python(venv)), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-deps", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "-r", str(lock)]
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=patience_s,
        )
    except subprocess.TimeoutExpired:
        late = f"The packages of {lock.name} did not come within {patience_s:.0f} s; try again later."
        raise OutOfReach(late) from None
    if done.returncode:
        log = venv / "install.log"
        with contextlib.suppress(OSError):  # the full disk that we are about to report
            log.write_text(done.stdout, encoding="utf-8")
        sentence = explain_pip_failure(done.stdout, log)
        raise OutOfReach(sentence) if any(sentence == known for _, known in OUT_OF_REACH) else Trouble(sentence)


def prepare(venv: Path, locks: Sequence[Path], *, patience_s: float | None = None) -> Path:
    """Make sure the environment holds what the locks say, in order; the path of its Python. Raises Trouble, also when
    the packages of a lock take longer than `patience_s`.
    """
    stamp = read_stamp(venv)
    if stamp.get("python") != python_tag() or not is_whole(venv):
        print(f"Setting up {venv.name} ...", flush=True)
        check_disk_free(venv.parent, DISK_NEEDED)
        build_venv(venv)
        stamp = {"python": python_tag()}
    for lock in locks:
        if stamp.get(lock.name) == digest(lock):
            continue
        print(f"Installing the packages of {lock.name}: once, about a minute ...", flush=True)
        began = time.monotonic()
        write_stamp(venv, {name: value for name, value in stamp.items() if name != lock.name})
        install(venv, lock, patience_s=patience_s)
        stamp[lock.name] = digest(lock)
        write_stamp(venv, stamp)
        print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)
    return venv_python(venv)
