"""A whole event on the managed service: multi-user mode, the directory's cycle, first sign-ins, hours, pause, a race.

Nobody signs in before a cycle has carried them into IAM Identity Center. The close-out is in test_managed_closeout.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.flows.sponsorship.switch import ROUNDS
from deepracer_admin.model import Attendee, JobState, Profile, Quota, State, Step
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.rehearsal.shared.garage import Refused
from deepracer_admin.services.races.races import RaceForm
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import WorldHandle
from tests.racing.worlds import in_world
from tests.rehearsal.managed.account import sign_in


@pytest.fixture
def stage(world: WorldHandle, tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    in_world(world, lambda: world.world.services.pop("fleet"))
    console = make_console(tmp_path, real_time)
    event = replace(make_event(console, group=world.endpoints["graph"]["group_id"]), service="managed")
    console.store.save_event(event)
    made = Stage(world, console, event)
    yield made
    made.worker.mail.close()
    console.close()


def racers(stage: Stage, count: int) -> list[Attendee]:
    """People on the list whose racer names are those that they will choose."""
    people = stage.add(*(f"racer.no{number:04}@example.com" for number in range(count)))
    named = [replace(person, alias=f"racer-no{number:04}") for number, person in enumerate(people)]
    stage.store.save_attendees(stage.event.id, named)
    return named


def account(stage: Stage) -> Any:
    return stage.world.world.services["managed"].account  # type: ignore[attr-defined]


def listed(stage: Stage) -> dict[str, Profile]:
    return {profile.id: profile for profile in stage.ports.racing().profiles()}


def switch(stage: Stage, *, on: bool) -> str:
    name = "" if on else stage.event.name
    job = stage.finish(stage.console.first.events.switch_sponsorship(ORGANIZER, open_=on, typed_name=name))
    assert job.state is JobState.DONE
    return job.sentence


def linked(stage: Stage) -> dict[str, str]:
    return {link.attendee: link.profile for link in stage.store.links(stage.event.id).values()}


def directory_ids(stage: Stage, count: int) -> list[str]:
    """Who the first racers are in the company's directory."""
    company = stage.world.world.company
    return [company.by_mail(f"racer.no{number:04}@example.com")[0].id for number in range(count)]


def cycle(stage: Stage, hours: float = 3) -> None:
    """Time for the directory's cycle; the first one takes an hour at least and begins every 40 minutes."""
    stage.world.advance(hours * 3600)
    if stage.worker.proof:
        stage.worker.proof._looked_at = None


def everybody_in(stage: Stage, count: int) -> tuple[list[Attendee], list[str]]:
    """People of the list who have signed in and are linked: attendees and their profiles, in the same order."""
    switch(stage, on=True)
    people = racers(stage, count)
    stage.start()
    stage.rounds(lambda: stage.done(Step.GROUP) == count)
    cycle(stage)
    ids = sign_in(stage.world, directory_ids(stage, count))
    stage.rounds(lambda: len(linked(stage)) == count)
    return people, ids


def test_the_check_names_the_service_and_says_that_aws_closed_it(stage: Stage) -> None:
    stage.finish(stage.console.first.events.run_check(ORGANIZER))
    findings = stage.console.first.preflight.view(ORGANIZER).findings
    said = {finding.key: finding.evidence for finding in findings}
    assert said["racing.signin"].startswith("AWS DeepRacer (managed)")
    seen = stage.console.first.events.account(ORGANIZER)
    assert seen is not None
    assert seen.capabilities.multi_user_mode
    assert any("closed this service in December 2025" in text for text in said.values())


def test_the_check_says_when_the_account_has_fewer_cars_than_people(stage: Stage) -> None:
    for people, level in ((1000, "green"), (2000, "amber")):
        stage.store.amend_event(stage.event.id, lambda event, people=people: replace(event, head_count=people))
        stage.finish(stage.console.first.events.run_check(ORGANIZER))
        lines = {each.key: each for each in stage.console.first.preflight.view(ORGANIZER).findings}
        assert lines["racing.quotas"].level == level
        assert f"for {people:,} people" in lines["racing.quotas"].evidence
    assert "2,000 cars instead of 1,000" in lines["racing.quotas"].copy


def test_multi_user_mode_is_switched_and_read_back(stage: Stage) -> None:
    assert switch(stage, on=True) == "The service shows multi-user mode on."
    assert account(stage).multi_user_mode
    view = stage.console.first.events.sponsorship(ORGANIZER)
    assert (view.open, view.native, view.word) == (True, True, "Multi-user mode")
    assert switch(stage, on=False) == "The service shows multi-user mode off."
    assert not account(stage).multi_user_mode
    assert stage.console.first.events.sponsorship(ORGANIZER).open is False


def test_profiles_appear_at_the_first_sign_in_and_are_linked_by_racer_name(stage: Stage) -> None:
    switch(stage, on=True)
    people = racers(stage, 3)
    stage.start()
    stage.rounds(lambda: stage.done(Step.GROUP) == 3)
    assert linked(stage) == {}
    cycle(stage)
    first, second, third = sign_in(stage.world, directory_ids(stage, 3))
    stage.rounds(lambda: len(linked(stage)) == 3)
    assert linked(stage) == dict(zip([person.id for person in people], [first, second, third], strict=True))
    stage.rounds(lambda: stage.done(Step.PROFILE) == 3)
    assert {profile.quota for profile in listed(stage).values()} == {stage.event.quota}
    assert "CreateProfile" not in " ".join(stage.calls())


def test_nobody_is_written_to_or_can_sign_in_before_the_cycle_has_carried_them(stage: Stage) -> None:
    switch(stage, on=True)
    racers(stage, 2)
    stage.start()
    stage.rounds(lambda: stage.done(Step.GROUP) == 2)
    stage.rounds(lambda: stage.store.funnel(stage.event.id)[Step.ACCESS][State.WAITING] == 2)
    first, _ = directory_ids(stage, 2)
    with pytest.raises(Refused, match="not assigned"):
        sign_in(stage.world, [first])
    assert stage.world.truth()["mails_sent"] == 0
    cycle(stage)
    stage.rounds(lambda: stage.done(Step.ACCESS) == 2 and stage.done(Step.MAIL) == 2)
    assert len(sign_in(stage.world, [first])) == 1


def test_a_racer_under_another_name_is_linked_by_hand_and_stays_linked(stage: Stage) -> None:
    switch(stage, on=True)
    (person,) = stage.add("racer.no0000@example.com")
    stage.store.save_attendees(stage.event.id, [replace(person, alias="speedy")])
    stage.start()
    stage.rounds(lambda: stage.done(Step.GROUP) == 1)
    cycle(stage)
    (profile,) = sign_in(stage.world, directory_ids(stage, 1))
    stage.rounds(lambda: bool(stage.store.profiles(stage.event.id)[0]))
    assert linked(stage) == {}
    stage.console.first.attendees.link(ORGANIZER, person.id, profile)
    for _ in range(3):
        stage.worker.run_once()
    assert linked(stage) == {person.id: profile}
    assert stage.store.links(stage.event.id)[person.id].how == "manual"


def test_hours_are_set_and_read_back(stage: Stage) -> None:
    people, ids = everybody_in(stage, 3)
    chosen = [person.id for person in people[:2]]
    job = stage.finish(stage.console.first.usage.set_quotas(ORGANIZER, chosen, hours=7.0, models=6))
    assert job.state is JobState.DONE
    found = listed(stage)
    assert [found[each].quota for each in ids[:2]] == [Quota(420, 6)] * 2


def test_a_paused_racer_is_restricted_natively_and_resumed_with_the_same_hours(stage: Stage) -> None:
    people, ids = everybody_in(stage, 2)
    stage.rounds(lambda: stage.done(Step.PROFILE) == 2)
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, [people[0].id], active=False))
    found = listed(stage)
    assert [found[each].state for each in ids] == ["RESTRICTED", "ACTIVE"]
    assert found[ids[0]].quota == stage.event.quota
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, [people[0].id], active=True))
    assert {profile.state for profile in listed(stage).values()} == {"ACTIVE"}


def test_a_race_has_participants_and_a_link_that_can_be_replaced(stage: Stage) -> None:
    _, ids = everybody_in(stage, 2)
    now = stage.console.clock.event_now().replace(tzinfo=None, microsecond=0)
    stage.worker.races.run(stage.event, stage.lease)
    form = RaceForm("Autumn Final", "reInvent2019_track", now + timedelta(hours=1), now + timedelta(hours=5))
    form = replace(form, track_id=stage.console.first.races.tracks(ORGANIZER)[0].id)
    job = stage.finish(stage.console.first.races.create(ORGANIZER, form))
    assert job.state is JobState.DONE, job.sentence
    racing: Any = stage.ports.racing()
    (race,) = racing.races()
    link = racing.share_link(race.id)
    assert racing.share_link(race.id, reset=True) != link
    racing.add_participants(race.id, ids)
    assert [user for user, _ in racing.participants(race.id)] == ids
    racing.remove_participant(race.id, ids[0])
    assert [user for user, _ in racing.participants(race.id)] == ids[1:]


def leave(stage: Stage, *people: Attendee) -> None:
    now = [stage.store.attendee(stage.event.id, person.id) for person in people]
    stage.store.save_attendees(stage.event.id, [replace(person, wanted=False) for person in now])


def relist(stage: Stage, times: int = 3) -> None:
    for _ in range(times):
        stage.worker.profiles.listings.listed_at = None
        stage.worker.run_once()


def test_a_leaver_whose_profile_came_by_this_event_is_disabled_once(stage: Stage) -> None:
    people, ids = everybody_in(stage, 2)
    stage.rounds(lambda: stage.done(Step.PROFILE) == 2)
    leave(stage, people[0])
    stage.rounds(lambda: stage.step(people[0], Step.PROFILE).state is State.TODO)
    assert stage.step(people[0], Step.PROFILE).sentence == "Sponsorship has ended (seen at the service)."
    assert [listed(stage)[each].state for each in ids] == ["DISABLED", "ACTIVE"]

    def asked() -> int:
        return sum(count for name, count in stage.calls().items() if name.endswith(".AdminManageUser"))

    before = asked()
    relist(stage)
    assert asked() == before > 0


def test_a_leaver_whose_profile_is_older_than_the_event_keeps_it(stage: Stage) -> None:
    people, ids = everybody_in(stage, 1)
    old = next(iter(account(stage).users.values()))
    in_world(stage.world, lambda: setattr(old, "associated_on", old.associated_on - 30 * 86_400))
    leave(stage, people[0])
    relist(stage)
    row = stage.step(people[0], Step.PROFILE)
    assert (row.state, row.reason) == (State.REFUSED, "adopted")
    assert row.sentence.startswith("This profile was there before the event")
    assert listed(stage)[ids[0]].state == "ACTIVE"


def test_where_the_mode_was_on_before_the_event_it_is_not_claimed_to_know(stage: Stage) -> None:
    people, ids = everybody_in(stage, 1)
    stage.store.update(stage.event.id, SPONSORSHIP, lambda state: replace(state, opened_at=None))
    leave(stage, people[0])
    relist(stage)
    assert stage.step(people[0], Step.PROFILE).sentence.startswith("Multi-user mode was on before this event")
    assert listed(stage)[ids[0]].state == "ACTIVE"


@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_a_mode_that_reads_back_otherwise_is_set_again_and_the_job_gives_up_in_the_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    switch(stage, on=not on)
    racing: Any = stage.ports.racing()
    asked: list[bool] = []
    monkeypatch.setattr(racing, "set_multi_user_mode", lambda wanted: asked.append(wanted) or racing.account())
    name = "" if on else stage.event.name
    job = stage.console.first.events.switch_sponsorship(ORGANIZER, open_=on, typed_name=name)
    stage.worker.jobs.run(stage.event.id, stage.lease)
    word = "off" if on else "on"
    assert stage.store.job(job.id).sentence == f"The service shows multi-user mode {word}; the console sets it again."
    assert stage.console.first.events.sponsorship(ORGANIZER).open is not on
    job = stage.finish(job)
    assert (job.state, asked) == (JobState.FAILED, [on] * ROUNDS)
    assert job.sentence.startswith(f"The service shows multi-user mode {word}, after 5 tries: ")
    monkeypatch.undo()
    assert switch(stage, on=on) == f"The service shows multi-user mode {'on' if on else 'off'}."


def test_a_quota_given_while_paused_is_set_at_once_where_the_service_pauses_by_itself(stage: Stage) -> None:
    people, ids = everybody_in(stage, 1)
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, [people[0].id], active=False))
    job = stage.finish(stage.console.first.usage.grant(ORGANIZER, people[0].id, extra_hours=1))
    more = Quota(stage.event.quota.minutes + 60, stage.event.quota.models)
    assert (listed(stage)[ids[0]].quota, listed(stage)[ids[0]].state) == (more, "RESTRICTED")
    stage.finish(stage.console.first.jobs.undo(ORGANIZER, job.id))
    assert listed(stage)[ids[0]].quota == stage.event.quota


def test_turning_the_mode_off_tells_what_went_out_of_sight(stage: Stage) -> None:
    """Read just before, for afterwards nobody is listed; the storage goes on costing (managed-deepracer.md 3.1)."""
    everybody_in(stage, 2)
    (racer,) = directory_ids(stage, 1)
    garage = stage.world.world.services["managed"].garage  # type: ignore[attr-defined]
    in_world(stage.world, lambda: garage.train(racer, "at-work", 60))
    sentence = switch(stage, on=False)
    assert sentence.startswith(
        "The service shows multi-user mode off. 1 model of 1 profile went out of sight, 1 of them at"
    )
    assert stage.console.first.events.sponsorship(ORGANIZER).sentence == sentence
    switch(stage, on=True)
    assert "out of sight" not in stage.console.first.events.sponsorship(ORGANIZER).sentence
