"""Who is in the group: the practice tenant's group, over HTTP."""

import uuid
from collections.abc import Callable

import httpx
import jwt
import pytest

from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.tokens import GUEST_SCOPE
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    CredentialsExpired,
    LostAnswer,
    NotAllowed,
    NotThere,
    Refused,
    Unavailable,
    Unreachable,
)
from deepracer_admin.model import Found, Invitee, State
from tests.directory.conftest import Cupboard, Naps
from tests.practice import WorldHandle

PORTAL = "https://portal.example.com"
GINA = [Invitee("k1", "guest.gina@example.org", "", "Gina Guest")]


def people(entra: Entra, count: int, name: str = "racer") -> list[str]:
    found = entra.resolve([f"{name}{n}@example.com" for n in range(count)])
    return [r.person_id for r in found.values()]


def states(outcomes: object) -> dict[str, State]:
    return {o.person: o.state for o in outcomes}  # type: ignore[attr-defined]


def test_people_are_added_twenty_at_a_time_and_read_back(entra: Entra, practice: WorldHandle, group: str) -> None:
    ids = people(entra, 45)
    assert states(entra.add(group, ids)) == dict.fromkeys(ids, State.DONE)
    assert entra.members(group) == set(ids)
    assert practice.counters()["by_operation"]["graph.AddMembers"] == 3
    assert "graph.AddMember" not in practice.counters()["by_operation"]


def test_adding_everybody_again_changes_nothing_and_says_already(entra: Entra, group: str) -> None:
    ids = people(entra, 25)
    list(entra.add(group, ids))
    assert states(entra.add(group, ids)) == dict.fromkeys(ids, State.ALREADY)
    assert entra.members(group) == set(ids)


def test_one_refused_person_does_not_hold_back_the_other_nineteen(entra: Entra, group: str) -> None:
    ids = people(entra, 18)
    list(entra.add(group, ids[:1]))
    nobody = str(uuid.uuid4())
    outcomes = {o.person: o for o in entra.add(group, [*ids, nobody, "not-an-id"])}
    assert outcomes[ids[0]].state == State.ALREADY
    assert {outcomes[i].state for i in ids[1:]} == {State.DONE}
    assert (outcomes[nobody].state, outcomes[nobody].reason) == (State.RETRY, "not_in_directory")
    assert "the console asks again" in outcomes[nobody].sentence
    assert (outcomes["not-an-id"].state, outcomes["not-an-id"].reason) == (State.REFUSED, "not_an_id")
    assert entra.members(group) == set(ids)


def test_a_guest_made_moments_ago_is_retried_and_then_added(entra: Entra, practice: WorldHandle, group: str) -> None:
    lag = practice.arm("graph", "replication_lag", params={"users_s": 0.3, "members_s": 0})
    (invited,) = (each.outcome for each in entra.invite(GINA, redirect_url=PORTAL))
    (early,) = entra.add(group, [invited.ref])
    assert early.state == State.RETRY
    assert early.retry_after is not None
    practice.disarm(lag)
    for _ in range(100):
        (later,) = entra.add(group, [invited.ref])
        if later.state == State.DONE:
            break
    assert entra.members(group) == {invited.ref}


def test_membership_is_what_the_listing_says_not_what_the_answer_said(
    entra: Entra, practice: WorldHandle, group: str
) -> None:
    practice.arm("graph", "replication_lag", params={"members_s": 3600})
    ids = people(entra, 3)
    assert states(entra.add(group, ids)) == dict.fromkeys(ids, State.DONE)
    assert entra.members(group) == set()


def test_a_thousand_and_more_members_are_paged_through(entra: Entra, practice: WorldHandle, group: str) -> None:
    ids = people(entra, 1100)
    assert set(states(entra.add(group, ids)).values()) == {State.DONE}
    assert entra.members(group) == set(ids)
    assert practice.counters()["by_operation"]["graph.ListMembers"] == 2


def test_people_leave_the_group_and_never_the_directory(entra: Entra, practice: WorldHandle, group: str) -> None:
    ids = people(entra, 30)
    list(entra.add(group, ids[:25]))
    outcomes = states(entra.remove(group, ids))
    assert [outcomes[i] for i in ids] == [State.DONE] * 25 + [State.ALREADY] * 5
    assert entra.members(group) == set()
    assert practice.truth()["users_deleted"] == 0
    assert "graph.DeleteMemberObject" not in practice.counters()["by_operation"]
    assert "graph.DeleteUser" not in practice.counters()["by_operation"]
    assert {r.found for r in entra.resolve([f"racer{n}@example.com" for n in range(30)]).values()} == {Found.ONE}


@pytest.mark.parametrize("fault", ["drop", "lost_answer", "error_5xx", "throttle"])
@pytest.mark.parametrize("operation", ["AddMembers", "ListMembers", "GetGroup"])
def test_a_bad_moment_while_adding_ends_with_everybody_in(
    entra: Entra, practice: WorldHandle, group: str, fault: str, operation: str
) -> None:
    ids = people(entra, 40)
    practice.arm("graph", fault, operation=operation, count=1)
    outcomes = states(entra.add(group, ids))
    assert all(state.is_done for state in outcomes.values())
    assert entra.members(group) == set(ids)


def test_a_throttled_removal_is_repeated_for_the_throttled_alone(
    entra: Entra, practice: WorldHandle, group: str, naps: Naps
) -> None:
    ids = people(entra, 20)
    list(entra.add(group, ids))
    practice.arm("graph", "throttle", operation="RemoveMember", count=4, params={"retry_after": 3})
    assert set(states(entra.remove(group, ids)).values()) == {State.DONE}
    assert practice.counters()["by_operation"]["graph.RemoveMember"] == 24
    assert len(naps.slept) == 1
    assert naps.slept[0] >= 3


def test_who_is_still_throttled_in_the_end_is_retried_later_and_the_rest_is_done(
    entra: Entra, practice: WorldHandle, group: str, naps: Naps
) -> None:
    ids = people(entra, 3)
    list(entra.add(group, ids))
    practice.arm("graph", "throttle", operation="RemoveMember", count=1, params={"retry_after": 900})
    outcomes = list(entra.remove(group, ids))
    late = [o for o in outcomes if o.state == State.RETRY]
    assert [(o.retry_after, o.reason) for o in late] == [(900.0, "TooManyRequests")]
    assert sorted(o.state for o in outcomes if o not in late) == [State.DONE, State.DONE]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("dynamic", "follow a rule"),
        ("role_assignable", "directory roles"),
        ("on_premises", "synced"),
        ("distribution", "mail-enabled"),
        ("mail_security", "mail-enabled"),
        ("unified", "mail-enabled"),
    ],
)
def test_groups_that_the_console_must_not_manage_are_refused_before_anything_is_sent(
    entra: Entra, practice: WorldHandle, group: str, kind: str, reason: str
) -> None:
    other = str(uuid.uuid5(uuid.UUID(group), kind))
    assert reason in entra.group(other).refusal
    for change in (entra.add, entra.remove):
        with pytest.raises(Refused, match=reason):
            list(change(other, people(entra, 1)))
    assert practice.counters()["writes"] == {}


def test_a_rehearsal_names_itself_and_the_real_service_does_not(entra: Entra, naps: Naps) -> None:
    assert entra.practice_world is True
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"id": "1"})), timeout=300)
    assert Entra("https://graph.microsoft.com/v1.0", lambda: "token", http=http, patience=naps).practice_world is False
    http.close()


def test_the_event_group_may_be_managed(entra: Entra, group: str) -> None:
    found = entra.group(group.upper())
    assert (found.id, found.name, found.refusal) == (group, "DeepRacer Event", "")


def test_a_group_that_does_not_exist_is_named_as_a_setting(entra: Entra) -> None:
    with pytest.raises(NotThere, match="check the event group in the settings"):
        entra.add(str(uuid.uuid4()), [])
    with pytest.raises(BadSettings, match="Object ID"):
        entra.members("DeepRacer Event")


def test_only_the_events_own_group_may_be_touched(practice: WorldHandle, group: str) -> None:
    entra = Entra(practice.endpoints["graph"]["url"], lambda: "unused", only_group=group, reach=Reach.PRACTICE)
    with pytest.raises(NotAllowed, match="event's own group"):
        entra.members(str(uuid.uuid4()))
    entra.close()


def test_the_organizer_owns_the_group_and_a_viewer_does_not(
    practice: WorldHandle, group: str, sign_in: Callable, entra: Entra, naps: Naps
) -> None:
    (ada,) = people(entra, 1, "ada")
    url = practice.endpoints["graph"]["url"]
    organizer = Entra(url, sign_in("organizer").tokens, patience=naps, reach=Reach.PRACTICE)
    assert states(organizer.add(group, [ada])) == {ada: State.DONE}
    viewer = Entra(url, sign_in("viewer").tokens, patience=naps, reach=Reach.PRACTICE)
    with pytest.raises(AccessDenied, match="owner of the group"):
        list(viewer.remove(group, [ada]))
    assert organizer.members(group) == {ada}
    organizer.close()
    viewer.close()


def test_a_token_that_died_early_is_renewed_once(
    practice: WorldHandle, group: str, sign_in: Callable, naps: Naps
) -> None:
    cupboard = sign_in("organizer")
    organizer = Entra(practice.endpoints["graph"]["url"], cupboard.tokens, patience=naps, reach=Reach.PRACTICE)
    practice.arm("graph", "expired_token", count=1)
    assert organizer.members(group) == set()
    assert practice.counters()["by_operation"]["entra.Token.refresh_token"] == 1
    practice.arm("graph", "expired_token")
    with pytest.raises(CredentialsExpired, match="must sign in again"):
        organizer.members(group)
    assert practice.counters()["by_operation"]["entra.Token.refresh_token"] == 2
    organizer.close()


def test_guests_are_invited_without_microsofts_mail_and_come_back_with_a_link(
    entra: Entra, practice: WorldHandle
) -> None:
    guests = [
        Invitee("k1", "guest.gina@example.org", "gina", "Gina Guest"),
        Invitee("k2", "not-an-address", ""),
        Invitee("k3", "ada@example.com", ""),
    ]
    entra.resolve(["ada@example.com"])
    invited = [*entra.invite(guests, redirect_url=PORTAL)]
    outcomes = {each.outcome.person: each.outcome for each in invited}
    assert outcomes["k1"].state == State.DONE
    assert invited[0].link.startswith("http")
    assert [invited[0].link in text for text in (repr(invited), outcomes["k1"].sentence)] == [False, False]
    assert outcomes["k2"].state == State.REFUSED
    assert outcomes["k3"].state == State.ALREADY
    found = entra.resolve(["guest.gina@example.org", "ada@example.com"])
    assert found["guest.gina@example.org"].found == Found.GUEST_PENDING
    assert found["guest.gina@example.org"].person_id == outcomes["k1"].ref
    assert found["ada@example.com"].person_id == outcomes["k3"].ref


def test_inviting_needs_its_own_scope(entra: Entra, practice: WorldHandle) -> None:
    practice.arm("entra", "withhold_scopes", params={"scopes": ["User.Invite.All"]})
    with pytest.raises(AccessDenied, match=r"User\.Invite\.All"):
        list(entra.invite(GINA, redirect_url=PORTAL))


def test_a_guest_who_is_invited_again_is_the_same_guest_with_another_link(entra: Entra, practice: WorldHandle) -> None:
    (first,), (second,) = (list(entra.invite(GINA, redirect_url=PORTAL)) for _ in range(2))
    assert first.outcome.ref == second.outcome.ref
    assert first.link != second.link
    assert (practice.truth()["guests"], practice.truth()["invitation_mails"]) == (1, 0)


def test_an_invitation_whose_answer_is_lost_is_not_sent_again(entra: Entra, practice: WorldHandle, naps: Naps) -> None:
    practice.arm("graph", "lost_answer", operation="InviteBatch", count=1)
    told = []
    with pytest.raises(LostAnswer):
        told += [each.outcome for each in entra.invite(GINA, redirect_url=PORTAL)]
    assert naps.slept == []
    assert practice.counters()["by_operation"]["graph.Invite"] == 1
    assert practice.truth()["guests"] == 1
    told.clear()
    stopped = entra.invite([*GINA, *GINA], redirect_url=PORTAL)
    assert [each.outcome.state for each in stopped] == [State.DONE, State.DONE]


@pytest.mark.parametrize(("fault", "invited"), [("throttle", 2), ("error_5xx", 1)])
def test_only_an_invitation_that_was_surely_not_taken_is_sent_again(
    entra: Entra, practice: WorldHandle, fault: str, invited: int
) -> None:
    practice.arm("graph", fault, operation="Invite", count=1)
    (told,) = entra.invite(GINA, redirect_url=PORTAL)
    expected = (State.DONE, "invited") if fault == "throttle" else (State.RETRY, "lost_answer")
    assert (told.outcome.state, told.outcome.reason) == expected
    assert practice.counters()["by_operation"]["graph.Invite"] == invited


def test_the_right_to_invite_is_asked_for_only_to_invite(
    practice: WorldHandle, sign_in: Callable[..., Cupboard], naps: Naps
) -> None:
    cupboard = sign_in("organizer", guests=False)
    plain, wide = cupboard.tokens, cupboard.tokens.also(GUEST_SCOPE)
    scopes = jwt.decode(plain(), options={"verify_signature": False})["scp"]
    assert GUEST_SCOPE not in scopes
    organizer = Entra(practice.endpoints["graph"]["url"], plain, invite_token=wide, patience=naps, reach=Reach.PRACTICE)
    (told,) = organizer.invite(GINA, redirect_url=PORTAL)
    assert told.outcome.state is State.DONE
    unable = Entra(practice.endpoints["graph"]["url"], plain, patience=naps, reach=Reach.PRACTICE)
    with pytest.raises(AccessDenied, match=r"grant User\.Invite\.All"):
        list(unable.invite(GINA, redirect_url=PORTAL))
    unable.close()
    organizer.close()


def test_a_right_that_nobody_consented_to_is_named_and_the_rest_goes_on(
    practice: WorldHandle, sign_in: Callable[..., Cupboard], naps: Naps, group: str
) -> None:
    cupboard = sign_in("organizer", guests=False)
    practice.arm("entra", "withhold_scopes", params={"scopes": [GUEST_SCOPE]})
    wide = cupboard.tokens.also(GUEST_SCOPE)
    organizer = Entra(
        practice.endpoints["graph"]["url"], cupboard.tokens, invite_token=wide, patience=naps, reach=Reach.PRACTICE
    )
    with pytest.raises(AccessDenied, match=r"does not hold User\.Invite\.All"):
        list(organizer.invite(GINA, redirect_url=PORTAL))
    assert organizer.members(group) == set()
    organizer.close()


def test_a_directory_that_is_down_is_told_after_some_patience(
    entra: Entra, practice: WorldHandle, group: str, naps: Naps
) -> None:
    entra.members(group)
    practice.arm("graph", "down")
    with pytest.raises(Unreachable, match="network"):
        entra.members(group)
    assert len(naps.slept) == naps.attempts - 1
    assert naps.slept == sorted(naps.slept)


def test_a_directory_with_a_problem_of_its_own_is_told(entra: Entra, practice: WorldHandle, group: str) -> None:
    practice.arm("graph", "error_5xx", operation="ListMembers")
    with pytest.raises(Unavailable):
        entra.members(group)


def test_a_write_whose_answers_are_all_lost_is_a_lost_answer(entra: Entra, practice: WorldHandle, group: str) -> None:
    ids = people(entra, 1)
    practice.arm("graph", "lost_answer", operation="AddMembers")
    with pytest.raises(LostAnswer):
        list(entra.add(group, ids))
    practice.disarm()
    assert entra.members(group) == set(ids)


def test_a_listing_that_leads_elsewhere_or_in_circles_is_not_followed(naps: Naps) -> None:
    asked: list[str] = []
    links = {"away": "https://elsewhere.example/v1.0/steal", "circle": "https://graph.microsoft.com/v1.0/again"}
    group = str(uuid.uuid4())

    def entra_with(link: str) -> Entra:
        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.host)
            return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

        http = httpx.Client(transport=httpx.MockTransport(answer), timeout=300)
        return Entra("https://graph.microsoft.com/v1.0", lambda: "token", http=http, patience=naps)

    with pytest.raises(Refused, match="another server"):
        entra_with(links["away"]).members(group)
    assert asked == ["graph.microsoft.com"]
    with pytest.raises(Unavailable, match="does not end"):
        entra_with(links["circle"]).members(group)
    assert asked == ["graph.microsoft.com"] * 3


def test_already_a_member_is_understood_in_any_language(naps: Naps) -> None:
    """The phrase of the refusal may be translated; then the listing decides."""
    member, other = str(uuid.uuid4()), str(uuid.uuid4())
    group = str(uuid.uuid4())
    refusal = {"error": {"code": "Request_BadRequest", "message": "Der Verweis ist bereits vorhanden."}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            return httpx.Response(400, json=refusal)
        if request.url.path.endswith("/$batch"):
            parts = [{"id": i, "status": 400, "body": refusal} for i in ("0", "1")]
            return httpx.Response(200, json={"responses": parts})
        if "/members/" in request.url.path:
            return httpx.Response(200, json={"value": [{"id": member.upper()}]})
        return httpx.Response(200, json={"id": group, "displayName": "G"})

    http = httpx.Client(transport=httpx.MockTransport(answer), timeout=300)
    entra = Entra("https://graph.microsoft.com/v1.0", lambda: "token", http=http, patience=naps)
    outcomes = {o.person: o for o in entra.add(group, [member, other])}
    assert outcomes[member].state == State.ALREADY
    assert outcomes[other].state == State.REFUSED
    assert "bereits vorhanden" in outcomes[other].sentence
    http.close()
