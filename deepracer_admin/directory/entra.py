"""Microsoft Entra ID behind the Directory port, spoken through Microsoft Graph.

The group is fixed by the caller's settings and never taken from a request (identity-and-mail.md 1.7); `only_group`
enforces that here. Addresses and requests live in graph_urls.py, graph_client.py and graph_batch.py; entra_people.py
looks people up, entra_membership.py changes memberships, entra_guests.py invites.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import httpx

from deepracer_admin.directory import Invitation
from deepracer_admin.directory.entra_guests import invite_guests
from deepracer_admin.directory.entra_membership import add_people, remove_people
from deepracer_admin.directory.entra_people import resolve
from deepracer_admin.directory.graph_client import IN_FLIGHT, SERVICE, Graph, Patience, odd_answer
from deepracer_admin.directory.graph_urls import group_url, guid, members_url
from deepracer_admin.edge.reach import PRACTICE_HEADER, Reach
from deepracer_admin.errors import AccessDenied, BadSettings, NotAllowed, NotThere, Refused
from deepracer_admin.model import Group, Invitee, Limit, Outcome, Resolution

__all__ = ["Entra"]

PAGE = 999  # asked for; Graph may give less (identity-and-mail.md 1.3)
_GROUP = "id,displayName,groupTypes,isAssignableToRole,mailEnabled,securityEnabled,onPremisesSyncEnabled"


class Entra:
    """A tenant's people and one group of them.

    `base_url` is Graph's address with its version, which must lie within `reach`; `token` gives bearer tokens (see
    tokens.py), `invite_token` those that may invite guests. `add`, `remove` and `invite` work while the caller
    iterates, so they must be consumed.
    """

    kind = "entra"

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str],
        *,
        http: httpx.Client | None = None,
        only_group: str = "",
        patience: Patience | None = None,
        invite_token: Callable[[], str] | None = None,
        reach: Reach = Reach.LIVE,
    ) -> None:
        self._graph = Graph(base_url, token, http=http, patience=patience, reach=reach)
        self._inviting = self._graph.speaking(invite_token) if invite_token else self._graph
        self._only_group = only_group.lower()
        self._was_denied = False

    @property
    def limits(self) -> Sequence[Limit]:
        source = "identity-and-mail.md 1.5"
        return (
            Limit("graph", in_flight=IN_FLIGHT, source=source),
            Limit("graph.writes", rate=20.0, burst=20, in_flight=IN_FLIGHT, source=source),  # 3,000 in 150 s
        )

    @property
    def practice_world(self) -> bool:
        """True when Graph names itself a rehearsal; a live event must not use it. Asks each time; may raise."""
        answer = self._graph.exchange("GET", "/me?$select=id", "resolve")  # the app alone is nobody: 400, marked too
        return PRACTICE_HEADER in answer.headers

    def resolve(self, emails: Sequence[str]) -> Mapping[str, Resolution]:
        return resolve(self._graph, emails)

    def group(self, group_id: str) -> Group:
        """The group with the reason not to manage it. Raises `NotThere` when the directory has no such group."""
        wanted = self._own(group_id)
        try:
            found = self._graph.get(f"{group_url(wanted)}?$select={_GROUP}", "group")
        except NotThere as missing:
            raise NotThere(_NO_GROUP, service=SERVICE, operation="group", code=missing.code) from None
        if str(found.get("id") or "").lower() != wanted:
            raise odd_answer("group")  # else a group without any reason against it would be made of nothing
        return Group(wanted, str(found.get("displayName") or ""), refusal=_why_not(found))

    def members(self, group_id: str) -> set[str]:
        url = members_url(self._own(group_id), "id", PAGE)
        return {str(row["id"]).lower() for page in self._graph.pages(url, "members") for row in page if row.get("id")}

    def add(self, group_id: str, ids: Sequence[str]) -> Iterator[Outcome]:
        wanted = self._manageable(group_id)
        return add_people(self._graph, wanted, ids, cache(lambda: self.members(wanted)))

    def remove(self, group_id: str, ids: Sequence[str]) -> Iterator[Outcome]:
        return remove_people(self._graph, self._manageable(group_id), ids)

    def invite(self, people: Sequence[Invitee], *, redirect_url: str) -> Iterator[Invitation]:
        """Invite guests with the right for it, which nothing else asks for (entra_guests.py)."""
        if self._was_denied:
            self._inviting.forget_token()  # the right may be granted by now; a token from before would still lack it
            self._was_denied = False
        try:
            yield from invite_guests(self._inviting, people, redirect_url)
        except AccessDenied:
            self._was_denied = True
            raise

    def close(self) -> None:
        self._graph.close()

    def _own(self, group_id: str) -> str:
        try:
            wanted = guid(group_id)
        except ValueError:
            raise BadSettings(
                "The event group's id is not a directory id: copy the group's Object ID from Entra into the settings."
            ) from None
        if self._only_group and wanted != self._only_group:
            raise NotAllowed("Only the event's own group may be managed: change it in the settings first.")
        return wanted

    def _manageable(self, group_id: str) -> str:
        found = self.group(group_id)
        if found.refusal:
            raise Refused(found.refusal, service=SERVICE, operation="group")
        return found.id


_NO_GROUP = "The directory has no group with this id: check the event group in the settings."


def _why_not(group: Mapping[str, object]) -> str:
    kinds = group.get("groupTypes")
    if isinstance(kinds, list) and "DynamicMembership" in kinds:
        return "This group's members follow a rule, so nobody can be added by hand: choose an assigned security group."
    if group.get("isAssignableToRole"):
        return "This group can hold directory roles, which the console must not touch: choose a plain security group."
    if group.get("onPremisesSyncEnabled"):
        return "This group is synced from the company's own directory and read-only here: choose a group made in Entra."
    if group.get("mailEnabled"):
        return "This group is mail-enabled, so Microsoft would mail its members: choose a plain security group."
    if group.get("securityEnabled") is False:
        return "This is no security group, so it grants nothing: choose a plain security group."
    return ""
