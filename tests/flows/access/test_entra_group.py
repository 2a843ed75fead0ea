"""The Entra group: equal to the list, believed only when listed, never touching the directory's users."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import AccessDenied, ServiceError
from deepracer_admin.flows.access.entra_group import MembershipReconciler
from deepracer_admin.model import Attendee, State, Step
from tests.flows.conftest import ORGANIZER, Stage


@pytest.fixture
def group(stage: Stage) -> MembershipReconciler:
    return MembershipReconciler(stage.ports)


def go(stage: Stage, group: MembershipReconciler, rounds: int = 1) -> None:
    for _ in range(rounds):
        group._looked_at = None
        group.run(stage.event, stage.lease, acting_for="")


def test_everybody_who_can_be_found_gets_in_and_each_other_one_has_a_reason(
    stage: Stage, group: MembershipReconciler
) -> None:
    good, unknown, disabled, twice = stage.add(
        "good.one@example.com", "unknown.x@example.com", "disabled.y@example.com", "twice.z@example.com"
    )
    go(stage, group, 2)
    assert stage.step(good, Step.GROUP).state is State.DONE
    for person, reason, words in (
        (unknown, "none", "Nobody in the directory"),
        (disabled, "disabled", "account is disabled"),
        (twice, "several", "have this address"),
    ):
        row = stage.step(person, Step.GROUP)
        assert (row.state, row.reason) == (State.REFUSED, reason)
        assert words in row.sentence
    assert stage.world.truth()["in_group"] == 1


def test_twenty_people_are_one_call(stage: Stage, group: MembershipReconciler) -> None:
    stage.crowd(40)
    go(stage, group)
    assert stage.calls()["graph.AddMembers"] == 2
    assert stage.world.truth()["in_group"] == 40


def test_an_outage_in_the_middle_keeps_what_was_done_and_the_next_pass_finishes(
    stage: Stage, group: MembershipReconciler
) -> None:
    stage.crowd(250)
    told: list[dict[State, int]] = []

    def goes_on() -> None:
        told.append(stage.store.funnel(stage.event.id)[Step.GROUP])
        stage.world.arm("graph", "down", operation="AddMembers")

    stage.ports.directory("")._graph.patience._sleep = lambda _: None  # type: ignore[attr-defined]
    with pytest.raises(ServiceError, match="does not answer"):
        group.run(stage.event, stage.lease, acting_for="", goes_on=goes_on)
    assert [counts[State.WAITING] for counts in told] == [100]
    assert stage.store.funnel(stage.event.id)[Step.GROUP][State.WAITING] == 100
    stage.world.disarm()
    before = stage.calls()["graph.AddMembers"]
    go(stage, group)
    assert stage.done(Step.GROUP) == stage.world.truth()["in_group"] == 250
    assert stage.calls()["graph.AddMembers"] - before == 8, "150 people are left, twenty a call"


def test_leavers_leave_the_group_and_nobody_leaves_the_directory(stage: Stage, group: MembershipReconciler) -> None:
    people = stage.crowd(3)
    go(stage, group)
    stage.store.save_attendees(stage.event.id, [replace(people[0], wanted=False)])
    go(stage, group, 2)
    row = stage.step(people[0], Step.GROUP)
    assert (row.state, row.sentence) == (State.TODO, "Not a member any more (seen in the directory).")
    truth = stage.world.truth()
    assert (truth["in_group"], truth["users_deleted"]) == (2, 0)


def test_somebody_who_was_in_before_counts_as_already(stage: Stage, group: MembershipReconciler) -> None:
    (person,) = stage.crowd(1)
    directory = stage.ports.directory("")
    found = directory.resolve([person.email])[person.email]
    list(directory.add(stage.event.group_id, [found.person_id]))
    go(stage, group)
    assert stage.step(person, Step.GROUP).state is State.ALREADY


def put_in_by_hand(stage: Stage, *people: Attendee) -> None:
    directory = stage.ports.directory("")
    found = directory.resolve([person.email for person in people])
    list(directory.add(stage.event.group_id, [found[person.email].person_id for person in people]))


def leave(stage: Stage, *people: Attendee) -> None:
    ids = [person.id for person in people]
    stage.store.amend_attendees(stage.event.id, lambda person: replace(person, wanted=False), ids=ids)


def test_a_leaver_who_was_in_the_group_before_the_event_stays_and_the_row_says_so(
    stage: Stage, group: MembershipReconciler
) -> None:
    old, new = stage.crowd(2)
    put_in_by_hand(stage, old)
    go(stage, group, 2)
    leave(stage, old, new)
    go(stage, group, 2)
    row = stage.step(old, Step.GROUP)
    assert (row.state, row.reason) == (State.REFUSED, "before")
    assert row.sentence == "Was in the group before the event and stays; take them out in Entra if they should go."
    assert stage.step(new, Step.GROUP).reason == "removed"
    assert stage.world.truth()["in_group"] == 1


def test_a_retry_makes_nobody_a_member_from_before(stage: Stage, group: MembershipReconciler) -> None:
    """Whoever the console added is taken out again, also when their row began anew meanwhile."""
    (person,) = stage.crowd(1)
    go(stage, group, 2)
    stage.store.reset_steps(stage.event.id, [person.id], [Step.GROUP])
    go(stage, group, 2)
    assert stage.step(person, Step.GROUP).state is State.DONE
    leave(stage, person)
    go(stage, group, 2)
    assert stage.world.truth()["in_group"] == 0


def test_who_was_there_before_stays_also_when_they_were_brought_back_once(
    stage: Stage, group: MembershipReconciler
) -> None:
    (person,) = stage.crowd(1)
    put_in_by_hand(stage, person)
    go(stage, group)
    list(stage.ports.directory("").remove(stage.event.group_id, [stage.step(person, Step.GROUP).ref]))
    go(stage, group, 3)
    leave(stage, person)
    go(stage, group, 2)
    assert stage.world.truth()["in_group"] == 1


def test_the_group_step_of_the_close_out_takes_out_those_whom_the_console_added(
    stage: Stage, group: MembershipReconciler
) -> None:
    old, *new = stage.crowd(3)
    put_in_by_hand(stage, old)
    go(stage, group, 2)
    job = stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)
    stage.finish(job)
    assert stage.world.truth()["in_group"] == 1
    said = next(item.sentence for item in stage.store.job_items(job.id) if item.key == "group")
    assert said.startswith("0 of the event's 2 people are in the group (seen in the directory); 0 others stay.")
    assert "1 person of the list was in it before the event and stays." in said
    text = stage.console.first.closeout.certificate(ORGANIZER).decode()
    assert "People of the event in the Entra group: 0." in text
    assert "1 person of the list was in that group before the event, and stays in it." in text
    assert new


def test_whom_another_event_put_into_the_same_group_was_not_there_before(
    stage: Stage, group: MembershipReconciler
) -> None:
    (person,) = stage.crowd(1)
    go(stage, group, 2)
    event = replace(stage.event, id="ev-b", name="Winter Cup")
    stage.store.save_event(event)
    other = Stage(stage.world, stage.console, event)
    other.store.save_attendees(event.id, [replace(person, id="b-1")])
    second = MembershipReconciler(other.ports)
    go(other, second, 2)
    leave(stage, person)
    go(stage, group, 2)
    assert stage.world.truth()["in_group"] == 1, "the other event wants them"
    other.store.amend_attendees(event.id, lambda each: replace(each, wanted=False))
    go(other, second, 2)
    assert stage.world.truth()["in_group"] == 0
    other.worker.mail.close()


def test_somebody_thrown_out_by_hand_is_brought_back(stage: Stage, group: MembershipReconciler) -> None:
    (person,) = stage.crowd(1)
    go(stage, group)
    list(stage.ports.directory("").remove(stage.event.group_id, [stage.step(person, Step.GROUP).ref]))
    go(stage, group, 2)
    assert stage.world.truth()["in_group"] == 1


def test_a_corrected_address_is_looked_up_anew(stage: Stage, group: MembershipReconciler) -> None:
    (person,) = stage.add("unknown.typo@example.com")
    go(stage, group)
    stage.store.save_attendees(stage.event.id, [replace(person, email="right.one@example.com")])
    stage.store.reset_steps(stage.event.id, [person.id], [Step.GROUP])
    go(stage, group, 2)
    assert stage.step(person, Step.GROUP).state is State.DONE


@pytest.mark.parametrize("kind", ["dynamic", "distribution", "mail_security", "role_assignable", "on_premises"])
def test_a_group_that_must_not_be_managed_is_refused_before_anybody_is_added(
    stage: Stage, group: MembershipReconciler, kind: str
) -> None:
    stage.crowd(1)
    event = replace(stage.event, group_id=stage.world.endpoints["graph"]["groups"][kind])
    stage.store.save_event(event)
    with pytest.raises(AccessDenied, match="choose a"):
        group.run(event, stage.lease, acting_for="")
    assert stage.calls().get("graph.AddMembers", 0) == 0


def test_a_quiet_group_costs_no_call(stage: Stage, group: MembershipReconciler) -> None:
    stage.crowd(3)
    go(stage, group, 2)
    before = stage.world.counters()["calls"]["graph"]
    for _ in range(5):
        group.run(stage.event, stage.lease, acting_for="")
    assert stage.world.counters()["calls"]["graph"] == before


def test_no_group_no_work(stage: Stage, group: MembershipReconciler) -> None:
    stage.crowd(2)
    assert group.run(replace(stage.event, group_id=""), stage.lease, acting_for="") == 0
