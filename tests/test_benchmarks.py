"""Every benchmark says what it measures when asked, before it measures anything."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_help_prints_the_usage_and_ends_with_zero(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `python -m` runs it; as a file, in a process of its own, below."""
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (0, "")
    assert said.out.startswith("usage: ")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_word_that_it_does_not_know_is_refused_without_a_traceback(name: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--nonsense"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert asked.returncode == 2
    assert "Traceback" not in asked.stderr
    assert asked.stdout == ""


def test_the_chore_runs_each_of_them() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nbench:\n")[2]
    names = recipe.partition("for name in ")[2].partition(";")[0].split()
    assert sorted(names) == BENCHMARKS
