"""Looking people up in the practice tenant, over HTTP."""

import httpx
import pytest

from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.entra_people import judge
from deepracer_admin.errors import AccessDenied, Throttled
from deepracer_admin.model import Found
from tests.directory.conftest import Naps
from tests.practice import WorldHandle


def test_three_hundred_people_are_found_with_one_call(entra: Entra, practice: WorldHandle) -> None:
    emails = [f"racer{n}@example.com" for n in range(300)]
    found = entra.resolve(emails)
    assert [found[e].found for e in emails] == [Found.ONE] * 300
    assert len({r.person_id for r in found.values()}) == 300
    assert practice.counters()["calls"]["graph"] == 1
    assert practice.counters()["by_operation"]["graph.ListUsers"] == 20


def test_everybody_who_was_asked_for_is_in_the_answer_and_kept_apart(entra: Entra) -> None:
    entra_list = [
        "ada.lovelace@example.com",
        "Ada.Lovelace@example.com",
        "unknown.person@example.com",
        "disabled.dora@example.com",
        "twice.tom@example.com",
        "upn.una@example.com",
        "alias.bob@example.com",
        "other.eve@example.com",
        "nameless.nick@example.com",
        "stranger@example.net",
        "o'brien@example.com",
        "plus+tag@example.com",
        "hash#tag@example.com",
    ]
    found = entra.resolve(entra_list)
    assert set(found) == set(entra_list)
    states = {email: r.found for email, r in found.items()}
    assert states["ada.lovelace@example.com"] == states["Ada.Lovelace@example.com"] == Found.ONE
    assert states["unknown.person@example.com"] == states["stranger@example.net"] == Found.NONE
    assert states["disabled.dora@example.com"] == Found.DISABLED
    assert states["twice.tom@example.com"] == Found.SEVERAL
    for email in ("upn.una@", "alias.bob@", "other.eve@", "o'brien@", "plus+tag@", "hash#tag@", "nameless.nick@"):
        assert states[f"{email}example.com"] == Found.ONE, email
    assert found["twice.tom@example.com"].candidates == ("second.twice.tom@example.com", "twice.tom@example.com")
    assert found["twice.tom@example.com"].person_id == ""
    assert "spelling" in found["unknown.person@example.com"].sentence
    assert "enable it" in found["disabled.dora@example.com"].sentence
    assert "first name" in found["nameless.nick@example.com"].sentence
    assert found["ada.lovelace@example.com"].sentence == ""
    assert found["alias.bob@example.com"].person_id == entra.resolve(["bob@example.com"])["bob@example.com"].person_id


def test_a_throttled_part_is_asked_again_alone(entra: Entra, practice: WorldHandle, naps: Naps) -> None:
    practice.arm("graph", "throttle", operation="ListUsers", count=3, params={"retry_after": 7})
    emails = [f"racer{n}@example.com" for n in range(300)]
    assert {r.found for r in entra.resolve(emails).values()} == {Found.ONE}
    assert practice.counters()["by_operation"]["graph.ListUsers"] == 23
    assert practice.counters()["calls"]["graph"] == 2
    assert len(naps.slept) == 1
    assert 7.0 <= naps.slept[0] <= 8.4


def test_a_directory_that_never_stops_throttling_is_told(entra: Entra, practice: WorldHandle, naps: Naps) -> None:
    practice.arm("graph", "throttle", operation="ListUsers", params={"retry_after": 5})
    with pytest.raises(Throttled) as told:
        entra.resolve(["ada@example.com"])
    assert told.value.retry_after == 5.0
    assert len(naps.slept) == naps.attempts - 1


def test_a_directory_that_asks_for_ten_minutes_is_not_waited_for(
    entra: Entra, practice: WorldHandle, naps: Naps
) -> None:
    practice.arm("graph", "throttle", operation="ListUsers", params={"retry_after": 600})
    with pytest.raises(Throttled) as told:
        entra.resolve(["ada@example.com"])
    assert told.value.retry_after == 600.0
    assert naps.slept == []


def test_a_missing_scope_is_named(entra: Entra, practice: WorldHandle) -> None:
    practice.arm("entra", "withhold_scopes", params={"scopes": ["User.Read.All"]})
    with pytest.raises(AccessDenied, match=r"grant User\.Read\.All") as told:
        entra.resolve(["ada@example.com"])
    assert told.value.code == "Authorization_RequestDenied"


@pytest.mark.parametrize("fault", ["drop", "lost_answer", "error_5xx", "throttle"])
def test_one_bad_moment_of_the_network_changes_nothing(entra: Entra, practice: WorldHandle, fault: str) -> None:
    practice.arm("graph", fault, operation="Batch", count=1)
    assert entra.resolve(["ada@example.com"])["ada@example.com"].found == Found.ONE


def test_one_address_that_graph_cannot_read_does_not_hide_the_others(naps: Naps) -> None:
    """Graph answers 400 for the whole filter; which address it was is found by asking for each alone."""
    import json

    def graph(request: httpx.Request) -> httpx.Response:
        replies = []
        for part in json.loads(request.content)["requests"]:
            asked = httpx.URL("http://x" + part["url"]).params["$filter"]
            if "odd" in asked:
                error = {"error": {"code": "Request_UnsupportedQuery", "message": "Not a value."}}
                replies.append({"id": part["id"], "status": 400, "body": error})
                continue
            users = [
                {"id": str(n), "mail": f"ok{n}@example.com", "givenName": "O", "surname": "K", "displayName": "OK"}
                for n in range(14)
                if f"'ok{n}@example.com'" in asked and asked.startswith("mail")
            ]
            replies.append({"id": part["id"], "status": 200, "body": {"value": users}})
        return httpx.Response(200, json={"responses": replies[::-1]})

    http = httpx.Client(transport=httpx.MockTransport(graph), timeout=300)
    entra = Entra("https://graph.microsoft.com/v1.0", lambda: "token", http=http, patience=naps)
    emails = [f"ok{n}@example.com" for n in range(14)] + ["odd@example.com"]
    found = entra.resolve(emails)
    assert [found[e].found for e in emails] == [Found.ONE] * 14 + [Found.NONE]
    assert "cannot look this address up (Not a value.)" in found["odd@example.com"].sentence
    http.close()


def test_a_guest_who_has_not_accepted_is_pending_and_a_disabled_one_is_disabled() -> None:
    guest = {"id": "1", "userType": "Guest", "externalUserState": "PendingAcceptance", "accountEnabled": True}
    pending = judge("g@example.net", [guest])
    assert (pending.found, pending.guest, pending.person_id) == (Found.GUEST_PENDING, True, "1")
    assert judge("g@example.net", [guest | {"accountEnabled": False}]).found == Found.DISABLED
    accepted = judge("g@example.net", [guest | {"externalUserState": "Accepted"}])
    assert (accepted.found, accepted.guest) == (Found.ONE, True)


def test_the_same_person_found_twice_is_one_person() -> None:
    user = {"id": "1", "displayName": "Ada", "givenName": "Ada", "surname": "L"}
    assert judge("a@example.com", [user, dict(user)]).found == Found.ONE
