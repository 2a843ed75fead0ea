"""DeepRacer on AWS in the practice world: its own troubles, staged where they happen."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.clock import SystemClock
from deepracer_admin.errors import AccessDenied, CredentialsExpired, NotThere, Refused, Throttled, Unavailable
from deepracer_admin.flows.engine.pacing import Pacer
from deepracer_admin.model import Invitee, Quota, State
from deepracer_admin.store.sqlite import open_event_store
from tests.practice import WorldHandle
from tests.racing.test_on_aws_contract import OnAwsBench, connect, opened
from tests.racing.worlds import in_world, kept_world


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world"), version="1.3.1") as world:
        yield world


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world"), version="1.2.5") as world:
        yield world


@pytest.fixture
def bench(newest: WorldHandle) -> Iterator[OnAwsBench]:
    with opened(newest, staff_emails=["frank.facilitator@example.com"], mail_cap=200) as bench:
        yield bench


@pytest.fixture
def older(oldest: WorldHandle) -> Iterator[OnAwsBench]:
    with opened(oldest, mail_cap=200) as bench:
        yield bench


def state_of(bench: OnAwsBench) -> Any:
    return bench.world.world.services["deepracer"].site.state  # type: ignore[attr-defined]


def organizer(bench: OnAwsBench) -> Any:
    return state_of(bench).find_user("organizer@example.com")


def test_the_deployment_names_itself_a_rehearsal(bench: OnAwsBench) -> None:
    account = bench.service.connect()
    assert bench.service.practice_world
    assert account.version.lstrip("v") == "1.3.1"
    assert account.signed_in_as == "organizer@example.com"


def test_listing_takes_one_call_per_hundred_profiles(bench: OnAwsBench) -> None:
    bench.profiles(198)
    bench.world.control("POST", "counters/reset")
    listed = list(bench.service.profiles())
    calls = bench.world.counters()["by_operation"]["deepracer.ListProfiles"]
    assert len(listed) == 200
    assert calls in (2, 3)


def test_a_firewall_that_blocks_us_is_named(bench: OnAwsBench) -> None:
    bench.service.account()
    bench.world.arm("deepracer", "waf", count=1)
    with pytest.raises(AccessDenied, match=r"allow rule .*DeepRacer-Organizer-Console/"):
        bench.service.account()


def test_a_firewall_for_browsers_alone_lets_us_through_with_its_allow_rule(bench: OnAwsBench) -> None:
    fault = bench.world.arm("deepracer", "bot_control", params={"mode": "non_browser", "allow": []})
    with pytest.raises(AccessDenied, match="allow rule"):
        bench.service.connect()
    bench.world.disarm(fault)
    allowed = {"mode": "non_browser", "allow": ["DeepRacer-Organizer-Console/"]}
    bench.world.arm("deepracer", "bot_control", params=allowed)
    assert bench.service.connect().signed_in_as


def test_credentials_that_end_in_the_middle_are_renewed_unseen(bench: OnAwsBench) -> None:
    ids = bench.profiles(20)
    bench.world.control("POST", "counters/reset")
    bench.world.arm("deepracer", "expired_credentials", count=1)
    outcomes = list(bench.service.set_quotas([(each, Quota(60, 1)) for each in ids]))
    assert {outcome.state for outcome in outcomes} == {State.DONE}
    assert bench.world.counters()["by_operation"]["deepracer.UpdateProfile"] == 21


def test_credentials_that_no_longer_work_at_all_pause_with_a_sentence(bench: OnAwsBench) -> None:
    ids = bench.profiles(3)
    bench.world.arm("deepracer", "expired_credentials")
    with pytest.raises(CredentialsExpired, match="set-up"):
        list(bench.service.set_quotas([(each, Quota(60, 1)) for each in ids]))


def test_a_demoted_organizer_is_told_and_a_promoted_one_goes_on(bench: OnAwsBench) -> None:
    bench.service.account()
    in_world(bench.world, lambda: organizer(bench).groups.remove("dr-admins"))
    with pytest.raises(AccessDenied, match="dr-admins"):
        list(bench.service.profiles())
    with pytest.raises(AccessDenied, match="dr-admins"):
        bench.service.account()
    in_world(bench.world, lambda: organizer(bench).groups.append("dr-admins"))
    assert bench.service.account().signed_in_as == "organizer@example.com"


def test_staff_keep_their_role_and_their_place_when_they_are_on_the_list(bench: OnAwsBench) -> None:
    staff = next(user for user in state_of(bench).users.values() if "dr-race-facilitators" in user.groups)
    bench.service = connect(bench.world, staff_emails=[staff.email.upper()])[0]
    crowd = [*bench.people(6), Invitee("staff", staff.email, "Staff"), Invitee("own", "organizer@example.com", "Own")]
    outcomes = {outcome.person: outcome for outcome in bench.service.invite(crowd, token="staff-1")}
    bench.settle()
    assert outcomes["staff"].state is outcomes["own"].state is State.REFUSED
    assert list(staff.groups) == ["dr-race-facilitators"]
    assert "dr-racers" not in organizer(bench).groups
    assert bench.world.truth()["profiles"] == 6
    bench.service.close()


def test_the_default_senders_cap_is_learned_and_the_list_cut_again(bench: OnAwsBench) -> None:
    bench.world.arm("deepracer", "default_sender")
    people = bench.people(60)
    outcomes = list(bench.service.invite(people, token="cap-1"))
    assert {(each.state, each.reason) for each in outcomes} == {(State.RETRY, "recut")}
    assert [len(chunk) for chunk in bench.service.chunk_invites(people)] == [50, 10]
    assert bench.world.truth()["profiles"] == 0


def test_two_hundred_with_names_get_through_the_firewall_in_chunks(bench: OnAwsBench) -> None:
    people = [
        Invitee(f"k{n}", f"a.person.with.a.long.name.{n:03d}@department.example.com", f"Racer-{n:03d}")
        for n in range(200)
    ]
    chunks = bench.service.chunk_invites(people)
    assert len(chunks) > 1
    for number, chunk in enumerate(chunks):
        bench.service.invite(chunk, token=f"long-{number}")
        bench.settle()
    found = {profile.email: profile.alias for profile in bench.service.profiles()}
    assert [found[person.email] for person in people] == [person.alias for person in people]


def test_a_second_job_waits_for_the_first(bench: OnAwsBench) -> None:
    bench.world.arm("deepracer", "bulk_stall", count=1)
    assert {each.state for each in bench.service.invite(bench.people(5), token="one")} == {State.WAITING}
    outcomes = bench.service.invite(bench.people(5), token="two")
    assert {(each.state, each.reason) for each in outcomes} == {(State.RETRY, "busy")}


def test_the_same_token_never_invites_twice(bench: OnAwsBench) -> None:
    people = bench.people(6)
    bench.world.arm("deepracer", "lost_answer", operation="BulkInviteUser", count=2)
    (job,) = {outcome.ref for outcome in bench.service.invite(people, token="same")}
    bench.settle()
    (again,) = {outcome.ref for outcome in bench.service.invite(people, token="same")}
    assert again == job
    truth = bench.world.truth()
    assert (truth["profiles"], truth["cognito_mails"]) == (6, 6)


def test_a_row_that_fails_is_told_and_the_others_are_in(bench: OnAwsBench) -> None:
    people = bench.people(6)
    bench.world.arm("deepracer", "row_fails", count=1)
    (job,) = {outcome.ref for outcome in bench.service.invite(people, token="rows")}
    bench.settle()
    progress = bench.service.invite_progress(job, people)
    assert sorted(each.state for each in progress.outcomes) == [State.DONE] * 5 + [State.RETRY]
    assert bench.world.truth()["profiles"] == 5


def test_mails_that_are_used_up_are_named_one_person_at_a_time(older: OnAwsBench) -> None:
    older.world.arm("deepracer", "mail_quota", count=2)
    outcomes = list(older.service.invite(older.people(10), token="t"))
    short = [outcome for outcome in outcomes if outcome.state is State.RETRY]
    assert len(short) == 2
    assert all("SES" in each.sentence and each.retry_after == 3600.0 for each in short)
    assert older.world.truth()["profiles"] == 8


def test_a_lost_answer_to_an_invitation_is_unknown_and_mails_once(older: OnAwsBench) -> None:
    people = older.people(6)
    older.world.arm("deepracer", "lost_answer", operation="CreateProfile", count=2)
    outcomes = list(older.service.invite(people, token="t"))
    assert sorted(each.state for each in outcomes) == [State.DONE] * 4 + [State.UNKNOWN] * 2
    truth = older.world.truth()
    assert (truth["profiles"], truth["cognito_mails"]) == (6, 6)
    again = list(older.service.invite(people, token="t"))
    assert {outcome.state for outcome in again} == {State.ALREADY}
    assert older.world.truth()["cognito_mails"] == 6


def test_models_that_were_only_half_deleted_show_in_the_read_back(bench: OnAwsBench) -> None:
    (profile,) = bench.profiles(1)
    bench.train(profile)
    bench.train(profile)
    bench.world.arm("deepracer", "half_done", count=1)
    (outcome,) = bench.service.delete_models([profile])
    assert outcome.state is State.DONE
    assert len(list(bench.service.models([profile]))) == 1
    list(bench.service.delete_models([profile]))
    assert list(bench.service.models([profile])) == []


def test_a_settings_conflict_is_waited_out(bench: OnAwsBench) -> None:
    bench.world.arm("deepracer", "settings_conflict", count=1)
    assert bench.service.set_new_profile_quota(Quota(300, 5)) == Quota(300, 5)


def test_the_new_quota_is_what_newcomers_get(bench: OnAwsBench) -> None:
    bench.service.set_new_profile_quota(Quota(300, 5))
    (profile,) = bench.profiles(1)
    assert next(each for each in bench.service.profiles() if each.id == profile).quota == Quota(300, 5)


def test_an_overloaded_user_pool_is_survived_by_reads_and_limits(bench: OnAwsBench) -> None:
    ids = bench.profiles(3)
    bench.world.arm("deepracer", "identity_lookup", count=3)
    assert set(ids) <= {profile.id for profile in bench.service.profiles()}
    bench.world.arm("deepracer", "role_check", count=2)
    outcomes = list(bench.service.set_quotas([(each, Quota(60, 1)) for each in ids]))
    assert {outcome.state for outcome in outcomes} == {State.DONE}


def test_a_console_user_that_was_deleted_is_told_what_to_do(bench: OnAwsBench) -> None:
    bench.service.account()
    bench.world.arm("deepracer", "profile_deleted")
    with pytest.raises(Unavailable, match="another administrator"):
        bench.service.account()


def test_a_page_token_that_dies_ends_the_listing_with_an_error(bench: OnAwsBench) -> None:
    bench.profiles(110)
    bench.world.arm("deepracer", "expired_token")
    with pytest.raises(Unavailable):
        list(bench.service.profiles())


def test_an_invitation_is_sent_again_and_not_after_it_was_accepted(bench: OnAwsBench) -> None:
    (profile,) = bench.profiles(1)
    bench.service.resend_invite(profile)
    assert bench.world.truth()["cognito_mails"] == 2
    in_world(bench.world, lambda: bench.garage.accept(profile))
    with pytest.raises(Refused, match="already accepted"):
        bench.service.resend_invite(profile)
    with pytest.raises(NotThere):
        bench.service.resend_invite(bench.unknown_id)


def test_many_threads_share_one_sign_in(bench: OnAwsBench) -> None:
    lengths: list[int] = []

    def read() -> None:
        lengths.append(len(list(bench.service.profiles())))

    threads = [threading.Thread(target=read) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert lengths == [2] * 24
    assert bench.world.counters()["by_operation"]["cognito-idp.InitiateAuth"] == 1
    assert bench.world.counters()["by_operation"]["cognito-identity.GetCredentialsForIdentity"] == 1


def test_a_role_replaces_the_former_one_and_the_consoles_own_user_keeps_its_own(bench: OnAwsBench) -> None:
    (profile,) = bench.profiles(1)
    for role in ("dr-race-facilitators", "dr-commentators", "dr-racers"):
        bench.service.set_role(profile, role)
        assert list(state_of(bench).users[profile].groups) == [role]
    with pytest.raises(Refused, match="must stay an administrator"):
        bench.service.set_role(organizer(bench).username, "dr-racers")
    assert list(organizer(bench).groups) == ["dr-admins"]
    with pytest.raises(Refused, match="refused a value"):
        bench.service.set_role(profile, "dr-emperors")
    with pytest.raises(Unavailable, match="no such user any more"):
        bench.service.set_role("ZZZZZZZZZZZZZZZ", "dr-racers")


def test_roles_of_1_3_are_not_offered_before_it(older: OnAwsBench) -> None:
    assert older.service.account().roles == ("dr-racers", "dr-race-facilitators", "dr-admins")
    (profile,) = older.profiles(1)
    with pytest.raises(Refused, match="refused a value"):
        older.service.set_role(profile, "dr-commentators")


def test_two_processes_share_the_firewalls_limit(oldest: WorldHandle, older: OnAwsBench, tmp_path: Path) -> None:
    """Each has an adapter and a pacer of its own; only the store is one. The practice firewall counts for itself."""
    (profile,) = older.profiles(1)
    store = open_event_store(tmp_path / "events.sqlite", "rehearsal")
    answers: list[str] = []
    for _ in range(2):
        pacer = Pacer(store, SystemClock())
        adapter, _ = connect(oldest, pace=lambda limit, pacer=pacer: 0.0 if pacer.take(limit) else 1 / limit.rate)
        for _ in range(60):
            try:
                list(adapter.models([profile]))
                answers.append("read")
            except Throttled as error:
                answers.append(error.code)
        adapter.close()
    store.close()
    assert answers[:40] == ["read"] * 40
    assert set(answers) == {"read", "admin_rule"}
    assert answers.count("read") < 45, "one bucket for both, which fills by one every six seconds"
