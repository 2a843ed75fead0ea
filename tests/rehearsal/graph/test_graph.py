"""The practice Graph, asked over HTTP: what it accepts, and the words with which it refuses."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.held_time import pass_real_time
from tests.rehearsal.microsoft import app_token, sign_in

pytestmark = pytest.mark.filterwarnings("ignore:response_mode=:UserWarning")  # a POST would not carry a Lax cookie

ALREADY = "One or more added object references already exist for the following modified properties: 'members'."
DENIED = "Insufficient privileges to complete the operation."


class Graph:
    """A bare client: no retries, no meaning, only requests."""

    def __init__(self, endpoints: dict[str, Any], token: str) -> None:
        self.group = f"/groups/{endpoints['graph']['group_id']}"
        self.groups = endpoints["graph"]["groups"]
        self.http = httpx.Client(
            base_url=endpoints["graph"]["url"],
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=300,
        )

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params={f"${name}": value for name, value in query.items()} or None)

    def ids(self, addresses: list[str]) -> list[str]:
        found: dict[str, str] = {}
        for start in range(0, len(addresses), 15):
            part = addresses[start : start + 15]
            for user in self.get("/users", filter=mail_in(part), select="id,mail").json()["value"]:
                found[user["mail"]] = user["id"]
        return [found[address] for address in addresses]

    def add(self, *ids: str) -> httpx.Response:
        return self.http.patch(self.group, json={"members@odata.bind": [reference(person) for person in ids]})

    def add_one(self, person: str, group: str | None = None) -> httpx.Response:
        return self.http.post(f"{group or self.group}/members/$ref", json={"@odata.id": reference(person)})

    def members(self) -> list[str]:
        found, url = [], f"{self.group}/members/microsoft.graph.user?$select=id&$top=999"
        while url:
            page = self.http.get(url).json()
            found += [user["id"] for user in page["value"]]
            url = page.get("@odata.nextLink")
        return found

    def batch(self, *steps: dict[str, Any]) -> httpx.Response:
        return self.http.post("/$batch", json={"requests": list(steps)})


def mail_in(addresses: list[str]) -> str:
    return "mail in (" + ",".join("'{}'".format(address.replace("'", "''")) for address in addresses) + ")"


def reference(person: str) -> str:
    return f"https://graph.microsoft.com/v1.0/directoryObjects/{person}"


def racers(count: int) -> list[str]:
    return [f"racer{number}.test@example.com" for number in range(count)]


def code_and_message(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


@pytest.fixture
def graph(practice: WorldHandle) -> Iterator[Graph]:
    graph = Graph(practice.endpoints, sign_in(practice.endpoints)["access_token"])
    with graph.http:
        yield graph


# --- tokens and rights


def test_without_a_good_token_nothing_is_answered(practice: WorldHandle) -> None:
    answer = sign_in(practice.endpoints)
    for token, message in (
        ("", "Access token is empty."),
        ("nonsense", "CompactToken parsing failed with error code: 80049217"),
        (answer["id_token"], "Access token validation failure. Invalid audience."),
        (answer["access_token"][:-8] + "AAAAAAAA", "Access token validation failure. Invalid signature."),
    ):
        refused = httpx.get(
            f"{practice.endpoints['graph']['url']}/me",
            headers={"Authorization": f"Bearer {token}".strip()},
            trust_env=False,
            timeout=300,
        )
        assert code_and_message(refused) == (401, "InvalidAuthenticationToken", message)


def test_an_expired_token_is_refused(practice: WorldHandle) -> None:
    practice.arm("entra", "short_lived", params={"seconds": 200})
    with Graph(practice.endpoints, sign_in(practice.endpoints)["access_token"]).http as http:
        assert http.get("/me").status_code == 200
        pass_real_time(practice, 200)
        answer = http.get("/me")
    message = "Lifetime validation failed, the token is expired."
    assert code_and_message(answer) == (401, "InvalidAuthenticationToken", message)


def test_rights_are_enforced(practice: WorldHandle) -> None:
    token = sign_in(practice.endpoints, scopes=["User.ReadBasic.All"])["access_token"]
    graph = Graph(practice.endpoints, token)
    with graph.http:
        [person] = graph.ids(["ada.kowalski@example.com"])
        for answer in (
            graph.get(graph.group),
            graph.get(f"{graph.group}/members"),
            graph.add(person),
            graph.add_one(person),
            graph.http.post("/invitations", json={}),
        ):
            assert code_and_message(answer) == (403, "Authorization_RequestDenied", DENIED)


def test_basic_reading_shows_names_and_hides_the_rest(practice: WorldHandle) -> None:
    token = sign_in(practice.endpoints, scopes=["User.ReadBasic.All"])["access_token"]
    with Graph(practice.endpoints, token).http as http:
        user = http.get("/users/disabled.ada@example.com?$select=id,mail,accountEnabled").json()
    assert user["mail"] == "disabled.ada@example.com"
    assert user["accountEnabled"] is None


def test_only_the_owner_of_the_group_or_the_app_may_change_it(practice: WorldHandle) -> None:
    helper = Graph(practice.endpoints, sign_in(practice.endpoints, "facilitator")["access_token"])
    alone = Graph(practice.endpoints, app_token(practice.endpoints))
    with helper.http, alone.http:
        [person] = helper.ids(["ada.kowalski@example.com"])
        assert helper.add(person).status_code == 403
        assert alone.add(person).status_code == 204


# --- users


def test_fifteen_addresses_are_found_and_sixteen_are_too_many(graph: Graph) -> None:
    found = graph.get("/users", filter=mail_in(racers(15)), select="id,mail").json()["value"]
    assert [user["mail"] for user in found] == racers(15)
    assert code_and_message(graph.get("/users", filter=mail_in(racers(16)))) == (
        400,
        "Request_UnsupportedQuery",
        "Too many child clauses specified in search filter expression containing 'OR' operators: 16. Max allowed: 15.",
    )


def test_an_advanced_query_is_limited_by_its_length_alone(graph: Graph) -> None:
    def ask(count: int) -> httpx.Response:
        return graph.http.get(
            "/users",
            params={"$filter": mail_in(racers(count)), "$count": "true"},
            headers={"ConsistencyLevel": "eventual"},
        )

    assert ask(20).json()["@odata.count"] == 20
    assert ask(200).status_code == 414


def test_special_addresses_behave_as_their_names_say(graph: Graph) -> None:
    def found(filter_: str) -> list[dict[str, Any]]:
        return graph.get("/users", filter=filter_, select="id,mail,userPrincipalName,accountEnabled,userType").json()[
            "value"
        ]

    assert found("mail in ('unknown.ada@example.com')") == []
    assert found("mail in ('guest.ada@example.com')") == []
    assert found("mail in ('ada@elsewhere.example.net')") == []
    assert len(found("mail in ('twice.ada@example.com')")) == 2
    assert found("mail eq 'disabled.ada@example.com'")[0]["accountEnabled"] is False
    assert found("mail in ('alias.ada@example.com')") == []
    assert found("proxyAddresses/any(p:p eq 'smtp:alias.ada@example.com')")[0]["mail"] == "ada@example.com"
    assert found("otherMails/any(m:m eq 'other.ada@example.com')")[0]["mail"] == "ada@example.com"
    assert found("mail in ('upn.ada@example.com')") == []
    assert found("userPrincipalName in ('upn.ada@example.com')")[0]["mail"] is None
    assert found("mail in ('Ada@Team.Example.COM')")[0]["mail"] == "ada@team.example.com"


def test_a_quote_in_an_address_is_written_twice(graph: Graph) -> None:
    [user] = graph.get("/users", filter="mail in ('rory.o''brien@example.com')").json()["value"]
    assert user["mail"] == "rory.o'brien@example.com"
    broken = graph.get("/users", filter="mail in ('rory.o'brien@example.com')")
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "BadRequest")


def test_conditions_can_be_joined(graph: Graph) -> None:
    both = graph.get(
        "/users", filter="mail in ('ada@example.com','disabled.bo@example.com') and accountEnabled eq true"
    )
    assert [user["mail"] for user in both.json()["value"]] == ["ada@example.com"]
    either = graph.get("/users", filter="(mail eq 'ada@example.com' or userPrincipalName eq 'bo@example.com')")
    assert [user["mail"] for user in either.json()["value"]] == ["ada@example.com", "bo@example.com"]


def test_what_cannot_be_filtered_is_refused(graph: Graph) -> None:
    assert (
        graph.get("/users", filter="endsWith(mail,'example.com')").json()["error"]["code"] == "Request_UnsupportedQuery"
    )
    assert graph.get("/users", filter="shoeSize eq '44'").json()["error"]["code"] == "Request_UnsupportedQuery"


def test_one_user_is_found_by_id_and_by_name(graph: Graph) -> None:
    [person] = graph.ids(["ada.kowalski@example.com"])
    for key in (person, "ada.kowalski@example.com", "Ada.Kowalski@example.com"):
        assert graph.get(f"/users/{key}", select="id").json()["id"] == person
    assert code_and_message(graph.get("/users/unknown.ada@example.com")) == (
        404,
        "Request_ResourceNotFound",
        "Resource 'unknown.ada@example.com' does not exist or one of its queried reference-property objects are not "
        "present.",
    )


def test_only_selected_properties_come_and_unknown_ones_are_refused(graph: Graph) -> None:
    [user] = graph.get("/users", filter="mail eq 'ada@example.com'", select="mail,userType").json()["value"]
    assert user == {"mail": "ada@example.com", "userType": "Member"}
    refused = graph.get("/users", select="shoeSize")
    assert "Could not find a property named 'shoeSize'" in refused.json()["error"]["message"]


@pytest.mark.parametrize("size", ["0", "1000", "x"])
def test_a_page_has_between_1_and_999_entries(graph: Graph, size: str) -> None:
    refused = graph.get(f"{graph.group}/members", top=size)
    message = f"Invalid page size specified: '{size}'. Must be between 1 and 999 inclusive."
    assert code_and_message(refused) == (400, "Request_BadRequest", message)


# --- groups


def test_the_event_group_can_be_used_and_the_others_tell_why_not(graph: Graph) -> None:
    def read(kind: str) -> dict[str, Any]:
        return graph.get(f"/groups/{graph.groups[kind]}").json()

    event = read("event")
    assert (event["groupTypes"], event["mailEnabled"], event["securityEnabled"]) == ([], False, True)
    assert (event["isAssignableToRole"], event["onPremisesSyncEnabled"]) == (None, None)
    assert read("dynamic")["groupTypes"] == ["DynamicMembership"]
    assert read("unified")["groupTypes"] == ["Unified"]
    assert read("distribution")["mailEnabled"] is True
    assert read("mail_security")["mailEnabled"] is True
    assert read("role_assignable")["isAssignableToRole"] is True
    assert read("on_premises")["onPremisesSyncEnabled"] is True


@pytest.mark.parametrize(
    ("kind", "status"),
    [("dynamic", 400), ("distribution", 400), ("mail_security", 400), ("role_assignable", 403), ("on_premises", 400)],
)
def test_groups_of_the_wrong_kind_cannot_be_changed(graph: Graph, kind: str, status: int) -> None:
    [person] = graph.ids(["ada@example.com"])
    assert graph.add_one(person, f"/groups/{graph.groups[kind]}").status_code == status


def test_a_member_is_added_once_and_the_second_time_is_refused_in_the_words_of_graph(graph: Graph) -> None:
    [person] = graph.ids(["ada@example.com"])
    first = graph.add_one(person)
    assert (first.status_code, first.content) == (204, b"")
    assert code_and_message(graph.add_one(person)) == (400, "Request_BadRequest", ALREADY)
    assert graph.members() == [person]


def test_an_unknown_person_or_group_is_named_in_the_404(graph: Graph) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    [person] = graph.ids(["ada@example.com"])
    for answer in (graph.add_one(nobody), graph.add(nobody), graph.add_one(person, f"/groups/{nobody}")):
        assert code_and_message(answer) == (
            404,
            "Request_ResourceNotFound",
            f"Resource '{nobody}' does not exist or one of its queried reference-property objects are not present.",
        )


def test_twenty_are_added_at_once_and_twenty_one_are_refused(graph: Graph, practice: WorldHandle) -> None:
    people = graph.ids(racers(21))
    assert graph.add(*people).status_code == 400
    assert graph.members() == []
    assert graph.add(*people[:20]).status_code == 204
    assert graph.members() == people[:20]
    assert practice.counters()["writes"] == {"graph": 1, "graph.AddMembers": 1}


def test_one_bad_reference_among_many_adds_nobody(graph: Graph) -> None:
    people = graph.ids(racers(3))
    assert graph.add(*people[:2], "00000000-0000-4000-8000-000000000000").status_code == 404
    assert graph.members() == []
    graph.add_one(people[0])
    assert code_and_message(graph.add(*people)) == (400, "Request_BadRequest", ALREADY)
    assert graph.members() == people[:1]


def test_removing_the_reference_keeps_the_person(graph: Graph, practice: WorldHandle) -> None:
    [person] = graph.ids(["ada@example.com"])
    graph.add_one(person)
    assert graph.http.delete(f"{graph.group}/members/{person}/$ref").status_code == 204
    assert graph.members() == []
    assert graph.http.delete(f"{graph.group}/members/{person}/$ref").status_code == 404
    assert graph.get(f"/users/{person}").status_code == 200
    assert practice.truth()["users_deleted"] == 0


def test_forgetting_the_reference_suffix_deletes_the_person(graph: Graph, practice: WorldHandle) -> None:
    [person] = graph.ids(["ada@example.com"])
    graph.add_one(person)
    assert graph.http.delete(f"{graph.group}/members/{person}").status_code == 204
    assert graph.get(f"/users/{person}").status_code == 404
    assert graph.get("/users/ada@example.com").status_code == 404
    assert practice.truth()["users_deleted"] == 1


def test_members_come_in_pages_that_lead_to_each_other(graph: Graph, practice: WorldHandle) -> None:
    people = graph.ids(racers(45))
    for start in range(0, 45, 20):
        graph.add(*people[start : start + 20])
    first = graph.get(f"{graph.group}/members/microsoft.graph.user", select="id", top=20).json()
    assert [user["id"] for user in first["value"]] == people[:20]
    assert first["@odata.nextLink"].startswith(practice.endpoints["graph"]["url"])
    second = graph.http.get(first["@odata.nextLink"]).json()
    third = graph.http.get(second["@odata.nextLink"]).json()
    assert [user["id"] for user in second["value"] + third["value"]] == people[20:]
    assert "@odata.nextLink" not in third
    assert practice.truth()["in_group"] == 45


def test_a_page_that_was_not_asked_to_be_larger_has_a_hundred_members(graph: Graph) -> None:
    people = graph.ids(racers(120))
    for start in range(0, 120, 20):
        graph.add(*people[start : start + 20])
    page = graph.get(f"{graph.group}/members").json()
    assert len(page["value"]) == 100
    assert page["value"][0]["@odata.type"] == "#microsoft.graph.user"


# --- batches


def step(number: int, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    part = {"id": str(number), "method": method, "url": url, **more}
    return part if body is None else {**part, "body": body, "headers": {"Content-Type": "application/json"}}


def test_a_batch_answers_every_part_alone_and_in_any_order(graph: Graph) -> None:
    people = graph.ids(racers(19))
    steps = [step(n, "POST", f"{graph.group}/members/$ref", {"@odata.id": reference(p)}) for n, p in enumerate(people)]
    answer = graph.batch(*steps, step(19, "POST", f"{graph.group}/members/$ref", {"@odata.id": reference(people[0])}))
    replies = answer.json()["responses"]
    assert answer.status_code == 200
    assert [reply["id"] for reply in replies] != [str(n) for n in range(20)]
    by_id = {reply["id"]: reply for reply in replies}
    assert [by_id[str(n)]["status"] for n in range(20)] == [204] * 19 + [400]
    assert by_id["19"]["body"]["error"]["message"] == ALREADY
    assert sorted(graph.members()) == sorted(people)


def test_a_long_filter_fits_into_a_batch(graph: Graph) -> None:
    url = f"/users?$filter={mail_in([f'a-rather-long-name-{n}.test@example.com' for n in range(15)])}&$select=id,mail"
    [reply] = graph.batch(step(1, "GET", url)).json()["responses"]
    assert len(reply["body"]["value"]) == 15


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [step(n, "GET", "/me") for n in range(21)],
        [step(1, "GET", "/me"), step(1, "GET", "/me")],
        [{"id": "1", "method": "POST", "url": "/invitations", "body": {}}],
        [step(1, "GET", "/$batch")],
        [step(1, "GET", "/me", headers=["Accept"])],
        [step(1, "GET", "/me", dependsOn="0")],
        [step(1, "GET", "/me", dependsOn=["2"]), step(2, "GET", "/me")],
    ],
)
def test_a_wrong_batch_is_refused_as_a_whole(graph: Graph, steps: list[dict[str, Any]]) -> None:
    refused = graph.batch(*steps)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")


def test_a_part_that_depends_on_a_failed_one_is_not_done(graph: Graph) -> None:
    [person] = graph.ids(["ada@example.com"])
    answer = graph.batch(
        step(1, "GET", "/users/unknown.x@example.com"),
        step(2, "POST", f"{graph.group}/members/$ref", {"@odata.id": reference(person)}, dependsOn=["1"]),
    )
    assert {reply["id"]: reply["status"] for reply in answer.json()["responses"]} == {"1": 404, "2": 424}
    assert graph.members() == []


def test_parts_of_a_batch_are_throttled_inside_a_200(graph: Graph, practice: WorldHandle) -> None:
    practice.arm("graph", "throttle", operation="AddMember", count=2, params={"retry_after": 3})
    people = graph.ids(racers(5))
    steps = [step(n, "POST", f"{graph.group}/members/$ref", {"@odata.id": reference(p)}) for n, p in enumerate(people)]
    answer = graph.batch(*steps)
    late = [reply for reply in answer.json()["responses"] if reply["status"] == 429]
    assert answer.status_code == 200
    assert [reply["headers"]["Retry-After"] for reply in late] == ["3", "3"]
    assert len(graph.members()) == 3


# --- budgets, lag, guests


def test_a_used_up_budget_is_a_429_with_the_headers_of_graph(graph: Graph, practice: WorldHandle) -> None:
    practice.arm("graph", "small_tenant", params={"writes": 2})
    people = graph.ids(racers(3))
    answers = [graph.add_one(person) for person in people]
    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert answers[0].headers["x-ms-resource-unit"] == "1"
    assert "x-ms-throttle-limit-percentage" in answers[1].headers
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 75
    assert answers[2].headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert answers[2].headers["x-ms-throttle-scope"].startswith("Tenant_Application/Write/")
    assert answers[2].json()["error"]["code"] == "TooManyRequests"


def test_costs_follow_the_published_table(graph: Graph) -> None:
    assert graph.get("/users").headers["x-ms-resource-unit"] == "2"
    assert graph.get("/users", select="id").headers["x-ms-resource-unit"] == "1"
    assert graph.get(f"{graph.group}/members").headers["x-ms-resource-unit"] == "3"
    assert graph.get(f"{graph.group}/members", select="id", top=10).headers["x-ms-resource-unit"] == "1"


def test_a_new_member_is_listed_only_after_the_lag(graph: Graph, practice: WorldHandle) -> None:
    practice.arm("graph", "replication_lag", params={"members_s": 200})
    [person] = graph.ids(["ada@example.com"])
    graph.add_one(person)
    assert graph.members() == []
    assert code_and_message(graph.add_one(person))[2] == ALREADY
    pass_real_time(practice, 200)
    assert graph.members() == [person]


def test_a_guest_is_invited_found_and_accepts(graph: Graph, practice: WorldHandle) -> None:
    wanted = {"invitedUserEmailAddress": "Greta@partner.example.net", "inviteRedirectUrl": "https://example.com/"}
    answer = graph.http.post("/invitations", json=wanted)
    assert answer.status_code == 201
    invitation = answer.json()
    assert invitation["status"] == "PendingAcceptance"
    guest = invitation["invitedUser"]["id"]
    select = "id,mail,userPrincipalName,userType,externalUserState"
    user = graph.get(f"/users/{guest}", select=select).json()
    assert user["userPrincipalName"] == "greta_partner.example.net#EXT#@practice.example"
    assert (user["userType"], user["externalUserState"]) == ("Guest", "PendingAcceptance")
    by_name = graph.get("/users/greta_partner.example.net%23EXT%23@practice.example", select="id").json()
    assert by_name["id"] == guest
    assert graph.add_one(guest).status_code == 204
    assert httpx.get(invitation["inviteRedeemUrl"], trust_env=False, timeout=300).status_code == 200
    assert graph.get(f"/users/{guest}", select=select).json()["externalUserState"] == "Accepted"
    assert practice.counters()["writes"]["graph.Invite"] == 1


def test_somebody_of_the_company_cannot_be_a_guest(graph: Graph) -> None:
    wanted = {"invitedUserEmailAddress": "ada@example.com", "inviteRedirectUrl": "https://example.com/"}
    refused = graph.http.post("/invitations", json=wanted)
    assert refused.status_code == 400
    assert "already exists in the directory as object ID" in refused.json()["error"]["message"]


def test_a_new_guest_is_not_found_until_the_lag_is_over(graph: Graph, practice: WorldHandle) -> None:
    practice.arm("graph", "replication_lag", params={"users_s": 600})
    wanted = {"invitedUserEmailAddress": "guest.ada@example.com", "inviteRedirectUrl": "https://example.com/"}
    guest = graph.http.post("/invitations", json=wanted).json()["invitedUser"]["id"]
    assert graph.get(f"/users/{guest}").status_code == 404
    assert graph.add_one(guest).status_code == 404
    assert graph.get("/users", filter="mail eq 'guest.ada@example.com'").json()["value"] == []


def test_members_survive_a_restart_and_go_with_a_reset(tmp_path) -> None:
    first = start_world(tmp_path)
    graph = Graph(first.endpoints, sign_in(first.endpoints)["access_token"])
    with graph.http:
        people = graph.ids(racers(3))
        graph.add(*people)
    first.stop()
    second = start_world(tmp_path)
    try:
        graph = Graph(second.endpoints, sign_in(second.endpoints)["access_token"])
        with graph.http:
            assert graph.members() == people
            second.control("POST", "reset")
            assert second.truth()["in_group"] == 0
            fresh = Graph(second.endpoints, sign_in(second.endpoints)["access_token"])
            with fresh.http:
                assert fresh.members() == []
    finally:
        second.stop()
