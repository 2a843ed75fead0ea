"""What every racing adapter must do: cases written once, against the port.

An adapter's test module subclasses `RacingContract` and gives a `bench` fixture: the adapter, connected to a fresh
practice world, and the few things that differ between services. What a service cannot do it must say, in both ways:
through `capabilities`, and by raising Unsupported with a sentence.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from deepracer_admin.clock import Clock
from deepracer_admin.errors import LostAnswer, NotThere, Refused, ServiceError, Unsupported
from deepracer_admin.model import UNLIMITED, Invitee, Profile, Quota, RaceDraft, RaceStatus, State, Step, Timing
from deepracer_admin.racing import NOT_KNOWN, RacingService
from tests.practice import WorldHandle


class Bench(Protocol):
    """An adapter at work in a practice world of its own."""

    @property
    def service(self) -> RacingService: ...

    @property
    def clock(self) -> Clock: ...

    world: WorldHandle
    in_faults: str  # the service's name in the world's faults
    create_race: str  # the operation that creates a race, as the world's faults name it
    unknown_id: str  # an id of the right form that nothing has

    def people(self, count: int) -> list[Invitee]:
        """People whom the service could invite and does not know yet."""
        ...

    def profiles(self, count: int) -> list[str]:
        """Ids of `count` profiles that are there now, fresh for each call."""
        ...

    def settle(self) -> None:
        """Let the service finish what it was asked to do."""
        ...

    def train(self, profile_id: str) -> None:
        """The racer has one more model, finished, when this returns."""
        ...

    def drive(self, race_id: str, profile_ids: list[str]) -> None:
        """Each racer has a result in the race when this returns."""
        ...


def draft(
    bench: Bench, *, opens_in: timedelta, lasts: timedelta = timedelta(days=2), name: str = "Spring-Cup"
) -> RaceDraft:
    opens = (bench.clock.event_now() + opens_in).replace(microsecond=0)
    track = bench.service.tracks()[0]
    return RaceDraft(
        name=name,
        track_id=track.id,
        direction=track.directions[0],
        opens_at=opens,
        closes_at=opens + lasts,
        timing=Timing.TOTAL_TIME,
        min_laps=3,
        max_laps=3,
        max_submissions=5,
    )


def by_id(service: RacingService) -> dict[str, Profile]:
    return {profile.id: profile for profile in service.profiles()}


def still_in(service: RacingService, ids: Sequence[str]) -> list[str]:
    """Those whom a listing shows, and not as DISABLED: the managed service keeps the names of those it let go."""
    found = by_id(service)
    return [each for each in ids if each in found and found[each].state != "DISABLED"]


SOON, LATER = timedelta(hours=-1), timedelta(days=1)
NEEDS = {"add_participants": "participants", "remove_participant": "participants"}  # call -> capability


class RacingContract:
    """Subclass it as `Test...` with a `bench` fixture."""

    # -- what it says of itself

    def test_it_says_what_it_is_and_reads_its_account_back(self, bench: Bench) -> None:
        account = bench.service.account()
        assert account.service
        assert bench.service.kind in ("on_aws", "managed")
        assert bench.service.account() == account
        assert all(note.endswith(".") for note in account.notes)

    def test_its_limits_are_usable_data(self, bench: Bench) -> None:
        limits = bench.service.limits
        assert limits
        assert len({limit.name for limit in limits}) == len(limits)
        assert all(limit.in_flight >= 1 and limit.burst >= 1 and limit.rate >= 0 for limit in limits)
        assert all(limit.source for limit in limits)

    def test_its_tracks_can_be_told_apart(self, bench: Bench) -> None:
        tracks = bench.service.tracks()
        assert len({track.id for track in tracks}) == len(tracks) > 0
        for track in tracks:
            assert track.name
            assert set(track.directions) <= {"CLOCKWISE", "COUNTER_CLOCKWISE"}
            assert track.directions

    def test_what_it_cannot_do_it_refuses_with_a_sentence(self, bench: Bench) -> None:
        can, service = bench.service.capabilities, bench.service
        profile = bench.profiles(1)[0]
        race = service.create_race(draft(bench, opens_in=SOON))
        attempts = {
            "multi_user_mode": lambda: service.set_multi_user_mode(True),
            "set_alias": lambda: service.set_alias(profile, "Another-Name"),
            "native_pause": lambda: list(service.sponsor([profile], active=False)),
            "resend_invite": lambda: service.resend_invite(profile),
            "participants": lambda: service.participants(race.id),
            "add_participants": lambda: service.add_participants(race.id, [profile]),
            "remove_participant": lambda: service.remove_participant(race.id, profile),
            "stop_training": lambda: service.stop_training("a-model"),
            "reset_share_link": lambda: service.share_link(race.id, reset=True),
            "close_early": lambda: service.close_race(race.id),
            "roles": lambda: service.set_role(profile, "dr-racers"),
            "account_limits": lambda: service.set_account_limits(Quota(60, 1)),
        }
        for name, attempt in attempts.items():
            if getattr(can, NEEDS.get(name, name)):
                continue
            with pytest.raises(Unsupported) as caught:
                attempt()
            assert len(caught.value.sentence) > 20, name
            assert caught.value.sentence.endswith("."), name

    # -- profiles

    def test_every_profile_is_listed_once(self, bench: Bench) -> None:
        ids = bench.profiles(7)
        listed = [profile.id for profile in bench.service.profiles()]
        assert len(set(listed)) == len(listed)
        assert set(ids) <= set(listed)
        assert sorted(profile.id for profile in bench.service.profiles()) == sorted(listed)

    def test_pages_are_put_together_without_a_gap(self, bench: Bench) -> None:
        ids = bench.profiles(104)
        listed = Counter(profile.id for profile in bench.service.profiles())
        assert set(ids) <= set(listed)
        assert set(listed.values()) == {1}

    def test_quotas_are_set_for_each_profile_and_read_back(self, bench: Bench) -> None:
        ids = bench.profiles(10)
        quotas = [(each, Quota(600 + 60 * n, n)) for n, each in enumerate(ids)]
        outcomes = list(bench.service.set_quotas(quotas))
        assert [(outcome.person, outcome.state) for outcome in outcomes] == [(each, State.DONE) for each in ids]
        found = by_id(bench.service)
        assert [found[each].quota for each in ids] == [quota for _, quota in quotas]

    def test_setting_the_same_quota_again_changes_nothing(self, bench: Bench) -> None:
        ids = bench.profiles(3)
        for _ in range(2):
            outcomes = list(bench.service.set_quotas([(each, Quota(120, 2)) for each in ids]))
            assert all(outcome.state.is_done for outcome in outcomes)
        found = by_id(bench.service)
        assert {found[each].quota for each in ids} == {Quota(120, 2)}

    def test_a_quota_of_nothing_pauses_and_the_old_one_resumes(self, bench: Bench) -> None:
        (profile,) = bench.profiles(1)
        list(bench.service.set_quotas([(profile, Quota(0, 0))]))
        assert by_id(bench.service)[profile].quota == Quota(0, 0)
        list(bench.service.set_quotas([(profile, Quota(600, 10))]))
        assert by_id(bench.service)[profile].quota == Quota(600, 10)

    def test_an_unknown_profile_gets_its_own_outcome_and_stops_nobody(self, bench: Bench) -> None:
        ids = bench.profiles(2)
        wanted = [(ids[0], Quota(60, 1)), (bench.unknown_id, Quota(60, 1)), (ids[1], Quota(60, 1))]
        outcomes = {outcome.person: outcome for outcome in bench.service.set_quotas(wanted)}
        assert outcomes[ids[0]].state.is_done
        assert outcomes[ids[1]].state.is_done
        assert outcomes[bench.unknown_id].state is State.REFUSED
        assert outcomes[bench.unknown_id].sentence.endswith(".")

    def test_name_and_quota_are_set_together_where_names_can_be_set(self, bench: Bench) -> None:
        (profile,) = bench.profiles(1)
        try:
            changed = bench.service.set_profile(profile, alias="Ada-K_1", quota=Quota(90, 4))
        except Unsupported:
            return
        assert (changed.id, changed.alias, changed.quota) == (profile, "Ada-K_1", Quota(90, 4))
        assert bench.service.set_alias(profile, "Ada-K_2").alias == "Ada-K_2"
        assert by_id(bench.service)[profile].alias == "Ada-K_2"

    def test_the_quota_of_new_profiles_is_read_back_or_not_there_at_all(self, bench: Bench) -> None:
        if bench.service.new_profile_quota() is None:
            with pytest.raises(Unsupported):
                bench.service.set_new_profile_quota(Quota(600, 10))
            return
        assert bench.service.set_new_profile_quota(Quota(600, 10)) == Quota(600, 10)
        assert bench.service.new_profile_quota() == Quota(600, 10)
        assert bench.service.account().new_profile_quota == Quota(600, 10)

    def test_connecting_anew_finds_the_same_account(self, bench: Bench) -> None:
        before = bench.service.account()
        assert bench.service.connect() == before
        assert bench.service.account() == before

    def test_account_wide_limits_are_read_back_where_they_can_be_set(self, bench: Bench) -> None:
        if not bench.service.capabilities.account_limits:
            return
        for quota in (Quota(6000, 100), Quota(0, 0), Quota(UNLIMITED, UNLIMITED)):
            assert bench.service.set_account_limits(quota) == quota
            assert list(bench.service.account().account_quotas.values()) == [quota.minutes, quota.models]

    def test_roles_are_named_exactly_where_they_can_be_given(self, bench: Bench) -> None:
        assert bool(bench.service.account().roles) == bench.service.capabilities.roles

    def test_the_multi_user_mode_is_what_the_read_back_says(self, bench: Bench) -> None:
        if not bench.service.capabilities.multi_user_mode:
            assert bench.service.account().multi_user_mode is None
            return
        for on in (True, False, True):
            assert bench.service.set_multi_user_mode(on).multi_user_mode is on
            assert bench.service.account().multi_user_mode is on

    def test_sponsorship_is_paused_and_resumed_where_that_exists(self, bench: Bench) -> None:
        if not bench.service.capabilities.native_pause:
            return
        ids = bench.profiles(3)
        outcomes = list(bench.service.sponsor(ids[:2], active=False))
        assert [outcome.person for outcome in outcomes] == ids[:2]
        found = by_id(bench.service)
        assert found[ids[0]].state == found[ids[1]].state != found[ids[2]].state
        assert all(outcome.state.is_done for outcome in bench.service.sponsor(ids[:2], active=True))
        assert by_id(bench.service)[ids[0]].state == found[ids[2]].state

    # -- invitations

    def test_everybody_who_is_invited_has_one_outcome_and_then_one_profile(self, bench: Bench) -> None:
        if not bench.service.capabilities.invite:
            return
        people = bench.people(12)
        outcomes = list(bench.service.invite(people, token="contract-1"))
        assert [outcome.person for outcome in outcomes] == [person.key for person in people]
        assert all(outcome.step is Step.PROFILE for outcome in outcomes)
        assert {outcome.state for outcome in outcomes} <= {State.DONE, State.WAITING}
        bench.settle()
        listed = Counter(profile.email for profile in bench.service.profiles())
        assert [listed[person.email] for person in people] == [1] * len(people)

    def test_an_invitation_that_the_service_works_on_tells_how_far_it_is(self, bench: Bench) -> None:
        if not bench.service.capabilities.bulk_invite:
            return
        people = bench.people(8)
        (job,) = {outcome.ref for outcome in bench.service.invite(people, token="contract-2")}
        bench.settle()
        progress = bench.service.invite_progress(job, people)
        assert progress.finished
        assert [outcome.person for outcome in progress.outcomes] == [person.key for person in people]
        assert all(outcome.state is State.DONE for outcome in progress.outcomes)

    def test_inviting_again_makes_no_second_profile(self, bench: Bench) -> None:
        if not bench.service.capabilities.invite:
            return
        people = bench.people(5)
        for token in ("contract-3", "contract-3", "contract-4"):
            outcomes = list(bench.service.invite(people, token=token))
            assert len(outcomes) == len(people)
            assert all(outcome.state in (State.DONE, State.ALREADY, State.WAITING) for outcome in outcomes)
            bench.settle()
        listed = Counter(profile.email for profile in bench.service.profiles())
        assert [listed[person.email] for person in people] == [1] * len(people)

    def test_chunks_hold_everybody_once_and_in_order(self, bench: Bench) -> None:
        people = [Invitee(f"k{n}", f"a.rather.long.name.{n}@department.example.com", f"Racer-{n}") for n in range(450)]
        for count in (0, 1, 2, 50, 450):
            chunks = bench.service.chunk_invites(people[:count])
            assert [person for chunk in chunks for person in chunk] == people[:count]
            assert all(chunks)

    def test_an_address_that_cannot_be_invited_is_known_beforehand(self, bench: Bench) -> None:
        assert bench.service.address_refusal("ada.kowalski@example.com") == ""
        if not bench.service.capabilities.invite:
            return
        odd = replace(bench.people(1)[0], email="o'hara@example.com")
        sentence = bench.service.address_refusal(odd.email)
        if sentence:
            (outcome,) = bench.service.invite([odd], token="contract-5")
            assert (outcome.state, outcome.sentence) == (State.REFUSED, sentence)

    # -- removal and models

    def test_removed_profiles_are_gone_and_removing_again_is_no_error(self, bench: Bench) -> None:
        ids = bench.profiles(4)
        try:
            outcomes = list(bench.service.remove(ids[:2]))
        except Unsupported:
            return
        assert [(outcome.person, outcome.state) for outcome in outcomes] == [(each, State.DONE) for each in ids[:2]]
        assert still_in(bench.service, ids) == ids[2:]
        again = list(bench.service.remove([*ids[:2], ids[2]]))
        assert all(outcome.state.is_done or outcome.reason == NOT_KNOWN for outcome in again)
        assert still_in(bench.service, ids) == ids[3:]

    def test_models_are_listed_by_profile_and_deleted_for_real(self, bench: Bench) -> None:
        first, second, third = bench.profiles(3)
        bench.train(first)
        bench.train(second)
        models = list(bench.service.models([first, second, third]))
        assert Counter(model.profile_id for model in models) == {first: 1, second: 1}
        assert [model.profile_id for model in bench.service.models([second])] == [second]
        outcomes = list(bench.service.delete_models([first, third]))
        assert [outcome.person for outcome in outcomes] == [first, third]
        assert all(outcome.state.is_done for outcome in outcomes)
        bench.settle()
        assert [model.profile_id for model in bench.service.models([first, second, third])] == [second]

    def test_use_is_counted_when_a_racer_has_trained(self, bench: Bench) -> None:
        (profile,) = bench.profiles(1)
        before = by_id(bench.service)[profile]
        bench.train(profile)
        after = by_id(bench.service)[profile]
        assert after.minutes_used > before.minutes_used == 0
        assert after.model_count is None or after.model_count >= 1

    # -- races

    def test_a_race_is_created_changed_and_deleted(self, bench: Bench) -> None:
        wanted = draft(bench, opens_in=LATER)
        race = bench.service.create_race(wanted)
        assert replace(race.draft, description="", max_minutes=wanted.max_minutes) == wanted
        assert race.status(bench.clock.event_now()) is RaceStatus.UPCOMING
        assert [each.id for each in bench.service.races()] == [race.id]
        moved = replace(
            race.draft, name="Autumn-Cup", closes_at=wanted.closes_at + timedelta(days=1), max_submissions=9
        )
        changed = bench.service.edit_race(race.id, moved)
        assert changed.draft == moved
        assert [each.draft.name for each in bench.service.races()] == ["Autumn-Cup"]
        bench.service.delete_race(race.id)
        assert list(bench.service.races()) == []
        with pytest.raises(NotThere):
            bench.service.delete_race(race.id)

    def test_a_race_that_is_not_there_is_not_there(self, bench: Bench) -> None:
        with pytest.raises(NotThere):
            list(bench.service.standings(bench.unknown_id))
        with pytest.raises(NotThere):
            bench.service.edit_race(bench.unknown_id, draft(bench, opens_in=LATER))

    def test_an_impossible_race_is_refused_with_the_reason(self, bench: Bench) -> None:
        wanted = draft(bench, opens_in=LATER)
        with pytest.raises(Refused) as caught:
            bench.service.create_race(replace(wanted, closes_at=wanted.opens_at - timedelta(hours=1)))
        assert caught.value.sentence.endswith(".")
        assert list(bench.service.races()) == []

    def test_an_open_race_is_ended_early_where_that_exists(self, bench: Bench) -> None:
        race = bench.service.create_race(draft(bench, opens_in=SOON))
        assert race.status(bench.clock.event_now()) is RaceStatus.OPEN
        if not bench.service.capabilities.close_early:
            return
        ended = bench.service.close_race(race.id)
        assert ended.draft.closes_at < race.draft.closes_at
        assert replace(ended.draft, closes_at=race.draft.closes_at) == race.draft
        assert ended.draft.closes_at - bench.clock.event_now() < timedelta(hours=1)

    def test_an_open_race_is_extended_and_nothing_else_of_it_changes(self, bench: Bench) -> None:
        race = bench.service.create_race(draft(bench, opens_in=SOON))
        longer = replace(race.draft, closes_at=race.draft.closes_at + timedelta(days=3), max_submissions=50)
        if not bench.service.capabilities.edit_open_race:
            with pytest.raises(Refused):
                bench.service.edit_race(race.id, longer)
            return
        assert bench.service.edit_race(race.id, longer).draft == longer
        if bench.service.kind == "on_aws":
            with pytest.raises(Refused):
                bench.service.edit_race(race.id, replace(longer, name="Other-Name"))
            assert bench.service.races()[0].draft == longer

    def test_a_link_can_be_shared(self, bench: Bench) -> None:
        race = bench.service.create_race(draft(bench, opens_in=LATER))
        link = bench.service.share_link(race.id)
        assert link.startswith(("http://", "https://"))
        assert bench.service.share_link(race.id) == link

    def test_standings_are_ranked_best_first(self, bench: Bench) -> None:
        race = bench.service.create_race(draft(bench, opens_in=SOON))
        assert list(bench.service.standings(race.id)) == []
        ids = bench.profiles(3)
        bench.drive(race.id, ids)
        rows = list(bench.service.standings(race.id))
        assert [row.rank for row in rows] == [1, 2, 3]
        assert [row.score_ms for row in rows] == sorted(row.score_ms for row in rows)
        known = by_id(bench.service)
        assert {row.alias for row in rows} == {known[each].alias for each in ids}
        assert all(row.best_lap_ms and row.best_lap_ms <= row.score_ms for row in rows)
        assert bench.service.races()[0].participants == 3

    # -- failures

    def test_a_service_that_is_down_raises_a_service_error(self, bench: Bench) -> None:
        bench.service.account()
        fault = bench.world.arm(bench.in_faults, "down")
        with pytest.raises(ServiceError) as caught:
            list(bench.service.profiles())
        assert caught.value.sentence.endswith(".")
        bench.world.disarm(fault)
        assert list(bench.service.profiles()) is not None

    def test_a_read_survives_two_failures(self, bench: Bench) -> None:
        ids = bench.profiles(2)
        bench.world.arm(bench.in_faults, "error_5xx", count=2)
        assert set(ids) <= set(by_id(bench.service))

    def test_a_lost_answer_never_makes_a_second_race(self, bench: Bench) -> None:
        bench.service.account()
        bench.world.arm(bench.in_faults, "lost_answer", operation=bench.create_race, count=1)
        with pytest.raises(LostAnswer) as caught:
            bench.service.create_race(draft(bench, opens_in=LATER))
        assert caught.value.sentence.endswith(".")
        assert len(bench.service.races()) == 1

    def test_a_lost_answer_to_a_quota_is_made_good(self, bench: Bench) -> None:
        ids = bench.profiles(4)
        bench.world.arm(bench.in_faults, "lost_answer", count=1)
        outcomes = list(bench.service.set_quotas([(each, Quota(240, 4)) for each in ids]))
        again = [outcome.person for outcome in outcomes if outcome.state is State.RETRY]
        assert {outcome.state for outcome in outcomes} <= {State.DONE, State.RETRY}
        list(bench.service.set_quotas([(each, Quota(240, 4)) for each in again]))
        found = by_id(bench.service)
        assert {found[each].quota for each in ids} == {Quota(240, 4)}

    def test_several_threads_use_one_connection(self, bench: Bench) -> None:
        ids = set(bench.profiles(5))
        seen: list[bool] = []

        def read() -> None:
            seen.append(ids <= set(by_id(bench.service)))

        threads = [threading.Thread(target=read) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
        assert seen == [True] * 12
