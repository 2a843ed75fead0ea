"""The recorded session of version 1.2.5, replayed exchange by exchange against the practice server in both versions.

Every exchange must give the same status, the same error type, the same kind of body and the same body, value by value
(ids, tokens, moments and the signatures of links apart), save for a few that differ on purpose: they have a status and
an error type of their own, and the run's summary lists them with their reasons. What 1.3.1 answers otherwise must stand
on the 1.3 page. The 456th entry is no exchange but a list of claims; it is compared with a token of ours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from deepracer_admin.rehearsal.deepracer.identity_pool import issue_credentials
from tests.conftest import SUMMARY
from tests.practice import WorldHandle, start_world
from tests.rehearsal.deepracer.conftest import START
from tests.rehearsal.deepracer.person import AGENT, Deployed, Person, Reply, read
from tests.rehearsal.deepracer.recorded_setup import RecordedSetup
from tests.rehearsal.deepracer.replay import Bindings, exchanges


@dataclass(frozen=True)
class Deviation:
    """Why an answer differs, and the status and error type that it must have all the same."""

    why: str
    status: int = 200
    kind: str = ""


_DENIED = (403, "AccessDeniedException")
_EMPTY = Deviation("Cognito sends empty ChallengeParameters too")
DEVIATIONS = {
    1: Deviation("the challenge carries the members that Cognito sends, not only the one that the stand-in knew"),
    3: _EMPTY,
    4: Deviation(
        "Cognito's errors are of the kind of its answers; the stand-in's were not", 400, "NotAuthorizedException"
    ),
    5: Deviation(
        "the pool hides whether a user exists, as the note in the recording says", 400, "NotAuthorizedException"
    ),
    6: _EMPTY,
    78: Deviation(
        "the pool ignores letter case, as Cognito does (the stand-in did not): a duplicate", 400, "BadRequestError"
    ),
    553: Deviation("AWS names the error in a header too", 400, "NotAuthorizedException"),
}
"""Exchanges that the practice server answers otherwise, on purpose."""
_ENDED_EARLY = Deviation("the race that exchange 374 ended early carries its new end (1.3 page, 5.1)")
_FIVE_ROLES = Deviation("the list of roles has two more (1.3 page, 3)", 400, "ValidationException")
CHANGED_IN_1_3 = {
    219: _FIVE_ROLES,
    220: _FIVE_ROLES,
    221: Deviation("commentator is a role now (1.3 page, 3)"),
    238: Deviation("racers may not invite any more (1.3 page, 3)", *_DENIED),
    258: Deviation("facilitators may not invite any more (1.3 page, 3)", *_DENIED),
    265: Deviation("two people fewer: exchanges 238 and 258 invited nobody"),
    283: Deviation("the Lambda checks the caller too (1.3 page, 3)", 403, "NotAuthorizedError"),
    373: Deviation("an open race is refused in other words (1.3 page, 5.1)", 400, "BadRequestError"),
    374: Deviation("an admin may end an open race early (1.3 page, 5.1)"),
    424: _ENDED_EARLY,
    436: _ENDED_EARLY,
    437: _ENDED_EARLY,
    438: _ENDED_EARLY,
    440: _ENDED_EARLY,
    527: Deviation("this version knows bulk invitations (1.3 page, 4.1)"),
}
"""Exchanges that the 1.3 page answers otherwise than 1.2.5 did."""
PERSONAS = {
    "admin": ("organizer", "dr-admins"),
    "admin2": ("frida.bellini", "dr-admins"),
    "facilitator": ("ben.castellan", "dr-race-facilitators"),
    "racer": ("ada.kowalski", "dr-racers"),
    "racer2": ("chloe.abara", "dr-racers"),
    "racer3": ("dan.nakamura", "dr-racers"),
}
INJECTED = {
    74: "settings_conflict",
    121: "mail_quota",
    122: "mail_quota_after_trigger",
    123: "mail_quota_after_trigger",
    124: "half_done",
    236: "group_change",
    542: "identity_lookup",
    543: "identity_lookup",
    544: "role_check",
    548: "throttle",
    549: "timeout",
}
VALIDATED, FIRST_PAGE_ALONE = 547, 137
STATES = {551: "wrong_site"}


SPOILT: dict[int, dict[str, Any]] = {
    535: {"body": b"{}"},
    536: {"query": "?token=a"},
    537: {"service": "sts"},
    538: {"region": "eu-west-1"},
    539: {"late": 10},
    540: {"life": -1},
    541: {"life": -1},
}
"""What is wrong with the signature of these requests."""


class Replay:
    def __init__(self, world: WorldHandle, http: httpx.Client) -> None:
        self.world, self.deployed = world, Deployed(world, http)
        self.site = world.world.services["deepracer"].site  # type: ignore[attr-defined]
        self.entries = exchanges()
        self.bindings = Bindings(START)
        bodies = {entry["seq"]: entry["response"].get("body") for entry in self.entries}
        self.setup = RecordedSetup(self.site, self.bindings, bodies)
        self.unvalidated = world.arm("deepracer", "no_validator")  # the recording path had no request validator
        self._pages: dict[str, tuple[list[Any], list[Any]]] = {}
        self._people: dict[str, Person] = {}
        self.answered = (0, "")

    def inside(self, act: Callable[[], Any]) -> Any:
        """Do something in the world's own thread."""

        async def run() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self.world._loop).result(300)

    def person(self, role: str) -> Person:
        if role not in self._people:
            local, group = PERSONAS[role]
            user = self.site.state.users[self.bindings.known[f"<profileId:{local}>"]]
            issued = self.inside(lambda: issue_credentials(self.site, user.sub, group))
            keys = Credentials(issued["AccessKeyId"], issued["SecretKey"], issued["SessionToken"])
            self._people[role] = Person(self.deployed, keys, {})
        return self._people[role]

    def send(self, entry: dict[str, Any]) -> Reply:
        request = entry["request"]
        content = self.bindings.fill(request.get("body"))
        if "service" in request:
            return self.deployed.json11(request["service"], request["headers"]["x-amz-target"].split(".")[1], content)
        if "<site>" in request["path"]:
            return read(self.deployed.http.get(self.world.endpoints["deepracer"]["site"] + "/env.js"))
        path = self.bindings.fill(request["path"]).removeprefix("/prod/")
        if request.get("query"):
            path += "?" + urlencode(self.bindings.fill(request["query"]))
        raw = json.dumps(content).encode() if content is not None else None
        if "raw_body" in request:
            raw = self.bindings.fill(request["raw_body"]).encode()
        headers = {"user-agent": AGENT, **self.bindings.fill(request.get("headers") or {})}
        if entry["as_role"] == "anonymous":
            return read(self.deployed.http.get(self.deployed.env["apiEndpointUrl"] + path, headers=headers))
        return self._send_signed(entry, path, raw, headers)

    def _send_signed(self, entry: dict[str, Any], path: str, raw: bytes | None, headers: dict[str, str]) -> Reply:
        method, kind = entry["request"]["method"], entry["request"].get("content_type")
        spoil = SPOILT.get(entry["seq"])
        if spoil is None:
            person = self.person(entry["as_role"])
            return person.call(method, path, raw=raw, content_type=kind, headers=headers)
        url = self.deployed.env["apiEndpointUrl"] + path
        what = {
            "url": url,
            "body": raw,
            "service": "execute-api",
            "region": "us-east-1",
            "late": 0,
            "life": 3600,
        } | spoil
        user = self.site.state.users[self.bindings.known["<profileId:organizer>"]]
        issued = self.inside(lambda: issue_credentials(self.site, user.sub, "dr-admins", what["life"]))
        keys = Credentials(issued["AccessKeyId"], issued["SecretKey"], issued["SessionToken"])
        signed_at = (datetime.now(UTC) - timedelta(minutes=what["late"])).replace(tzinfo=None)
        signed_url = url + what.get("query", "")
        request = AWSRequest(method, signed_url, data=what["body"] or b"", headers=headers)
        with patch("botocore.auth.get_current_datetime", return_value=signed_at):
            SigV4Auth(keys, what["service"], what["region"]).add_auth(request)
        return read(self.deployed.http.request(method, url, content=raw, headers=dict(request.headers.items())))

    def play(self, entry: dict[str, Any]) -> list[str]:
        """Replay one exchange; what differs from the recording. `answered` then has its status and error type."""
        self.answered = (0, "")
        self.inside(lambda: self.setup.before(entry["seq"]))
        if entry["seq"] in INJECTED:
            self.world.arm("deepracer", INJECTED[entry["seq"]], count=1)
        state = "no_policies" if entry.get("policy_skipped") else STATES.get(entry["seq"])
        skipped = self.world.arm("deepracer", state) if state else None
        if entry["seq"] == VALIDATED:
            self.world.disarm(self.unvalidated)
        try:
            reply = self.send(entry)
        except KeyError as missing:
            return [f"nothing has made {missing}"]
        if skipped is not None:
            self.world.disarm(skipped)
        self.answered = (reply.status, reply.kind)
        expected = entry["response"]
        found = []
        if reply.status != expected["status"]:
            found.append(f"status {reply.status} instead of {expected['status']}")
        if reply.kind != expected["headers"].get("x-amzn-errortype", ""):
            found.append(f"error type {reply.kind!r} instead of {expected['headers'].get('x-amzn-errortype', '')!r}")
        found += differing_headers(expected["headers"], reply.response)
        found += self._compare(entry, reply)
        self.inside(lambda: self.setup.after(entry))
        return found

    def _compare(self, entry: dict[str, Any], reply: Reply) -> list[str]:
        expected = entry["response"]
        if entry["seq"] in STATES:
            return [] if reply.response.text.startswith("<!doctype html>") else ["no index page"]
        if "raw_body" in expected:
            return [] if reply.response.text == expected["raw_body"] else [reply.response.text]
        wanted, given = expected.get("body"), reply.body
        if wanted and "Message" in wanted:
            wanted = {"Message": wanted["Message"].replace(":api/prod/", f":{self.site.api_id}/prod/")}
        if " page " in entry["name"]:
            return self._compare_pages(entry["name"].rsplit(" page ", 1)[0], wanted, given)
        if entry["seq"] == FIRST_PAGE_ALONE:
            wanted, given = _sized(wanted), _sized(given)
        return list(self.bindings.differences(wanted, given))

    def _compare_pages(self, listing: str, expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
        """The order of a list is arbitrary: pages must have the recorded sizes, and all pages the recorded rows."""
        found = list(self.bindings.differences(_sized(expected), _sized(actual)))
        member = next(name for name, value in expected.items() if isinstance(value, list))
        whole = self._pages.setdefault(listing, ([], []))
        whole[0].extend(expected[member])
        whole[1].extend(actual.get(member, []))
        if "token" in expected:
            return found
        return found + list(self.bindings.differences({member: whole[0]}, {member: whole[1]}))


def differing_headers(expected: dict[str, str], reply: httpx.Response) -> list[str]:
    """The kind of the body, and whether the answer came from a Lambda (`access-control-allow-origin`)."""
    found = []
    for name in ("content-type", "access-control-allow-origin"):
        given = reply.headers.get(name)
        if given != expected.get(name):
            found.append(f"{name} {given!r} instead of {expected.get(name)!r}")
    return found


def _sized(body: dict[str, Any]) -> dict[str, Any]:
    return {name: len(value) if isinstance(value, list) else value for name, value in body.items()}


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.5", DEVIATIONS), ("1.3.1", DEVIATIONS | CHANGED_IN_1_3)],
    ids=["1.2.5", "1.3.1"],
)
def test_every_recorded_exchange_is_answered_as_recorded(
    version: str, expected: dict[int, Deviation], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    world = start_world(tmp_path / "world", version=version, start=START, speed=0)
    differing: dict[int, list[str]] = {}
    answered: dict[int, tuple[int, str]] = {}
    try:
        with httpx.Client(headers={"user-agent": AGENT}, trust_env=False, timeout=300) as http:
            replay = Replay(world, http)
            for entry in replay.entries:
                found = replay.play(entry)
                if found:
                    differing[entry["seq"]] = [entry["name"], *found]
                    answered[entry["seq"]] = replay.answered
            claims = jwt.decode(replay.bindings.known["<id-token>"], options={"verify_signature": False})
    finally:
        world.stop()
    title = f"{len(replay.entries)} recorded exchanges against practice {version}: {len(differing)} differ on purpose"
    told = {seq: expected[seq].why if seq in expected else "not on purpose" for seq in differing}
    record_property(SUMMARY, [title, *(f"{seq} {differing[seq][0]}: {why}" for seq, why in told.items())])
    assert len(replay.entries) == 455
    assert {seq: lines for seq, lines in differing.items() if seq not in expected} == {}
    assert answered == {seq: (deviation.status, deviation.kind) for seq, deviation in expected.items()}
    recorded_claims = {
        "iss",
        "sub",
        "aud",
        "token_use",
        "iat",
        "auth_time",
        "exp",
        "jti",
        "cognito:username",
        "origin_jti",
    }
    assert recorded_claims | {"email", "email_verified", "event_id"} == set(claims)
