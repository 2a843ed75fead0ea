"""Tests of the stores. `contract_*` hold what every implementation must do; `test_sqlite_*` run them on SQLite."""

import pytest

for part in ("event_store", "steps", "ledger", "jobs", "leases", "history", "sessions"):
    pytest.register_assert_rewrite(f"tests.store.contract_{part}")
