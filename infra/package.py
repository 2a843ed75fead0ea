"""The functions' package: `python -m infra.package --to build/functions` writes what `sam build` packs, and no more.

Of our own code it holds what the handlers import, found by importing them; of other people's, the lines of the
console's lock for what those modules import, and Powertools. So nothing of screens, tables or tests travels.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from functools import cache, cached_property
from pathlib import Path

from infra.local.template import deployed

__all__ = ["OWN", "Closure", "closure", "main", "requirements"]

ROOT = Path(__file__).resolve().parent.parent
OWN = ("deepracer_admin", "infra")
POWERTOOLS = "aws-lambda-powertools"
DATA = ("deepracer_admin/mail/texts", "deepracer_admin/racing/data")  # read at run time, beside the modules
LATER = ("httpx", "msal", "boto3", "tzdata", "cryptography", "truststore")  # imported when an adapter is first made

_ASK = """
import importlib, json, sys, time
before = set(sys.modules)
began = time.process_time()
for name in {modules!r}:
    importlib.import_module(name)
took = time.process_time() - began
own = sorted(m for m in sys.modules if m.split(".")[0] in {own!r})
others = sorted({{m.split(".")[0] for m in set(sys.modules) - before}} - set(sys.stdlib_module_names) - set({own!r}))
print(json.dumps([own, others, took]))
"""


class Closure:
    """What the handlers import: our modules, other people's top-level packages, and the seconds of CPU it took."""

    def __init__(self, own: list[str], others: list[str], seconds: float) -> None:
        self.own, self.others, self.seconds = own, others, seconds

    @cached_property
    def distributions(self) -> frozenset[str]:
        """Names of the installed distributions that the packages come from, in normal form, with what they need."""
        by_package = importlib.metadata.packages_distributions()
        wanted = [_normal(found) for package in [*self.others, *LATER] for found in by_package.get(package, ())]
        seen: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name not in seen:
                seen.add(name)
                wanted += _needs(name)
        return frozenset(seen)

    def size(self) -> int:
        """Bytes of these distributions as installed, compiled files left out."""
        total = 0
        for name in self.distributions:
            for file in importlib.metadata.files(name) or ():
                path = Path(str(file.locate()))
                if path.suffix != ".pyc" and path.is_file():
                    total += path.stat().st_size
        return total


def closure(handlers: list[str] | None = None) -> Closure:
    """Import the handlers in a process of their own and look at what came along."""
    modules = handlers or sorted({each.rpartition(".")[0] for each in deployed().handlers.values()})
    code = _ASK.format(modules=modules, own=OWN)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return Closure(*json.loads(done.stdout.splitlines()[-1]))


def requirements(lock: str, names: Collection[str]) -> str:
    """The lock's entries of these distributions, with their hashes."""
    entries = re.split(r"\n(?=\S)", lock)
    kept = [entry for entry in entries if _normal(re.split(r"[=\[; ]", entry, maxsplit=1)[0]) in names]
    return "\n".join(entry.rstrip() for entry in kept) + "\n"


def _needs(name: str) -> list[str]:
    found = []
    for line in importlib.metadata.requires(name) or ():
        if "extra ==" not in line:
            found.append(_normal(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]))
    return [each for each in found if each in _installed()]


@cache
def _installed() -> frozenset[str]:
    """Names of all that is installed here, read once: it takes longer than all the rest."""
    return frozenset(_normal(each.name) for each in importlib.metadata.distributions())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    to = parser.parse_args(given).to
    shutil.rmtree(to, ignore_errors=True)
    found = closure()
    for module in found.own:
        path = ROOT / module.replace(".", "/")
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        target = to / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for folder in DATA:
        if (ROOT / folder).is_dir():
            shutil.copytree(
                ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
            )
    locks = "\n".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-test.txt")
    )
    names = found.distributions
    lines = requirements(locks, names)
    (to / "requirements.txt").write_text(lines, encoding="utf-8")
    print(
        f"{len(found.own)} modules of ours, {len(names)} distributions, {found.size() / 1e6:.0f} MB installed, in {to}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
