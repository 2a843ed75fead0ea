"""Whom two events share: whoever is wanted in an open event loses nothing, and nobody is left after both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Attendee, Profile
from deepracer_admin.rules.shared_people import EventPeople, elsewhere_of
from deepracer_admin.store import ProfileLink

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ("ada", "bob", "cyd")


def event(
    key: str,
    *names: str,
    links: Mapping[str, str] | None = None,
    wanted: bool = True,
    is_open: bool = True,
    kind: str = "on_aws",
    group: str = "g",
) -> EventPeople:
    """`links`: by name, how; the profile of ada is p-ada, her directory id d-ada."""
    people = [Attendee(f"{key}-{name}", f"{name}@example.com", name.title(), name, wanted=wanted) for name in names]
    return EventPeople(
        key,
        f"Cup {key.upper()}",
        is_open,
        kind,
        group,
        people,
        {f"{key}-{name}": ProfileLink(f"{key}-{name}", f"p-{name}", how, NOON) for name, how in (links or {}).items()},
        {f"{key}-{name}": f"d-{name}" for name in names},
    )


def test_whoever_is_wanted_in_an_open_event_keeps_profile_and_membership() -> None:
    here = event("a", "ada", "bob", links={"ada": "created", "bob": "created"})
    found = elsewhere_of(here, [event("b", "bob", "cyd")])
    assert set(found.access) == set(found.group) == {"a-bob"}
    assert found.needs(Profile("p-bob", "bob", "bob@example.com"))
    assert not found.needs(Profile("p-ada", "ada", "ada@example.com"))
    assert [(link.attendee, link.profile, link.how) for link in found.links["b"]] == [("b-bob", "p-bob", "created")]
    assert found.directory_ids == {"d-bob", "d-cyd"}
    assert found.keep("profile", found.access) == (
        "1 person keeps their profile: they are in “Cup B” too, which ends it for them."
    )


def test_a_closed_event_a_leaver_and_another_service_need_nobody() -> None:
    here = event("a", "bob", links={"bob": "created"})
    for other in (event("b", "bob", is_open=False), event("b", "bob", wanted=False)):
        assert not elsewhere_of(here, [other]).access
        assert not elsewhere_of(here, [other]).group
    found = elsewhere_of(here, [event("b", "bob", kind="managed")])
    assert (set(found.access), set(found.group)) == (set(), {"a-bob"})
    found = elsewhere_of(here, [event("b", "bob", group="other")])
    assert (set(found.access), set(found.group)) == ({"a-bob"}, set())


def test_one_person_under_two_addresses_is_known_by_profile_and_by_directory_id() -> None:
    here = event("a", "bob", links={"bob": "adopted"})
    other = event("b", "bob", links={"bob": "adopted"})
    other = replace(other, people=[replace(other.people[0], email="robert@example.com")])
    assert set(elsewhere_of(here, [other]).access) == {"a-bob"}
    assert set(elsewhere_of(here, [replace(other, directory_ids={})]).access) == {"a-bob"}
    assert set(elsewhere_of(here, [replace(other, links={})]).group) == {"a-bob"}


def test_where_no_address_is_given_a_profile_on_no_list_is_known_by_its_racer_name() -> None:
    here = event("a", "ada", links={"ada": "adopted"}, kind="managed")
    found = elsewhere_of(here, [event("b", "bob", kind="managed")])
    assert found.needs(Profile("new", "Bob"))
    assert not found.needs(Profile("p-ada", "ada"))
    assert not found.needs(Profile("new", "Bob", "somebody@example.com"))


hows = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["created", "adopted", "manual"]))


class World:
    """Events on one deployment: which profiles exist, who is linked how. Ends events as the close-out does."""

    def __init__(self, events: list[EventPeople]) -> None:
        self.events = {each.id: each for each in events}
        self.profiles = {link.profile for each in events for link in each.links.values()}
        self.members = {ref for each in events for ref in each.directory_ids.values()}

    def close(self, key: str) -> None:
        me = self.events[key]
        me = self.events[key] = replace(me, people=[replace(each, wanted=False) for each in me.people])
        found = elsewhere_of(me, [each for each in self.events.values() if each.id != key])
        for other, links in found.links.items():
            held = dict(self.events[other].links)
            for link in links:
                if link.attendee not in held or link.how == "created":
                    held[link.attendee] = link
            self.events[other] = replace(self.events[other], links=held)
        made = {link.profile for link in me.links.values() if link.how == "created"}
        name = {each.id: each.alias for each in me.people}
        owner = {link.profile: name[link.attendee] for link in me.links.values()}
        self.profiles -= {key for key in made if not found.needs(Profile(key, owner[key], f"{owner[key]}@example.com"))}
        self.members -= {ref for ref in me.directory_ids.values() if ref not in found.directory_ids}
        self.events[key] = replace(me, is_open=False)


@given(
    crowds=st.lists(st.tuples(st.sets(st.sampled_from(NAMES), min_size=1), hows), min_size=2, max_size=3),
    order=st.permutations([0, 1, 2]),
)
def test_nobody_wanted_elsewhere_loses_anything_and_after_all_have_ended_nobody_is_left(
    crowds: list[tuple[set[str], dict[str, str]]], order: list[int]
) -> None:
    keys = "abc"[: len(crowds)]
    events = [
        event(key, *sorted(names), links={name: how for name, how in linked.items() if name in names})
        for key, (names, linked) in zip(keys, crowds, strict=True)
    ]
    world = World(events)
    made = {link.profile for each in events for link in each.links.values() if link.how == "created"}
    for number in order:
        if number >= len(crowds):
            continue
        before = world.profiles
        world.close(keys[number])
        for other in world.events.values():
            if other.is_open:
                wanted = {each.alias for each in other.people}
                assert {f"d-{name}" for name in wanted} <= world.members
                assert {f"p-{name}" for name in wanted} & before <= world.profiles
    assert not made & world.profiles
    assert not world.members
