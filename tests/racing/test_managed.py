"""The adapter for AWS DeepRacer multi-user mode against the practice service, over real HTTP."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from deepracer_admin.edge.answers import BETWEEN
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from deepracer_admin.model import Invitee, Quota, Race, RaceDraft, RaceStatus, State, Timing, Track
from deepracer_admin.racing import RacingService
from deepracer_admin.racing.managed import ManagedDeepRacer
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.racing.managed_shapes import race_members, race_of, to_milliseconds
from deepracer_admin.rehearsal.managed.wire import INPUTS
from tests.practice import WorldHandle, start_world
from tests.racing.scripted import Naps
from tests.racing.worlds import kept_world
from tests.rehearsal.managed.account import RawCaller, garage, on_world, sign_in, sponsor
from tests.rehearsal.managed.account import race as raw_race


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world"), slots=100) as handle:
        yield handle


@pytest.fixture
def world(kept: WorldHandle) -> WorldHandle:
    """A world as on its first day, whose clock stands still unless the test advances it."""
    kept.control("POST", "reset")
    kept.control("POST", "clock", {"paused": True})
    return kept


def connect(world: WorldHandle, **options: Any) -> ManagedClient:
    aws = world.endpoints["aws"]
    keys = {"access_key_id": aws["access_key_id"], "secret_access_key": aws["secret_access_key"]}
    return ManagedClient(
        endpoint_url=aws["managed_url"], **{**keys, "timeout_s": 300, "sleep": Naps(), **options}, reach=Reach.PRACTICE
    )


@pytest.fixture
def racing(world: WorldHandle) -> Iterator[ManagedDeepRacer]:
    service = ManagedDeepRacer(connect(world), event_now=world.world.clock.now)
    yield service
    service.close()


@pytest.fixture
def people(world: WorldHandle, racing: ManagedDeepRacer) -> list[str]:
    """Five racers who have signed in, with multi-user mode on: their user ids."""
    racing.set_multi_user_mode(True)
    return sign_in(world, sponsor(world, 5))


def draft(world: WorldHandle, **changes: Any) -> RaceDraft:
    now = world.world.clock.now().replace(microsecond=123_000)
    plain = RaceDraft(
        name="Coppa d'Autunno 2026",
        track_id="2022_reinvent_champ",
        opens_at=now,
        closes_at=now + timedelta(hours=8),
        direction="CLOCKWISE",
        timing=Timing.BEST_LAP_TIME,
        max_submissions=5,
        off_track_penalty_s=2.5,
        collision_penalty_s=5.0,
        description="One day, one track.",
        max_minutes=15,
    )
    return replace(plain, **changes)


# --- the account


def test_the_adapter_is_a_racing_service(racing: ManagedDeepRacer) -> None:
    port: RacingService = racing
    assert port.kind == "managed"
    assert port.capabilities.multi_user_mode
    assert not port.capabilities.invite
    assert all(limit.rate > 0 and limit.source for limit in port.limits)


def test_multi_user_mode_is_set_and_what_the_service_says_is_returned(racing: ManagedDeepRacer) -> None:
    assert racing.account().multi_user_mode is False
    assert racing.set_multi_user_mode(True).multi_user_mode is True
    assert racing.account().multi_user_mode is True
    assert racing.set_multi_user_mode(False).multi_user_mode is False


def test_the_account_says_that_the_service_is_closed_and_what_its_limits_were(racing: ManagedDeepRacer) -> None:
    account = racing.account()
    assert account.service == "AWS DeepRacer (managed)"
    assert "closed this service in December 2025" in account.notes[0]
    assert account.new_profile_quota == Quota(300, 3)
    assert account.account_quotas["concurrent trainings"] == 100
    assert account.account_quotas["private leaderboards"] == 50


def test_the_adapter_knows_that_it_talks_to_a_practice_world(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    world.control("POST", "counters/reset")
    assert racing.practice_world
    assert racing.practice_world
    assert world.counters()["by_operation"] == {"managed.GetAccountConfig": 1}


def test_calls_carry_the_console_s_own_name(world: WorldHandle) -> None:
    seen: list[str] = []
    service = world.world.services["managed"]
    original = service._authenticate  # type: ignore[attr-defined]

    def noting(request: Any, body: bytes, operation: str) -> None:
        seen.append(request.headers["user-agent"])
        original(request, body, operation)

    service._authenticate = noting  # type: ignore[attr-defined]
    connect(world).call("AdminGetAccountConfig")
    connect(world, user_agent="racing-desk/2 (events@example.com)").call("AdminGetAccountConfig")
    assert "deepracer-organizer-console" in seen[0]
    assert "racing-desk/2" in seen[1]


# --- profiles


def test_profiles_appear_after_the_first_sign_in_without_address_and_model_count(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    racing.set_multi_user_mode(True)
    directory_ids = sponsor(world, 2)
    assert list(racing.profiles()) == []
    user_ids = sign_in(world, directory_ids)
    profiles = list(racing.profiles())
    assert [profile.id for profile in profiles] == user_ids
    first = profiles[0]
    assert (first.alias, first.email, first.model_count, first.state) == ("racer0000", "", None, "ACTIVE")
    assert (first.minutes_used, first.minutes_queued, first.quota) == (0.0, 0.0, Quota(300, 3))
    assert first.created_at is not None
    assert abs(first.created_at - world.world.clock.now()) < timedelta(seconds=5)


def test_two_hundred_and_fifty_profiles_come_in_three_calls(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    racing.set_multi_user_mode(True)
    user_ids = sign_in(world, sponsor(world, 250))
    world.control("POST", "counters/reset")
    assert [profile.id for profile in racing.profiles()] == user_ids
    assert world.counters()["by_operation"] == {"managed.AdminListAssociatedUsers": 3}


def test_an_invitation_is_nothing_but_waiting_for_the_first_sign_in(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    invitees = [Invitee("a1", "ada@example.com", "ada"), Invitee("a2", "bo@example.com", "bo")]
    world.control("POST", "counters/reset")
    assert racing.chunk_invites(invitees) == [invitees]
    outcomes = list(racing.invite(invitees, token="t1"))
    assert [(o.person, o.state, o.reason) for o in outcomes] == [
        ("a1", State.WAITING, "first_sign_in"),
        ("a2", State.WAITING, "first_sign_in"),
    ]
    assert racing.address_refusal("ada@example.com") == ""
    assert world.counters()["calls"] == {}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("resend_invite", ("p",)), ("set_alias", ("p", "ada")), ("set_new_profile_quota", (Quota(60, 1),))],
)
def test_what_the_service_cannot_do_is_said_in_a_sentence(
    racing: ManagedDeepRacer, method: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(Unsupported, match=r"^[A-Z].*\.$"):
        getattr(racing, method)(*arguments)
    assert racing.new_profile_quota() is None


def test_quotas_are_set_in_one_call_per_quota_and_read_back(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str]
) -> None:
    small, large = Quota(120, 2), Quota(900, 9)
    world.control("POST", "counters/reset")
    outcomes = list(racing.set_quotas([(person, small) for person in people[:3]] + [(people[3], large)]))
    assert {o.person: o.state for o in outcomes} == dict.fromkeys(people[:4], State.DONE)
    assert world.counters()["by_operation"] == {"managed.AdminManageUser": 2}
    assert [profile.quota for profile in racing.profiles()] == [small, small, small, large, Quota(300, 3)]


def test_one_unknown_profile_does_not_spoil_the_batch(racing: ManagedDeepRacer, people: list[str]) -> None:
    outcomes = list(racing.set_quotas([(person, Quota(60, 1)) for person in [*people[:2], "nobody", *people[2:]]]))
    assert {o.person: o.state for o in outcomes} == {**dict.fromkeys(people, State.DONE), "nobody": State.REFUSED}
    (refused,) = [o for o in outcomes if o.state is State.REFUSED]
    assert refused.reason == "not_there"
    assert "first time" in refused.sentence
    assert all(profile.quota == Quota(60, 1) for profile in racing.profiles())


def test_unlimited_is_refused_because_its_value_is_not_known(racing: ManagedDeepRacer, people: list[str]) -> None:
    (outcome,) = racing.set_quotas([(people[0], Quota(-1, 3))])
    assert (outcome.state, outcome.reason) == (State.REFUSED, "unlimited")
    with pytest.raises(Refused, match="unlimited"):
        racing.set_profile(people[0], quota=Quota(-1, 3))


def test_a_single_profile_s_quota_is_returned_as_read_back(racing: ManagedDeepRacer, people: list[str]) -> None:
    assert racing.set_profile(people[2], quota=Quota(30, 1)).quota == Quota(30, 1)
    with pytest.raises(Refused, match="no such profile"):
        racing.set_profile("nobody", quota=Quota(30, 1))


def test_a_name_that_cannot_be_set_keeps_nobody_from_their_hours(racing: ManagedDeepRacer, people: list[str]) -> None:
    with pytest.raises(Unsupported, match="Racers choose their racer name"):
        racing.set_profile(people[0], alias="Another-Name", quota=Quota(30, 1))
    assert next(iter(racing.profiles())).quota == Quota(30, 1)


def test_sponsorship_is_paused_resumed_and_ended(racing: ManagedDeepRacer, people: list[str]) -> None:
    def states() -> list[str]:
        return [profile.state for profile in racing.profiles()]

    assert [o.state for o in racing.sponsor(people[:2], active=False)] == [State.DONE] * 2
    assert states() == ["RESTRICTED", "RESTRICTED", "ACTIVE", "ACTIVE", "ACTIVE"]
    list(racing.sponsor(people[:1], active=True))
    assert states()[0] == "ACTIVE"
    outcomes = list(racing.remove([people[4], "nobody"]))
    assert [(o.person, o.state) for o in outcomes] == [(people[4], State.DONE), ("nobody", State.ALREADY)]
    assert states()[4] == "DISABLED"


def test_with_the_mode_off_profiles_vanish_and_models_stay(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str]
) -> None:
    train(world, people)
    racing.set_multi_user_mode(False)
    assert list(racing.profiles()) == []
    assert len(list(racing.models(people))) == 5


# --- models


def train(world: WorldHandle, people: list[str], minutes: int = 20) -> None:
    def begin() -> None:
        account: Any = world.world.services["managed"]
        for person in people:
            garage(world).train(account.account.users[person].person_id, "first", minutes)

    on_world(world, begin)


def test_models_of_one_and_of_all_are_tied_to_their_profile(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str]
) -> None:
    train(world, people)
    world.control("POST", "counters/reset")
    models = list(racing.models(people))
    assert [model.profile_id for model in models] == people
    assert {(model.name, model.status) for model in models} == {("first", "TRAINING")}
    assert [model.profile_id for model in racing.models(people[1:2])] == people[1:2]
    assert [model.profile_id for model in racing.models(people[1:3])] == people[1:3]
    assert world.counters()["by_operation"] == {"managed.AdminListAssociatedResources": 3}


def test_deleted_models_are_gone_when_read_back_later(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str]
) -> None:
    train(world, people[:2])
    assert [o.state for o in racing.delete_models(people[:1])] == [State.DONE]
    assert [model.status for model in racing.models(people[:1])] == ["DELETING"]
    world.advance(600)
    assert "first" not in {model.name for model in racing.models(people[:1])}
    assert "first" in {model.name for model in racing.models(people[1:2])}


def test_a_training_is_stopped_and_only_once(world: WorldHandle, racing: ManagedDeepRacer, people: list[str]) -> None:
    train(world, people[:1], minutes=120)
    (model,) = racing.models(people[:1])
    racing.stop_training(model.id)
    assert next(racing.models(people[:1])).status == "STOPPING"
    with pytest.raises(Refused, match="no active training"):
        racing.stop_training(model.id)


def test_usage_is_read_in_minutes_and_bytes(world: WorldHandle, racing: ManagedDeepRacer, people: list[str]) -> None:
    train(world, people[:1])
    profile = next(racing.profiles())
    assert (profile.minutes_queued, profile.minutes_used) == (20.0, 0.0)
    service: Any = world.world.services["managed"]
    stored = sum(model.size_bytes for model in service.account.models.values())
    assert profile.storage_bytes == stored > 1_000_000


# --- races


def test_a_race_is_read_back_as_it_was_drafted(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    wanted = draft(world)
    race = racing.create_race(wanted)
    assert race.draft == wanted
    assert (race.participants, race.share_link, race.winner) == (0, "", "")
    assert race.status(world.world.clock.now() + timedelta(seconds=1)) is RaceStatus.OPEN
    assert racing.races() == [race]
    assert race.raw["ParticipationConfig"]["EntryTypeConfig"] == {"InvitationEntryType": "CLOSED_INVITATION"}


def test_an_object_race_keeps_its_objects(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    wanted = draft(world, race_type="OBJECT_AVOIDANCE", objects=4)
    race = racing.create_race(wanted)
    assert race.draft == wanted
    fewer = replace(wanted, objects=2)
    assert racing.edit_race(race.id, fewer).draft == fewer


def test_an_edit_changes_what_it_names_and_keeps_what_a_draft_does_not_hold(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    race = racing.create_race(draft(world))
    service: Any = world.world.services["managed"]
    kept: Any = service.account.races[race.id]
    kept.definition["LeagueType"], kept.definition["Tags"] = "ONLINE", "autumn,2026"
    kept.config["ResettingBehavior"]["MaxResetTimes"] = 10_000
    kept.config["CarControlConfig"] = {"CarSpeedControl": True}
    later = replace(race.draft, name="Coppa d'Inverno", closes_at=race.draft.closes_at + timedelta(hours=1))
    assert racing.edit_race(race.id, later).draft == later
    assert (kept.definition["LeagueType"], kept.definition["Tags"]) == ("ONLINE", "autumn,2026")
    assert kept.config["ResettingBehavior"]["MaxResetTimes"] == 10_000
    assert kept.config["CarControlConfig"] == {"CarSpeedControl": True}


def test_an_open_race_is_closed_now_in_event_time_and_an_upcoming_one_is_not(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    race = racing.create_race(draft(world))
    world.advance(3600)
    closed = racing.close_race(race.id)
    now = world.world.clock.now()
    assert closed.status(now) is RaceStatus.CLOSED
    assert now - closed.draft.closes_at < timedelta(seconds=1)
    with pytest.raises(Refused, match="closed race cannot be edited"):
        racing.close_race(race.id)
    upcoming = racing.create_race(draft(world, opens_at=now + timedelta(hours=1), closes_at=now + timedelta(hours=2)))
    with pytest.raises(Refused, match="not opened yet"):
        racing.close_race(upcoming.id)


def test_a_deleted_race_is_not_there(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    race = racing.create_race(draft(world))
    racing.delete_race(race.id)
    assert racing.races() == []
    with pytest.raises(NotThere, match="no such leaderboard"):
        racing.delete_race(race.id)


def test_the_share_link_stays_until_it_is_reset(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    race = racing.create_race(draft(world))
    link = racing.share_link(race.id)
    assert link.startswith("https://console.aws.amazon.com/deepracer/home#raceToken/")
    assert racing.share_link(race.id) == link
    assert racing.races()[0].share_link == link
    fresh = racing.share_link(race.id, reset=True)
    assert fresh != link
    assert racing.share_link(race.id) == fresh
    assert "AccessToken" not in racing.races()[0].raw


def test_participants_are_added_listed_and_removed(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str]
) -> None:
    race = racing.create_race(draft(world))
    racing.add_participants(race.id, people[:3])
    assert racing.participants(race.id) == [(person, f"racer{n:04}") for n, person in enumerate(people[:3])]
    racing.remove_participant(race.id, people[1])
    assert [user_id for user_id, _ in racing.participants(race.id)] == [people[0], people[2]]
    with pytest.raises(NotThere):
        racing.remove_participant(race.id, people[1])


def test_tracks_have_the_same_ids_as_in_a_draft(racing: ManagedDeepRacer) -> None:
    tracks = racing.tracks()
    assert len(tracks) == 62
    assert "2022_reinvent_champ" in {track.id for track in tracks}
    assert all(track.length_m is None for track in tracks)


def test_an_event_day_ends_with_standings_and_usage_that_agree_with_the_service(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    racing.set_multi_user_mode(True)
    sponsor(world, 60)
    race = racing.create_race(draft(world, max_submissions=50))
    racing.share_link(race.id)
    for _ in range(16):
        world.advance(1800)
    truth = world.truth()
    profiles = list(racing.profiles())
    assert truth["managed"]["users"] == len(profiles) >= 55
    assert sum(profile.minutes_used for profile in profiles) / 60 == pytest.approx(truth["managed"]["hours"], abs=0.5)
    assert all(profile.minutes_used <= 300 for profile in profiles)
    assert len(list(racing.models([profile.id for profile in profiles]))) == truth["managed"]["models"]
    standings = list(racing.standings(race.id))
    assert len(standings) >= 40
    assert [standing.rank for standing in standings] == list(range(1, len(standings) + 1))
    assert all(a.score_ms <= b.score_ms for a, b in itertools.pairwise(standings))
    assert all(standing.score_ms == standing.best_lap_ms for standing in standings)
    assert {standing.profile_id for standing in standings} <= {profile.id for profile in profiles}
    board = racing.races()[0]
    assert board.participants == len(standings)
    assert board.winner in ("", standings[0].alias)
    assert all(s.submitted_at and race.draft.opens_at <= s.submitted_at for s in standings)


def test_a_world_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    first = start_world(tmp_path / "world")
    first.control("POST", "clock", {"paused": True})
    racing = ManagedDeepRacer(connect(first), event_now=first.world.clock.now)
    racing.set_multi_user_mode(True)
    sponsor(first, 20)
    race = racing.create_race(draft(first))
    racing.share_link(race.id)
    for _ in range(6):
        first.advance(1800)
    before = list(racing.profiles()), list(racing.standings(race.id)), racing.races(), first.truth()
    first.stop()
    second = start_world(tmp_path / "world")
    racing = ManagedDeepRacer(connect(second), event_now=second.world.clock.now)
    assert (list(racing.profiles()), list(racing.standings(race.id)), racing.races(), second.truth()) == before
    used = second.truth()["managed"]["hours"]
    for _ in range(4):
        second.advance(1800)
    assert second.truth()["managed"]["hours"] > used
    second.stop()


# --- failures


@pytest.mark.parametrize(
    ("fault", "kind", "calls"),
    [
        ("throttle", Throttled, 4),
        ("error_5xx", Unavailable, 4),
        ("expired_credentials", CredentialsExpired, 1),
        ("denied", AccessDenied, 1),
        ("drop", Unreachable, 4),
        ("lost_answer", Unreachable, 4),
    ],
)
def test_a_read_is_repeated_only_where_that_may_help_and_then_fails_with_a_sentence(
    world: WorldHandle, racing: ManagedDeepRacer, fault: str, kind: type[ServiceError], calls: int
) -> None:
    world.control("POST", "counters/reset")
    world.arm("managed", fault)
    with pytest.raises(kind, match=r"^[A-Z].*\.$") as failure:
        racing.account()
    assert failure.value.service == "AWS DeepRacer (managed)"
    assert failure.value.operation == "AdminGetAccountConfig"
    assert world.counters()["calls"] == {"managed": calls}
    world.disarm()
    assert racing.account().multi_user_mode is False


def test_a_lost_answer_to_a_write_says_that_it_may_have_been_done(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    world.arm("managed", "lost_answer", operation="CreateLeaderboard", count=1)
    with pytest.raises(LostAnswer, match="was lost: it may have been done"):
        racing.create_race(draft(world))
    assert len(racing.races()) == 1


@pytest.mark.parametrize("fault", ["throttle", "error_5xx", "drop", "lost_answer"])
def test_a_failed_batch_is_to_be_tried_again_person_by_person(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str], fault: str
) -> None:
    world.arm("managed", fault, operation="AdminManageUser", count=1)
    outcomes = list(racing.set_quotas([(person, Quota(60, 1)) for person in people]))
    assert [o.person for o in outcomes] == people
    assert {o.state for o in outcomes} == {State.RETRY}
    assert {o.state for o in racing.set_quotas([(person, Quota(60, 1)) for person in people])} == {State.DONE}
    assert all(profile.quota == Quota(60, 1) for profile in racing.profiles())


def test_missing_rights_stop_the_whole_batch(world: WorldHandle, racing: ManagedDeepRacer, people: list[str]) -> None:
    world.arm("managed", "denied", operation="AdminManageUser", count=1)
    with pytest.raises(AccessDenied, match="AWSDeepRacerAccountAdminAccess"):
        list(racing.sponsor(people, active=False))


def test_wrong_keys_say_where_to_look(world: WorldHandle) -> None:
    racing = ManagedDeepRacer(connect(world, secret_access_key="wrong"))
    with pytest.raises(CredentialsExpired, match="access key"):
        racing.account()


def test_a_machine_without_any_sign_in_says_how_to_sign_in(
    world: WorldHandle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    racing = ManagedDeepRacer(connect(world, access_key_id=None, secret_access_key=None))
    with pytest.raises(CredentialsExpired, match="aws sso login"):
        racing.account()
    with pytest.raises(CredentialsExpired, match="AWS profile"):
        connect(world, profile="nowhere")


def test_a_service_that_is_not_there_is_unreachable_and_the_sentence_says_that_aws_closed_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = ManagedClient(
            endpoint_url=url, access_key_id="a", secret_access_key="b", sleep=Naps(), reach=Reach.PRACTICE
        )
        with pytest.raises(Unreachable, match="closed this service"):
            ManagedDeepRacer(client).set_multi_user_mode(True)


def test_a_value_of_the_wrong_type_never_leaves_the_machine(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    world.control("POST", "counters/reset")
    (outcome,) = racing.set_quotas([("p", Quota(1.5, 1))])  # type: ignore[arg-type]
    assert outcome.state is State.REFUSED
    assert "has the wrong form" in outcome.sentence
    assert world.counters()["calls"] == {}


def test_without_an_override_the_calls_go_to_the_documented_endpoint() -> None:
    client = ManagedClient(access_key_id="a", secret_access_key="b")
    assert client._client.meta.endpoint_url == "https://deepracer-prod.us-east-1.amazonaws.com"
    metadata = client._client.meta.service_model.metadata
    assert (metadata["targetPrefix"], metadata["jsonVersion"]) == ("AwsSilverstoneCloudService", "1.1")
    assert client._client.meta.service_model.signing_name == "deepracer"


def test_both_sides_wrote_the_same_operations_and_members_from_the_contract() -> None:
    """The service model of the console and the input checks of the practice service were written apart."""
    model = ManagedClient(access_key_id="a", secret_access_key="b")._client.meta.service_model
    assert set(model.operation_names) == set(INPUTS)
    for operation, members in INPUTS.items():
        shape = model.operation_model(operation).input_shape
        assert {name.rstrip("*") for name in members} == set(shape.members if shape else {}), operation
        assert {name[:-1] for name in members if name.endswith("*")} == set(shape.required_members if shape else [])


# --- shapes that only the real service had

BARE: dict[str, Any] = {  # only what a Leaderboard is sure to have (1.4)
    "Arn": "arn:aws:deepracer:us-east-1::leaderboard/toronto-turnpike",
    "Name": "Toronto: 1st (été)!",
    "Description": "",
    "LaunchTime": 1704226115586,
    "CloseTime": 1765324800000,
    "Status": "CLOSED",
    "MinimumLaps": 1,
    "ParticipantCount": 6652,
}
TRACKED = {**BARE, "TrackArn": "arn:aws:deepracer:us-east-1::track/reinvent_base"}


class Telling:
    """A client that answers as it was told, and keeps what was sent."""

    region = "us-east-1"

    def __init__(self, replies: dict[str, Any]) -> None:
        self.replies = replies
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, **members: Any) -> Any:
        self.sent.append((operation, members))
        return self.replies.get(operation, {})

    def walk(self, operation: str, key: str, **members: Any) -> Iterator[Any]:
        yield from self.call(operation, **members).get(key) or []


def telling(**replies: Any) -> tuple[ManagedDeepRacer, Telling]:
    client = Telling(replies)
    return ManagedDeepRacer(cast("ManagedClient", client)), client


def edited(race: Race, draft: RaceDraft) -> dict[str, Any]:
    """What an edit of this race sends."""
    return race_members(draft, region="us-east-1", visibility="VISIBLE", league_type="VIRTUAL", now=race)


def test_an_old_race_with_few_members_and_an_odd_name_can_be_read() -> None:
    race = race_of(BARE)
    assert race.id == BARE["Arn"]
    assert race.draft.name == "Toronto: 1st (été)!"
    assert race.draft.opens_at == datetime(2024, 1, 2, 20, 8, 35, 586_000, tzinfo=UTC)
    assert (race.draft.max_laps, race.participants) == (1, 6652)
    assert to_milliseconds(race.draft.opens_at) == 1704226115586


def test_a_head_to_head_race_keeps_its_bots_when_it_is_edited() -> None:
    bots = {"HeadToHeadType": "BOT_VEHICLE", "NumBotCars": 3}
    race = race_of({**TRACKED, "RaceType": "HEAD_TO_HEAD_RACING", "HeadToHeadConfig": bots, "Moderated": True})
    sent = edited(race, race.draft)
    assert sent["RaceConfig"]["RaceTypeConfig"] == {"RaceType": "HEAD_TO_HEAD_RACING", "HeadToHead": bots}
    assert sent["RaceConfig"]["Moderated"] is True


def test_a_track_without_a_name_is_called_by_its_id_and_one_without_an_arn_is_left_out() -> None:
    spain = {"TrackArn": "arn:aws:deepracer:us-east-1::track/Spain_track"}
    assert telling(ListTracks={"Tracks": [{"TrackName": "Nowhere"}, spain]})[0].tracks() == [
        Track("Spain_track", "Spain_track")
    ]


def test_a_race_timed_in_a_way_we_do_not_know_hides_no_other_and_keeps_its_way(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    odd, plain = racing.create_race(draft(world)), racing.create_race(draft(world, name="Plain"))
    service: Any = world.world.services["managed"]
    service.account.races[odd.id].config["TimingMethod"] = "BEST_THREE_CONSECUTIVE"
    found = {race.id: race for race in racing.races()}
    assert set(found) == {odd.id, plain.id}
    assert found[odd.id].draft.timing is Timing.TOTAL_TIME
    assert found[odd.id].raw["TimingMethod"] == "BEST_THREE_CONSECUTIVE"


def test_closing_a_race_sends_its_own_timing_back_unless_another_was_chosen() -> None:
    race = race_of({**TRACKED, "TimingMethod": "BEST_THREE_CONSECUTIVE"})
    shorter = replace(race.draft, closes_at=race.draft.closes_at - timedelta(hours=1))
    assert edited(race, shorter)["RaceConfig"]["TimingMethod"] == "BEST_THREE_CONSECUTIVE"
    other = replace(race.draft, timing=Timing.BEST_LAP_TIME)
    assert edited(race, other)["RaceConfig"]["TimingMethod"] == "BEST_LAP_TIME"


SUBMISSIONS = [
    {"Alias": "ada", "RankingScore": 30_000, "BestLapTime": 9_000},
    {"Alias": "bo", "LeaderboardSubmissionStatusType": "QUEUED"},
    {"Alias": "cy", "LeaderboardSubmissionStatusType": "FAILED", "TotalLapTime": 12_000, "BestLapTime": 6_000},
    {"Alias": "di", "LeaderboardSubmissionStatusType": "SUCCESS", "TotalLapTime": 33_000, "BestLapTime": 8_000},
    {"Alias": "ed", "TotalLapTime": 34_000},
]


@pytest.mark.parametrize(
    ("timing", "scores"),
    [
        ("TOTAL_TIME", [("ada", 1, 30_000), ("di", 2, 33_000), ("ed", 3, 34_000)]),
        ("BEST_LAP_TIME", [("ada", 1, 30_000), ("di", 2, 8_000)]),
        ("BEST_THREE_CONSECUTIVE", [("ada", 1, 30_000)]),
    ],
)
def test_an_entry_without_a_score_has_the_time_that_its_race_ranks_by_or_is_left_out(
    timing: str, scores: list[tuple[str, int, int]]
) -> None:
    board = {**BARE, "TimingMethod": timing}
    racing, client = telling(
        ListLeaderboardSubmissions={"LeaderboardSubmissions": SUBMISSIONS}, GetLeaderboard={"Leaderboard": board}
    )
    assert [(row.alias, row.rank, row.score_ms) for row in racing.standings("r")] == scores
    assert [operation for operation, _ in client.sent] == ["ListLeaderboardSubmissions", "GetLeaderboard"]


def test_participants_without_an_id_are_left_out() -> None:
    people = [{"Alias": "nobody"}, {"UserId": "u1"}]
    racing, _ = telling(ListPrivateLeaderboardParticipants={"PrivateLeaderboardParticipants": people})
    assert racing.participants("r") == [("u1", "")]


def test_an_answer_without_the_race_means_that_it_is_not_there() -> None:
    racing, _ = telling(GetLeaderboard={})
    with pytest.raises(NotThere, match=r"no such race any more: refresh the list\.$"):
        racing.close_race("r")


def test_a_race_whose_track_is_not_told_is_changed_only_with_one() -> None:
    racing, client = telling(GetLeaderboard={"Leaderboard": {**BARE, "Status": "OPEN"}})
    with pytest.raises(Refused, match=r"does not tell its track.*choose the track too\.$"):
        racing.close_race("r")
    racing.edit_race("r", replace(race_of(BARE).draft, track_id="reinvent_base"))
    (sent,) = [members for operation, members in client.sent if operation == "EditLeaderboard"]
    assert sent["Definition"]["TrackArn"] == TRACKED["TrackArn"]


def test_an_edit_adds_no_rule_that_the_race_did_not_have() -> None:
    race = race_of(TRACKED)
    later = race.draft.closes_at + timedelta(hours=1)
    sent = edited(race, replace(race.draft, closes_at=later))
    assert sent["Definition"] == {
        "Name": "Toronto: 1st (été)!",
        "Visibility": "VISIBLE",
        "LaunchTime": 1704226115586,
        "CloseTime": to_milliseconds(later),
        "TrackArn": TRACKED["TrackArn"],
        "LeagueType": "VIRTUAL",
    }
    assert sent["RaceConfig"] == {
        "MinimumLaps": 1,
        "RaceTypeConfig": {"RaceType": "TIME_TRIAL", "TimeTrial": {}},
        "ResettingBehavior": {},
        "TerminationConditions": {},
        "TimingMethod": "TOTAL_TIME",
    }


RULES: dict[str, Any] = {
    "Description": "All day.",
    "TrackFeatures": {"Direction": "CLOCKWISE"},
    "ResettingBehaviorConfig": {"PenaltySeconds": 2, "CutOffSeconds": 7.5, "AllowReset": True},
    "TerminationConditions": {"MaxLaps": 5},
    "TimingMethod": "AVG_LAP_TIME",
    "ParticipationConfig": {"EntryTypeConfig": {"InvitationEntryType": "ALL"}, "ViewType": "ALL"},
    "RaceType": "TIME_TRIAL",
    "RacingDivision": "PRO",
    "Tags": "league,final",
    "SubmissionsPerUser": 50,
}


def test_an_edit_sends_back_every_rule_that_the_race_has() -> None:
    race = race_of({**TRACKED, **RULES})
    sent = edited(race, replace(race.draft, name="Final"))
    definition, config = sent["Definition"], sent["RaceConfig"]
    assert {name: definition[name] for name in ("Description", "Division", "Tags", "TrackFeatures")} == {
        "Description": "All day.",
        "Division": "PRO",
        "Tags": "league,final",
        "TrackFeatures": {"Direction": "CLOCKWISE"},
    }
    assert config == {
        "MinimumLaps": 1,
        "RaceTypeConfig": {"RaceType": "TIME_TRIAL", "TimeTrial": {}},
        "ResettingBehavior": RULES["ResettingBehaviorConfig"],
        "TerminationConditions": {"MaxLaps": 5},
        "TimingMethod": "AVG_LAP_TIME",
        "ParticipationConfig": RULES["ParticipationConfig"],
        "SubmissionsPerUser": 50,
    }


def test_an_edit_sends_what_the_draft_changes() -> None:
    race = race_of({**TRACKED, "ResettingBehaviorConfig": {"PenaltySeconds": 2}})
    changes = {
        "direction": "CLOCKWISE",
        "max_laps": 4,
        "max_minutes": 9,
        "max_submissions": 7,
        "off_track_penalty_s": 3.0,
        "collision_penalty_s": 4.0,
        "description": "New.",
    }
    sent = edited(race, replace(race.draft, **changes))
    assert sent["Definition"]["TrackFeatures"] == {"Direction": "CLOCKWISE"}
    assert sent["Definition"]["Description"] == "New."
    assert sent["RaceConfig"]["TerminationConditions"] == {"MaxTimeInMinutes": 9, "MaxLaps": 4}
    assert sent["RaceConfig"]["SubmissionsPerUser"] == 7
    assert sent["RaceConfig"]["ResettingBehavior"] == {
        "PenaltySeconds": 2,
        "OffTrackPenaltySeconds": 3.0,
        "CollisionPenaltySeconds": 4.0,
    }


def test_an_edit_keeps_the_type_of_a_race_whose_configuration_the_service_does_not_tell() -> None:
    for kind in ("HEAD_TO_HEAD_RACING", "RELAY"):
        race = race_of({**TRACKED, "RaceType": kind})
        assert edited(race, race.draft)["RaceConfig"]["RaceTypeConfig"] == {"RaceType": kind}


def test_an_emptied_description_is_sent_empty() -> None:
    race = race_of({**TRACKED, **RULES})
    assert edited(race, replace(race.draft, description=""))["Definition"]["Description"] == ""


BOTS = {
    "HeadToHeadType": "BOT_VEHICLE",
    "NumBotCars": 3,
    "BotCarSpeed": 0.6,
    "EnableLaneChange": True,
    "LowerLaneChangeTime": 3,
    "UpperLaneChangeTime": 5,
    "SomeObstacleMember": {"Positions": [0.2, 0.4]},
}


def test_a_head_to_head_race_is_closed_over_the_wire_and_keeps_its_bots_whole(
    world: WorldHandle, racing: ManagedDeepRacer
) -> None:
    """The names of its obstacle and policy-model members are not publicly known, so none may get lost (1.4)."""
    caller = RawCaller(world)
    kind = {"RaceType": "HEAD_TO_HEAD_RACING", "HeadToHead": BOTS}
    caller.call("CreateLeaderboard", **raw_race(world.world.clock.now(), RaceTypeConfig=kind))
    world.advance(600)
    (race,) = racing.races()
    assert race.draft.race_type == "HEAD_TO_HEAD_RACING"
    closed = racing.close_race(race.id)
    assert closed.status(world.world.clock.now()) is RaceStatus.CLOSED
    assert closed.raw["HeadToHeadConfig"] == BOTS
    service: Any = world.world.services["managed"]
    assert service.account.races[race.id].config["RaceTypeConfig"] == kind
    caller.http.close()


def test_closing_a_race_over_the_wire_changes_nothing_but_its_end(world: WorldHandle, racing: ManagedDeepRacer) -> None:
    caller = RawCaller(world)
    made = raw_race(world.world.clock.now(), private=False)
    made["Definition"]["Division"] = "PRO"
    caller.call("CreateLeaderboard", **made)
    caller.http.close()
    world.advance(600)
    (race,) = racing.races()
    racing.close_race(race.id)
    service: Any = world.world.services["managed"]
    kept = service.account.races[race.id]
    assert kept.definition == {**made["Definition"], "CloseTime": kept.definition["CloseTime"]}
    assert kept.config == {**made["RaceConfig"], "Moderated": False}


@pytest.mark.parametrize("answer", [b"{}", b'{"NextToken": null}', b'{"message": "OK"}'])
@pytest.mark.parametrize(
    "read",
    [
        lambda racing: list(racing.profiles()),
        lambda racing: list(racing.models(["u1", "u2"])),
        lambda racing: racing.races(),
        lambda racing: racing.participants("r"),
    ],
    ids=["profiles", "models", "races", "participants"],
)
def test_an_answer_without_the_list_that_every_answer_has_is_never_read_as_nothing(
    answer: bytes, read: Callable[[ManagedDeepRacer], object]
) -> None:
    with answering(200, answer) as racing, pytest.raises(Unavailable, match=r"^[A-Z].*\.$"):
        read(racing)


@pytest.mark.parametrize("read", [lambda racing: racing.tracks(), lambda racing: list(racing.standings("r"))])
def test_lists_that_may_be_left_out_are_empty_without_it(read: Callable[[ManagedDeepRacer], object]) -> None:
    with answering(200, b"{}") as racing:
        assert read(racing) == []


@pytest.mark.parametrize("tokens", [["A", "A"], ["A", "B", "A"], ["A", "B", "C", "B"]])
def test_a_list_that_goes_round_in_circles_ends(monkeypatch: pytest.MonkeyPatch, tokens: list[str]) -> None:
    client = ManagedClient(access_key_id="a", secret_access_key="b")
    answers = iter([{"Tracks": [{"TrackArn": token}], "NextToken": token} for token in tokens])
    monkeypatch.setattr(client, "call", lambda operation, **members: next(answers))
    with pytest.raises(Unavailable, match="repeats the same page of ListTracks: try again later"):
        list(client.walk("ListTracks", "Tracks"))


@pytest.mark.parametrize("params", [{}, {"json": True}])
def test_a_firewall_in_the_way_is_named_and_its_page_is_never_shown(
    world: WorldHandle, racing: ManagedDeepRacer, people: list[str], params: dict[str, Any]
) -> None:
    world.control("POST", "counters/reset")
    world.arm("managed", "waf", params=params)
    for attempt in (lambda: racing.account(), lambda: list(racing.sponsor(people, active=False))):
        with pytest.raises(AccessDenied, match=r"^A proxy, a firewall or .* ask IT to let .*\.$") as failure:
            attempt()
        assert "<" not in failure.value.sentence
        assert failure.value.code == BETWEEN
    assert world.counters()["by_operation"] == {"managed.AdminGetAccountConfig": 1, "managed.AdminManageUser": 1}


@contextlib.contextmanager
def answering(status: int, body: bytes) -> Iterator[ManagedDeepRacer]:
    """Something that is not the service answers every call with this."""

    class Wall(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Wall) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        client = ManagedClient(
            endpoint_url=url, access_key_id="a", secret_access_key="b", sleep=Naps(), reach=Reach.PRACTICE
        )
        yield ManagedDeepRacer(client)
        client.close()
        server.shutdown()
        thread.join(300)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, "<h1>Accesso proibito è</h1>".encode("latin-1"), AccessDenied),
        (403, b'"Forbidden"', AccessDenied),
        (403, b'{"__type": "ForbiddenException", "message": "<b>no</b>"}', AccessDenied),
        (200, b"<html>Please sign in to the guest network</html>", AccessDenied),
        (404, b"<html>Not here</html>", AccessDenied),
        (502, b"<html>Bad gateway</html>", Unavailable),
    ],
)
def test_whatever_answers_in_place_of_the_service_is_a_failure_with_a_sentence(
    status: int, body: bytes, kind: type[ServiceError]
) -> None:
    with answering(status, body) as racing, pytest.raises(kind, match=r"^[A-Z].*\.$") as failure:
        racing.set_multi_user_mode(True)
    assert "<" not in failure.value.sentence


def test_the_service_model_has_the_members_that_the_contract_names() -> None:
    model = ManagedClient(access_key_id="a", secret_access_key="b")._client.meta.service_model
    expected = {
        "Features": {"Theme", "RacingDivisionEnabled", "Playoff", "AttachedRewards", "CountryStatsEnabled"},
        "Leaderboard": {"StartTime", "EndTime", "ModerateConfig", "EventResourceConfig", "HeadToHeadConfig"},
        "ListLeaderboardSubmissionsOutput": {"LeaderboardSubmissions", "LeagueTopRacers", "NextToken"},
        "Model": {"Error", "CarArn"},
        "HeadToHead": {"HeadToHeadType", "LowerLaneChangeTime", "UpperLaneChangeTime"},
    }
    for name, members in expected.items():
        assert members <= set(model.shape_for(name).members), name
    assert set(model.shape_for("TrainingJob").required_members) == {"JobArn", "ActivityJob", "Config", "Metrics"}
    assert set(model.shape_for("ActivityJob").required_members) == {"Status", "CreationTime", "StartTime"}


def test_members_whose_shape_is_not_known_are_passed_on_as_they_stand() -> None:
    reply = b'{"LeaderboardSubmissions": [], "LeagueTopRacers": [{"Alias": "ada"}, 3]}'
    with answering(200, reply) as racing:
        answer = racing._client.call("ListLeaderboardSubmissions", LeaderboardArn="arn")
    assert answer["LeagueTopRacers"] == [{"Alias": "ada"}, 3]
