"""Staff of the deployment: known by name, by role or by the pool's groups, and never touched; roles; shown limits."""

from __future__ import annotations

import pytest

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.setup import staff
from deepracer_admin.model import Attendee, JobState, Profile, State, Step
from tests.flows.access.test_onboarding import site
from tests.flows.conftest import ORGANIZER, Stage


def check(stage: Stage) -> None:
    assert stage.finish(stage.console.first.events.run_check(ORGANIZER)).state is JobState.DONE


def in_service(stage: Stage, count: int = 1) -> list[Attendee]:
    """People with a profile in the service."""
    people = stage.crowd(count)
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == count)
    return people


def profile_of(stage: Stage, person: Attendee) -> Profile:
    return next(each for each in stage.ports.racing().profiles() if each.email == person.email)


def groups(stage: Stage, person: Attendee) -> list[str]:
    return sorted(site(stage).state.find_user(person.email).groups)


def test_a_role_is_given_read_back_and_protects(stage: Stage) -> None:
    check(stage)
    (person,) = in_service(stage)
    job = stage.finish(stage.console.first.staff.give_role(ORGANIZER, person.email.upper(), "dr-race-facilitators"))
    assert job.state is JobState.DONE
    assert job.sentence.startswith("The user pool shows dr-race-facilitators.")
    assert groups(stage, person) == ["dr-race-facilitators"]
    assert person.email in staff.known_staff(stage.store)
    row = next(each for each in stage.console.first.staff.view(ORGANIZER).rows if each.email == person.email)
    assert (row.role, row.why) == ("dr-race-facilitators", "given from here")
    again = stage.finish(stage.console.first.staff.give_role(ORGANIZER, person.email, "dr-racers"))
    assert "shows dr-racers" in again.sentence
    assert person.email not in staff.known_staff(stage.store)


def test_an_administrator_needs_the_name_typed(stage: Stage) -> None:
    check(stage)
    (person,) = in_service(stage)
    with pytest.raises(BadInput, match="Type the event's name"):
        stage.console.first.staff.give_role(ORGANIZER, person.email, "dr-admins")
    job = stage.console.first.staff.give_role(ORGANIZER, person.email, "dr-admins", typed_name=stage.event.name)
    assert stage.finish(job).state is JobState.DONE
    assert groups(stage, person) == ["dr-admins"]


def test_what_cannot_be_given_is_named(stage: Stage) -> None:
    with pytest.raises(BadInput, match="run the pre-flight"):
        stage.console.first.staff.give_role(ORGANIZER, "ada@example.com", "dr-racers")
    check(stage)
    job = stage.finish(stage.console.first.staff.give_role(ORGANIZER, "ada@example.com", "dr-racers"))
    assert job.state is JobState.FAILED
    assert "lists no profile with that address" in job.sentence
    with pytest.raises(BadInput, match="Role:"):
        stage.console.first.staff.give_role(ORGANIZER, "ada@example.com", "dr-emperors")


def test_the_consoles_own_user_keeps_its_role(stage: Stage) -> None:
    check(stage)
    in_service(stage)
    job = stage.finish(stage.console.first.staff.give_role(ORGANIZER, "organizer@example.com", "dr-racers"))
    assert job.state is JobState.FAILED
    assert "must stay an administrator" in job.sentence
    assert site(stage).state.find_user("organizer@example.com").groups == ["dr-admins"]


def test_whoever_is_named_is_never_made_a_racer(stage: Stage) -> None:
    people = stage.crowd(2)
    stage.console.first.staff.name(ORGANIZER, f" {people[0].email.upper()} ")
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    assert stage.step(people[0], Step.PROFILE).state is State.REFUSED
    assert "staff of the service" in stage.step(people[0], Step.PROFILE).sentence
    assert site(stage).state.find_user(people[0].email) is None
    stage.console.first.staff.drop(ORGANIZER, people[0].email)
    with pytest.raises(Missing):
        stage.console.first.staff.drop(ORGANIZER, people[0].email)
    with pytest.raises(BadInput, match="Address:"):
        stage.console.first.staff.name(ORGANIZER, "nobody at all")


def test_the_check_learns_staff_from_the_pool_though_the_service_shows_no_role(stage: Stage) -> None:
    (person,) = in_service(stage)
    stage.ports.racing().set_role(profile_of(stage, person).id, "dr-admins")  # by somebody else, on the site
    assert profile_of(stage, person).role != "dr-admins", "roleName is a hint that comes late"
    assert person.email not in stage.ports.staff_emails
    check(stage)
    assert person.email in staff.known_staff(stage.store)
    stage.rest(1.1)  # the list of staff is read once a second
    assert person.email in stage.ports.staff_emails
    row = next(each for each in stage.console.first.staff.view(ORGANIZER).rows if each.email == person.email)
    assert (row.role, row.why) == ("dr-admins", "in the user pool's group")


def test_account_wide_limits_are_set_and_read_back(stage: Stage) -> None:
    check(stage)
    job = stage.finish(stage.console.first.staff.set_account_limits(ORGANIZER, hours=100, models=-1))
    assert job.sentence == (
        "The site shows 100 h and unlimited models a month for the whole account now; nobody enforces that."
    )
    assert list(stage.console.first.staff.view(ORGANIZER).limits.values()) == [6000, -1]
    for hours, models in ((-2, 1), (1, -2), (float("inf"), 1), (float("nan"), 1)):
        with pytest.raises(BadInput):
            stage.console.first.staff.set_account_limits(ORGANIZER, hours=hours, models=models)
