"""The store of a shared table keeps every contract of an EventStore, over HTTP, against moto's DynamoDB."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.store import EventStore
from deepracer_admin.store.dynamodb import SharedTable, open_shared_store
from tests.store.contract_event_store import EventsContract, PeopleContract, ProfilesContract
from tests.store.contract_jobs import AuditContract, JobsContract
from tests.store.contract_leases import LeasesContract, TokensContract
from tests.store.contract_ledger import DeliveryEventsContract, LedgerContract
from tests.store.contract_records import AmendedEventsContract, DocumentsContract, TablesContract
from tests.store.contract_steps import StepsContract


@pytest.fixture
def store(table: SharedTable, tmp_path: Path) -> Iterator[EventStore]:
    store = open_shared_store(tmp_path, table, "rehearsal", follow_every_s=0)
    yield store
    store.close()


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
