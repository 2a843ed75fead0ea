"""The embedded stores keep every contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.store import EventStore, History, Sessions
from deepracer_admin.store.sqlite import open_event_store, open_history, open_sessions
from tests.store.contract_event_store import EventsContract, PeopleContract, ProfilesContract
from tests.store.contract_history import StandingsContract, UsageContract
from tests.store.contract_jobs import AuditContract, JobsContract
from tests.store.contract_leases import LeasesContract, TokensContract
from tests.store.contract_ledger import DeliveryEventsContract, LedgerContract
from tests.store.contract_records import AmendedEventsContract, DocumentsContract, TablesContract
from tests.store.contract_sessions import SessionsContract
from tests.store.contract_steps import StepsContract


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    yield store
    store.close()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path / "history.db")
    yield history
    history.close()


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = open_sessions(tmp_path / "sessions.db")
    yield sessions
    sessions.close()


class TestEvents(EventsContract): ...


class TestDocuments(DocumentsContract): ...


class TestTables(TablesContract): ...


class TestAmendedEvents(AmendedEventsContract): ...


class TestPeople(PeopleContract): ...


class TestProfiles(ProfilesContract): ...


class TestSteps(StepsContract): ...


class TestLedger(LedgerContract): ...


class TestDeliveryEvents(DeliveryEventsContract): ...


class TestJobs(JobsContract): ...


class TestAudit(AuditContract): ...


class TestLeases(LeasesContract): ...


class TestTokens(TokensContract): ...


class TestUsage(UsageContract): ...


class TestStandings(StandingsContract): ...


class TestSessions(SessionsContract): ...
