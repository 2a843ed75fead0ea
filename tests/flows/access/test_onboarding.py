"""Profiles and the proof of access, against the practice DeepRacer on AWS."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from deepracer_admin.errors import LeaseLost
from deepracer_admin.flows.access.match_profiles import match
from deepracer_admin.model import Attendee, Profile, Quota, Sending, State, Step
from deepracer_admin.records.ways_in import INVITATIONS
from deepracer_admin.store import ProfileLink
from tests.flows.conftest import QUOTA, Stage


def site(stage: Stage) -> Any:
    return getattr(stage.world.world.services["deepracer"], "site")  # noqa: B009


def invite_by_hand(stage: Stage, email: str, alias: str = "Before-Us") -> str:
    from deepracer_admin.rehearsal.deepracer.profiles import invite

    return invite(site(stage), "CreateProfile", email, alias=alias).username


def everybody_in(stage: Stage, people: int) -> bool:
    return stage.done(Step.MAIL) >= people and stage.done(Step.PROFILE) >= people and stage.done(Step.GROUP) >= people


def open_sponsorship(stage: Stage) -> None:
    from tests.flows.conftest import ORGANIZER

    stage.finish(stage.console.first.events.switch_sponsorship(ORGANIZER, open_=True, typed_name=""))


def test_everybody_on_the_list_gets_profile_group_and_one_mail(stage: Stage) -> None:
    stage.crowd(12)
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 12))
    truth = stage.world.truth()
    assert (truth["profiles"], truth["in_group"], truth["mails_sent"], truth["mails_duplicate"]) == (12, 12, 12, 0)
    assert {link.how for link in stage.store.links(stage.event.id).values()} == {"created"}


def test_a_second_run_over_a_finished_event_writes_nothing(stage: Stage) -> None:
    stage.crowd(8)
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 8))
    stage.worker.run_once()
    before = stage.writes()
    stage.worker.lead.stop()
    again = Stage(stage.world, stage.console, stage.event)  # a fresh worker remembers nothing
    for _ in range(3):
        again.worker.run_once()
    again.worker.mail.close()
    assert stage.writes() == before


def test_a_profile_from_before_is_adopted_and_never_deleted(stage: Stage) -> None:
    mine = invite_by_hand(stage, "before@example.com")
    person, other = stage.add("before@example.com", "new.comer@example.com")
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 2))
    links = stage.store.links(stage.event.id)
    assert (links[person.id].how, links[other.id].how) == ("adopted", "created")
    stage.store.save_attendees(
        stage.event.id,
        [replace(entry, wanted=False) for entry in stage.store.attendees(stage.event.id)],
    )
    stage.rounds(lambda: stage.world.truth()["profiles"] == 1)
    row = stage.step(person, Step.PROFILE)
    assert row.state is State.REFUSED
    assert row.reason == "adopted"
    assert "was there before the event" in row.sentence
    assert mine in site(stage).state.profiles


def test_an_account_that_appeared_between_listing_and_invitation_is_adopted(stage: Stage) -> None:
    people = stage.add("a.one@example.com", "b.two@example.com", "c.three@example.com", "d.four@example.com")
    missing = stage.store.attendees(stage.event.id)
    line = stage.worker.profiles.invitations
    line.plan(stage.event, missing, stage.lease)
    invite_by_hand(stage, "a.one@example.com")  # somebody else was faster
    for _ in range(4):
        line.follow(stage.event, stage.lease)
    assert not line.active(stage.event)
    assert line.ours(stage.event) == {person.id for person in people[1:]}


def test_what_a_crash_made_twice_known_is_still_ours(stage: Stage) -> None:
    """The first try died after the account was made; "exists" at the second means our own account."""
    (person,) = stage.add("a.one@example.com")
    line = stage.worker.profiles.invitations
    line.plan(stage.event, [person], stage.lease)
    stage.store.change_rows(
        stage.event.id, INVITATIONS, lambda rows: {token: replace(chunk, tries=1) for token, chunk in rows.items()}
    )
    invite_by_hand(stage, "a.one@example.com")
    line.follow(stage.event, stage.lease)
    assert line.ours(stage.event) == {person.id}


def test_staff_are_never_made_racers_nor_touched(stage: Stage) -> None:
    stage.add("organizer@example.com", "normal.racer@example.com")
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    row = stage.step(stage.store.attendees(stage.event.id)[0], Step.PROFILE)
    assert (row.state, row.reason) == (State.REFUSED, "staff")
    assert "never made racers" in row.sentence
    stage.store.save_attendees(
        stage.event.id, [replace(p, wanted=False) for p in stage.store.attendees(stage.event.id)]
    )
    stage.rounds(lambda: stage.world.truth()["profiles"] == 0)
    assert any(profile.email == "organizer@example.com" for profile in site(stage).state.profiles.values())


def test_two_profiles_with_one_address_need_a_human(stage: Stage) -> None:
    (person,) = stage.add("double@example.com")
    first = invite_by_hand(stage, "double@example.com")
    state = site(stage).state
    twin = replace(state.profiles[first], profile_id="orphanorphan123")
    state.profiles[twin.profile_id] = twin
    state.profile_order.add(twin.profile_id)
    stage.start()
    stage.rounds(lambda: (row := stage.step(person, Step.PROFILE)) is not None and row.state is State.REFUSED)
    row = stage.step(person, Step.PROFILE)
    assert row.reason == "two_profiles"
    assert "must delete one" in row.sentence
    assert person.id not in stage.store.links(stage.event.id)


def test_an_address_that_the_service_refuses_keeps_its_reason(stage: Stage) -> None:
    stage.add("fine.person@example.com")
    (odd,) = stage.add("odd+one@example.com", refusal="Take the part after + away.")
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    row = stage.step(odd, Step.PROFILE)
    assert (row.state, row.reason, row.sentence) == (State.REFUSED, "address", "Take the part after + away.")


def test_a_profile_deleted_at_the_service_is_invited_again_and_not_mailed_twice(stage: Stage) -> None:
    people = stage.crowd(5)
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 5))
    gone = stage.store.links(stage.event.id)[people[0].id].profile
    list(stage.ports.racing().remove([gone]))
    stage.worker.profiles.listings.listed_at = None
    stage.rounds(lambda: stage.world.truth()["profiles"] == 5 and everybody_in(stage, 5))
    assert stage.world.truth()["mails_duplicate"] == 0
    assert stage.store.links(stage.event.id)[people[0].id].profile != gone


def test_limits_are_0_before_sponsorship_opens_and_are_set_once_it_is_open(stage: Stage) -> None:
    stage.store.save_attendees(stage.event.id, [replace(stage.crowd(1)[0], quota=Quota(60, 2))])
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    profile = next(iter(stage.store.profiles(stage.event.id)[0]), None)
    assert profile is not None
    open_sponsorship(stage)
    stage.worker.profiles.listings.listed_at = None

    def quotas() -> list[Quota | None]:
        return [p.quota for p in stage.ports.racing().profiles() if p.email.startswith("racer.")]

    stage.rounds(lambda: quotas() == [Quota(60, 2)])
    assert stage.ports.racing().new_profile_quota() == QUOTA


def test_a_stopped_service_says_so_and_onboarding_goes_on_by_itself(stage: Stage) -> None:
    stage.crowd(5)
    stage.start()
    fault = stage.world.arm("graph", "error_5xx")
    stage.ports.directory("")._graph.patience._sleep = lambda _: None  # type: ignore[attr-defined]
    stage.worker.run_once()
    assert "problem of its own" in stage.trouble["group"]
    stage.world.disarm(fault)
    stage.rounds(lambda: everybody_in(stage, 5))
    assert stage.trouble == {}


def test_a_worker_that_lost_its_lease_writes_nothing(stage: Stage) -> None:
    stage.crowd(5)
    stage.start()
    old = stage.lease
    stage.worker.lead.stop()
    newer = stage.store.acquire(f"worker/{stage.event.id}", "another", ttl_s=60, now=stage.console.clock.now())
    assert newer is not None
    before, writes = stage.store.revision(stage.event.id), stage.writes()
    for duty in stage.worker.threads.duties:
        if duty.name in ("invitations", "onboarding", "mail", "jobs", "usage", "races"):
            with suppress(LeaseLost):
                stage.worker.threads._tried(duty, old)
    assert stage.store.revision(stage.event.id) == before
    assert stage.writes() == writes


def test_a_link_by_hand_does_not_stop_the_others() -> None:
    people = [Attendee("a", "a@example.com", "A"), Attendee("b", "b@example.com", "B")]
    profiles = [Profile("p1", "x", "b@example.com"), Profile("p2", "y", "c@example.com")]
    from datetime import UTC, datetime

    links = {"a": ProfileLink("a", "p1", "manual", datetime.now(UTC))}
    seen = match(people, profiles, links, frozenset())
    assert (seen["a"].trouble, seen["b"].trouble) == ("", "linked")


def test_mail_goes_only_to_people_whose_access_is_proven(stage: Stage) -> None:
    stage.crowd(4)
    stage.add("odd+one@example.com", refusal="No.")
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == 4)
    assert stage.store.delivery_counts(stage.event.id)[Sending.PENDING] == 0
    assert {mail["to"] for mail in stage.world.outbox()} == {f"racer.no{n}@example.com" for n in range(4)}
