"""Stores are opened here as the console opens them; a DynamoDB on this computer, and in it a table for each test."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deepracer_admin.store.dynamodb import SharedEventStore, SharedTable, open_shared_store
from deepracer_admin.store.sqlite_base import SqliteFile
from tests.store.first_files import OPENED_BY_THE_CONSOLE
from tests.store.table_server import TableServer, a_table, access_to


@pytest.fixture(scope="module")
def server() -> Iterator[TableServer]:
    server = TableServer().start()
    yield server
    server.stop()


@pytest.fixture
def table(server: TableServer) -> Iterator[SharedTable]:
    server.lose_next.clear()
    table = a_table(server.url, f"table-{secrets.token_hex(6)}")
    yield table
    table.close()


@pytest.fixture
def on_another_computer(
    server: TableServer, table: SharedTable, tmp_path: Path
) -> Iterator[Callable[[str], SharedEventStore]]:
    """Opens the table from a computer of this name, with a copy of its own."""
    opened: list[SharedEventStore] = []

    def open_there(name: str) -> SharedEventStore:
        handle = SharedTable(access_to(server.url), table.name, pause=lambda _: None)
        opened.append(open_shared_store(tmp_path / name, handle, "rehearsal", follow_every_s=0))
        return opened[-1]

    yield open_there
    for store in opened:
        store.close()


@pytest.fixture(autouse=True)
def _opened_by_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteFile, "_open_writer", OPENED_BY_THE_CONSOLE)
