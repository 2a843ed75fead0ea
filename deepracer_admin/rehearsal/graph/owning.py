"""Who owns a group, and how long the console's own app may go on: reads of the practice Graph."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import STAFF

from .calls import Call, Reply, denied, not_found

READ_OWNERS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All")
READ_APPS = ("Application.Read.All",)
GOOD_FOR = timedelta(days=180)


class Owning:
    """`find` gives the group of a call, or raises as Graph does."""

    def __init__(self, ground: Ground, find: Callable[[Call], Any]) -> None:
        self._ground, self._find = ground, find

    def owners(self, call: Call) -> Reply:
        if not call.caller.has(*READ_OWNERS):
            raise denied()
        self._find(call)
        elsewhere = self._ground.faults.armed("graph", "no_owner") is not None
        owner = STAFF["viewer" if elsewhere else "organizer"]
        row = {"@odata.type": "#microsoft.graph.user", "id": owner.id}
        return Reply(
            200, {"@odata.context": f"{self._ground.url}/graph/v1.0/$metadata#directoryObjects", "value": [row]}
        )

    def application(self, call: Call) -> Reply:
        """The app with its credentials, without their values."""
        if not call.caller.has(*READ_APPS):
            raise denied()
        if call.parts["app"] != self._ground.secrets["client_id"]:
            raise not_found(call.parts["app"])
        fault = self._ground.faults.armed("graph", "credential_ends")
        left = timedelta(days=float(fault.params.get("days", 1))) if fault else GOOD_FOR
        ends = (self._ground.clock.now() + left).strftime("%Y-%m-%dT%H:%M:%SZ")
        secret = {"displayName": "console", "hint": "abc", "endDateTime": ends, "secretText": None}
        return Reply(200, {"appId": call.parts["app"], "passwordCredentials": [secret], "keyCredentials": []})
