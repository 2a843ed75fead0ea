"""The functions' package holds what the handlers import and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra import package
from infra.package import Closure, closure, main, requirements

FORBIDDEN = {"streamlit", "pandas", "numpy", "plotly", "moto", "flask", "graphql", "pytest", "python_calamine", "segno"}
LARGEST_MB = 80  # installed; Lambda's own limit is 250 MB unzipped
LONGEST_S = 20.0  # of CPU, on a machine that does ten other things; about 2.5 s on an idle one


@pytest.fixture(scope="module")
def found() -> Closure:
    return closure()


def test_no_screen_no_table_and_no_test_travels(found: Closure) -> None:
    assert not FORBIDDEN & {*found.others}
    rooms = {".".join(module.split(".")[:2]) for module in found.own}
    assert not {"deepracer_admin.ui", "deepracer_admin.web", "deepracer_admin.rehearsal", "infra.local"} & rooms


def test_the_package_is_small_and_quick_to_import(found: Closure) -> None:
    assert found.size() < LARGEST_MB * 1_000_000
    assert found.seconds < LONGEST_S


def test_the_authoriser_alone_needs_neither_the_console_nor_aws_adapters() -> None:
    alone = closure(["infra.functions.authorise"])
    assert "deepracer_admin.compose" not in alone.own
    assert not {"httpx", "msal", "botocore", "aws_lambda_powertools"} & {*alone.others}


def test_requirements_are_the_locks_own_lines_with_their_hashes() -> None:
    lock = "# made by\nhttpx==0.28.1 \\\n    --hash=sha256:aa\n    # via x\nPandas==3.0 \\\n    --hash=sha256:bb\n"
    assert requirements(lock, {"httpx"}) == "httpx==0.28.1 \\\n    --hash=sha256:aa\n    # via x\n"


def test_the_package_can_be_imported_where_nothing_else_of_ours_is(
    found: Closure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "closure", lambda: found)  # asked once for this file
    target = tmp_path / "functions"
    assert main(["--to", str(target)]) == 0
    code = (
        "import infra.functions.registrations, infra.functions.mail, deepracer_admin; print(deepracer_admin.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=target, capture_output=True, text=True, check=True)
    assert done.stdout.strip().startswith(str(target))
