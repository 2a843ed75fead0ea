"""One person with every kind of trace is found nowhere in the data folder once they are erased; everybody else stays.

Every declared value is planted, whoever declares it later too: values that may name people with their names, addresses
and ids, all others with ids alone. Beside that the list, steps, links, the ledger, jobs, listings, both histories, the
audit, exports, logs, the portal and the outbox.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet

from deepracer_admin.errors import StoreError
from deepracer_admin.flows.closeout import erase_person
from deepracer_admin.flows.closeout.erase_person import PersonEraser
from deepracer_admin.flows.closeout.persons_traces import traces_of
from deepracer_admin.journal import person_hash
from deepracer_admin.model import (
    Attendee,
    AuditEntry,
    Event,
    Job,
    JobItem,
    JobState,
    Outcome,
    Profile,
    Quota,
    Race,
    RaceDraft,
    Sending,
    Standing,
    State,
    Step,
)
from deepracer_admin.model.registrations import (
    Asked,
    LinkPurpose,
    PortalLink,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.records import every
from deepracer_admin.records.erasures import ERASURES, LEGAL_HOLD, SUPPRESSED
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.records.portal import ASKED, PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.rules.audit import verify
from deepracer_admin.store import ProfileLink
from deepracer_admin.store.documents import Reading, Table
from deepracer_admin.store.sqlite import open_event_store, open_history
from deepracer_admin.vault import Vault
from tests.store.growing import hints_of, parts

END = datetime(2026, 3, 1, 17, tzinfo=UTC)
NAME, ADDRESS, ALIAS = "Xanthippe Quillfeather", "xanthippe.quillfeather@example.com", "Quillfeather-X"
HER = Attendee(
    "at-7f3a9b", ADDRESS, NAME, alias=ALIAS, office=NAME, extra={NAME: NAME}, answers={"q": NAME}, added_by="oid-org"
)
HIM = Attendee("at-000002", "bo.lind@example.com", "Bo Lind", alias="Lind-B", office="Milano")
PROFILE, OBJECT, REG = "prof-5c1d88e0", "oid-5c1d88e0-graph", registration_id(ADDRESS)
MARK = "erased-0123456789abcdef"
OWN = {name: what for name, what in every().items() if what.of_event and name not in (ERASURES.name, SUPPRESSED.key)}
SPECIAL = {REGISTRATIONS.name, PORTAL_LINKS.name, ASKED.name}
STRINGS = (
    NAME,
    ADDRESS,
    ALIAS,
    HER.id,
    PROFILE,
    OBJECT,
    REG,
    "Xanthippe",
    "Quillfeather",
    person_hash(ADDRESS),
    "m-her",
)


def planted(hint: Any, text: str) -> Any:
    """A value of this type with the text in each of its texts and keys."""
    what, inner = parts(hint)
    if what == "optional":
        return planted(inner[0], text)
    if what in (str, int, float, bool, datetime):
        return {str: text, int: 1, float: 1.0, bool: True}.get(what, END)
    if what is date:
        return END.date()
    if what is Mapping:
        return {planted(inner[0], text): planted(inner[1], text)}
    if what is frozenset:
        return frozenset({planted(inner[0], text)})
    if what is tuple:
        return (planted(inner[0], text),) if inner[1:] == (...,) else tuple(planted(each, text) for each in inner)
    if issubclass(what, Enum):
        return next(iter(what))
    assert isinstance(what, type)
    assert is_dataclass(what)
    hints = hints_of(what)
    return what(**{each.name: planted(hints[each.name], text) for each in fields(what)})


class Folder(SimpleNamespace):
    """A data folder with its stores, as an eraser works with it."""

    store: Any
    history: Any
    home: Path
    eraser: PersonEraser

    @property
    def event(self) -> Event:
        return self.store.event("spring")

    def erase(self) -> Any:
        self.eraser.begin(self.event, HER, mark=MARK, by="oid-org", by_name="Olga Organizer")
        return self.eraser.finish(self.event, MARK)

    def found(self) -> dict[str, set[str]]:
        """Which of her strings stand in which file of the folder, in any case; histories are unpacked."""
        found: dict[str, set[str]] = {}
        for path in self.home.rglob("*"):
            if path.is_file():
                content = path.read_bytes().lower()
                if hits := {each for each in STRINGS if each.lower().encode() in content}:
                    found[path.name] = hits
        told = str([self.history.standings("spring", "r1"), self.history.standings_before("spring", "r1", END)]).lower()
        if hits := {each for each in STRINGS if each.lower() in told}:
            found["standings"] = hits
        return found


CLOCK: Any = SimpleNamespace(now=lambda: END + timedelta(days=1), event_now=lambda: END + timedelta(days=1))
VAULT = Vault(Fernet.generate_key())


def opened(home: Path) -> Folder:
    store, history = open_event_store(home / "events.sqlite", "live"), open_history(home / "history.sqlite")
    clock = SimpleNamespace(**vars(CLOCK))
    eraser = PersonEraser(store, history, home, clock, VAULT)  # type: ignore[arg-type]
    return Folder(store=store, history=history, home=home, eraser=eraser, clock=clock)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all her traces, made once."""
    home = tmp_path_factory.mktemp("full")
    made = opened(home)
    event = Event("spring", "Cup", END - timedelta(hours=8), END, "UTC", 1, 1.0, Quota(60, 1), erase_on="2026-04-30")
    made.store.save_event(replace(event, closed_at=END))
    plant(made)
    made.store.close()
    made.history.close()
    return home


@pytest.fixture
def folder(full: Path, tmp_path: Path) -> Iterator[Folder]:
    home = tmp_path / "home"
    shutil.copytree(full, home)
    made = opened(home)
    yield made
    made.store.close()
    made.history.close()


def plant(folder: Folder) -> None:
    store, event = folder.store, "spring"
    lease = store.acquire("worker", "test", ttl_s=3600, now=END)
    store.save_attendees(event, [HER, HIM])
    said = f"{NAME} <{ADDRESS}> races as {ALIAS}."
    store.record(
        event, [Outcome(HER.id, each, State.RETRY, "x", said, ref=OBJECT) for each in Step], lease=None, now=END
    )
    store.record(event, [Outcome(HIM.id, Step.GROUP, State.REFUSED, "x", f"Same as {NAME}.")], lease=None, now=END)
    store.link(event, [ProfileLink(HER.id, PROFILE, "created", END), ProfileLink(HIM.id, "prof-bo", "created", END)])
    store.plan_deliveries(event, [(HER.id, "access", 1), (HIM.id, "access", 1)], campaign="access", lease=None)
    claimed = store.claim_deliveries(event, "access", 5, lease=lease, now=END)
    ids = {HER.id: "m-her", HIM.id: "m-him"}
    sent = [replace(each, state=Sending.SENT, message_id=ids[each.attendee]) for each in claimed]
    store.settle_deliveries(event, sent, lease=lease, now=END)
    store.save_profiles(
        event,
        [Profile(PROFILE, ALIAS, email=ADDRESS, minutes_used=5), Profile("prof-bo", "Lind-B", minutes_used=7)],
        seen_at=END,
        lease=None,
    )
    draft = RaceDraft("Cup", "t", END, END, description=f"Won by {NAME} before.")
    store.save_races(event, [Race("r1", draft, winner=ALIAS)], seen_at=END, lease=None)
    items = [
        JobItem("j1", HER.id, State.REFUSED, "x", said, {"to": ADDRESS}, {"name": NAME}),
        JobItem("j1", PROFILE, State.DONE, after={"profile": PROFILE, "list": [HER.id, HIM.id]}),
        JobItem("j1", HIM.id, State.DONE, sentence="Bo Lind was mailed.", after={"to": HIM.email}),
    ]
    plan = {"people": [HER.id, HIM.id], "address": ADDRESS, "by": {PROFILE: 1, "prof-bo": 2}}
    store.create_job(Job("j1", event, "mail.test", HER.id, JobState.PLANNED, plan, created_by="oid-org"), items)
    store.update_job("j1", state=JobState.DONE, sentence=said, result={"name": NAME, "other": "Bo Lind"}, now=END)
    store.change_rows(event, REGISTRATIONS, lambda _: {
        REG: Registration(REG, ADDRESS, RegistrationState.ACCEPTED, END, name=NAME, racer_name=ALIAS, attendee=HER.id)
    })  # fmt: skip
    store.change_rows(event, PORTAL_LINKS, lambda _: {"hash": PortalLink(REG, LinkPurpose.PAGE, END)})
    store.change_rows(event, ASKED, lambda _: {"form": Asked(ADDRESS, END, name=NAME, answers={"q": NAME})})
    for name, what in OWN.items():
        if name not in SPECIAL:
            for text, number in ((PROFILE, 1), (f"{said} ({HER.id})" if what.personal else PROFILE, 2)):
                plant_value(store, what, planted(what.kind, text), number)
    history = folder.history
    history.add_usage(event, END, store.profiles(event)[0])
    rows = [Standing(1, ALIAS, 9000, profile_id=PROFILE), Standing(2, "Lind-B", 9500), Standing(3, ALIAS.lower(), 9900)]
    history.save_standings(event, "r1", END - timedelta(hours=1), rows[:1])
    history.save_standings(event, "r1", END, rows)
    for number, (target, after) in enumerate(
        [(HER.id, {"profile": PROFILE}), ("r1", {"alias": ALIAS, "reason": said}), (HIM.id, None), (REG, [HER.id])]
    ):
        store.append_audit(
            AuditEntry(0, END, event, "oid-org", "Olga Organizer", "Organizer", f"act{number}", target, 1, after=after)
        )
    mails = {
        "1": CapturedMail(1, ADDRESS, "Hi", "", "", END, "m1", f"spring#{HER.id}#access#1"),
        "2": CapturedMail(2, "olga@example.com", "Test", said, "", END, "m2", "spring#test#x#1"),
        "3": CapturedMail(3, HIM.email, "Hi", "Dear Bo Lind", "", END, "m3", f"spring#{HIM.id}#access#1"),
        "4": CapturedMail(4, ADDRESS.upper(), "Your password", "", "", END, "m4"),
    }
    store.change_rows("", OUTBOX, lambda _: mails)
    exports = folder.home / "exports" / event
    exports.mkdir(parents=True)
    (exports / "usage.csv").write_text(
        f'"{NAME}","{ADDRESS}","{ALIAS}","5.0"\n"Bo Lind","{HIM.email}","Lind-B","7.0"\n'
    )
    (exports / "certificates.zip").write_bytes(b"PK compressed")
    (folder.home / "console.log").write_text(f"INFO person {person_hash(ADDRESS)} refused\nINFO {HIM.id} fine\n")
    (folder.home / "console.log.1").write_text(f"WARNING {ADDRESS.upper()} and {PROFILE}\n")
    (folder.home / "practice-state.json").write_text("{}")


def plant_value(store: Any, what: Any, value: Any, number: int) -> None:
    if isinstance(what, Table):
        key = HER.id if what.by == "attendee" else f"other-{number}/{PROFILE}" if number == 1 else f"row-{number}"
        store.change_rows("spring", what, lambda _: {key: value})
    elif isinstance(what, Reading):
        store.keep("spring", what, value)
    else:
        store.update("spring", what, lambda _: value)


def test_she_stands_everywhere_before(folder: Folder) -> None:
    found = folder.found()
    everything = set[str]().union(*(found[name] for name in found if name.startswith("events.sqlite")))
    assert everything >= {each for each in STRINGS if each != person_hash(ADDRESS)}
    assert {*found} >= {"usage.csv", "console.log", "console.log.1", "standings"}


def test_nothing_of_her_is_found_in_any_file(folder: Folder) -> None:
    receipt = folder.erase()
    assert folder.found() == {}
    assert receipt.left == ()
    assert receipt.searched >= 6
    assert receipt.ended_at is not None
    assert receipt.sealed == ""
    assert {"people of the list", "captured mails", "exports", "logs", "entries of the audit", "usage and results"} <= {
        *receipt.changed
    }


def test_everybody_else_is_as_before(folder: Folder) -> None:
    folder.erase()
    store = folder.store
    assert store.attendees("spring") == [HIM]
    assert [each.profile for each in store.links("spring").values()] == ["prof-bo"]
    assert [each.id for each in store.profiles("spring")[0]] == ["prof-bo"]
    assert [(each.attendee, each.message_id) for each in store.deliveries("spring")] == [(HIM.id, "m-him")]
    job = store.job("j1")
    assert (job.kind, job.plan["people"], job.plan["by"]) == ("mail.test", [HIM.id], {"prof-bo": 2})
    assert job.result["other"] == "Bo Lind"
    kept = {each.key: each for each in store.job_items("j1")}[HIM.id]
    assert (kept.sentence, kept.after) == ("Bo Lind was mailed.", {"to": HIM.email})
    assert {*store.rows("", OUTBOX)} == {"3"}
    assert "Bo Lind" in (folder.home / "exports" / "spring" / "usage.csv").read_text()
    assert HIM.id in (folder.home / "console.log").read_text()


def test_places_times_and_totals_stay(folder: Folder) -> None:
    before = folder.history.usage("spring")
    folder.erase()
    assert folder.history.usage("spring") == before
    uses = folder.history.profile_uses("spring", since=END - timedelta(days=1))
    assert sorted(each.minutes for each in uses) == [5.0, 7.0]
    rows = folder.history.standings("spring", "r1")[0]
    assert [(each.rank, each.alias, each.score_ms) for each in rows] == [
        (1, MARK, 9000),
        (2, "Lind-B", 9500),
        (3, MARK, 9900),
    ]


def test_every_declared_value_can_still_be_read(folder: Folder) -> None:
    folder.erase()
    for what in OWN.values():
        if isinstance(what, Table):
            folder.store.rows("spring", what)
        else:
            folder.store.read("spring", what)


def test_the_audit_keeps_the_fact_and_its_chain(folder: Folder) -> None:
    folder.erase()
    rows = folder.store.audit(None)
    assert verify(rows) is None
    assert [each.action for each in reversed(rows)] == ["act0", "act1", "act2", "act3", "audit.redact"]
    assert [each.actor_name for each in rows[1:]] == ["Olga Organizer"] * 4
    assert {each.action: each.target for each in rows}["act2"] == HIM.id


CHANGES = {
    "target": "UPDATE audit SET target = 'forged' WHERE seq = 2",
    "after": "UPDATE audit SET after = '\"forged\"' WHERE seq = 2",
}


@pytest.mark.parametrize("column", CHANGES)
def test_what_is_changed_in_a_redacted_entry_afterwards_breaks_the_chain(folder: Folder, column: str) -> None:
    folder.erase()
    with folder.store._transaction() as connection:
        connection.execute(CHANGES[column])
    assert verify(folder.store.audit(None)) == 2


def test_the_file_lets_nothing_else_of_an_entry_be_rewritten(folder: Folder) -> None:
    with pytest.raises(StoreError, match="the audit only grows"), folder.store._transaction() as connection:
        connection.execute("UPDATE audit SET actor_name = 'Somebody' WHERE seq = 1")


def test_killed_at_any_step_it_is_finished_by_the_next_run(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of the stores dies once, after it has done its work; the eraser is run until it ends."""
    folder.eraser.begin(folder.event, HER, mark=MARK, by="oid-org", by_name="Olga Organizer")
    died: list[str] = []

    def deadly(name: str, real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            answer = real(*given, **named)
            if name not in died:
                died.append(name)
                raise sqlite3.OperationalError(f"killed after {name}")
            return answer

        return call

    for owner, names in (
        (folder.store, ("delete_attendees", "change_rows", "update", "keep", "take_out", "redact_audit")),
        (folder.history, ("take_out",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, deadly(name, getattr(owner, name)))
    for name in ("clean_logs", "clean_exports", "search"):
        monkeypatch.setattr(erase_person, name, deadly(name, getattr(erase_person, name)))
    folder.clock.now = lambda: END + timedelta(days=1, minutes=3)
    for _ in range(20):
        try:
            if folder.eraser.resume():
                break
        except sqlite3.OperationalError:
            continue
    assert len(died) == 9
    monkeypatch.undo()
    assert folder.found() == {}
    assert verify(folder.store.audit(None)) is None
    assert folder.store.rows("spring", ERASURES)[MARK].ended_at is not None


def test_while_it_is_under_way_what_it_looks_for_is_sealed(folder: Folder) -> None:
    folder.eraser.begin(folder.event, HER, mark=MARK, by="oid-org", by_name="Olga Organizer")
    folder.store.delete_attendees("spring", [HER.id])
    row = folder.store.rows("spring", ERASURES)[MARK]
    assert row.sealed
    assert not any(each in row.sealed for each in STRINGS)


def test_it_is_not_taken_up_while_who_began_it_may_be_at_it(folder: Folder) -> None:
    folder.eraser.begin(folder.event, HER, mark=MARK, by="oid-org", by_name="Olga Organizer")
    assert folder.eraser.resume() == 0
    assert len(folder.store.attendees("spring")) == 2


def test_what_lies_outside_is_listed_and_names_nobody(folder: Folder) -> None:
    places = [each.where for each in folder.erase().outside]
    assert {"Microsoft Entra", "The racing service", "The mail provider", "Screens and browsers"} <= {*places}


def test_what_a_service_still_lists_of_her_does_not_come_back(folder: Folder) -> None:
    folder.erase()
    erased = folder.store.read("spring", SUPPRESSED)
    assert all(erased.holds(each) for each in (PROFILE, ALIAS, ALIAS.upper(), ADDRESS))
    assert not any(erased.holds(each) for each in ("prof-bo", "Lind-B", HIM.email, ""))


def test_a_part_of_a_name_that_others_bear_is_not_hers_alone(folder: Folder) -> None:
    folder.store.save_attendees("spring", [Attendee("at-3", "x@example.com", "Xanthippe Moor")])
    traces = traces_of(folder.store, folder.event, HER)
    assert "Xanthippe" not in traces.names
    assert "Quillfeather" in traces.names
    assert traces.blanked("Xanthippe Moor won, Xanthippe Quillfeather came second.") == (
        "Xanthippe Moor won, [erased] came second."
    )


def test_a_legal_hold_is_no_trace_of_hers(folder: Folder) -> None:
    assert LEGAL_HOLD.personal
