"""A planted name is found nowhere in the data folder once the people of an event are erased.

Everything that is declared as personal is planted, each text and each key of it, whoever declares it later too; beside
that the list, steps and their history, links, the ledger, jobs with their plans, items and sentences, the profile
listing, both histories, exports and the outbox. The audit holds no names by law, so nothing is planted there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet

from deepracer_admin.errors import LeaseLost
from deepracer_admin.flows.closeout.erase_people import Eraser, mails_of
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import (
    Attendee,
    Delivery,
    Event,
    Job,
    JobItem,
    JobState,
    Lease,
    Outcome,
    Profile,
    Quota,
    Sending,
    Standing,
    State,
    Step,
)
from deepracer_admin.records import every
from deepracer_admin.records.erasures import LEGAL_HOLD
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.store import ProfileLink
from deepracer_admin.store.documents import Document, Reading, Table
from deepracer_admin.store.sqlite import open_event_store, open_history
from deepracer_admin.vault import Vault
from tests.store.growing import hints_of, parts

KEY = Fernet.generate_key()
END = datetime(2026, 3, 1, 17, tzinfo=UTC)
NAME, ADDRESS, ALIAS = "Xanthippe Quillfeather", "xanthippe.quillfeather@example.com", "Quillfeather-X"
TRACES = tuple(text.encode() for text in ("Xanthippe", "xanthippe", "Quillfeather", "quillfeather"))
PERSONAL = {name: what for name, what in every().items() if what.personal and what.of_event and what is not LEGAL_HOLD}
"""But for a legal hold, which is no trace of anybody and forbids the erasure."""


def planted(hint: Any) -> Any:
    """A value of this type with the name in each of its texts and keys."""
    what, inner = parts(hint)
    if what == "optional":
        return planted(inner[0])
    if what in (str, int, float, bool, datetime):
        return {str: f"{NAME} {ADDRESS} {ALIAS}", int: 1, float: 1.0, bool: True}.get(what, END)
    if what is date:
        return END.date()
    if what is Mapping:
        return {planted(inner[0]): planted(inner[1])}
    if what is frozenset:
        return frozenset({planted(inner[0])})
    if what is tuple:
        return (planted(inner[0]),) if inner[1:] == (...,) else tuple(planted(each) for each in inner)
    if issubclass(what, Enum):
        return next(iter(what))
    assert isinstance(what, type)
    assert is_dataclass(what)
    hints = hints_of(what)
    return what(**{each.name: planted(hints[each.name]) for each in fields(what)})


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Any]:
    store, history = open_event_store(tmp_path / "events.db", "live"), open_history(tmp_path / "history.db")
    event = Event("spring", "Cup", END - timedelta(hours=8), END, "UTC", 1, 1.0, Quota(60, 1), erase_on="2026-04-30")
    store.save_event(replace(event, closed_at=END))
    dropped: list[str] = []
    clock = SimpleNamespace(now=lambda: END + timedelta(days=90), event_now=lambda: END + timedelta(days=90))
    yield SimpleNamespace(
        store=store,
        history=history,
        clock=clock,
        home=tmp_path,
        vault=Vault(KEY),
        dropped=dropped,
        drop_delegation=lambda oid: dropped.append(oid) is None,
    )
    store.close()
    history.close()


def plant(ports: Any) -> Lease:
    store, event = ports.store, "spring"
    lease = store.acquire("worker", "test", ttl_s=3600, now=END)
    person = Attendee("a1", ADDRESS, NAME, alias=ALIAS, office=NAME, cost_centre=NAME, extra={NAME: NAME})
    store.save_attendees(event, [person])
    store.record(event, [Outcome("a1", step, State.RETRY, "x", NAME, ref=NAME) for step in Step], lease=None, now=END)
    store.link(event, [ProfileLink("a1", "p1", "created", END)])
    store.plan_deliveries(event, [("a1", "access", 1)], campaign="access", lease=None)
    claimed = store.claim_deliveries(event, "access", 5, lease=lease, now=END)
    sent = [Delivery("a1", "access", 1, Sending.FAILED, sentence=NAME, campaign="access") for _ in claimed]
    store.settle_deliveries(event, sent, lease=lease, now=END)
    mail = CapturedMail(1, ADDRESS, NAME, NAME, NAME, END, "m1", "spring#a1#access#1")
    mails = {
        "1": mail,
        "2": CapturedMail(2, "anna@example.com", NAME, NAME, NAME, END, "m2", "spring#test#x#1"),
    }
    store.change_rows("", OUTBOX, lambda _: mails)
    items = [JobItem("j1", key, State.REFUSED, "x", NAME, {"to": ADDRESS}, {"name": NAME}) for key in ("a1", "p1")]
    store.create_job(
        Job("j1", event, "mail.test", NAME, JobState.PLANNED, {"address": ADDRESS}, created_by="oid-1"), items
    )
    store.update_job("j1", state=JobState.DONE, sentence=NAME, result={"name": NAME}, now=END)
    for what in PERSONAL.values():
        value = planted(what.kind)
        if isinstance(what, Table):
            key = "a1" if what.by == "attendee" else f"{ADDRESS} {ALIAS}"
            store.change_rows(event, what, lambda _, key=key, value=value: {key: value})
        elif isinstance(what, Reading):
            store.keep(event, what, value)
        else:
            assert isinstance(what, Document)
            store.update(event, what, lambda _, value=value: value)
    profile = Profile("p1", ALIAS, email=ADDRESS, minutes_used=5)
    store.save_profiles(event, [profile], seen_at=END, lease=None)
    ports.history.add_usage(event, END, [profile])
    ports.history.save_standings(event, "r", END, [Standing(1, ALIAS, 9000)])
    folder = ports.home / "exports" / event
    folder.mkdir(parents=True)
    (folder / "usage.csv").write_text(f"{NAME},{ADDRESS}")
    return lease


def traces(ports: Any) -> set[str]:
    """Files of the data folder in which anything of the name is left."""
    found = [path for path in ports.home.rglob("*") if path.is_file()]
    return {path.name for path in found if any(trace in path.read_bytes() for trace in TRACES)}


def test_the_name_is_found_before_it_is_erased(ports: Any) -> None:
    plant(ports)
    assert "usage.csv" in traces(ports)
    assert {name.removesuffix("-wal") for name in traces(ports)} >= {"events.db"}
    assert set(PERSONAL) >= {"proof", "trouble", "closing_steps"}


def test_nothing_of_a_planted_name_is_left_once_the_event_is_erased(ports: Any) -> None:
    lease = plant(ports)
    assert Eraser(cast(Ports, ports)).run(lease) == 1
    assert traces(ports) == set()
    assert ports.history.standings("spring", "r") == ([], None)
    assert ports.store.rows("", OUTBOX) == {}
    job = ports.store.job("j1")
    assert (job.kind, job.state, job.plan, job.target) == ("mail.test", JobState.DONE, {}, "j1")
    assert [(item.state, item.reason) for item in ports.store.job_items("j1")] == [(State.REFUSED, "x")] * 2


def test_an_erasure_that_was_interrupted_is_finished_by_the_next(ports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = plant(ports)
    with monkeypatch.context() as death:
        death.setattr(ports.history, "erase", lambda _: (_ for _ in ()).throw(LeaseLost("Another.")))
        with pytest.raises(LeaseLost):
            Eraser(cast(Ports, ports)).run(lease)
    Eraser(cast(Ports, ports)).run(lease)
    assert traces(ports) == set()


def test_the_evidence_of_the_close_out_stays(ports: Any) -> None:
    lease = plant(ports)
    items = [JobItem("j2", "access", State.DONE, sentence="3 profiles deleted.")]
    ports.store.create_job(Job("j2", "spring", "closeout", "spring", JobState.PLANNED, created_by="oid-1"), items)
    ports.store.update_job("j2", state=JobState.DONE, sentence="The event is closed.", now=END)
    Eraser(cast(Ports, ports)).run(lease)
    assert ports.store.job("j2").sentence == "The event is closed."
    assert ports.store.job_items("j2")[0].sentence == "3 profiles deleted."


def test_the_worker_acts_for_nobody_any_more_but_for_whom_another_event_needs(ports: Any) -> None:
    lease = plant(ports)
    ports.store.create_job(Job("j3", "spring", "check", "x", JobState.PLANNED, created_by="oid-2"))
    ports.store.update_job("j3", state=JobState.DONE, now=END)
    ports.store.save_event(Event("autumn", "Other", END, END + timedelta(days=9), "UTC", 1, 1.0, Quota(60, 1)))
    ports.store.update("autumn", ONBOARDING, lambda _: Onboarding(Run.RUNNING, "oid-2"))
    Eraser(cast(Ports, ports)).run(lease)
    assert "oid-1" in ports.dropped
    assert "oid-2" not in ports.dropped


def test_mails_of_others_stay(ports: Any) -> None:
    other = CapturedMail(3, "bo@example.com", "Hello", "", "", END, "m3", "spring#a2#access#1")
    elsewhere = CapturedMail(4, "cy@example.com", "Hello", "", "", END, "m4", "autumn#a1#access#1")
    service = CapturedMail(5, ADDRESS, "Your invitation", "", "", END, "m5")
    person = Attendee("a1", ADDRESS, NAME)
    mails = {"3": other, "4": elsewhere, "5": service}
    assert mails_of(mails, "spring", [person]) == {"5": None}
    assert mails_of(mails, "spring", [person], all_of_event=True) == {"3": None, "5": None}
