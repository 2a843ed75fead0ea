"""What every EventStore must do: the seen state of each step of each person."""

from dataclasses import replace

import pytest

from deepracer_admin.errors import LeaseLost
from deepracer_admin.model import Job, JobItem, JobState, Outcome, Sending, State, Step
from deepracer_admin.store import EventStore, ProfileLink
from tests.store.people import NOW, a_person, after, people


def outcome(number: int, state: State, step: Step = Step.PROFILE, **values: object) -> Outcome:
    return Outcome(f"a{number:05d}", step, state, **values)  # type: ignore[arg-type]


class StepsContract:
    def test_some_people_are_read_without_the_others(self, store: EventStore) -> None:
        store.save_attendees("spring", people(4))
        made = [
            outcome(0, State.DONE),
            outcome(1, State.REFUSED),
            outcome(1, State.DONE, Step.GROUP),
            outcome(2, State.UNKNOWN, Step.SUBMITTED),
        ]
        store.record("spring", made, lease=None, now=NOW)
        store.link("spring", [ProfileLink("a00003", "p3", "created", NOW)])
        asked = ["a00002", "a00001", "gone"]
        assert [each.id for each in store.attendees_among("spring", asked)] == ["a00001", "a00002"]
        assert store.steps_among("spring", asked) == [
            row for row in store.steps("spring") if row.attendee in ("a00001", "a00002")
        ]
        assert store.in_state("spring", [State.REFUSED, State.UNKNOWN]) == {"a00001", "a00002"}
        assert store.linked("spring") == {"a00003": "p3"}
        assert (store.steps_among("spring", []), store.attendees_among("spring", [])) == ([], [])
        assert (store.in_state("autumn", [*State]), store.linked("autumn")) == (set(), {})

    def test_outcomes_become_rows_with_attempts_and_the_next_try(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        changed = store.record(
            "spring",
            [outcome(0, State.DONE, ref="p0"), outcome(1, State.RETRY, reason="busy", retry_after=30.0)],
            lease=None,
            now=NOW,
        )
        done, retry = sorted(store.steps("spring"), key=lambda row: row.attendee)
        assert changed == 2
        assert (done.state, done.ref, done.attempts, done.next_try_at, done.changed_at) == (
            State.DONE,
            "p0",
            1,
            None,
            NOW,
        )
        assert (retry.state, retry.reason, retry.next_try_at) == (State.RETRY, "busy", after(30))

    def test_each_further_retry_counts_but_is_told_once_in_the_history(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        for second in (0, 30, 60):
            again = outcome(0, State.RETRY, reason="busy", retry_after=30.0)
            assert store.record("spring", [again], lease=None, now=after(second)) == 1
        (row,) = store.steps_of("spring", "a00000")
        assert (row.attempts, row.next_try_at, row.changed_at) == (3, after(90), NOW)
        assert len(store.history_of("spring", "a00000")) == 1

    def test_who_is_done_with_a_step_is_one_set(self, store: EventStore) -> None:
        store.save_attendees("spring", people(4))
        told = [outcome(0, State.DONE), outcome(1, State.ALREADY), outcome(2, State.WAITING)]
        store.record("spring", [*told, outcome(3, State.DONE, Step.GROUP)], lease=None, now=NOW)
        assert store.done("spring", Step.PROFILE) == {"a00000", "a00001"}
        assert store.done("spring", Step.GROUP) == {"a00003"}
        assert store.done("summer", Step.PROFILE) == set()

    def test_an_unchanged_state_writes_nothing(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        refused = outcome(0, State.REFUSED, reason="address", sentence="Ask for another address.")
        assert store.record("spring", [refused], lease=None, now=NOW) == 1
        assert store.record("spring", [refused, refused], lease=None, now=after(9)) == 0
        assert store.steps_of("spring", "a00000")[0].changed_at == NOW

    def test_what_we_did_stays_done_when_it_is_later_found_so(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.record("spring", [outcome(0, State.DONE, ref="p0")], lease=None, now=NOW)
        found = [outcome(0, State.ALREADY), outcome(1, State.ALREADY)]
        assert store.record("spring", found, lease=None, now=after(9)) == 1
        assert store.steps_of("spring", "a00000")[0].state is State.DONE
        assert store.steps_of("spring", "a00000")[0].ref == "p0"
        assert store.steps_of("spring", "a00001")[0].state is State.ALREADY

    def test_drift_after_done_starts_to_count_anew(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        for state in (State.RETRY, State.RETRY, State.DONE, State.RETRY):
            store.record("spring", [outcome(0, state)], lease=None, now=NOW)
        assert store.steps_of("spring", "a00000")[0].attempts == 1

    def test_the_last_outcome_of_a_batch_counts_and_all_are_told(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        batch = [outcome(0, State.WAITING), outcome(0, State.DONE)]
        assert store.record("spring", batch, lease=None, now=NOW) == 1
        assert [row.state for row in store.steps("spring")] == [State.DONE]
        assert [row.state for row in store.history_of("spring", "a00000")] == [State.WAITING, State.DONE]

    def test_outcomes_of_people_who_are_gone_are_left_out(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        batch = [outcome(0, State.DONE), outcome(77, State.DONE)]
        assert store.record("spring", batch, lease=None, now=NOW) == 1
        assert [row.attendee for row in store.steps("spring")] == ["a00000"]

    def test_a_late_holder_records_nothing(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        late = store.acquire("worker", "one", ttl_s=10, now=NOW)
        assert store.acquire("worker", "two", ttl_s=10, now=after(11)) is not None
        with pytest.raises(LeaseLost, match="taken over"):
            store.record("spring", [outcome(0, State.DONE)], lease=late, now=after(12))
        assert store.steps("spring") == []

    def test_steps_can_be_read_by_step_and_by_person_in_funnel_order(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        batch = [outcome(n, State.DONE, step) for n in (0, 1) for step in (Step.TRAINED, Step.MAIL, Step.PROFILE)]
        store.record("spring", batch, lease=None, now=NOW)
        assert {row.attendee for row in store.steps("spring", step=Step.MAIL)} == {"a00000", "a00001"}
        assert [row.step for row in store.steps_of("spring", "a00001")] == [Step.PROFILE, Step.MAIL, Step.TRAINED]

    def test_steps_can_be_read_by_state(self, store: EventStore) -> None:
        store.save_attendees("spring", people(4))
        states = [State.DONE, State.REFUSED, State.UNKNOWN, State.WAITING]
        store.record("spring", [outcome(n, state) for n, state in enumerate(states)], lease=None, now=NOW)
        found = store.steps("spring", states=(State.REFUSED, State.UNKNOWN))
        assert sorted((row.attendee, row.state) for row in found) == [
            ("a00001", State.REFUSED),
            ("a00002", State.UNKNOWN),
        ]
        assert store.steps("spring", step=Step.MAIL, states=states) == []
        assert store.steps("spring", states=()) == []
        assert len(store.steps("spring")) == 4

    def test_since_when_somebody_waits_is_told_of_wanted_people_alone(self, store: EventStore) -> None:
        leaver = replace(a_person(0), wanted=False)
        store.save_attendees("spring", [leaver, *people(6)[1:]])
        for number, state in enumerate(
            (State.WAITING, State.DONE, State.UNKNOWN, State.REFUSED, State.RETRY, State.WAITING)
        ):
            store.record("spring", [outcome(number, state)], lease=None, now=after(number))
        store.record("spring", [outcome(1, State.DONE, Step.MAIL)], lease=None, now=NOW)
        assert store.waiting_since("spring") == {Step.PROFILE: after(3)}
        assert store.waiting_since("another") == {}

    def test_a_reset_goes_back_to_the_start_and_keeps_what_the_service_called_it(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.record("spring", [outcome(0, State.REFUSED, reason="x", ref="p0")], lease=None, now=NOW)
        assert store.reset_steps("spring", ["a00000", "a00001"], [Step.PROFILE, Step.GROUP]) == 1
        (row,) = store.steps("spring")
        assert (row.state, row.reason, row.attempts, row.ref) == (State.TODO, "", 0, "p0")
        assert [row.state for row in store.history_of("spring", "a00000")] == [State.REFUSED, State.TODO]

    def test_the_funnel_counts_wanted_people_and_those_without_a_row_as_todo(self, store: EventStore) -> None:
        store.save_attendees("spring", [*people(4), a_person(8, wanted=False)])
        batch = [outcome(0, State.DONE), outcome(1, State.REFUSED), outcome(8, State.DONE)]
        store.record("spring", batch, lease=None, now=NOW)
        funnel = store.funnel("spring")
        assert set(funnel) == set(Step)
        assert funnel[Step.PROFILE][State.DONE] == 1
        assert funnel[Step.PROFILE][State.REFUSED] == 1
        assert funnel[Step.PROFILE][State.TODO] == 2
        assert funnel[Step.MAIL][State.TODO] == 4
        assert all(sum(by_state.values()) == 4 for by_state in funnel.values())

    def test_the_funnel_of_an_empty_event_is_all_zero(self, store: EventStore) -> None:
        assert {count for by_state in store.funnel("spring").values() for count in by_state.values()} == {0}

    def test_a_persons_history_also_tells_of_mails_and_jobs(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        store.record("spring", [outcome(0, State.DONE)], lease=None, now=NOW)
        store.plan_deliveries("spring", [("a00000", "access", 2)], campaign="c", lease=None)
        lease = store.acquire("mail", "one", ttl_s=60, now=NOW)
        assert lease is not None
        (claimed,) = store.claim_deliveries("spring", "c", 5, lease=lease, now=after(1))
        store.settle_deliveries(
            "spring", [replace(claimed, state=Sending.SENT, message_id="m1")], lease=lease, now=after(2)
        )
        store.create_job(
            Job("j1", "spring", "quota", "a00000", JobState.RUNNING),
            [JobItem("j1", "a00000", State.DONE, sentence="Set.")],
        )
        told = {(row.step, row.state, row.reason, row.ref) for row in store.history_of("spring", "a00000")}
        assert told == {
            (Step.PROFILE, State.DONE, "", ""),
            (Step.MAIL, State.DONE, "mail:access:2:sent", "m1"),
            (Step.ACCESS, State.DONE, "job:quota", "j1"),
        }
