"""What every EventStore must do: settings, events, people, profiles, links, races."""

import threading
from dataclasses import replace

import pytest

from deepracer_admin.errors import Conflict, LeaseLost, Missing
from deepracer_admin.model import Lease, Outcome, Profile, Quota, Race, RaceDraft, State, Step, Timing
from deepracer_admin.store import EventStore, ProfileLink
from tests.store.people import NOW, a_person, after, an_event, people


class EventsContract:
    def test_an_event_comes_back_as_it_was_saved(self, store: EventStore) -> None:
        event = an_event()
        store.save_event(event)
        store.save_event(an_event("autumn", name="Herbst-Pokal €", created_at=None))
        assert store.event("spring") == event
        assert [each.id for each in store.events()] == ["spring", "autumn"]
        assert store.event("autumn").name == "Herbst-Pokal €"

    def test_a_missing_event_is_said_to_be_missing(self, store: EventStore) -> None:
        with pytest.raises(Missing, match="no such event"):
            store.event("nowhere")

    def test_a_saved_event_replaces_the_former(self, store: EventStore) -> None:
        store.save_event(an_event())
        store.save_event(an_event(closed_at=after(5)))
        assert store.events() == [an_event(closed_at=after(5))]

    def test_an_event_saved_under_a_lost_lease_is_refused(self, store: EventStore) -> None:
        store.save_event(an_event())
        with pytest.raises(LeaseLost):
            store.save_event(an_event(closed_at=after(5)), lease=Lease("worker", "nobody", 1, after(60)))
        assert store.event("spring") == an_event()

    def test_the_revision_grows_with_each_visible_write_of_its_event_alone(self, store: EventStore) -> None:
        store.save_event(an_event())
        other = store.revision("autumn")
        seen = [store.revision("spring")]
        store.save_attendees("spring", people(3))
        seen.append(store.revision("spring"))
        store.record("spring", [Outcome("a00000", Step.PROFILE, State.DONE)], lease=None, now=NOW)
        seen.append(store.revision("spring"))
        store.save_profiles("spring", [], seen_at=NOW, lease=None)
        seen.append(store.revision("spring"))
        store.plan_deliveries("spring", [("a00000", "access", 1)], campaign="c", lease=None)
        seen.append(store.revision("spring"))
        assert seen == sorted(set(seen))
        assert store.revision("autumn") == other

    def test_a_write_that_changes_nothing_leaves_the_revision(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        outcome = Outcome("a00000", Step.PROFILE, State.DONE)
        store.record("spring", [outcome], lease=None, now=NOW)
        before = store.revision("spring")
        assert store.record("spring", [outcome], lease=None, now=after(60)) == 0
        assert store.revision("spring") == before

    def test_races_are_replaced_as_a_whole_and_carry_when_they_were_seen(self, store: EventStore) -> None:
        assert store.races("spring") == ([], None)
        draft = RaceDraft("Final", "t1", after(0), after(3600), timing=Timing.BEST_LAP_TIME)
        first = Race("r2", draft, participants=4, raw={"leaderboardId": "r2", "nested": {"n": [1]}})
        second = Race("r1", replace(draft, name="Heat"))
        store.save_races("spring", [first, second], seen_at=NOW, lease=None)
        assert store.races("spring") == ([first, second], NOW)
        store.save_races("spring", [second], seen_at=after(9), lease=None)
        assert store.races("spring") == ([second], after(9))


class PeopleContract:
    def test_people_come_back_in_the_order_in_which_they_were_added(self, store: EventStore) -> None:
        crowd = [a_person(number) for number in (5, 1, 9, 3)]
        store.save_attendees("spring", crowd)
        store.save_attendees("spring", [a_person(1, name="Renamed"), a_person(0)])
        assert [each.id for each in store.attendees("spring")] == ["a00005", "a00001", "a00009", "a00003", "a00000"]
        assert store.attendee("spring", "a00001") == a_person(1, name="Renamed")
        assert store.attendees("autumn") == []

    def test_every_field_of_a_person_survives(self, store: EventStore) -> None:
        person = a_person(
            7,
            name="Łucja Ž",
            new_to_ml=True,
            new_to_aws=False,
            wanted=False,
            quota=Quota(0, -1),
            refusal="no",
            source="j1",
        )
        store.save_attendees("spring", [person])
        assert store.attendee("spring", "a00007") == person

    def test_wanted_people_are_told_from_leavers(self, store: EventStore) -> None:
        store.save_attendees("spring", [a_person(1), a_person(2, wanted=False)])
        assert [each.id for each in store.attendees("spring", wanted=True)] == ["a00001"]
        assert [each.id for each in store.attendees("spring", wanted=False)] == ["a00002"]

    def test_an_address_of_another_person_is_a_conflict_and_nothing_is_saved(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        taken = [a_person(8), a_person(9, email="person1@example.com")]
        with pytest.raises(Conflict, match="already belongs to another person"):
            store.save_attendees("spring", taken)
        assert store.attendees("spring") == people(2)
        store.save_attendees("autumn", taken)
        assert store.attendees("autumn") == taken

    def test_two_people_may_swap_addresses_in_one_save(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        swapped = [a_person(0, email="person1@example.com"), a_person(1, email="person0@example.com")]
        store.save_attendees("spring", swapped)
        assert store.attendees("spring") == swapped

    def test_people_are_amended_as_they_stand_in_the_store(self, store: EventStore) -> None:
        store.save_attendees("spring", people(4))
        store.save_attendees("spring", [a_person(1, wanted=False)])
        store.delete_attendees("spring", ["a00002"])
        named = {"a00001": "one", "a00002": "two"}
        changed = store.amend_attendees("spring", lambda each: replace(each, alias=named[each.id]), ids=named)
        assert changed == [a_person(1, wanted=False, alias="one")]
        assert store.attendees("spring") == [a_person(0), a_person(1, wanted=False, alias="one"), a_person(3)]

    def test_amending_everybody_writes_only_where_something_changes(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        before = store.revision("spring")
        assert store.amend_attendees("spring", lambda each: each) == []
        assert store.revision("spring") == before
        assert len(store.amend_attendees("spring", lambda each: replace(each, wanted=False))) == 2
        assert store.attendees("spring", wanted=True) == []
        assert store.revision("spring") > before

    def test_an_amendment_to_an_address_of_another_person_is_a_conflict(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        with pytest.raises(Conflict, match="already belongs to another person"):
            store.amend_attendees("spring", lambda each: replace(each, email="one@example.com"))
        assert store.attendees("spring") == people(2)

    def test_an_amendment_under_a_lost_lease_is_refused(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        old = store.acquire("worker", "one", ttl_s=30, now=NOW)
        store.acquire("worker", "two", ttl_s=30, now=after(31))
        assert old is not None
        with pytest.raises(LeaseLost):
            store.amend_attendees("spring", lambda each: replace(each, alias="late"), lease=old)
        assert store.attendees("spring") == people(2)

    def test_a_missing_person_is_said_to_be_missing(self, store: EventStore) -> None:
        with pytest.raises(Missing, match="not on the list"):
            store.attendee("spring", "a00000")

    def test_a_deleted_person_leaves_no_steps_links_or_ledger(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.record(
            "spring", [Outcome(id, Step.PROFILE, State.DONE) for id in ("a00000", "a00001")], lease=None, now=NOW
        )
        store.link("spring", [ProfileLink(f"a0000{n}", f"p{n}", "created", NOW) for n in (0, 1)])
        store.plan_deliveries("spring", [("a00000", "access", 1), ("a00001", "access", 1)], campaign="c", lease=None)
        store.delete_attendees("spring", ["a00000"])
        assert [each.id for each in store.attendees("spring")] == ["a00001"]
        assert [row.attendee for row in store.steps("spring")] == ["a00001"]
        assert set(store.links("spring")) == {"a00001"}
        assert [row.attendee for row in store.deliveries("spring")] == ["a00001"]
        assert store.history_of("spring", "a00000") == []

    def test_many_threads_add_people_without_losing_one(self, store: EventStore) -> None:
        def add(start: int) -> None:
            for number in range(start, start + 10):
                store.save_attendees("spring", [a_person(number)])
                store.attendees("spring")

        threads = [threading.Thread(target=add, args=(start * 10,)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {each.id for each in store.attendees("spring")} == {each.id for each in people(80)}


class ProfilesContract:
    def test_a_profile_that_is_not_listed_any_more_is_gone(self, store: EventStore) -> None:
        assert store.profiles("spring") == ([], None)
        kept = Profile("p1", "racer-1", "person1@example.com", 1.5, 60.0, Quota(600, 5), 3, 10**12, "RACER")
        gone = Profile("p2", "racer-2", model_count=None, storage_bytes=None, created_at=NOW)
        store.save_profiles("spring", [gone, kept], seen_at=NOW, lease=None)
        assert store.profiles("spring") == ([gone, kept], NOW)
        moved = replace(kept, minutes_used=2.25)
        store.save_profiles("spring", [moved], seen_at=after(60), lease=None)
        assert store.profiles("spring") == ([moved], after(60))

    def test_an_unchanged_snapshot_still_moves_its_as_of(self, store: EventStore) -> None:
        profile = Profile("p1", "racer-1")
        store.save_profiles("spring", [profile], seen_at=NOW, lease=None)
        store.save_profiles("spring", [profile], seen_at=after(60), lease=None)
        assert store.profiles("spring") == ([profile], after(60))

    def test_a_link_is_replaced_and_taken_away(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.link("spring", [ProfileLink("a00000", "p0", "created", NOW)])
        store.link(
            "spring", [ProfileLink("a00000", "p9", "manual", after(1)), ProfileLink("gone", "p7", "created", NOW)]
        )
        assert store.links("spring") == {"a00000": ProfileLink("a00000", "p9", "manual", after(1))}
        store.unlink("spring", ["a00000", "a00001"])
        assert store.links("spring") == {}

    def test_what_another_event_made_is_taken_over_for_who_is_wanted_once_and_by_an_open_event_alone(
        self, store: EventStore
    ) -> None:
        store.save_event(an_event())
        first, second, third = people(3)
        store.save_attendees("spring", [first, second, replace(third, wanted=False)])
        store.link("spring", [ProfileLink("a00000", "p0", "adopted", NOW)])
        given = [ProfileLink(f"a0000{n}", f"p{n}", "created", NOW) for n in range(3)]
        for expected in ({"p0", "p1"}, set[str]()):
            assert store.hand_over("spring", given) == expected
            assert {key: link.how for key, link in store.links("spring").items()} == {
                "a00000": "created",
                "a00001": "created",
            }
        assert store.hand_over("spring", [ProfileLink("a00000", "p0", "adopted", NOW)]) == set()
        store.link("spring", [ProfileLink("a00000", "p0", "adopted", NOW)])
        store.amend_event("spring", lambda event: replace(event, closed_at=NOW))
        assert store.hand_over("spring", given) == set()

    def test_a_profile_belongs_to_one_person(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.link("spring", [ProfileLink("a00000", "p0", "created", NOW), ProfileLink("a00001", "p1", "adopted", NOW)])
        with pytest.raises(Conflict, match="already belongs to another person"):
            store.link("spring", [ProfileLink("a00001", "p0", "manual", NOW)])
        assert {id: link.profile for id, link in store.links("spring").items()} == {"a00000": "p0", "a00001": "p1"}

    def test_two_people_may_swap_profiles_in_one_call(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.link("spring", [ProfileLink("a00000", "p0", "created", NOW), ProfileLink("a00001", "p1", "created", NOW)])
        store.link("spring", [ProfileLink("a00000", "p1", "manual", NOW), ProfileLink("a00001", "p0", "manual", NOW)])
        assert {id: link.profile for id, link in store.links("spring").items()} == {"a00000": "p1", "a00001": "p0"}
