"""The gate runs everything in order, stops at the first failure, and knows no secrets."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from launch import checks
from launch.machine import Trouble

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = [ROOT / "start.py", *sorted((ROOT / "launch").glob("*.py"))]
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


def test_the_checks_come_cheapest_first_and_fast_leaves_the_browser_out() -> None:
    python = Path("python")
    assert [check.name for check in checks.static_checks(python)] == [
        "ruff check", "ruff format", "types", "imports", "template", "template by SAM", "resolvers",
    ]  # fmt: skip
    assert [check.name for check in checks.test_checks(fast=True, workers=1, cores=2)] == ["tests"]
    assert [check.name for check in checks.test_checks(fast=False, workers=2, cores=2)] == ["tests", "browser tests"]
    assert list(checks.test_checks(fast=True, workers=2, cores=2)[0].arguments)[-4:] == [
        "-n",
        "2",
        "--dist",
        "worksteal",
    ]


def test_browser_tests_go_in_several_processes_each_story_in_one() -> None:
    together = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    alone = ["-m", "pytest", "-m", "e2e"]
    for workers, cores, spread in ((2, 2, together), (4, 2, together), (1, 2, []), (4, 1, [])):
        browser_tests = checks.test_checks(fast=False, workers=workers, cores=cores)[1]
        assert list(browser_tests.arguments) == [*alone, *spread]


def test_a_check_that_fails_stops_with_a_sentence_and_finding_no_test_is_failing() -> None:
    checks.timed("types", lambda: 0)
    with pytest.raises(Trouble, match=r"^`types` failed \(exit code 1\)"):
        checks.timed("types", lambda: 1)
    with pytest.raises(Trouble, match="found no test to run"):
        checks.timed("browser tests", lambda: 5)


def test_a_persons_own_settings_and_keys_never_reach_a_test() -> None:
    environ = {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "x",
        "DEEPRACER_ADMIN_MODE": "live",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    assert checks.test_environment(environ, "/usr/bin/chromium") == {
        "PATH": "/bin",
        "AWS_EC2_METADATA_DISABLED": "true",
        "E2E_CHROMIUM": "/usr/bin/chromium",
    }


def test_a_browser_that_is_named_goes_before_one_on_the_path() -> None:
    assert checks.find_browser({"E2E_CHROMIUM": "/opt/c"}, find=lambda name: f"/usr/bin/{name}") == "/opt/c"
    assert checks.find_browser({}, find=lambda name: "/g" if name == "google-chrome" else None) == "/g"
    assert checks.find_browser({}, find=lambda name: None) is None


def test_only_an_answer_of_the_advisory_service_accuses_a_package() -> None:
    found = {"name": "six", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
    fine = {"name": "click", "version": "8.0", "vulns": []}
    unknown = {"name": "click", "skip_reason": "Dependency not found on PyPI and could not be audited"}
    assert checks.advisories(json.dumps({"dependencies": [fine, found]})) == ["six 1.0 (CVE-1; fixed: 1.1)"]
    assert checks.advisories(json.dumps({"dependencies": [fine, unknown]})) == []
    assert checks.advisories(json.dumps({"dependencies": [unknown]})) is None
    assert checks.advisories("") is None
