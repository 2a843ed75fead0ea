"""Groups of the practice Graph and their members (identity-and-mail.md 1.2, 1.3)."""

from __future__ import annotations

import re
import uuid
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import STAFF

from .calls import Call, GraphError, Reply, bad_request, denied, not_found
from .users import Users, next_link, page_size, position, selected

MOST_REFERENCES = 20
REFERENCE = re.compile(r"https?://[^/]+(?:/graph)?/(?:v1\.0|beta)/(?:directoryObjects|users)/([^/?#]+)")
READ_RIGHTS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All")
ALREADY = "One or more added object references already exist for the following modified properties: 'members'."


@dataclass
class Member:
    """A place in a group. `seen_from` is the real second from which lists show it."""

    number: int
    seen_from: float = 0.0


@dataclass
class Group:
    id: str
    shown: str
    types: tuple[str, ...] = ()
    mail: str | None = None
    security: bool = True
    role_assignable: bool = False
    synced: bool | None = None
    members: dict[str, Member] = field(default_factory=dict)
    last_number: int = 0

    def resource(self) -> dict[str, Any]:
        dynamic = "DynamicMembership" in self.types
        return {
            "id": self.id,
            "displayName": self.shown,
            "description": "A group of the practice company",
            "groupTypes": list(self.types),
            "mail": self.mail,
            "mailEnabled": self.mail is not None,
            "mailNickname": self.shown.lower().replace(" ", "-"),
            "securityEnabled": self.security,
            "isAssignableToRole": self.role_assignable or None,
            "onPremisesSyncEnabled": self.synced,
            "membershipRule": '(user.department -eq "Racing")' if dynamic else None,
            "membershipRuleProcessingState": "On" if dynamic else None,
            "visibility": None,
        }


def practice_groups(event_group: str) -> dict[str, Group]:
    """The event group, and one of each kind that a console should refuse, with ids that depend on the event group's."""
    fixed = uuid.UUID(event_group)
    groups = {"event": Group(event_group, "DeepRacer Event")}
    for kind, options in {
        "dynamic": {"shown": "All Racing Staff", "types": ("DynamicMembership",)},
        "distribution": {"shown": "Racing News", "mail": "racing.news@example.com", "security": False},
        "mail_security": {"shown": "Racing Crew", "mail": "racing.crew@example.com"},
        "unified": {
            "shown": "Racing Team",
            "mail": "team@example.com",
            "types": ("Unified",),
            "security": False,
        },
        "role_assignable": {"shown": "Directory Helpers", "role_assignable": True},
        "on_premises": {"shown": "Old Racing Group", "synced": True},
    }.items():
        groups[kind] = Group(str(uuid.uuid5(fixed, kind)), **options)
    return groups


class Groups:
    """Membership is changed by the group's owner (the organizer) or by the app alone; lists can lag behind."""

    def __init__(self, ground: Ground, users: Users) -> None:
        self._ground, self._users = ground, users
        self.kinds = practice_groups(ground.secrets["group_id"])
        self._groups = {group.id: group for group in self.kinds.values()}

    @property
    def _base(self) -> str:
        return f"{self._ground.url}/graph/v1.0"

    def find(self, call: Call) -> Group:
        wanted = call.parts["group"].lower()
        try:
            uuid.UUID(wanted)
        except ValueError:
            raise bad_request(f"Invalid object identifier '{call.parts['group']}'.") from None
        if wanted not in self._groups:
            raise not_found(call.parts["group"])
        return self._groups[wanted]

    # --- reading

    def get(self, call: Call) -> Reply:
        if not call.caller.has(*READ_RIGHTS):
            raise denied()
        whole = self.find(call).resource()
        names = (
            [name.strip() for name in call.query["$select"].split(",")] if call.query.get("$select") else list(whole)
        )
        for name in names:
            if name not in whole:
                raise GraphError(
                    400,
                    "BadRequest",
                    "Parsing OData Select and Expand failed: "
                    f"Could not find a property named '{name}' on type 'microsoft.graph.group'.",
                )
        context = {"@odata.context": f"{self._base}/$metadata#groups/$entity"}
        return Reply(200, context | {name: whole[name] for name in names})

    def members(self, call: Call) -> Reply:
        if not call.caller.has(*READ_RIGHTS):
            raise denied()
        group, size, after = self.find(call), page_size(call), position(call)
        now = self._ground.clock.unix()
        entries = list(group.members.items())
        first = bisect_right(entries, after, key=lambda entry: entry[1].number)
        page: list[dict[str, Any]] = []
        last = after
        more = False
        for person_id, member in entries[first:]:
            person = self._ground.company.by_id(person_id)
            if person is None or member.seen_from > now:
                continue
            if len(page) == size:
                more = True
                break
            shown = selected(person, call)
            page.append(shown if "cast" in call.parts else {"@odata.type": "#microsoft.graph.user", **shown})
            last = member.number
        kind = "users" if "cast" in call.parts else "directoryObjects"
        body: dict[str, Any] = {"@odata.context": f"{self._base}/$metadata#{kind}"}
        if more:
            body["@odata.nextLink"] = next_link(self._base, call, last)
        body["value"] = page
        return Reply(200, body)

    # --- writing

    def add_one(self, call: Call) -> Reply:
        body = call.body if isinstance(call.body, dict) else {}
        return self._add(call, [body.get("@odata.id")])

    def add_many(self, call: Call) -> Reply:
        """All or nothing (identity-and-mail.md 1.2)."""
        body = call.body if isinstance(call.body, dict) else {}
        references = body.get("members@odata.bind")
        if set(body) != {"members@odata.bind"} or not isinstance(references, list) or not references:
            raise denied()  # any other change of a group takes rights that the console does not have
        if len(references) > MOST_REFERENCES:
            raise bad_request(
                f"The number of references in 'members@odata.bind' exceeds the maximum of {MOST_REFERENCES}."
            )
        return self._add(call, references)

    def _add(self, call: Call, references: list[Any]) -> Reply:
        group = self._writable(call)
        wanted = [self._referenced(reference) for reference in references]
        if len(set(wanted)) < len(wanted) or any(person_id in group.members for person_id in wanted):
            raise bad_request(ALREADY)
        lag = self._ground.faults.armed("graph", "replication_lag")
        delay = float(lag.params.get("members_s", lag.params.get("seconds", 10))) if lag is not None else 0.0
        for person_id in wanted:
            group.last_number += 1
            group.members[person_id] = Member(group.last_number, self._ground.clock.unix() + delay if delay else 0.0)
        return Reply(204)

    def _referenced(self, reference: Any) -> str:
        match = REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if match is None:
            raise bad_request("Invalid URL format specified in payload.")
        person = self._ground.company.by_id(match[1])
        if person is None or not self._users.visible(person):
            raise not_found(match[1])
        return person.id

    def remove(self, call: Call) -> Reply:
        group = self._writable(call)
        person_id = call.parts["member"].lower()
        if person_id not in group.members:
            raise not_found(call.parts["member"])
        del group.members[person_id]
        return Reply(204)

    def remove_object(self, call: Call) -> Reply:
        """Without ``/$ref`` it is not the place in the group that goes but the person (identity-and-mail.md 1.3)."""
        group = self._writable(call)
        person_id = call.parts["member"].lower()
        if person_id not in group.members:
            raise not_found(call.parts["member"])
        self._users.delete(person_id)
        for other in self._groups.values():
            other.members.pop(person_id, None)
        return Reply(204)

    def _writable(self, call: Call) -> Group:
        if not call.caller.has("GroupMember.ReadWrite.All"):
            raise denied()
        group = self.find(call)
        owner = STAFF["organizer"].id
        if group.role_assignable or call.caller.person_id not in (None, owner):
            raise denied()
        if "DynamicMembership" in group.types:
            raise bad_request("Members of a group with dynamic membership cannot be added or removed explicitly.")
        if group.synced:
            raise bad_request(
                "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
                "currently undergoing migration."
            )
        if group.mail is not None and "Unified" not in group.types:
            raise bad_request("Cannot Update a mail-enabled security groups and or distribution list.")
        return group

    # --- keeping

    def in_event_group(self) -> int:
        return len(self.kinds["event"].members)

    def snapshot(self) -> dict[str, Any]:
        return {
            key: [group.last_number, {who: [m.number, m.seen_from] for who, m in group.members.items()}]
            for key, group in self._groups.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        for key, (last, members) in state.items():
            group = self._groups[key]
            group.last_number = last
            group.members = {who: Member(number, seen) for who, (number, seen) in members.items()}
