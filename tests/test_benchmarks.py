"""Every benchmark says what it measures when asked, before it measures anything."""

from __future__ import annotations

import json
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
    monkeypatch.delitem(sys.modules, f"benchmarks.{name}", raising=False)  # another test may have wanted a part of it
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (0, "")
    assert said.out.startswith("usage: ")


ALONE = """
import contextlib, io, json, runpy, sys
found = {}
here = [each for each in sys.path if each not in ("", ROOT)]
for name in NAMES:
    sys.path[:], sys.argv[:] = here, [name, "--nonsense"]
    code, out, err = None, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(f"{ROOT}/benchmarks/{name}.py", run_name="__main__")
        except BaseException as ended:
            code = ended.code if isinstance(ended, SystemExit) else repr(ended)
    found[name] = [code, out.getvalue(), "Traceback" in err.getvalue(), ROOT in sys.path]
print(json.dumps(found))
"""


def test_as_a_file_each_refuses_a_word_that_it_does_not_know() -> None:
    """All in one process, which has to find this folder anew for each."""
    script = f"ROOT, NAMES = {str(ROOT)!r}, {BENCHMARKS!r}\n{ALONE}"
    asked = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout) == {name: [2, "", False, True] for name in BENCHMARKS}


def test_the_chore_runs_each_of_them() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nbench:\n")[2]
    names = recipe.partition("for name in ")[2].partition(";")[0].split()
    assert sorted(names) == BENCHMARKS
