"""Whatever stands between this computer and a service may answer in its place: a proxy, a firewall, a sign-in page.

Every adapter, reading and writing, over real HTTP, against every such answer. What must come of it: one of our errors
with a sentence, or outcomes to be tried again; never an exception of a library (that would be an incident), never
something final for a person, never "done".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import msal
import pytest

from deepracer_admin.clock import SystemClock
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.entra_membership import add_people, remove_people
from deepracer_admin.directory.graph_client import Patience
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.directory.msal_app import PRACTICE_LOGIN, build_app
from deepracer_admin.directory.tokens import AppTokens, DelegatedTokens
from deepracer_admin.edge import bounds
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    ConsoleError,
    CredentialsExpired,
    LostAnswer,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_events import EventQueue
from deepracer_admin.model import Invitee, Message, Outcome, Quota, RaceDraft, State
from deepracer_admin.racing.managed import ManagedDeepRacer
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.web.identity import Keys
from tests.edge.trickling import BOUNDS, Trickle
from tests.racing.scripted import Naps, Reply, adapter, scripted

HTML = "<!DOCTYPE html><html><head><title>Guest network</title></head><body>Please sign in secret</body></html>"
GUID = "0a0a0a0a-0000-4000-8000-00000000000{}".format
KEPT_LATER = (AccessDenied, CredentialsExpired, Throttled, Unavailable, Unreachable, LostAnswer, BadSettings)
"""Errors after which the work stops or is tried again, and nobody is refused for good."""


@dataclass(frozen=True)
class Odd:
    """An answer; `between` when it must be told as somebody's in the network."""

    status: int
    body: str
    kind: str = "text/html"
    between: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    cut_off: bool = False  # the connection breaks before the whole body came
    trickles: str = ""  # which part of it does not end by itself


ANSWERS = {
    "a sign-in page": Odd(200, HTML),
    "a redirect to one": Odd(302, ""),
    "a temporary redirect": Odd(307, HTML),
    "a firewall's page": Odd(403, HTML),
    "a proxy that wants a sign-in": Odd(407, HTML),
    "the same without a page": Odd(407, ""),
    "a page for what is not found": Odd(404, HTML),
    "a page for a bad request": Odd(400, HTML),
    "a page that says it is JSON": Odd(200, HTML, "application/json"),
    "a gateway's page": Odd(502, HTML, between=False),
    "a page that is busy": Odd(503, HTML, between=False),
    "nothing at all": Odd(200, "", "application/json", between=False),
    "no object": Odd(200, "[]", "application/json", between=False),
    "a word": Odd(200, '"hello"', "application/json", between=False),
    "an empty object": Odd(200, "{}", "application/json", between=False),
    "half an object": Odd(200, '{"Users": [{"Usern', "application/json", between=False),
    "another object": Odd(200, '{"ok": true, "value": 7, "Users": "none"}', "application/json", between=False),
    "no content": Odd(204, "", "application/json", between=False),
    "a garbled encoding": Odd(200, "no gzip", "application/json", False, (("content-encoding", "gzip"),)),
    "a garbled page": Odd(403, "no gzip", "text/html", False, (("content-encoding", "gzip"),)),
    "half an answer": Odd(200, '{"Users": [', "application/json", False, cut_off=True),
    "a list in the place of a reason": Odd(
        400, '{"message": [1], "__type": 7, "error": "x"}', "application/json", False
    ),
    "a refusal without a reason": Odd(404, "", "application/json", between=False),
    "a refusal of nobody": Odd(400, "no", "text/plain", between=False),
    "a head that trickles": Odd(200, "", "application/json", between=False, trickles="head"),
    "a body that trickles": Odd(200, "", "application/json", between=False, trickles="body"),
    "a body without an end": Odd(200, "", "application/json", between=False, trickles="endless body"),
}


@pytest.fixture(autouse=True)
def small_bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never ends is waited for until a small bound."""
    trickles = ANSWERS[request.node.callspec.params["answer"]].trickles if _is_answered(request) else ""
    if trickles:
        monkeypatch.setattr(bounds, "WHOLE", BOUNDS[trickles])


def _is_answered(request: pytest.FixtureRequest) -> bool:
    return "answer" in getattr(getattr(request.node, "callspec", None), "params", ())


@pytest.fixture(scope="module")
def wall() -> Iterator[Callable[[Odd], str]]:
    """Sets what every request is answered with; gives the address."""
    now: list[Odd] = []

    class SetUp:
        hits: ClassVar = [0]  # requests so far
        trickle = Trickle()

        def __call__(self, odd: Odd) -> str:
            now[:] = [odd]
            self.trickle = Trickle()
            return f"http://127.0.0.1:{server.server_port}"

    set_up = SetUp()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            odd, body = now[-1], now[-1].body.encode()
            set_up.hits[0] += 1
            if odd.trickles:
                self.close_connection = True
                set_up.trickle.speak(self.connection, odd.trickles)
                return
            self.send_response(odd.status)
            self.send_header("content-type", odd.kind)
            for name, value in odd.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body) + (500 if odd.cut_off else 0)))
            self.close_connection = self.close_connection or odd.cut_off
            if 300 <= odd.status < 400:
                self.send_header("location", "https://login.guest.example/portal")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    yield set_up
    server.shutdown()
    server.server_close()
    thread.join(300)


# One adapter at one address for all answers: what it was told before must change nothing, and making clients is slow.


def access(url: str) -> AwsAccess:
    return AwsAccess("", "eu-west-1", url, "AKIAEXAMPLE", "secret", reach=Reach.PRACTICE)


@cache
def ses(url: str) -> Ses:
    return Ses(access(url))


@cache
def queue(url: str) -> EventQueue:
    return EventQueue(access(url), f"{url}/1/q")


@cache
def pool(url: str) -> CognitoPool:
    return CognitoPool(access(url), "pool")


def message() -> Message:
    return Message("ev#at#access#1", "DeepRacer <deepracer@example.com>", "ada@example.com", "Subject", "Text", "")


def graph(url: str) -> Entra:
    return Entra(f"{url}/v1.0", lambda: "token", patience=Patience(attempts=2, sleep=Naps()), reach=Reach.PRACTICE)


@cache
def managed(url: str) -> ManagedDeepRacer:
    keys = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "secret"}
    return ManagedDeepRacer(ManagedClient(endpoint_url=url, reach=Reach.PRACTICE, sleep=Naps(), **keys))


@cache
def center(url: str) -> IdentityCenter:
    names = ("d-1", "arn:aws:sso:::instance/1", "Racers", "Set", "123456789012")
    return IdentityCenter(access(url), *names)


def app(url: str) -> Callable[..., msal.ConfidentialClientApplication]:
    def make(cache: Any = None) -> msal.ConfidentialClientApplication:
        return build_app(f"{PRACTICE_LOGIN}/tenant", "client", "secret", loopback=f"{url}/entra", cache=cache)

    return make


def draft() -> RaceDraft:
    now = SystemClock().now()
    return RaceDraft(name="Cup", track_id="reinvent", opens_at=now, closes_at=now)


ADA = Invitee("a1", "ada@example.com", "Ada-B")
CALLS: dict[str, Callable[[str], Any]] = {
    "Graph: who is it": lambda url: graph(url).resolve(["ada@example.com"]),
    "Graph: the group": lambda url: graph(url).group(GUID(1)),
    "Graph: its members": lambda url: graph(url).members(GUID(1)),
    "Graph: add": lambda url: list(graph(url).add(GUID(1), [GUID(2), GUID(3)])),
    "Graph: add, past the group": lambda url: list(add_people(graph(url)._graph, GUID(1), [GUID(2)], lambda: set())),
    "Graph: remove, past the group": lambda url: list(remove_people(graph(url)._graph, GUID(1), [GUID(2)])),
    "Graph: remove": lambda url: list(graph(url).remove(GUID(1), [GUID(2)])),
    "Graph: invite": lambda url: [each.outcome for each in graph(url).invite([ADA], redirect_url="https://x.example")],
    "Entra: the app's token": lambda url: AppTokens(app(url))(),
    "Entra: a person's token": lambda url: DelegatedTokens(app(url), lambda: "", lambda _: None)(),
    "Entra: keys": lambda url: Keys(f"{url}/keys", Reach.PRACTICE).find("one"),
    "SES: send": lambda url: ses(url).send(message()),
    "SES: limits": lambda url: ses(url).suppressed([f"a{n}@example.com" for n in range(30)]) and None,
    "SES: held back": lambda url: ses(url).suppressed(["a@example.com"]) and None,
    "SQS": lambda url: queue(url).receive() and None,
    "User pool: find": lambda url: pool(url).find("ada@example.com"),
    "User pool: account": lambda url: pool(url).account("A" * 15),
    "User pool: groups": lambda url: pool(url).groups("A" * 15) and None,
    "User pool: create": lambda url: pool(url).create(ADA),
    "User pool: fresh password": lambda url: pool(url).fresh_password("A" * 15),
    "Identity Center: assignment": lambda url: center(url).assignment(),
    "Identity Center: arrived": lambda url: center(url).arrived(["ada@example.com"]),
    "Managed: account": lambda url: managed(url).account(),
    "Managed: profiles": lambda url: list(managed(url).profiles()) and None,
    "Managed: quotas": lambda url: list(managed(url).set_quotas([("p", Quota(60, 1))])),
    "Managed: remove": lambda url: list(managed(url).remove(["p"])),
    "Managed: create a race": lambda url: managed(url).create_race(draft()),
}
SAYS_NOTHING = ("nothing at all", "no content", "an empty object", "another object")
EMPTY_IS_AN_ANSWER = {
    # These operations answer with an empty object, or leave out a list that is empty, so it means just that.
    "SES: limits": {*SAYS_NOTHING},
    "SQS": {*SAYS_NOTHING},
    "User pool: fresh password": {*SAYS_NOTHING},
    "Managed: quotas": {*SAYS_NOTHING},
    "Managed: remove": {*SAYS_NOTHING},
    "Graph: add, past the group": {
        "nothing at all",
        "no content",
        "no object",
        "a word",
        "an empty object",
        "half an object",
        "another object",
    },
}


def tried(call: Callable[[Any], Any], argument: Any) -> tuple[Any, ConsoleError | None]:
    """What it gave, or our error; an error of a library goes through, for it would be an incident."""
    try:
        return call(argument), None
    except ConsoleError as error:
        return None, error


def complaint(error: ConsoleError, *, between: bool) -> str:
    """What is wrong with an error; "" when the work stops or is tried again, and people are told why."""
    told = f"{type(error).__name__}: {error.sentence}"
    if not isinstance(error, KEPT_LATER) or not error.sentence.endswith("."):
        return told
    if "secret" in error.sentence or "<" in error.sentence:
        return f"shows the page: {told}"
    named = any(word in error.sentence for word in ("network", "proxy", "Something between", "firewall"))
    return told if between and not named else ""


def refusals(found: Any) -> list[Outcome]:
    outcomes = [each for each in found if isinstance(each, Outcome)] if isinstance(found, Iterable) else []
    return [each for each in outcomes if each.state is not State.RETRY]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("call", CALLS)
def test_whoever_answers_in_a_services_place_decides_about_nobody(wall: Any, call: str, answer: str) -> None:
    odd = ANSWERS[answer]
    url = wall(odd)
    found, error = tried(CALLS[call], url)
    assert wall.trickle.have_hung_up() or not odd.trickles
    if error is not None:
        assert complaint(error, between=odd.between) == ""
        return
    if answer in EMPTY_IS_AN_ANSWER.get(call, ()):
        return
    assert isinstance(found, list), f"{found!r} was made of {answer}"
    assert found
    assert refusals(found) == []


# ------------------------------------------------------------------------------------------------- DeepRacer on AWS

ON_AWS: dict[str, Callable[[Any], Any]] = {
    "account": lambda service: service.account(),
    "profiles": lambda service: list(service.profiles()),
    "quotas": lambda service: list(service.set_quotas([("A" * 15, Quota(60, 1))])),
    "remove": lambda service: list(service.remove(["A" * 15])),
    "invite one": lambda service: list(service.invite([ADA], token="t")),
    "invite many": lambda service: list(
        service.invite([Invitee(f"k{n}", f"racer{n}@example.com", f"Racer-{n}") for n in range(5)], token="t")
    ),
    "resend": lambda service: service.resend_invite("A" * 15),
    "models": lambda service: list(service.models(["A" * 15])),
    "delete models": lambda service: list(service.delete_models(["A" * 15])),
    "races": lambda service: service.races(),
    "delete a race": lambda service: service.delete_race("R" * 15),
}
PATHS = [
    ("GET", "/profiles"),
    ("PATCH", "/profile"),
    ("DELETE", f"/profiles/{'A' * 15}"),
    ("POST", "/race-management/users"),
    ("POST", "/profiles/bulkInvite"),
    ("POST", "/profile"),
    ("POST", f"/profiles/{'A' * 15}/resendInvite"),
    ("GET", "/admin/models"),
    ("GET", f"/admin/profiles/{'A' * 15}/models"),
    ("DELETE", f"/profiles/{'A' * 15}/models"),
    ("GET", "/leaderboards"),
    ("DELETE", f"/leaderboards/{'R' * 15}"),
    ("GET", "/settings/usageQuotas.newUser"),
    ("GET", "/settings/usageQuotas.global"),
]
EMPTY_FOR_ON_AWS = {*SAYS_NOTHING}


@pytest.mark.parametrize("answer", ANSWERS)
def test_so_it_is_for_deepracer_on_aws_once_it_is_connected(answer: str) -> None:
    odd = ANSWERS[answer]
    with scripted() as deployment, adapter(deployment) as service:
        assert service.capabilities.bulk_invite  # signed in, and the version is known
        for method, path in [*PATHS, ("GET", "/profile")]:
            deployment.on(method, path, Reply(odd.status, odd.body, {"content-type": odd.kind}, trickles=odd.trickles))
        for name, call in ON_AWS.items():
            found, error = tried(call, service)
            if error is not None:
                assert complaint(error, between=odd.between) == "", name
                continue
            if answer in EMPTY_FOR_ON_AWS:
                continue  # these operations answer with an empty object, and lists may be left out
            states = {each.state for each in found if isinstance(each, Outcome)} if isinstance(found, list) else None
            assert states is not None, f"{name}: {found!r} was made of {answer}"
            assert states <= {State.RETRY, State.UNKNOWN}, f"{name}: {found!r}"


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("operation", ["InitiateAuth", "GetId", "GetCredentialsForIdentity"])
def test_so_it_is_for_its_sign_in(answer: str, operation: str) -> None:
    odd = ANSWERS[answer]
    with scripted() as deployment, adapter(deployment) as service:
        deployment.on_cognito(operation, Reply(odd.status, odd.body, {"content-type": odd.kind}, trickles=odd.trickles))
        with pytest.raises(ConsoleError) as told:
            service.connect()
        assert isinstance(told.value, KEPT_LATER), f"{type(told.value).__name__}: {told.value.sentence}"
        assert not isinstance(told.value, CredentialsExpired), "a good password would be taken for a wrong one"
        assert "secret" not in told.value.sentence


# ----------------------------------------------------------------------------------------------- parts of a batch

PART = {"id": "0", "status": 204, "headers": {}, "body": None}
ODD_PARTS: dict[str, Any] = {
    "in conflict": {**PART, "status": 409, "body": {"error": {"code": "Conflict", "message": "another change"}}},
    "locked": {**PART, "status": 423, "body": {"error": {"code": "locked", "message": "locked"}}},
    "too early": {**PART, "status": 425, "body": {"error": {"code": "tooEarly", "message": "x"}}},
    "timed out": {**PART, "status": 408},
    "404 without a body": {**PART, "status": 404},
    "400 with a page": {**PART, "status": 400, "body": "PGh0bWw+"},
    "404 with a word as its error": {**PART, "status": 404, "body": {"error": "gone"}},
    "403 with a list": {**PART, "status": 403, "body": []},
    "a status that is none": {**PART, "status": "fine"},
    "without a status": {"id": "0"},
    "a redirect": {**PART, "status": 302},
    "headers that are a list": {**PART, "status": 429, "headers": ["retry-after"]},
    "no part": None,
    "another part": {**PART, "id": "99"},
}


@pytest.mark.parametrize("name", ODD_PARTS)
@pytest.mark.parametrize("call", ["Graph: who is it", "Graph: remove", "Graph: invite"])
def test_a_part_of_a_batch_that_decides_nothing_is_tried_again(
    wall: Callable[[Odd], str], name: str, call: str
) -> None:
    part = ODD_PARTS[name]
    body = {"id": GUID(1), "responses": [part] if part else []}
    url = wall(Odd(200, json.dumps(body), "application/json"))
    found, error = tried(CALLS[call], url)
    if error is not None:
        assert complaint(error, between=False) == ""
        return
    assert found
    assert refusals(found) == []


@pytest.mark.parametrize("call", ["Graph: who is it", "Graph: remove"])
def test_a_part_without_what_it_was_asked_for_is_no_answer(wall: Callable[[Odd], str], call: str) -> None:
    for body in (None, [], "text", {"value": None}, {"value": "none"}):
        part = {**PART, "status": 200, "body": body}
        url = wall(Odd(200, json.dumps({"id": GUID(1), "responses": [part]}), "application/json"))
        if call == "Graph: remove":
            assert [each.state for each in CALLS[call](url)] == [State.DONE]
        else:
            with pytest.raises(Unavailable):
                CALLS[call](url)
