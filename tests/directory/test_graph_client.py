"""How the console behaves towards Microsoft Graph: how much at once, how patient, and how discreet."""

import json
import logging
import threading
import uuid
from collections.abc import Callable

import httpx
import pytest

from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.graph_batch import Part, send_batch
from deepracer_admin.directory.graph_client import IN_FLIGHT, Graph, Patience, retry_after
from tests.directory.conftest import Naps
from tests.practice import WorldHandle


def graph_of(answer: Callable[[httpx.Request], httpx.Response], patience: Patience) -> Graph:
    http = httpx.Client(transport=httpx.MockTransport(answer), timeout=300)
    return Graph("https://graph.microsoft.com/v1.0", lambda: "token", http=http, patience=patience)


def test_at_most_four_requests_are_under_way_however_many_ask(naps: Naps) -> None:
    meeting, crowd = threading.Barrier(IN_FLIGHT), threading.Event()
    lock = threading.Lock()
    state = {"now": 0, "peak": 0, "seen": 0}

    def answer(request: httpx.Request) -> httpx.Response:
        with lock:
            state["now"] += 1
            state["seen"] += 1
            state["peak"] = max(state["peak"], state["now"])
            early = state["seen"] <= IN_FLIGHT
            if state["now"] > IN_FLIGHT:
                crowd.set()
        if early:
            meeting.wait(60)  # four really are there together ...
            crowd.wait(0.3)  # ... and stay, so that a fifth would meet them
        with lock:
            state["now"] -= 1
        parts = json.loads(request.content)["requests"]
        return httpx.Response(
            200, json={"responses": [{"id": p["id"], "status": 200, "body": {"value": []}} for p in parts]}
        )

    http = httpx.Client(transport=httpx.MockTransport(answer), timeout=300)
    entra = Entra("https://graph.microsoft.com/v1.0", lambda: "token", http=http, patience=naps)
    emails = [f"racer{n}@example.com" for n in range(900)]
    threads = [threading.Thread(target=entra.resolve, args=(emails,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert state["peak"] == IN_FLIGHT
    assert state["seen"] == 3 * (3 + 3 + 90)
    http.close()


def test_only_the_throttled_parts_of_a_batch_are_sent_again_after_the_longest_wait(naps: Naps) -> None:
    rounds: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        parts = json.loads(request.content)["requests"]
        rounds.append([p["url"] for p in parts])
        replies = [
            {"id": p["id"], "status": 429, "headers": {"Retry-After": p["url"][-1]}}
            if len(rounds) == 1 and p["url"] in ("/users/2", "/users/5")
            else {"id": p["id"], "status": 200, "body": {"id": p["url"]}}
            for p in parts
            if not (len(rounds) == 1 and p["url"] == "/users/3")  # left out of the answer altogether
        ]
        return httpx.Response(200, json={"responses": replies[::-1]})

    parts = [Part("GET", f"/users/{n}") for n in range(7)]
    replies = send_batch(graph_of(answer, naps), parts, "resolve")
    assert [r.body["id"] for r in replies] == [p.url for p in parts]
    assert rounds[1] == ["/users/2", "/users/3", "/users/5"]
    assert len(naps.slept) == 1
    assert 5.0 <= naps.slept[0] <= 6.0


def test_a_batch_with_a_forbidden_write_never_leaves(naps: Naps) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    graph = graph_of(answer, naps)
    with pytest.raises(ValueError, match="never sends DELETE"):
        send_batch(graph, [Part("DELETE", f"/users/{uuid.uuid4()}")], "members")
    with pytest.raises(ValueError, match="never sends DELETE"):
        graph.send("DELETE", f"/groups/{uuid.uuid4()}/members/{uuid.uuid4()}", "members")


def test_the_wait_grows_and_is_bounded() -> None:
    slept: list[float] = []
    patience = Patience(longest=8.0, base=1.0, sleep=slept.append)
    for attempt in range(6):
        patience.pause(attempt, None)
    assert all(low <= s <= low * 1.2 for s, low in zip(slept, (1, 2, 4, 8, 8, 8), strict=True))
    patience.pause(0, 3.0)
    assert 3.0 <= slept[-1] <= 3.6


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after": "0"}, 0.0), ({"Retry-After": "soon"}, None), ({}, None)],
)
def test_a_retry_after_is_read_in_any_spelling(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_token_is_only_renewed_when_graph_refuses_it(naps: Naps) -> None:
    class Tokens:
        renewed = 0

        def __call__(self) -> str:
            return "old"

        def refresh(self) -> str:
            self.renewed += 1
            return "new"

    def answer(request: httpx.Request) -> httpx.Response:
        good = request.headers["authorization"] == "Bearer new"
        return httpx.Response(200 if good else 401, json={"value": []})

    tokens = Tokens()
    http = httpx.Client(transport=httpx.MockTransport(answer), timeout=300)
    graph = Graph("https://graph.microsoft.com/v1.0", tokens, http=http, patience=naps)
    assert graph.get("/users", "resolve") == {"value": []}
    assert (tokens.renewed, naps.slept) == (1, [])


def test_no_address_of_a_person_and_no_token_reaches_the_log(
    entra: Entra, practice: WorldHandle, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    practice.arm("graph", "throttle", operation="ListUsers", count=1, params={"retry_after": 1})
    found = entra.resolve(["ada.lovelace@example.com", "unknown.person@example.com", "alias.bob@example.com"])
    list(entra.add(group, [found["ada.lovelace@example.com"].person_id, str(uuid.uuid4())]))
    entra.members(group)
    own = "\n".join(
        r.getMessage() for r in caplog.records if r.name.split(".")[0] in ("deepracer_admin", "httpx", "msal")
    )
    assert "lovelace" not in own
    assert "unknown.person" not in own
    assert "eyJ" not in own
