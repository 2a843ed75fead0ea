"""Every benchmark says what it measures when asked, before it measures anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))


def ask(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60
    )


@pytest.mark.parametrize("name", BENCHMARKS)
def test_help_prints_the_usage_and_ends_with_zero(name: str) -> None:
    asked = ask("-m", f"benchmarks.{name}", "--help")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.startswith("usage: ")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_word_that_it_does_not_know_is_refused_without_a_traceback(name: str) -> None:
    asked = ask(str(ROOT / "benchmarks" / f"{name}.py"), "--nonsense")
    assert asked.returncode == 2
    assert "Traceback" not in asked.stderr
    assert asked.stdout == ""


def test_the_chore_runs_each_of_them() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nbench:\n")[2]
    names = recipe.partition("for name in ")[2].partition(";")[0].split()
    assert sorted(names) == BENCHMARKS
