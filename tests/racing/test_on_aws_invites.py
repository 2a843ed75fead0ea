"""Inviting: nobody is lost, nobody is mailed twice, staff stay staff."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.errors import AccessDenied
from deepracer_admin.model import Invitee, Outcome, State
from deepracer_admin.racing.on_aws import OnAws, alias_as_kept
from deepracer_admin.racing.on_aws.addresses import refusal_of
from deepracer_admin.racing.on_aws.bulk_results import bulk_outcomes
from deepracer_admin.racing.on_aws.invites import Invitations
from tests.racing.scripted import DROP, Reply, ScriptedDeployment, adapter, scripted

JOB = "01JABCDEFGHJKMNPQRSTVWXYZ0"
ACCEPTED = Reply(202, {"jobId": JOB, "status": "PROCESSING", "totalEntries": 5})


def people(count: int, start: int = 0) -> list[Invitee]:
    return [Invitee(f"k{n}", f"racer.{n}@example.com", f"Racer-{n:03d}") for n in range(start, start + count)]


def refusal(message: str, status: int = 400, kind: str = "BadRequestError") -> Reply:
    return Reply(status, {"message": message}, {"x-amzn-errortype": kind})


def states(outcomes: Any) -> list[State]:
    return [outcome.state for outcome in outcomes]


@pytest.fixture
def deployment() -> Iterator[ScriptedDeployment]:
    with scripted() as found:
        yield found


@pytest.fixture
def older() -> Iterator[ScriptedDeployment]:
    with scripted("v1.2.5") as found:
        yield found


@pytest.fixture
def service(deployment: ScriptedDeployment) -> Iterator[OnAws]:
    with adapter(deployment, staff_emails=["Fabio@Example.com"]) as found:
        yield found


def never() -> Any:
    raise AssertionError("chunks are cut without a call")


# -- what is sent


def test_many_go_in_one_job_with_our_token_and_their_names(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/profiles/bulkInvite", ACCEPTED)
    outcomes = service.invite(people(5), token="chunk-7")
    assert [(each.person, each.state, each.ref) for each in outcomes] == [
        (f"k{n}", State.WAITING, JOB) for n in range(5)
    ]
    (sent,) = deployment.calls("POST", "/profiles/bulkInvite")
    assert sent.json["clientToken"] == "chunk-7"
    assert sent.json["profiles"][0] == {"emailAddress": "racer.0@example.com", "displayName": "Racer-000"}


def test_three_or_fewer_go_one_by_one_and_come_back_with_their_profile(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    deployment.on("POST", "/race-management/users", Reply(201, {"id": "AAAAAAAAAAAAAAA"}))
    (outcome,) = service.invite(people(1), token="t")
    assert (outcome.state, outcome.ref) == (State.DONE, "AAAAAAAAAAAAAAA")
    assert deployment.calls("POST", "/race-management/users")[0].json == {"emailAddress": "racer.0@example.com"}


def test_before_1_3_everybody_goes_one_by_one(older: ScriptedDeployment) -> None:
    older.on("POST", "/profile", Reply(body={"message": "Profile created successfully."}))
    with adapter(older) as service:
        assert states(service.invite(people(12), token="t")) == [State.DONE] * 12
    assert len(older.calls("POST", "/profile")) == 12
    assert older.most_busy <= 8


def test_a_name_that_the_service_would_change_is_not_sent(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/profiles/bulkInvite", ACCEPTED)
    named = [Invitee(f"k{n}", f"r{n}@example.com", name) for n, name in enumerate(["José", "A" * 21, "ok_1", "ab", ""])]
    service.invite(named, token="t")
    sent = deployment.calls("POST", "/profiles/bulkInvite")[0].json["profiles"]
    assert [entry.get("displayName") for entry in sent] == [None, None, "ok_1", None, None]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("José Ángel", "Josngel"), ("x", ""), ("a b", ""), ("A" * 30, "A" * 20), ("Ada_K-1", "Ada_K-1"), ("李雷", "")],
)
def test_the_services_rule_for_names_is_known(name: str, kept: str) -> None:
    assert alias_as_kept(name) == kept


def test_staff_and_the_consoles_own_user_are_never_sent(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/profiles/bulkInvite", ACCEPTED)
    crowd = [
        *people(4),
        Invitee("staff", "fabio@example.com", "Fabio"),
        Invitee("own", "ORGANIZER@example.com", "Organizer"),
        Invitee("odd", "o'hara@example.com", "Ohara"),
        Invitee("twice", "racer.1@example.com", "Other"),
    ]
    outcomes = {outcome.person: outcome for outcome in service.invite(crowd, token="t")}
    assert {key: outcomes[key].reason for key in ("staff", "own", "odd", "twice")} == {
        "staff": "staff",
        "own": "staff",
        "odd": "address",
        "twice": "twice",
    }
    assert all(outcomes[key].state is State.REFUSED for key in ("staff", "own", "odd", "twice"))
    sent = [entry["emailAddress"] for entry in deployment.calls("POST", "/profiles/bulkInvite")[0].json["profiles"]]
    assert sent == [person.email for person in people(4)]


def test_a_list_of_staff_alone_calls_nothing(deployment: ScriptedDeployment, service: OnAws) -> None:
    (outcome,) = service.invite([Invitee("staff", "fabio@example.com", "Fabio")], token="t")
    assert outcome.state is State.REFUSED
    assert deployment.calls("POST", "/race-management/users") == []


# -- what comes back


def test_a_job_that_is_still_active_means_wait_and_try_again(deployment: ScriptedDeployment, service: OnAws) -> None:
    message = "A bulk invite is already in progress. Wait for it to finish before starting another."
    deployment.on("POST", "/profiles/bulkInvite", refusal(message, 409, "ConflictError"))
    outcomes = service.invite(people(5), token="t")
    assert {(each.state, each.reason, each.retry_after) for each in outcomes} == {(State.RETRY, "busy", 10.0)}


def test_the_mail_cap_that_the_service_names_is_learned(deployment: ScriptedDeployment) -> None:
    message = (
        "This deployment uses the default Cognito email sender (limited to 20 emails/day). Configure SES via the "
        "EmailDeliveryMethod deployment parameter before importing 30 users."
    )
    deployment.on("POST", "/profiles/bulkInvite", refusal(message))
    with adapter(deployment) as service:
        outcomes = service.invite(people(30), token="t")
        assert {(each.state, each.reason) for each in outcomes} == {(State.RETRY, "recut")}
        assert [len(chunk) for chunk in service.chunk_invites(people(30))] == [20, 10]


def test_a_refused_chunk_names_no_row_and_says_so(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/profiles/bulkInvite", refusal("One or more entries has an invalid email address."))
    outcomes = service.invite(people(5), token="t")
    assert {outcome.state for outcome in outcomes} == {State.REFUSED}
    assert "does not say which" in outcomes[0].sentence


def test_a_lost_answer_to_a_job_is_asked_again_with_the_same_token(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    deployment.on("POST", "/profiles/bulkInvite", DROP, DROP, ACCEPTED)
    assert states(service.invite(people(5), token="t")) == [State.WAITING] * 5
    assert {sent.json["clientToken"] for sent in deployment.calls("POST", "/profiles/bulkInvite")} == {"t"}
    deployment.on("POST", "/profiles/bulkInvite", DROP)
    lost = service.invite(people(5), token="t")
    assert [(outcome.state, outcome.reason) for outcome in lost] == [(State.RETRY, "busy")] * 5


def test_the_firewall_stops_the_whole_chunk_with_an_error(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/profiles/bulkInvite", refusal("Forbidden", 403, "ForbiddenException"))
    with pytest.raises(AccessDenied, match="8 KB"):
        service.invite(people(5), token="t")


@pytest.mark.parametrize("status", [400, 409])
def test_somebody_who_has_an_account_is_already_in(deployment: ScriptedDeployment, service: OnAws, status: int) -> None:
    deployment.on(
        "POST", "/race-management/users", refusal("A user with this email address already exists.", status, "")
    )
    (outcome,) = service.invite(people(1), token="t")
    assert (outcome.state, outcome.reason) == (State.ALREADY, "exists")


def test_an_account_that_could_not_be_made_is_not_tried_again_soon(older: ScriptedDeployment) -> None:
    failed = refusal("Unable to create profile. Please try again.", 500, "InternalFailureError")
    older.on("POST", "/profile", Reply(), failed, Reply())
    with adapter(older) as service:
        outcomes = service.invite(people(3), token="t")
    (outcome,) = [each for each in outcomes if each.state is not State.DONE]
    assert (outcome.state, outcome.reason, outcome.retry_after) == (State.RETRY, "not_created", 3600.0)
    assert "SES" in outcome.sentence
    assert len(older.calls("POST", "/profile")) == 3


def test_a_lost_answer_about_one_person_is_unknown_for_that_one_alone(older: ScriptedDeployment) -> None:
    older.on("POST", "/profile", Reply(), DROP, Reply())
    with adapter(older) as service:
        outcomes = service.invite(people(6), token="t")
    assert sorted(states(outcomes)) == [State.DONE] * 5 + [State.UNKNOWN]
    assert len(older.calls("POST", "/profile")) == 6


def test_when_the_role_is_taken_away_half_way_the_rest_stays_to_be_done(older: ScriptedDeployment) -> None:
    denied = refusal("Only administrators can create profiles.", 403, "NotAuthorizedError")
    older.on("POST", "/profile", Reply(), denied)
    with adapter(older) as service:
        outcomes = service.invite(people(30), token="t")
        assert states(outcomes).count(State.DONE) == 1
        assert states(outcomes).count(State.RETRY) == 29
        assert len(older.calls("POST", "/profile")) < 12
        with pytest.raises(AccessDenied):
            service.invite(people(30), token="t")


# -- following a job


def answer(status: str, *results: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "totalEntries": 3, "processedCount": len(results), "results": list(results)}


def test_progress_tells_each_person_apart(deployment: ScriptedDeployment, service: OnAws) -> None:
    results = [
        {"emailAddress": "Racer.0@example.com", "status": "CREATED"},
        {"emailAddress": "racer.1@example.com", "status": "SKIPPED", "reason": "User already exists"},
    ]
    deployment.on(
        "GET",
        f"/profiles/bulkInvite/{JOB}",
        Reply(body=answer("PROCESSING", *results)),
        Reply(body=answer("COMPLETED", *results)),
    )
    working = service.invite_progress(JOB, people(3))
    assert not working.finished
    assert states(working.outcomes) == [State.DONE, State.ALREADY, State.WAITING]
    assert working.outcomes[2].ref == JOB
    ended = service.invite_progress(JOB, people(3))
    assert ended.finished
    assert states(ended.outcomes) == [State.DONE, State.ALREADY, State.UNKNOWN]


def test_a_job_the_service_has_forgotten_leaves_everybody_unknown(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    deployment.on("GET", f"/profiles/bulkInvite/{JOB}", refusal("Bulk invite job not found.", 404, "NotFoundError"))
    progress = service.invite_progress(JOB, people(2))
    assert progress.finished
    assert states(progress.outcomes) == [State.UNKNOWN] * 2


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("Failed to process entry", State.RETRY),
        ("Failed to create the account", State.RETRY),
        ("Email delivery quota exceeded — configure SES", State.RETRY),
        ("Failed to assign the racer group", State.RETRY),
        (
            "Account created but group assignment failed and could not be rolled back; requires manual cleanup",
            State.REFUSED,
        ),
        ("User exists but group assignment failed; requires manual cleanup", State.REFUSED),
        ("Concurrent creation in progress — re-import to complete", State.RETRY),
        ("Something new", State.REFUSED),
        ("", State.REFUSED),
    ],
)
def test_each_reason_of_a_failed_row_means_something(reason: str, state: State) -> None:
    row = {"emailAddress": "racer.0@example.com", "status": "FAILED", "reason": reason}
    _, (outcome,), _ = bulk_outcomes(JOB, people(1), answer("COMPLETED", row))
    assert outcome.state is state
    assert outcome.sentence.endswith(".")
    assert (outcome.retry_after is not None) == (state is State.RETRY)


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "EXPIRED"])
def test_nobody_is_guessed_in_or_out_when_a_job_ends_without_a_word(status: str) -> None:
    finished, outcomes, sentence = bulk_outcomes(JOB, people(3), answer(status))
    assert finished
    assert states(outcomes) == [State.UNKNOWN] * 3
    assert sentence.endswith(".")


# -- addresses and chunks


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("o'hara@example.com", "'"),
        ("josé@example.com", "é"),
        ("ada@exämple.com", "ä"),
        ("ada lovelace@example.com", "a space"),
        ("ada", "name@company"),
        ("ada@@example.com", "name@company"),
        ("ada@example", "ends in letters"),
        ("ada@example.c", "ends in letters"),
        ("ada@[192.0.2.1]", "["),
        ("a&b@example.com", "&"),
        ("a" * 250 + "@example.com", "254"),
        ("ada@example.com\n", "a space"),
    ],
)
def test_an_address_that_the_service_refuses_is_known_with_the_reason(address: str, says: str) -> None:
    sentence = refusal_of(address)
    assert says in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "address", ["ada@example.com", "a.b+c_d%e-f@sub.example.org", "x@xn--exmple-cua.com", "1@a.bc"]
)
def test_an_address_that_the_service_takes_is_not_refused(address: str) -> None:
    assert refusal_of(address) == ""


crowds = st.lists(
    st.builds(
        Invitee,
        key=st.uuids().map(str),
        email=st.from_regex(r"[a-z]{1,64}@[a-z]{1,120}\.com", fullmatch=True),
        alias=st.from_regex(r"[A-Za-z0-9_-]{0,25}", fullmatch=True),
    ),
    max_size=300,
)


@given(crowds, st.integers(1, 400))
def test_every_chunk_keeps_all_three_bounds_and_loses_nobody(crowd: list[Invitee], cap: int) -> None:
    chunks = Invitations(never, staff=(), mail_cap=cap).chunk(crowd)
    assert [person for chunk in chunks for person in chunk] == crowd
    for chunk in chunks:
        assert 1 <= len(chunk) <= min(200, cap)
        entries = [{"emailAddress": each.email, "displayName": each.alias} for each in chunk]
        body = json.dumps({"profiles": entries, "clientToken": "x" * 64}, separators=(",", ":"))
        without_names = sum(
            len(f',"displayName":"{each.alias}"') for each in chunk if alias_as_kept(each.alias) != each.alias
        )
        assert len(body) - without_names <= 8000


def test_a_chunk_is_as_large_as_the_bounds_allow() -> None:
    chunks = Invitations(never, staff=(), mail_cap=200).chunk(people(1000))
    assert max(len(chunk) for chunk in chunks) > 110
    assert len(chunks) < 10


def test_where_each_goes_alone_only_people_and_mails_are_counted() -> None:
    cut = [Invitations(never, staff=(), mail_cap=cap).chunk(people(450), bulk=False) for cap in (200, 50)]
    assert [[len(chunk) for chunk in chunks] for chunks in cut] == [[200, 200, 50], [50] * 9]


def test_more_than_one_invitation_carries_is_cut_again_and_not_sent(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    outcomes = service.invite(people(201), token="t")
    assert {(outcome.state, outcome.reason) for outcome in outcomes} == {(State.RETRY, "recut")}
    assert deployment.calls("POST", "/profiles/bulkInvite") == []


def test_a_token_of_another_form_is_a_mistake_of_the_caller(service: OnAws) -> None:
    with pytest.raises(ValueError, match="token"):
        service.invite(people(5), token="not a token")


def test_an_outcome_is_never_for_a_whole_batch(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/profiles/bulkInvite", ACCEPTED)
    outcomes = service.invite(people(50), token="t")
    assert len({outcome.person for outcome in outcomes}) == 50
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
