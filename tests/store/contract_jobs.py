"""What every EventStore must do: jobs with their items, and the audit."""

from dataclasses import replace

import pytest

from deepracer_admin.errors import Conflict, LeaseLost, Missing
from deepracer_admin.model import AuditEntry, Job, JobItem, JobState, State
from deepracer_admin.rules.audit import verify
from deepracer_admin.store import EventStore
from tests.store.people import NOW, after, people


def a_job(id: str = "j1", **values: object) -> Job:
    given = {"id": id, "event": "spring", "kind": "import", "target": "", "state": JobState.PLANNED, "created_at": NOW}
    return Job(**(given | values))  # type: ignore[arg-type]


def an_entry(action: str = "attendees.import", **values: object) -> AuditEntry:
    given = {
        "seq": 0,
        "at": NOW,
        "event": "spring",
        "actor": "oid-1",
        "actor_name": "Anna Rossi",
        "role": "Organizer",
        "action": action,
        "target": "roster.csv",
        "count": 3,
    }
    return AuditEntry(**(given | values))  # type: ignore[arg-type]


class JobsContract:
    def test_a_job_comes_back_with_its_plan_and_items(self, store: EventStore) -> None:
        job = a_job(plan={"add": 2}, total=2, undoable=True, created_by="oid-1", created_by_name="Anna")
        items = [JobItem("j1", "k2", State.TODO, after={"minutes": 60}), JobItem("j1", "k1", State.TODO, before=[1])]
        created = store.create_job(job, items)
        assert created == replace(job, changed_at=NOW)
        assert store.job("j1") == created
        assert store.job_items("j1") == items

    def test_a_double_click_starts_one_job(self, store: EventStore) -> None:
        store.create_job(a_job())
        with pytest.raises(Conflict, match="already planned or running"):
            store.create_job(a_job("j2"), [JobItem("j2", "k", State.TODO)])
        assert [job.id for job in store.jobs("spring")] == ["j1"]

    def test_other_targets_kinds_and_events_run_beside_it(self, store: EventStore) -> None:
        for job in (a_job(), a_job("j2", target="t"), a_job("j3", kind="quota"), a_job("j4", event="autumn")):
            store.create_job(job)
        assert [job.id for job in store.jobs("spring")] == ["j3", "j2", "j1"]

    def test_the_next_may_start_when_the_former_has_ended(self, store: EventStore) -> None:
        store.create_job(a_job())
        store.update_job("j1", state=JobState.DONE, now=after(1))
        store.create_job(a_job("j2"))
        assert [job.id for job in store.jobs("spring", live=True)] == ["j2"]
        assert [job.id for job in store.jobs("spring", live=False)] == ["j1"]
        with pytest.raises(Conflict):
            store.update_job("j1", state=JobState.RUNNING, now=after(2))

    def test_jobs_can_be_listed_by_kind_newest_first_and_limited(self, store: EventStore) -> None:
        for number in range(5):
            store.create_job(a_job(f"j{number}", target=str(number), kind="mail" if number % 2 else "quota"))
        assert [job.id for job in store.jobs("spring", limit=2)] == ["j4", "j3"]
        assert [job.id for job in store.jobs("spring", kind="mail")] == ["j3", "j1"]

    def test_an_update_changes_what_is_given_and_nothing_else(self, store: EventStore) -> None:
        store.create_job(a_job(plan={"add": 2}))
        store.update_job("j1", state=JobState.RUNNING, total=2, result={"ok": [1]}, now=after(1))
        job = store.update_job("j1", done=1, sentence="Half way.", now=after(2))
        assert (job.state, job.total, job.done, job.failed) == (JobState.RUNNING, 2, 1, 0)
        assert (job.sentence, job.result, job.plan, job.changed_at) == ("Half way.", {"ok": [1]}, {"add": 2}, after(2))

    def test_an_update_from_an_unexpected_state_is_a_conflict(self, store: EventStore) -> None:
        store.create_job(a_job())
        store.update_job("j1", state=JobState.CANCELLED, expect=[JobState.PLANNED], now=after(1))
        with pytest.raises(Conflict, match="cancelled by now"):
            store.update_job("j1", state=JobState.RUNNING, expect=[JobState.PLANNED], now=after(2))
        assert store.job("j1").state is JobState.CANCELLED

    def test_a_late_holder_changes_no_job(self, store: EventStore) -> None:
        store.create_job(a_job())
        late = store.acquire("worker", "one", ttl_s=10, now=NOW)
        store.acquire("worker", "two", ttl_s=10, now=after(11))
        with pytest.raises(LeaseLost):
            store.update_job("j1", done=1, lease=late, now=after(12))
        with pytest.raises(LeaseLost):
            store.save_job_items("j1", [JobItem("j1", "k", State.DONE)], lease=late)
        assert (store.job("j1").done, store.job_items("j1")) == (0, [])

    def test_a_missing_job_is_said_to_be_missing(self, store: EventStore) -> None:
        for attempt in (
            lambda: store.job("none"),
            lambda: store.update_job("none", done=1, now=NOW),
            lambda: store.save_job_items("none", []),
        ):
            with pytest.raises(Missing, match="no such job"):
                attempt()

    def test_an_item_is_updated_in_its_place(self, store: EventStore) -> None:
        store.create_job(a_job(), [JobItem("j1", "a", State.TODO), JobItem("j1", "b", State.TODO)])
        store.save_job_items("j1", [JobItem("j1", "a", State.REFUSED, "x", "Ask.", {"m": 1}, None)])
        assert store.job_items("j1") == [
            JobItem("j1", "a", State.REFUSED, "x", "Ask.", {"m": 1}, None),
            JobItem("j1", "b", State.TODO),
        ]
        assert [item.key for item in store.job_items("j1", state=State.REFUSED)] == ["a"]

    def test_erasing_a_person_blanks_what_jobs_remember_of_them(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        items = [JobItem("j1", id, State.DONE, before={"email": id}, after={"n": 1}) for id in ("a00000", "a00001")]
        store.create_job(a_job(), items)
        store.delete_attendees("spring", ["a00000"])
        assert store.job_items("j1") == [JobItem("j1", "a00000", State.DONE), items[1]]


class AuditContract:
    def test_entries_are_numbered_and_chained(self, store: EventStore) -> None:
        first = store.append_audit(an_entry(after={"added": 3}))
        second = store.append_audit(an_entry("races.close", event="autumn", allowed=False, on_behalf_of="oid-2"))
        assert (first.seq, second.seq) == (1, 2)
        assert store.audit() == [second, first]
        assert store.audit("spring") == [first]
        assert verify(store.audit()) is None

    def test_the_chain_survives_what_json_and_milliseconds_make_of_values(self, store: EventStore) -> None:
        at = NOW.replace(microsecond=123456)
        store.append_audit(an_entry(at=at, before=("a", 1), after={"when": "ü", "x": 1.0, "n": {"k": [None, True]}}))
        (entry,) = store.audit()
        assert entry.before == ["a", 1]
        assert verify([entry]) is None

    def test_the_audit_is_read_in_pages_newest_first(self, store: EventStore) -> None:
        for number in range(5):
            store.append_audit(an_entry(count=number))
        page = store.audit(limit=2)
        rest = store.audit(limit=10, before_seq=page[-1].seq)
        assert [entry.seq for entry in page + rest] == [5, 4, 3, 2, 1]
        assert verify(rest) is None
        assert verify(page, after=rest[0]) is None

    def test_an_entry_moves_the_revision_of_its_event(self, store: EventStore) -> None:
        before = store.revision("spring")
        store.append_audit(an_entry())
        assert store.revision("spring") > before
