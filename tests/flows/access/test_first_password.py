"""The age of temporary passwords, and a fresh one before they end: by our mail, or by the service's invitation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deepracer_admin.errors import BadInput, NotAllowed
from deepracer_admin.model import Actor, Role, State, Step
from deepracer_admin.records.ways_in import RESENT, Resent
from deepracer_admin.services.access.passwords import PasswordAge
from tests.directory.test_cognito import sign_in
from tests.flows.access.test_cognito_pool import onboard, password_of
from tests.flows.access.test_onboarding import invite_by_hand
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event
from tests.practice import WorldHandle

FACILITATOR = Actor("oid-fay", "tid", "Fay Facilitator", frozenset({Role.FACILITATOR}))
FIVE_DAYS_AND_A_BIT = 5.5 * 86_400


@pytest.fixture(params=["pool", "service"])
def stage(request: pytest.FixtureRequest, world: WorldHandle, tmp_path: Path) -> Iterator[Stage]:
    world.control("POST", "fleet", {"ignoring": 1.0})
    console = make_console(tmp_path)
    event = make_event(console)
    event = replace(event, way_in=request.param, ends_at=event.ends_at + timedelta(days=30))
    console.store.save_event(event)
    made = Stage(world, console, event)
    made.worker.races.run(event, made.lease)  # the service has said what it can do
    yield made
    made.worker.mail.close()
    console.close()


def look_again(stage: Stage) -> None:
    sign_ins = stage.worker.sign_ins
    assert sign_ins is not None
    sign_ins._looked_at = None
    sign_ins.run(stage.event, stage.lease)


def let_days_pass(stage: Stage) -> None:
    stage.world.advance(FIVE_DAYS_AND_A_BIT)
    stage.anchor_clock()
    look_again(stage)


def newest_password(stage: Stage, email: str) -> str:
    if stage.event.way_in == "pool":
        return password_of(stage, email)
    return [mail for mail in stage.world.invitations() if mail["to"] == email][-1]["temporary_password"]


def age_of(stage: Stage, attendee: str) -> PasswordAge | None:
    return next((age for age in stage.console.first.passwords.ages(ORGANIZER) if age.attendee.id == attendee), None)


def ending(stage: Stage) -> list[PasswordAge]:
    return stage.console.first.passwords.ending(ORGANIZER)


def test_a_password_that_ends_soon_is_listed_and_a_fresh_one_replaces_it(stage: Stage) -> None:
    people = stage.crowd(3)
    onboard(stage, 3)
    assert sign_in(stage.world, people[0].email, newest_password(stage, people[0].email), "My-own-1-choice") == "in"
    look_again(stage)
    assert ending(stage) == []
    ages = stage.console.first.passwords.ages(ORGANIZER)
    assert {age.attendee.id for age in ages} == {people[1].id, people[2].id}
    assert all(age.read for age in ages)
    let_days_pass(stage)
    assert {age.attendee.id for age in ending(stage)} == {people[1].id, people[2].id}
    old = newest_password(stage, people[1].email)
    assert stage.console.first.passwords.resend(FACILITATOR, [people[1].id]) == 1
    stage.rounds(lambda: newest_password(stage, people[1].email) != old)
    assert sign_in(stage.world, people[1].email, old) == "NotAuthorizedException"
    assert sign_in(stage.world, people[1].email, newest_password(stage, people[1].email)) == "NEW_PASSWORD_REQUIRED"
    look_again(stage)
    assert [age.attendee.id for age in ending(stage)] == [people[2].id]
    assert stage.world.truth()["mails_sent"] == (4 if stage.event.way_in == "pool" else 3)


def test_a_facilitator_sends_to_one_and_never_to_several(stage: Stage) -> None:
    people = stage.crowd(2)
    onboard(stage, 2)
    with pytest.raises(NotAllowed):
        stage.console.first.passwords.resend(FACILITATOR, [person.id for person in people])
    assert stage.console.first.passwords.resend(ORGANIZER, [person.id for person in people]) == 2


def test_adopted_people_are_not_offered_a_fresh_password(stage: Stage) -> None:
    invite_by_hand(stage, "before@example.com")
    (person,) = stage.add("before@example.com")
    onboard(stage, 1)
    look_again(stage)
    assert age_of(stage, person.id) is None
    with pytest.raises(BadInput, match="None of them has a temporary password"):
        stage.console.first.passwords.resend(ORGANIZER, [person.id])


@pytest.mark.parametrize("stage", ["service"], indirect=True)
def test_without_pool_credentials_the_age_is_reckoned_from_the_invitation(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    stage.worker.sign_ins = None
    onboard(stage, 1)
    age = age_of(stage, person.id)
    assert age is not None
    assert not age.read
    left = age.until - stage.console.clock.event_now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    again = Resent(age.since + timedelta(days=3), person.id)
    stage.store.update(stage.event.id, RESENT, lambda _: (again,))
    later = age_of(stage, person.id)
    assert later is not None
    assert later.until == age.until + timedelta(days=3)


@pytest.mark.parametrize("stage", ["service"], indirect=True)
def test_a_version_that_cannot_resend_says_what_to_do(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    onboard(stage, 1)
    account = stage.store.get(stage.event.id, "account")
    account["capabilities"]["resend_invite"] = False
    stage.store.put(stage.event.id, "account", account)
    with pytest.raises(BadInput, match="administrator resends it in Cognito"):
        stage.console.first.passwords.resend(ORGANIZER, [person.id])


@pytest.mark.parametrize("stage", ["service"], indirect=True)
def test_a_lost_answer_of_a_resend_is_unknown_and_not_repeated(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    onboard(stage, 1)
    stage.console.first.passwords.resend(ORGANIZER, [person.id])
    (job,) = stage.store.jobs(stage.event.id, kind="invite.resend")
    stage.world.arm("deepracer", "lost_answer", operation="ResendInvite", count=1)
    stage.finish(job)
    (item,) = stage.store.job_items(job.id)
    assert item.state is State.UNKNOWN
    assert stage.calls()["deepracer.ResendInvite"] == 1
    assert len(stage.world.invitations()) == 2


@pytest.mark.parametrize("stage", ["service"], indirect=True)
def test_resends_by_the_default_sender_wait_for_the_day(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    onboard(stage, 1)
    stage.store.save_event(replace(stage.event, cognito_mail="default"))
    now = stage.console.clock.event_now()
    stage.store.update(stage.event.id, RESENT, lambda _: tuple(Resent(now, f"at-{n}") for n in range(49)))
    stage.console.first.passwords.resend(ORGANIZER, [person.id])
    (job,) = stage.store.jobs(stage.event.id, kind="invite.resend")
    stage.worker.jobs.run(stage.event.id, stage.lease)
    waiting = stage.store.job(job.id)
    assert waiting.state.is_live
    assert "50 mails of 24 hours" in waiting.sentence
    assert "deepracer.ResendInvite" not in stage.calls()
    stage.world.advance(25 * 3600)
    stage.anchor_clock()
    assert stage.finish(job).sentence.startswith("1 of 1 invitation went")
    assert stage.done(Step.MAIL) == 1
