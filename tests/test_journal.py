"""The log file: how it turns over, also where another process has it open."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.journal import _SharedLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[logging.Logger, Path]]:
    path = tmp_path / "console.log"
    handler = _SharedLog(path, maxBytes=100, backupCount=2, encoding="utf-8")
    logger = logging.Logger("test")
    logger.addHandler(handler)
    yield logger, path
    handler.close()


def test_a_full_log_turns_over_and_keeps_the_last(log: tuple[logging.Logger, Path]) -> None:
    logger, path = log
    for number in range(3):
        logger.info("%s %s", number, "x" * 80)
    assert path.read_text("utf-8").startswith("2 ")
    assert path.with_name("console.log.1").read_text("utf-8").startswith("1 ")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["console.log", "console.log.1", "console.log.2"]


def test_a_log_that_another_process_has_open_loses_no_line(
    log: tuple[logging.Logger, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr("os.rename", refused)  # what Windows does
    logger, path = log
    for number in range(3):
        logger.info("%s %s", number, "x" * 80)
    assert [line[0] for line in path.read_text("utf-8").splitlines()] == ["0", "1", "2"]
    assert capsys.readouterr().err == ""
