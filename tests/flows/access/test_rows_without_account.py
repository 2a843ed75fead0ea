"""A row without an account is nobody: an invitation that failed half-way neither counts as in nor is mailed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.flows.access.listing_ahead import Listing
from deepracer_admin.flows.access.rows_without_account import unanswered
from deepracer_admin.model import Attendee, Outcome, Profile, Sending, State, Step, StepRow
from deepracer_admin.records.profile_rows import ROWS_WITHOUT_ACCOUNT, ProfileIds
from deepracer_admin.records.ways_in import Chunk, ChunkState
from deepracer_admin.store import ProfileLink
from tests.flows.access.test_onboarding import everybody_in, invite_by_hand, site
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import start_world


@pytest.fixture
def old(tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    """Invitations go one by one, as before 1.3."""
    world = start_world(tmp_path, speed=1.0, version="1.2.5", machine=real_time)
    world.control("POST", "fleet", {"ignoring": 1.0})
    console = make_console(tmp_path, real_time)
    made = Stage(world, console, make_event(console, group=world.endpoints["graph"]["group_id"]))
    yield made
    made.worker.mail.close()
    console.close()
    world.leave()


def relist(stage: Stage, times: int = 3) -> None:
    for _ in range(times):
        stage.worker.profiles.listings.listed_at = None
        stage.worker.run_once()
        stage.rest(0.05)


def refused(stage: Stage, people: list[Attendee]) -> list[Attendee]:
    rows = [(person, stage.step(person, Step.PROFILE)) for person in people]
    return [person for person, row in rows if row is not None and row.state is State.REFUSED]


def failed_halfway(stage: Stage, fault: str = "half_done", operation: str = "CreateProfile") -> Attendee:
    """Four on the list; the invitation of one of them left a row without an account. Who that is."""
    people = stage.add("ada@example.com", "bob@example.com", "cyd@example.com", "dan@example.com")
    stage.world.arm("deepracer", fault, operation=operation, count=1)
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == 3 and len(refused(stage, people)) == 1)
    (person,) = refused(stage, people)
    return person


def rows_of(stage: Stage, person: Attendee) -> list[str]:
    return [profile.id for profile in stage.ports.racing().profiles() if profile.email == person.email]


def retry(stage: Stage, person: Attendee) -> None:
    assert stage.console.first.onboarding.retry_one(ORGANIZER, person.id) == 1


@pytest.mark.parametrize("fault", ["half_done", "mail_quota_after_trigger"])
def test_a_row_that_a_failed_invitation_left_is_no_proof_of_access(old: Stage, fault: str) -> None:
    person = failed_halfway(old, fault)
    relist(old)
    row = old.step(person, Step.PROFILE)
    assert (row.state, row.reason) == (State.REFUSED, "orphan_row")
    assert row.sentence.startswith("DeepRacer on AWS lists a row without an account for this address")
    assert person.id not in old.store.links(old.event.id)
    access = old.step(person, Step.ACCESS)
    assert access is None or not access.state.is_done
    assert person.email not in {mail["to"] for mail in old.world.outbox()}
    assert old.world.truth()["can_sign_in"] == 3
    assert old.calls()["deepracer.CreateProfile"] == 4, "each attempt may leave one more row"


def test_the_same_after_an_invitation_in_bulk(stage: Stage) -> None:
    person = failed_halfway(stage, operation="BulkInviteUser")
    assert stage.step(person, Step.PROFILE).reason == "orphan_row"
    assert person.id not in stage.store.links(stage.event.id)


def test_a_retry_that_succeeds_makes_a_second_row_and_that_one_is_the_account(old: Stage) -> None:
    person = failed_halfway(old)
    (orphan,) = rows_of(old, person)
    retry(old, person)
    old.rounds(lambda: everybody_in(old, 4))
    link = old.store.links(old.event.id)[person.id]
    assert link.how == "created"
    assert (link.profile in site(old).state.users, link.profile != orphan) == (True, True)
    assert old.store.rows(old.event.id, ROWS_WITHOUT_ACCOUNT) == {person.id: ProfileIds(frozenset({orphan}))}
    relist(old)
    assert old.step(person, Step.PROFILE).state is State.DONE
    assert old.store.delivery_counts(old.event.id)[Sending.SENT] == 4
    aliases = {profile.id: profile.alias for profile in old.ports.racing().profiles()}
    assert (aliases[link.profile], aliases[orphan]) == (person.alias, "RacerAlias")


def test_a_retry_that_fails_too_leaves_two_rows_and_neither_counts(old: Stage) -> None:
    person = failed_halfway(old)
    old.world.arm("deepracer", "half_done", operation="CreateProfile", count=1)
    retry(old, person)
    old.rounds(lambda: len(rows_of(old, person)) == 2)
    relist(old)
    assert old.step(person, Step.PROFILE).reason == "orphan_row"
    assert person.id not in old.store.links(old.event.id)
    retry(old, person)
    old.rounds(lambda: everybody_in(old, 4))
    assert old.store.links(old.event.id)[person.id].profile in site(old).state.users


def test_once_the_operator_has_removed_the_row_the_person_is_invited_again(old: Stage) -> None:
    person = failed_halfway(old)
    (orphan,) = rows_of(old, person)
    site(old).state.remove_profile(orphan)
    relist(old)
    old.rounds(lambda: everybody_in(old, 4))
    assert old.store.rows(old.event.id, ROWS_WITHOUT_ACCOUNT) == {}


def failing_row(stage: Stage, person: Attendee, reason: str = "not_created") -> None:
    told = Outcome(person.id, Step.PROFILE, State.RETRY, reason, "The console tries again.", 3600.0)
    stage.store.record(stage.event.id, [told], lease=stage.lease, now=stage.console.clock.now())


@pytest.mark.parametrize("with_pool", [True, False], ids=["pool", "no credentials on the pool"])
def test_the_user_pool_proves_that_the_account_is_there(old: Stage, with_pool: bool) -> None:
    profiles = old.worker.profiles
    if not with_pool:
        profiles.ports = replace(old.ports, pool=None)
    (person,) = old.add("ada@example.com")
    mine = invite_by_hand(old, person.email)
    failing_row(old, person)
    old.start()
    profiles.look(old.event, old.lease)
    link = old.store.links(old.event.id).get(person.id)
    assert (link.profile if link else "") == (mine if with_pool else "")
    assert old.step(person, Step.PROFILE).state is (State.WAITING if with_pool else State.REFUSED)


def test_without_the_pool_a_retry_that_answers_exists_proves_it(old: Stage) -> None:
    old.worker.profiles.ports = replace(old.ports, pool=None)
    (person,) = old.add("ada@example.com")
    mine = invite_by_hand(old, person.email)
    failing_row(old, person)
    old.start()
    old.rounds(lambda: old.step(person, Step.PROFILE).reason == "orphan_row")
    retry(old, person)
    old.rounds(lambda: everybody_in(old, 1))
    assert old.store.links(old.event.id)[person.id].profile == mine


def test_work_that_was_done_proves_an_account(old: Stage) -> None:
    old.worker.profiles.ports = replace(old.ports, pool=None)
    (person,) = old.add("ada@example.com")
    mine = invite_by_hand(old, person.email)
    site(old).state.profiles[mine].used = 12.0
    failing_row(old, person)
    old.worker.profiles.look(old.event, old.lease)
    assert old.store.links(old.event.id)[person.id].profile == mine


def test_an_account_without_a_role_stays_refused_until_a_human_presses_retry(stage: Stage) -> None:
    (person,) = stage.add("ada@example.com")
    invite_by_hand(stage, person.email, alias=person.alias)
    told = Outcome(person.id, Step.PROFILE, State.REFUSED, "group_by_hand", "Add the user to the group dr-racers.")
    stage.store.record(stage.event.id, [told], lease=stage.lease, now=stage.console.clock.now())
    stage.worker.profiles.look(stage.event, stage.lease)
    assert stage.step(person, Step.PROFILE).reason == "group_by_hand"
    assert stage.step(person, Step.ACCESS) is None
    retry(stage, person)
    stage.worker.profiles.listings.listed_at = None
    stage.worker.profiles.look(stage.event, stage.lease)
    assert stage.step(person, Step.ACCESS).state is State.DONE


def test_while_an_invitation_is_not_answered_a_listed_row_says_nothing(old: Stage) -> None:
    (person,) = old.add("ada@example.com")
    profiles, line = old.worker.profiles, old.worker.profiles.invitations
    line.plan(old.event, [person], old.lease)
    invite_by_hand(old, person.email)  # the row is written before the answer is there
    profiles.look(old.event, old.lease)
    assert old.store.links(old.event.id) == {}
    assert old.step(person, Step.ACCESS) is None
    line.follow(old.event, old.lease)
    profiles.look(old.event, old.lease)
    assert old.store.links(old.event.id)[person.id].how == "adopted"
    assert old.step(person, Step.ACCESS).state is State.DONE


def test_who_is_in_already_or_was_answered_is_not_waited_for() -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    links = {"in": ProfileLink("in", "p-in", "created", now)}
    rows = {
        "made": StepRow("made", Step.PROFILE, State.WAITING, "created"),
        "there": StepRow("there", Step.PROFILE, State.WAITING, "exists"),
        "put-off": StepRow("put-off", Step.PROFILE, State.RETRY, "not_created"),
        "at-it": StepRow("at-it", Step.PROFILE, State.RETRY, "not_created"),
    }
    listing = Listing(set(), set(), {"in", "made", "there", "new", "put-off", "at-it"})
    listing.profiles = [Profile("p-in", "x")]
    chunks = [
        Chunk(("put-off",), again_at=now + timedelta(hours=1)),
        Chunk(("at-it",), again_at=now),
    ]
    assert unanswered(listing, rows, links, chunks, now) == {"there", "new", "at-it"}


def test_an_invitation_that_left_a_row_is_not_sent_again_by_itself(old: Stage) -> None:
    """All of the chunk failed, each for themselves: a listing tells who may be invited again in an hour."""
    people = old.add("ada@example.com", "bob@example.com")
    profiles, line = old.worker.profiles, old.worker.profiles.invitations
    profiles.look(old.event, old.lease)
    old.world.arm("deepracer", "half_done", operation="CreateProfile", count=1)
    old.world.arm("deepracer", "mail_quota", operation="CreateProfile", count=1)
    line.follow(old.event, old.lease)
    assert [chunk.state for chunk in line.chunks(old.event).values()] == [ChunkState.FINISHED]
    profiles.listings.listed_at = None
    profiles.look(old.event, old.lease)
    (stays,) = refused(old, people)
    other = next(person for person in people if person.id != stays.id)
    row = old.step(other, Step.PROFILE)
    assert row.state is State.RETRY
    assert row.next_try_at - old.ports.clock.now() > timedelta(minutes=55)
    assert [chunk.state for chunk in line.chunks(old.event).values()] == [ChunkState.FINISHED]
    assert line.ours(old.event) == {person.id for person in people}


# ------------------------------------------------------------------------------------------------------- leavers


def leave(stage: Stage) -> None:
    people = stage.store.attendees(stage.event.id)
    stage.store.save_attendees(stage.event.id, [replace(person, wanted=False) for person in people])


def test_a_leavers_row_that_cannot_be_deleted_is_settled_and_not_asked_for_again(old: Stage) -> None:
    person = failed_halfway(old)
    (orphan,) = rows_of(old, person)
    now = old.console.clock.now()
    old.store.forget(old.event.id, ROWS_WITHOUT_ACCOUNT)
    old.store.link(old.event.id, [ProfileLink(person.id, orphan, "created", now)])  # as the console once did
    old.store.record(old.event.id, [Outcome(person.id, Step.PROFILE, State.DONE)], lease=old.lease, now=now)
    leave(old)
    old.rounds(lambda: old.step(person, Step.PROFILE).state is State.REFUSED)
    row = old.step(person, Step.PROFILE)
    assert row.reason == "row_stays"
    assert "cannot be deleted by the API; its operator must remove the row" in row.sentence
    relist(old)
    before: dict[str, Any] = dict(old.calls())
    for _ in range(20):
        old.worker.run_once()
        old.rest(0.02)
    after = old.calls()
    assert after["deepracer.DeleteProfile"] == before["deepracer.DeleteProfile"] <= 5
    assert after["deepracer.ListProfiles"] - before["deepracer.ListProfiles"] <= 2
    site(old).state.remove_profile(orphan)
    relist(old, 1)
    assert old.step(person, Step.PROFILE).state is State.TODO


def test_a_leaver_who_never_had_an_account_is_told_and_nobody_is_asked(old: Stage) -> None:
    person = failed_halfway(old)
    leave(old)
    old.rounds(lambda: old.world.truth()["can_sign_in"] == 0)
    relist(old)
    assert old.step(person, Step.PROFILE).reason == "row_stays"
    assert old.calls()["deepracer.DeleteProfile"] == 3
