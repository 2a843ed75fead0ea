"""A start that fails behind the first page ends as every other that is refused: exit code 2, and its sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deepracer_admin.web import server
from tests.console_process import ROOT, write_silent_world
from tests.ports import free_port

STARTED = """
import sys
from deepracer_admin import compose
from deepracer_admin.errors import StoreUnusable

def refused(*_):
    raise StoreUnusable("The data folder cannot be used; take another.")

compose.compose_on = refused
sys.argv = ["streamlit", "run", "app.py", "--server.port", sys.argv[1]]
from streamlit.web.cli import main
main()
"""


def test_what_fails_behind_a_start_ends_the_console_with_exit_code_2(tmp_path: Path) -> None:
    write_silent_world(tmp_path)
    port = str(free_port())
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEEPRACER_ADMIN_")}
    environ = kept | {"DEEPRACER_ADMIN_HOME": str(tmp_path), "DEEPRACER_ADMIN_PORT": port}
    told = subprocess.run(
        [sys.executable, "-c", STARTED, port], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300
    )
    assert told.returncode == 2, told.stderr
    assert "The data folder cannot be used; take another. (incident " in told.stderr
    assert "Aborted" not in told.stderr
    assert not [*tmp_path.glob("*-wal")], "its stores were closed"


def test_a_console_that_began_leaves_as_it_was_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    server._Behind(None).leave()
    assert left == []
