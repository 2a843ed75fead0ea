"""What lints template and resolvers is fetched as locked, once; where it cannot come, that is said."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra import checks
from launch.machine import OutOfReach, Trouble


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would have been run; each succeeds."""
    done: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        done.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(checks.subprocess, "run", run)
    return done


def test_sam_judges_the_template_with_its_lint_out_of_its_own_environment(
    monkeypatch: pytest.MonkeyPatch, ran: list[list[str]]
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(checks, "prepare", lambda venv, locks, patience_s: asked.append((venv, locks)) or Path("sam"))
    assert checks.main(["sam"]) == 0
    assert asked == [(checks.SAM_VENV, [checks.SAM_LOCK])]
    assert ran[0][:5] == ["sam", "-m", "samcli", "validate", "--lint"]
    assert Path(ran[0][-1]).name == "template.yaml"


def test_without_sams_packages_it_is_said_and_the_other_checks_go_on(
    monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    def no_network(*_: Any, **__: Any) -> Path:
        raise OutOfReach("The packages could not be fetched.")

    monkeypatch.setattr(checks, "prepare", no_network)
    assert checks.main(["sam"]) == 0
    assert ran == []
    assert "was not validated by SAM: The packages could not be fetched." in capsys.readouterr().out


def test_sams_packages_that_came_and_do_not_install_are_a_failure(
    monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any, **__: Any) -> Path:
        raise Trouble("A package is not the one that was locked.")

    monkeypatch.setattr(checks, "prepare", full)
    assert (checks.main(["sam"]), ran) == (1, [])
    assert "was not validated by SAM: A package is not the one" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("npm error code ENOTFOUND\nnpm error network request failed", 0),
        ("npm error code E403\nnpm error 403 Forbidden", 0),
        ("npm error code EUSAGE\nnpm error `npm ci` can only install packages when both are in sync", 1),
        ("npm error code EINTEGRITY\nnpm error sha512 integrity checksum failed", 1),
    ],
)
def test_only_a_registry_that_does_not_answer_lets_the_resolvers_pass_unlinted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], said: str, code: int
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, said)

    monkeypatch.setattr(checks, "RESOLVERS", tmp_path)
    monkeypatch.setattr(checks, "find_node", lambda: "node")
    monkeypatch.setattr(checks.subprocess, "run", run)
    assert checks.main(["resolvers"]) == code
    assert "The resolvers were not linted" in capsys.readouterr().out


def test_the_lock_names_sam() -> None:
    lines = checks.SAM_LOCK.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("aws-sam-cli==")]


def test_every_resolver_is_linted_by_the_rules_of_aws() -> None:
    settings = (checks.RESOLVERS / "eslint.config.mjs").read_text(encoding="utf-8")
    assert "files: ['*.js'], ...appsync.configs.recommended" in settings
    assert "ignores: ['eslint.config.mjs']" in settings
    assert {"leave.js", "confirm.js"} <= {path.name for path in checks.RESOLVERS.glob("*.js")}
    lock = json.loads((checks.RESOLVERS / "package-lock.json").read_text(encoding="utf-8"))
    assert "node_modules/@aws-appsync/eslint-plugin" in lock["packages"]
