"""Two consoles on one table take the same people's forms at once: nobody is double, nobody gets a mail twice."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from deepracer_admin.compose import Console, compose
from deepracer_admin.flows.people.registrations import RegistrationReconciler
from deepracer_admin.model import Lease
from deepracer_admin.model.registrations import Portal
from deepracer_admin.opening import shared_table
from deepracer_admin.records.portal import ASKED, PORTAL, REGISTRATIONS
from deepracer_admin.settings import PRACTICE_FILE, Settings
from deepracer_admin.store.dynamodb import SharedEventStore
from deepracer_admin.store.dynamodb.table_facts import create
from deepracer_admin.worker import EventRuntime
from infra.local.table_server import TableServer
from tests.flows.conftest import make_event
from tests.flows.fake_time import ManualClock, RealTime
from tests.practice import WorldHandle

KEY = "0" * 43 + "="
PEOPLE = [f"racer.no{number}@example.com" for number in range(10)]
FORM = {"new_to_ml": "yes", "new_to_aws": "no", "consent": "0"}


class Copy:
    """One console with its worker, which this test drives."""

    def __init__(self, home: Path, url: str, real_time: RealTime) -> None:
        given = {"mode": "rehearsal", "home": home, "entra_app_only": True, "secret_key": KEY, "store_follow": 0}
        table = {"store": "dynamodb", "store_table": "two", "store_endpoint": url, "store_region": "eu-west-1"}
        settings = Settings.model_validate({**given, **table})
        if home.name == "anna":
            create(shared_table(settings))
        self.console: Console = compose(settings, clock=ManualClock(real_time))

    @property
    def store(self) -> SharedEventStore:
        store = self.console.store
        assert isinstance(store, SharedEventStore)
        return store

    def works(self) -> None:
        """From the lease to its end, as after a take-over: forms, places, mails."""
        self.store.follow()
        event = self.store.event("ev-1")
        runtime = EventRuntime(self.console, event, holder=self.console.settings.home.name)
        assert runtime.lead.start()
        lease: Lease = runtime.lead.lease
        RegistrationReconciler(runtime.ports).run(event, lease)
        for _ in range(20):
            runtime.mail.run(event, lease)
            self.console.clock.advance(1.0)  # type: ignore[attr-defined]
        runtime.mail.close()
        runtime.lead.stop()


@pytest.fixture
def two(world: WorldHandle, tmp_path: Path, real_time: RealTime) -> Iterator[list[Copy]]:
    server = TableServer().start()
    copies = []
    for name in ("anna", "bruno"):
        home = tmp_path / name
        home.mkdir()
        shutil.copy(tmp_path / PRACTICE_FILE, home)
        copies.append(Copy(home, server.url, real_time))
    event = make_event(copies[0].console)
    copies[0].store.amend_event(event.id, lambda each: replace(each, public_url="https://cup.example.com"))
    copies[0].store.update(event.id, PORTAL, lambda _: Portal(open=True, domains=("example.com",)))
    yield copies
    for each in copies:
        each.console.close()
    server.stop()


def test_a_flood_at_two_consoles_doubles_no_row_and_no_mail(two: list[Copy], world: WorldHandle) -> None:
    two[1].store.follow()

    def sends(copy: Copy, email: str) -> str:
        return copy.console.registration.send("ev-1", {**FORM, "email": email}, language="en").answer

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(sends, copy, email) for email in PEOPLE for copy in two for _ in range(2)]
        assert {each.result() for each in answers} == {"taken"}
    two[0].works()
    two[1].works()
    two[0].works()
    two[0].store.follow()
    rows = two[0].store.rows("ev-1", REGISTRATIONS).values()
    assert sorted(row.email for row in rows) == sorted(PEOPLE)
    assert two[0].store.rows("ev-1", ASKED) == {}
    assert Counter(mail["to"] for mail in world.outbox()) == Counter(PEOPLE)
