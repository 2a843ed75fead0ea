"""The recorded session of version 1.2.5, replayed exchange by exchange against the practice server.

Every exchange that the service's own code or its gateway policies answered must give the same status, the same error
type and the same body, value by value (ids, tokens, presigned links and moments apart).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from botocore.credentials import Credentials

from deepracer_admin.rehearsal.deepracer.identity_pool import issue_credentials
from tests.practice import WorldHandle, start_world

from .conftest import START
from .person import AGENT, Deployed, Person, Reply
from .recorded_setup import RecordedSetup
from .replay import Bindings, exchanges

DEVIATIONS = {
    78: "the pool ignores letter case, as Cognito does (the recording's stand-in did not): the address is a duplicate",
}
"""Exchanges that the practice server answers otherwise, on purpose."""

LEFT_OUT = {
    "moto": "the sign-in of a stand-in; test_sign_in.py covers ours",
    "fake": "the identity pool of a stand-in; test_sign_in.py covers ours",
    "synthetic": "written by hand, never recorded; test_layers.py covers those layers",
    "signature": "needs a request that is spoilt after signing; test_layers.py does that",
}
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
}
UNSPOILT = range(530, 542)


class Replay:
    def __init__(self, world: WorldHandle, http: httpx.Client) -> None:
        self.world, self.deployed = world, Deployed(world, http)
        self.site = world.world.services["deepracer"].site  # type: ignore[attr-defined]
        self.entries = exchanges()
        self.bindings = Bindings(START)
        bodies = {entry["seq"]: entry["response"].get("body") for entry in self.entries}
        self.setup = RecordedSetup(self.site, self.bindings, bodies)
        self._people: dict[str, Person] = {}

    def inside(self, act: Callable[[], Any]) -> Any:
        """Do something in the world's own thread."""

        async def run() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self.world._loop).result(30)

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
        path = self.bindings.fill(request["path"]).removeprefix("/prod/")
        if request.get("query"):
            path += "?" + urlencode(self.bindings.fill(request["query"]))
        raw = None
        if "raw_body" in request:
            raw = self.bindings.fill(request["raw_body"]).encode()
        elif request.get("body") is not None:
            raw = json.dumps(self.bindings.fill(request["body"])).encode()
        headers = {"user-agent": AGENT, **(request.get("headers") or {})}
        return self.person(entry["as_role"]).call(
            request["method"], path, raw=raw, content_type=request.get("content_type"), headers=headers
        )

    def play(self, entry: dict[str, Any]) -> list[str]:
        """Replay one exchange; what differs from the recording."""
        self.inside(lambda: self.setup.before(entry["seq"]))
        if entry["seq"] in INJECTED:
            self.world.arm("deepracer", INJECTED[entry["seq"]], count=1)
        skipped = self.world.arm("deepracer", "no_policies") if entry.get("policy_skipped") else None
        try:
            reply = self.send(entry)
        except KeyError as missing:
            return [f"nothing has made {missing}"]
        if skipped is not None:
            self.world.disarm(skipped)
        expected = entry["response"]
        found = []
        if reply.status != expected["status"]:
            found.append(f"status {reply.status} instead of {expected['status']}")
        if reply.kind != expected["headers"].get("x-amzn-errortype", ""):
            found.append(f"error type {reply.kind!r} instead of {expected['headers'].get('x-amzn-errortype', '')!r}")
        found += list(self.bindings.differences(*self._comparable(entry, expected.get("body"), reply.body)))
        self.inside(lambda: self.setup.after(entry))
        return found

    def _comparable(self, entry: dict[str, Any], expected: Any, actual: Any) -> tuple[Any, Any]:
        """Pages of one list are compared by their size here (their order is arbitrary) and as a whole elsewhere."""
        if expected and "Message" in expected:
            text = expected["Message"].replace(":api/prod/", f":{self.site.api_id}/prod/")
            return {"Message": text}, actual
        member = next((name for name in ("profiles", "leaderboards") if expected and name in expected), None)
        if (member and len(expected[member]) >= 100) or "page" in entry["name"]:
            return _sized(expected), _sized(actual)
        return expected, actual


def _sized(body: Any) -> Any:
    return {name: len(value) if isinstance(value, list) else value for name, value in body.items()}


def left_out(entry: dict[str, Any]) -> str | None:
    """Why an exchange is not replayed, or None."""
    if entry["origin"] in LEFT_OUT:
        return LEFT_OUT[entry["origin"]]
    return LEFT_OUT["signature"] if entry["seq"] in UNSPOILT else None


def test_every_recorded_exchange_is_answered_as_recorded(tmp_path: Path) -> None:
    world = start_world(tmp_path / "world", version="1.2.5", start=START, speed=0)
    differing: dict[int, list[str]] = {}
    played = 0
    try:
        world.arm("deepracer", "no_validator")  # the recording path had no request validator
        with httpx.Client(trust_env=False, timeout=30) as http:
            replay = Replay(world, http)
            for entry in replay.entries:
                if left_out(entry) is None:
                    played += 1
                    found = replay.play(entry)
                    if found:
                        differing[entry["seq"]] = [entry["name"], *found]
    finally:
        world.stop()
    for seq, lines in differing.items():
        print(seq, DEVIATIONS.get(seq, "NOT EXPECTED"), "|", *lines[:4])
    print(f"{played} exchanges replayed, {len(differing)} differ, {len(DEVIATIONS)} on purpose")
    assert played == sum(left_out(entry) is None for entry in exchanges())
    assert played > 430
    assert set(differing) == set(DEVIATIONS)
