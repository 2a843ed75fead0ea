"""What the worker sees by itself: usage, milestones, races, the pre-flight, progress."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

from deepracer_admin.flows.access.pace_and_eta import limit_in_force, measure
from deepracer_admin.model import Capabilities, Profile, SenderLimits, State, Step
from deepracer_admin.records.connect_check import CHECK
from deepracer_admin.records.profile_rows import DISOWNED
from deepracer_admin.records.racing_service import AccountSeen
from deepracer_admin.store import ProfileLink
from tests.flows.access.test_onboarding import everybody_in, site
from tests.flows.conftest import ORGANIZER, Stage

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_person_who_trained_has_signed_in_and_one_who_was_only_invited_has_not(stage: Stage) -> None:
    people = stage.crowd(2)
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 2))
    racer = site(stage).state.profiles[stage.store.links(stage.event.id)[people[0].id].profile]
    racer.used = 42
    stage.worker.profiles.listings.listed_at = None
    stage.rest(0.6)
    stage.store.save_profiles(
        stage.event.id, [], seen_at=stage.console.clock.now() - timedelta(minutes=5), lease=stage.lease
    )
    stage.worker.usage.run(stage.event, stage.lease)
    assert stage.step(people[0], Step.TRAINED).state is State.DONE
    assert stage.step(people[0], Step.SIGNED_IN).reason == "model"
    invited = stage.step(people[1], Step.SIGNED_IN)
    assert invited is None or (invited.state, invited.reason) == (State.WAITING, "invited")
    assert stage.console.history.usage(stage.event.id)[-1].minutes_used == 42


def test_whose_only_model_waits_for_capacity_has_signed_in_and_not_trained(stage: Stage) -> None:
    waits, trained = stage.crowd(2)
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 2))
    links = stage.store.links(stage.event.id)
    profiles = [
        Profile(links[waits.id].profile, "Waits", minutes_queued=60, model_count=1),
        Profile(links[trained.id].profile, "Trained", model_count=1),  # its minutes went with the month
    ]
    stage.worker.usage._milestones(stage.event, profiles, stage.lease)
    assert stage.step(waits, Step.SIGNED_IN).state is State.DONE
    seen = stage.step(waits, Step.TRAINED)
    assert seen is None or not seen.state.is_done
    assert stage.step(trained, Step.TRAINED).state is State.DONE


def test_what_a_wrongly_linked_profile_used_goes_out_of_the_totals_and_what_is_linked_again_counts(
    stage: Stage,
) -> None:
    one, other = stage.crowd(2)
    links = [ProfileLink(one.id, "p1", "manual", NOW), ProfileLink(other.id, "p2", "manual", NOW)]
    stage.store.link(stage.event.id, links)
    history, watch = stage.console.history, stage.worker.usage
    mine, wrong = Profile("p1", "one", minutes_used=30.0), Profile("p2", "two", minutes_used=9_000.0)
    history.add_usage(stage.event.id, NOW, [mine, wrong])
    stage.store.save_profiles(stage.event.id, [mine, wrong], seen_at=stage.clock.now(), lease=stage.lease)
    stage.console.first.attendees.unlink(ORGANIZER, other.id)
    for _ in range(2):
        watch._disown(stage.event, [mine], stage.lease)
        history.add_usage(stage.event.id, NOW + timedelta(minutes=1), [mine])
        assert [sample.minutes_used for sample in history.usage(stage.event.id)] == [30.0, 30.0]
    stage.console.first.attendees.link(ORGANIZER, other.id, "p2")
    watch._disown(stage.event, [mine, wrong], stage.lease)
    assert stage.store.rows(stage.event.id, DISOWNED) == {}
    assert history.add_usage(stage.event.id, NOW + timedelta(minutes=2), [mine, wrong]).minutes_used == 9_030.0
    stage.store.unlink(stage.event.id, [other.id])  # taken off the list: what was used is the event's
    watch._disown(stage.event, [mine], stage.lease)
    assert history.add_usage(stage.event.id, NOW + timedelta(minutes=3), [mine]).minutes_used == 9_030.0


def test_the_check_finds_what_is_wrong_and_says_how_to_mend_it(stage: Stage) -> None:
    stage.world.arm("ses", "sandbox")
    stage.finish(stage.console.first.events.run_check(ORGANIZER))
    found = stage.store.read(stage.event.id, CHECK).findings
    levels = {finding.key: finding.level for finding in found}
    assert levels["racing.signin"] == levels["group.kind"] == "green"
    assert levels["mail.sandbox"] == "red"
    assert all(finding.fix for finding in found if finding.level in ("red", "amber", "unknown"))


def test_a_service_that_is_away_is_not_known_and_does_not_hide_the_others(stage: Stage) -> None:
    stage.world.arm("deepracer", "down")
    stage.finish(stage.console.first.events.run_check(ORGANIZER))
    found = stage.store.read(stage.event.id, CHECK).findings
    levels = {finding.key: finding.level for finding in found}
    assert levels["racing.signin"] == levels["racing.limits"] == "unknown", "silence proves nothing"
    assert levels["group.kind"] == levels["mail.identity"] == "green"


def funnel(**counts: int) -> dict[Step, dict[State, int]]:
    return {
        Step.PROFILE: {State.DONE: counts["access"], State.TODO: 100 - counts["access"]},
        Step.ACCESS: {State.DONE: counts["access"], State.TODO: 100 - counts["access"]},
        Step.MAIL: {State.DONE: counts["mail"], State.TODO: 100 - counts["mail"]},
    }


def test_rate_and_arrival_follow_the_last_two_minutes() -> None:
    passed: deque[tuple[datetime, int]] = deque()
    assert measure(passed, funnel(access=0, mail=0), NOW).eta_minutes is None
    found = measure(passed, funnel(access=60, mail=40), NOW + timedelta(minutes=1))
    assert (found.per_minute, found.eta_minutes) == (40.0, 1.5)
    for minute in range(2, 8):
        found = measure(passed, funnel(access=60, mail=40), NOW + timedelta(minutes=minute))
    assert (found.per_minute, found.eta_minutes) == (0.0, None)
    done = measure(passed, funnel(access=100, mail=100), NOW + timedelta(minutes=8))
    assert done.eta_minutes == 0.0


def test_the_limit_in_force_is_the_one_that_people_wait_for() -> None:
    sender = SenderLimits(100.0, -1, 0, sandbox=False)
    bulk, single = AccountSeen(capabilities=Capabilities(bulk_invite=True)), AccountSeen()
    waiting = limit_in_force(funnel(access=20, mail=20), sender, bulk)
    assert waiting == "DeepRacer on AWS takes one invitation job at a time; mail at 80/s (0.8 of the account's rate)"
    assert limit_in_force(funnel(access=20, mail=20), sender, single).startswith("DeepRacer on AWS takes 8 invitations")
    assert limit_in_force(funnel(access=95, mail=20), sender, bulk) == "mail at 80/s (0.8 of the account's rate)"
    assert limit_in_force(funnel(access=95, mail=20), None, bulk) == ""
    assert limit_in_force(funnel(access=20, mail=20), sender, AccountSeen("managed")).startswith(
        "the directory's cycle"
    )
