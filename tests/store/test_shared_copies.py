"""Several computers on one table: each has a copy, nobody's change is lost, and the copies are the same."""

import sqlite3
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deepracer_admin.errors import Conflict, LeaseLost, StoreError, StoreUnusable
from deepracer_admin.model import Job, JobItem, JobState, Outcome, Profile, Sending, State, Step
from deepracer_admin.model.registrations import Asked
from deepracer_admin.records import every
from deepracer_admin.records.portal import ASKED
from deepracer_admin.rules.audit import REDACT, by_system, verify
from deepracer_admin.rules.traces import Traces
from deepracer_admin.store import EventStore, ProfileLink
from deepracer_admin.store.documents import Document, Reading, Records
from deepracer_admin.store.dynamodb import SharedEventStore, SharedTable, open_shared_store
from deepracer_admin.store.dynamodb.rows import LOCAL, SHARED, digest_of, dump, scopes_in
from deepracer_admin.store.dynamodb.table_facts import create
from deepracer_admin.store.few import Few
from deepracer_admin.store.following import Followed
from deepracer_admin.store.sqlite_records import _decoded, _decoded_passing
from tests.store.contract_jobs import an_entry
from tests.store.contract_records import BASKETS, OWN_BASKETS, PICNIC, adds, invites
from tests.store.counting import COUNTER
from tests.store.growing import grown, sample, size
from tests.store.people import NOW, a_person, after, an_event, people
from tests.store.table_server import TableServer, access_to

Open = Callable[[str], SharedEventStore]

READS = {
    "attendees_among", "count", "delivered_counts", "in_state", "linked", "sizes", "steps_among", "waiting_since",
    "mode", "followed_at", "trouble", "revision", "events", "event", "attendees", "attendee", "steps", "done",
    "steps_of", "funnel", "history_of", "profiles", "links", "deliveries", "delivery_counts", "job", "jobs",
    "job_items", "races", "audit", "read", "rows", "row", "damage",
}  # fmt: skip


@pytest.fixture
def one(on_another_computer: Open) -> SharedEventStore:
    return on_another_computer("one")


@pytest.fixture
def two(on_another_computer: Open) -> SharedEventStore:
    return on_another_computer("two")


def whole(store: SharedEventStore) -> dict[str, str]:
    """Digest of each scope of a copy."""
    with store._reading() as connection:
        return {scope: digest_of(dump(connection, scope)) for scope in scopes_in(connection)}


def everything(store: SharedEventStore) -> None:
    """At least one row of each table, and one that was changed and one that went."""
    store.save_event(an_event())
    store.save_attendees("spring", people(5))
    store.save_attendees("spring", [a_person(0, email="person1@example.com"), a_person(1, email="person0@example.com")])
    store.record("spring", [Outcome(f"a0000{n}", Step.PROFILE, State.DONE) for n in range(5)], lease=None, now=NOW)
    store.save_profiles("spring", [Profile("p1", "racer-1"), Profile("p0", "racer-0")], seen_at=NOW, lease=None)
    store.link("spring", [ProfileLink("a00000", "p0", "created", NOW), ProfileLink("a00001", "p1", "created", NOW)])
    store.link("spring", [ProfileLink("a00000", "p1", "manual", NOW), ProfileLink("a00001", "p0", "manual", NOW)])
    store.plan_deliveries("spring", [(f"a0000{n}", "access", 1) for n in range(5)], campaign="c", lease=None)
    lease = store.acquire("mail", "one", ttl_s=60, now=NOW)
    assert lease is not None
    claimed = store.claim_deliveries("spring", "c", 3, lease=lease, now=NOW)
    sent = [replace(row, state=Sending.SENT, message_id=f"m-{row.attendee}") for row in claimed]
    store.settle_deliveries("spring", sent, lease=lease, now=after(1))
    store.create_job(Job("j1", "spring", "quota", "", JobState.RUNNING), [JobItem("j1", "a00000", State.DONE)])
    store.update("spring", PICNIC, invites("Ada"))
    store.change_rows("spring", OWN_BASKETS, adds(1, "a00000", "a00004"))
    store.change_rows("spring", BASKETS, adds(1, "red", "blue"))
    store.change_rows("spring", BASKETS, lambda _: {"red": None})
    store.update("", COUNTER, lambda _: 7)
    store.save_races("spring", [], seen_at=NOW, lease=None)
    store.append_audit(an_entry())
    store.delete_attendees("spring", ["a00004"])


def test_every_table_of_the_schema_travels_or_is_of_this_computer(one: SharedEventStore) -> None:
    with one._reading() as connection:
        found = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert found == {table.name for table in SHARED} | LOCAL


def test_every_method_that_changes_something_goes_through_the_table() -> None:
    declared = {
        name for kind in (EventStore, Records, Followed, Few) for name in vars(kind) if not name.startswith("_")
    }
    assert declared - READS - {"close", "compact"} <= {*vars(SharedEventStore)}


def test_a_copy_takes_over_all_that_another_one_did(one: SharedEventStore, two: SharedEventStore) -> None:
    everything(one)
    two.follow()
    assert whole(two) == whole(one)
    assert [each.id for each in two.attendees("spring")] == ["a00000", "a00001", "a00002", "a00003"]
    assert len(two.history_of("spring", "a00000")) == len(one.history_of("spring", "a00000")) == 3
    assert two.revision("spring") > 0


def test_a_new_copy_takes_over_all_there_is(one: SharedEventStore, on_another_computer: Open) -> None:
    everything(one)
    assert whole(on_another_computer("three")) == whole(one)


def test_events_come_in_the_order_in_which_they_were_made(one: SharedEventStore, two: SharedEventStore) -> None:
    for name in ("winter", "autumn", "spring"):
        one.save_event(an_event(name))
    two.follow()
    assert [event.id for event in two.events()] == ["winter", "autumn", "spring"]


def test_who_is_behind_carries_out_the_change_on_what_is_there_now(
    one: SharedEventStore, two: SharedEventStore
) -> None:
    one.save_attendees("spring", people(2))
    with pytest.raises(Conflict, match="already belongs"):
        two.save_attendees("spring", [a_person(7, email="person1@example.com")])
    two.update("spring", PICNIC, invites("Ada"))
    one.update("spring", PICNIC, invites("Grace"))
    two.update("spring", PICNIC, invites("Joan"))
    assert two.read("spring", PICNIC).guests == ("Ada", "Grace", "Joan")
    one.create_job(Job("j1", "spring", "import", "", JobState.PLANNED))
    with pytest.raises(Conflict, match="already planned or running"):
        two.create_job(Job("j2", "spring", "import", "", JobState.PLANNED))
    one.update_job("j1", state=JobState.DONE, now=NOW)
    assert two.create_job(Job("j2", "spring", "import", "", JobState.PLANNED)).id == "j2", "not judged by what was"


def test_two_who_write_at_once_lose_nothing(one: SharedEventStore, two: SharedEventStore) -> None:
    one.save_event(an_event(head_count=0))

    def write(store: SharedEventStore, start: int) -> None:
        for number in range(start, start + 12):
            store.amend_event("spring", lambda event: replace(event, head_count=event.head_count + 1))
            store.save_attendees("spring", [a_person(number)])
            store.append_audit(an_entry(count=number))

    threads = [threading.Thread(target=write, args=given) for given in ((one, 0), (two, 100))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.follow()
    two.follow()
    assert whole(one) == whole(two)
    assert one.event("spring").head_count == 24
    assert len(one.attendees("spring")) == 24
    assert len(one.audit()) == 24
    assert verify(one.audit()) is None


def test_a_lease_is_checked_in_the_write_itself(one: SharedEventStore, two: SharedEventStore) -> None:
    """The late holder's copy does not know of the new one."""
    one.save_attendees("spring", people(1))
    late = one.acquire("worker", "one", ttl_s=10, now=NOW)
    assert two.acquire("worker", "two", ttl_s=10, now=after(11)) is not None
    with pytest.raises(LeaseLost, match="taken over"):
        one.record("spring", [Outcome("a00000", Step.PROFILE, State.DONE)], lease=late, now=after(12))
    assert one.steps("spring") == []


def test_a_new_holder_sees_all_that_the_former_one_wrote(one: SharedEventStore, two: SharedEventStore) -> None:
    one.save_attendees("spring", people(3))
    assert two.acquire("worker", "two", ttl_s=10, now=NOW) is not None
    assert two.attendees("spring") == people(3)


def test_claims_of_a_lease_that_was_renewed_elsewhere_do_not_expire(
    one: SharedEventStore, two: SharedEventStore
) -> None:
    one.save_attendees("spring", people(1))
    one.plan_deliveries("spring", [("a00000", "access", 1)], campaign="c", lease=None)
    lease = one.acquire("mail", "one", ttl_s=10, now=NOW)
    other = two.acquire("sweep", "two", ttl_s=600, now=NOW)
    assert lease is not None
    assert other is not None
    one.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
    two.follow()
    one.renew(lease, ttl_s=60, now=after(9))
    assert two.expire_claims("spring", lease=other, now=after(20)) == 0
    assert two.expire_claims("spring", lease=other, now=after(70)) == 1


def test_a_lost_answer_is_no_second_change(server: TableServer, one: SharedEventStore) -> None:
    one.update("", COUNTER, lambda number: number + 1)
    server.lose_next[:] = ["TransactWriteItems"]
    one.update("", COUNTER, lambda number: number + 1)
    assert server.lose_next == []
    assert one.read("", COUNTER) == 2
    assert one.journal.head("HOUSE").number == 2


def test_a_copy_that_died_before_it_had_its_own_change_takes_it_from_the_table(
    one: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.save_attendees("spring", people(1))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(one, "know", die)
        with pytest.raises(KeyboardInterrupt):
            one.save_attendees("spring", [a_person(1)])
    assert len(one.attendees("spring")) == 1
    one.save_attendees("spring", [a_person(2)])
    assert one.attendees("spring") == people(3)


def test_a_long_journal_becomes_an_image_that_new_copies_load(
    one: SharedEventStore, two: SharedEventStore, on_another_computer: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepracer_admin.store.dynamodb.copy_file.IMAGE_EVERY", 5)
    monkeypatch.setattr("deepracer_admin.store.dynamodb.journal.KEPT_CHANGES", 2)
    everything(one)
    for number in range(10, 20):
        one.save_attendees("spring", [a_person(number)])
        one.follow()
    head = one.journal.head("EVENT#spring")
    assert head.image_number > 5
    assert next(iter(one.journal.changes("EVENT#spring", 0))).number > head.image_number - 3
    two.follow()
    assert whole(two) == whole(on_another_computer("three")) == whole(one)
    images = [item for item in one.journal.table.query("EVENT#spring", "IMG#", "IMG#~", only=("sk",))]
    assert len(images) == head.image_parts


def everything_in(table: SharedTable) -> str:
    """All that the table holds, legibly."""
    answer = table.client.scan(TableName=table.name)
    assert "LastEvaluatedKey" not in answer
    text = ""
    for item in answer["Items"]:
        body = item.pop("body", None)
        text += f"{item} {zlib.decompress(body['B']).decode() if body else ''}\n"
    return text


def test_who_was_erased_is_in_the_table_no_more(table: SharedTable, one: SharedEventStore) -> None:
    everything(one)
    one.save_attendees("spring", [a_person(77, name="Zelda Quux")])
    assert "Zelda Quux" in everything_in(table)
    one.delete_attendees("spring", ["a00077"])
    assert "Zelda Quux" not in everything_in(table)
    one.update("spring", PICNIC, invites("Zelda Quux"))
    one.forget("spring", PICNIC)
    assert "Zelda Quux" not in everything_in(table)


def test_a_form_that_another_computer_took_is_forgotten_here_and_nobody_else(
    one: SharedEventStore, two: SharedEventStore
) -> None:
    one.save_event(an_event())
    one.change_rows("spring", BASKETS, adds(1, "red", "blue"))
    one.change_rows("spring", ASKED, lambda _: {"f-1": Asked("zelda@example.com", NOW)})
    two.follow()
    assert [each.email for each in two.rows("spring", ASKED).values()] == ["zelda@example.com"]
    two.rows("spring", BASKETS)
    before = _decoded.cache_info()
    one.change_rows("spring", ASKED, lambda _: {"f-1": None})
    two.follow()
    assert "zelda" not in repr([*two._remembered._values.values()])
    assert _decoded_passing.cache_info().currsize == 0
    assert _decoded.cache_info().currsize == before.currsize
    assert two.rows("spring", ASKED) == {}
    one.change_rows("spring", BASKETS, lambda _: {"red": None})
    two.follow()
    assert _decoded.cache_info().currsize == 0


ZELDA = Traces(frozenset({"a00077"}), frozenset({"zelda@example.com"}), frozenset({"Zelda Quux"}), mark="erased-1")


def plant(store: SharedEventStore) -> None:
    """Somebody in a job, in the sentence about somebody else, and in the audit."""
    everything(store)
    store.save_attendees("spring", [a_person(77, name="Zelda Quux", email="zelda@example.com")])
    store.create_job(
        Job("j7", "spring", "quota", "Zelda Quux", JobState.RUNNING, {"to": "zelda@example.com"}),
        [JobItem("j7", "a00077", State.REFUSED, sentence="Zelda Quux has none.")],
    )
    store.record(
        "spring", [Outcome("a00001", Step.GROUP, State.REFUSED, "x", "As Zelda Quux is.")], lease=None, now=NOW
    )
    store.append_audit(replace(an_entry(), event="spring", target="a00077", after={"name": "Zelda Quux"}))
    store.append_audit(an_entry())


def on_disk(store: SharedEventStore) -> set[str]:
    """Files of a copy in which anything of her is left."""
    files = [path for path in store.path.parent.rglob("*") if path.is_file()]
    return {path.name for path in files if any(each in path.read_bytes() for each in (b"Zelda", b"zelda@"))}


def erase(store: SharedEventStore) -> None:
    store.delete_attendees("spring", ["a00077"])
    store.take_out("spring", ZELDA)
    at, name = NOW, "The console"
    store.redact_audit(
        "spring",
        ZELDA,
        lambda left: by_system(
            "spring", REDACT, at=at, name=name, target="erased-1", count=1, after={"left": {**left}}
        ),
    )


def test_who_is_taken_out_is_on_no_computer_any_more_and_the_audit_is_whole(
    table: SharedTable, one: SharedEventStore, two: SharedEventStore, on_another_computer: Open
) -> None:
    plant(one)
    two.follow()
    assert on_disk(one)
    assert on_disk(two)
    assert "Zelda" in everything_in(table)
    erase(two)
    one.follow()
    for store in (one, two, on_another_computer("three")):
        assert on_disk(store) == set(), store.path
        assert verify(store.audit(None)) is None
        assert (store.job("j7").target[:9], store.job("j7").plan) == ("erased-1-", {"to": "[erased]"})
    assert "Zelda" not in everything_in(table)
    assert "zelda@" not in everything_in(table)
    assert whole(one) == whole(two)


def test_an_erasure_that_died_before_its_table_was_cleaned_is_ended_on_every_computer(
    table: SharedTable, one: SharedEventStore, two: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(one)
    two.follow()
    monkeypatch.setattr(one, "tidy", lambda _: None)
    erase(one)
    assert "Zelda" in everything_in(table)
    two.follow()
    assert "Zelda" not in everything_in(table)
    assert on_disk(two) == set()
    assert whole(one) == whole(two)


def test_an_erasure_asked_for_twice_changes_nothing_more(one: SharedEventStore, two: SharedEventStore) -> None:
    plant(one)
    erase(one)
    two.follow()
    before = whole(two)
    assert two.take_out("spring", ZELDA) == {}
    assert two.redact_audit("spring", ZELDA, lambda _: an_entry()) == 0
    one.follow()
    assert whole(one) == whole(two) == before


def test_an_erasure_that_was_cut_short_is_ended_by_whoever_follows_next(
    table: SharedTable, one: SharedEventStore, two: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.save_attendees("spring", [a_person(77, name="Zelda Quux")])

    def fail(*_: object, **__: object) -> None:
        raise StoreError("not now")

    with monkeypatch.context() as broken:
        broken.setattr(one.journal, "save_image", fail)
        one.delete_attendees("spring", ["a00077"])
    assert "Zelda Quux" in everything_in(table)
    two.follow()
    assert "Zelda Quux" not in everything_in(table)
    assert whole(one) == whole(two)


def test_a_large_change_goes_in_parts_and_one_too_large_is_refused_whole(
    one: SharedEventStore, two: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepracer_admin.store.dynamodb.journal.PART_BYTES", 1000)
    one.save_attendees("spring", people(300))
    assert len([*one.journal.table.query("EVENT#spring", "LOG#", "LOG#~")]) > 2
    two.follow()
    assert two.attendees("spring") == people(300)
    monkeypatch.setattr("deepracer_admin.store.dynamodb.journal.MOST_BYTES", 2000)
    with pytest.raises(StoreError, match="too large for one step"):
        one.save_attendees("spring", [a_person(number) for number in range(1000, 1600)])
    assert one.attendees("spring") == people(300)


def test_registrations_of_the_portal_are_left_alone(table: SharedTable, one: SharedEventStore) -> None:
    table.put({"pk": "EVENT#spring", "sk": "REG#00ff", "state": "new"})
    everything(one)
    one.forget("spring", PICNIC)
    assert table.get("EVENT#spring", "REG#00ff") == {"pk": "EVENT#spring", "sk": "REG#00ff", "state": "new"}


def test_two_processes_of_one_computer_have_one_copy(one: SharedEventStore, on_another_computer: Open) -> None:
    beside = on_another_computer("one")
    assert beside.path == one.path
    for number in range(0, 6, 2):
        one.save_attendees("spring", [a_person(number)])
        assert beside.attendees("spring") == people(number + 1)
        beside.save_attendees("spring", [a_person(number + 1)])
    one.follow()
    beside.follow()
    assert whole(one) == whole(beside)
    assert one.attendees("spring") == people(6)


def test_a_table_that_went_back_in_time_is_taken_as_it_is(
    table: SharedTable, one: SharedEventStore, two: SharedEventStore
) -> None:
    one.save_attendees("spring", people(1))
    before = [*table.query("HEADS", "A", "~")]
    one.save_attendees("spring", [a_person(1)])
    table.put_all(before)
    table.delete_all([("EVENT#spring", "LOG#000000000002#00")])
    one.follow()
    assert one.attendees("spring") == people(1)
    two.save_attendees("spring", [a_person(2)])
    one.follow()
    assert [each.id for each in one.attendees("spring")] == ["a00000", "a00002"]


# ------------------------------------------------------------------------------------------- whose table, and whether


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mode": "live"}, "was made in live mode"),
        ({"schema": 1}, "was written by an older version"),
        ({"schema": 99}, "was written by a newer version"),
        ({"key": "other"}, "set DEEPRACER_ADMIN_SECRET_KEY"),
    ],
)
def test_a_table_that_is_not_for_this_console_is_refused_with_a_sentence(
    table: SharedTable, one: SharedEventStore, on_another_computer: Open, values: dict[str, str | int], words: str
) -> None:
    about = table.get("ABOUT", "ABOUT")
    assert about is not None
    one.save_event(an_event())
    table.put({**about, **values})
    for name in ("three", "one"):  # without a copy, and with one
        with pytest.raises(StoreUnusable, match=words):
            on_another_computer(name)


def test_a_copy_of_a_table_that_was_made_anew_starts_empty(
    server: TableServer, table: SharedTable, tmp_path: Path
) -> None:
    def opened() -> SharedEventStore:
        handle = SharedTable(access_to(server.url), table.name)
        return open_shared_store(tmp_path / "one", handle, "rehearsal", follow_every_s=0)

    store = opened()
    everything(store)
    table.client.delete_table(TableName=table.name)
    create(table)
    with pytest.raises(StoreUnusable, match="was emptied or replaced"):
        store.save_attendees("spring", [a_person(50)])
    with pytest.raises(StoreUnusable, match="was emptied or replaced"):
        store.follow()
    store.close()
    again = opened()
    assert again.events() == []
    again.save_event(an_event())
    again.close()


def test_without_the_table_the_copy_is_read_and_nothing_is_written(
    server: TableServer, table: SharedTable, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{server.http.server_port}"
    store = open_shared_store(tmp_path, SharedTable(access_to(url), table.name), "rehearsal", follow_every_s=0)
    store.save_event(an_event())
    seen = store.followed_at
    store.close()
    nowhere = SharedTable(access_to("http://127.0.0.1:9"), table.name, pause=lambda _: None)
    offline = open_shared_store(tmp_path, nowhere, "rehearsal", follow_every_s=0)
    assert seen is not None
    assert offline.event("spring") == an_event()
    assert "cannot be reached" in offline.trouble
    assert offline.followed_at is None or offline.followed_at >= seen
    with pytest.raises(StoreError, match="Nothing was saved"):
        offline.save_attendees("spring", people(1))
    offline.close()
    with pytest.raises(StoreError, match="cannot be reached"):
        open_shared_store(
            tmp_path / "new",
            SharedTable(access_to("http://127.0.0.1:9"), table.name, pause=lambda _: None),
            "rehearsal",
        )


def test_a_missing_table_is_named(server: TableServer, tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="There is no table nowhere"):
        open_shared_store(tmp_path, SharedTable(access_to(server.url), "nowhere"), "rehearsal")


def test_the_copy_refuses_what_the_schema_refuses(one: SharedEventStore) -> None:
    """The schema's triggers are the writing connection's own."""
    one.append_audit(an_entry())
    with pytest.raises(sqlite3.IntegrityError, match="the audit only grows"):
        one._writer.execute("DELETE FROM audit")


# --------------------------------------------------------------------------------------------------- all that there is


def test_no_declared_document_table_or_reading_loses_a_change_of_two_computers(
    one: SharedEventStore, two: SharedEventStore
) -> None:
    one.save_attendees("spring", people(2))
    two.follow()
    for name, what in sorted(every().items()):
        event = "spring" if what.of_event else ""
        if isinstance(what, Document):
            for number, store in enumerate((one, two)):
                store.update(event, what, lambda value, number=number, what=what: grown(what.kind, value, number))
            assert size(what.kind, two.read(event, what)) - size(what.kind, what.empty) == 2, name
        elif isinstance(what, Reading):
            two.keep(event, what, grown(what.kind, what.empty, 1))
        else:
            first = sample(what.kind)
            one.change_rows(event, what, lambda _, first=first: {"a00000": first})
            two.change_rows(event, what, lambda _, first=first: {"a00001": first})
            assert {*two.rows(event, what)} == {"a00000", "a00001"}, name
    one.follow()
    assert whole(one) == whole(two)


def test_the_copy_follows_by_itself(
    server: TableServer, table: SharedTable, one: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()
    follow = SharedEventStore.follow

    def told(self: SharedEventStore) -> None:
        follow(self)
        looked.set()

    monkeypatch.setattr(SharedEventStore, "follow", told)
    handle = SharedTable(access_to(server.url), table.name)
    following = open_shared_store(one.path.parent / "three", handle, "rehearsal", follow_every_s=0.05)
    first = following.followed_at
    one.save_event(an_event())
    while not following.events():
        looked.clear()
        looked.wait()
    assert first is not None
    assert following.followed_at is not None
    assert following.followed_at > first
    following.close()
