"""Every check of this repository, in order, stopping at the first that fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from launch.machine import Trouble, apt_install, distribution, may_use_apt

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_TESTS = 5  # pytest's exit code when it found none: a gate that tests nothing must not pass
CFN_LINT = "import sys; from cfnlint.runner import main; sys.exit(main())"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


class Check(NamedTuple):
    """A name for people and what to run after the environment's Python."""

    name: str
    arguments: Sequence[str]


def static_checks(python: Path) -> list[Check]:
    return [
        Check("ruff check", ["-m", "ruff", "check", "."]),
        Check("ruff format", ["-m", "ruff", "format", "--check", "."]),
        Check("types", ["-m", "basedpyright", "--pythonpath", str(python)]),
        Check("imports", ["-c", LINT_IMPORTS]),
        Check("template", ["-c", CFN_LINT, "infra/template.yaml"]),
        Check("template by SAM", ["-m", "infra.checks", "sam"]),
        Check("resolvers", ["-m", "infra.checks", "resolvers"]),
    ]


def test_checks(*, fast: bool, workers: int, cores: int) -> list[Check]:
    """The fast tests in `workers` processes; then, unless `fast`, those that drive a browser or kill. The latter have a
    browser and a console beside each process, so at most one for each core, and tell stories: all tests of a file are
    told by one process, in order, and the longest files come first (tests/conftest.py)."""
    beside = min(workers, cores)
    spread = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    by_file = ["-n", str(beside), "--dist", "loadfile", "--no-loadscope-reorder"] if beside > 1 else []
    checks = [Check("tests", ["-m", "pytest", "-m", "not e2e", *spread])]
    return checks if fast else [*checks, Check("browser tests", ["-m", "pytest", "-m", "e2e", *by_file])]


def test_environment(environ: Mapping[str, str], browser: str | None) -> dict[str, str]:
    """A person's own settings and AWS keys never reach a test; `E2E_CHROMIUM` names the system's browser, if any.

    Tests start dozens of processes of the same code: what is compiled once is kept, whatever the environment prefers.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(("DEEPRACER_ADMIN_", "AWS_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept["AWS_EC2_METADATA_DISABLED"] = "true"
    return {**kept, "E2E_CHROMIUM": browser} if browser else kept


def find_browser(environ: Mapping[str, str], find: Callable[[str], str | None] = shutil.which) -> str | None:
    """The Chromium of this machine: the one named by `E2E_CHROMIUM`, else the first on the path."""
    return environ.get("E2E_CHROMIUM") or next(filter(None, map(find, BROWSERS)), None)


def provide_browser(python: Path) -> str | None:
    """The path of a Chromium, installed if need be; None when Playwright found or fetched its own. Raises Trouble."""
    found = find_browser(os.environ)
    if found:
        return found
    print("Installing Chromium for the browser tests ...", flush=True)
    if distribution() == "debian" and may_use_apt() and apt_install("chromium", "fonts-liberation"):
        return find_browser(os.environ)
    with_libraries = ["--with-deps"] if may_use_apt() else []
    if subprocess.run([str(python), "-m", "playwright", "install", *with_libraries, "chromium"]).returncode:
        raise Trouble("No Chromium could be installed for the browser tests: install Chromium or Chrome by hand.")
    return None


def advisories(report: str) -> list[str] | None:
    """What pip-audit's JSON report accuses, one line each; None when the advisory service could not be asked."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    if all("skip_reason" in package for package in packages):
        return None
    return [
        f"{package['name']} {package['version']} ({found['id']}; fixed: {', '.join(found['fix_versions']) or 'none'})"
        for package in packages
        for found in package.get("vulns", ())
    ]


def audit(python: Path, lock: Path, environ: Mapping[str, str]) -> None:
    """Fail for a known vulnerability in what the console runs on; say so, and go on, where nobody can be asked."""
    command = [str(python), "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--no-deps", "-f", "json"]
    command += ["--progress-spinner", "off", "--timeout", "5"]
    try:
        asked = subprocess.run(command, env=dict(environ), capture_output=True, text=True, timeout=120)
        accused = advisories(asked.stdout)
    except subprocess.TimeoutExpired:
        accused = None
    if accused is None:
        print("The advisory service cannot be reached from here: known vulnerabilities were not checked.", flush=True)
    elif accused:
        raise Trouble("A package has a known vulnerability: " + "; ".join(accused) + ".")


def timed(name: str, work: Callable[[], int]) -> None:
    """Run one check and print its time. Raises Trouble when its exit code is not 0."""
    print(f"\n--- {name}", flush=True)
    began = time.monotonic()
    code = work()
    print(f"--- {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    if code == NO_TESTS and "tests" in name:
        raise Trouble(f"`{name}` found no test to run.")
    if code:
        raise Trouble(f"`{name}` failed (exit code {code}); what it found stands above.")


def run_checks(python: Path, lock: Path, *, fast: bool, workers: int) -> None:
    """All checks in order. Raises Trouble at the first that fails."""
    began = time.monotonic()
    environ = test_environment(os.environ, None if fast else provide_browser(python))

    def runs(check: Check) -> Callable[[], int]:
        return lambda: subprocess.run([str(python), *check.arguments], cwd=ROOT, env=environ).returncode

    def audits() -> int:
        audit(python, lock, environ)
        return 0

    for check in static_checks(python):
        timed(check.name, runs(check))
    timed("known vulnerabilities", audits)
    for check in test_checks(fast=fast, workers=workers, cores=os.cpu_count() or 1):
        timed(check.name, runs(check))
    print(f"\nAll checks passed in {time.monotonic() - began:.0f} s on Python {sys.version.split()[0]}.", flush=True)
