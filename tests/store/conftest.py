"""Stores are opened here as the console opens them."""

import pytest

from deepracer_admin.store.sqlite_base import SqliteFile
from tests.store.first_files import OPENED_BY_THE_CONSOLE


@pytest.fixture(autouse=True)
def _opened_by_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteFile, "_open_writer", OPENED_BY_THE_CONSOLE)
