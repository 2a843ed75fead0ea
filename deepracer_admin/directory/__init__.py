"""The directory port: where people and groups live (Microsoft Entra ID, IAM Identity Center, a Cognito user pool).

Batches are the rule: `resolve`, `add` and `remove` take everybody at once and do the batching that the service allows.
Membership is only what `members` says, never what an answer to `add` said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deepracer_admin.model import Group, Invitee, Limit, Outcome, Resolution

__all__ = ["Directory", "Invitation"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """What became of one invitation. `link` lets its holder in as this guest: it is kept sealed and never shown.

    `outcome.ref` is the guest's directory id. RETRY with reason "lost_answer" means that it may have been made.
    """

    outcome: Outcome
    link: str = field(default="", repr=False)


class Directory(Protocol):
    """A directory with groups. Every method may raise a `ServiceError`."""

    kind: str  # "entra" | "identity_center" | "cognito"

    @property
    def limits(self) -> Sequence[Limit]:
        """Declared limits, enforced by flows/engine/pacing.py."""
        ...

    def resolve(self, emails: Sequence[str]) -> Mapping[str, Resolution]:
        """Who each (normalised) address is; every address asked for is in the answer."""
        ...

    def group(self, group_id: str) -> Group:
        """The group, with the reason when the console must not manage it (dynamic, role-assignable, synced ...)."""
        ...

    def members(self, group_id: str) -> set[str]:
        """Ids of the members, read back now: the truth."""
        ...

    def add(self, group_id: str, ids: Sequence[str]) -> Iterable[Outcome]:
        """Add people; one Outcome per id (person = id), ALREADY for members."""
        ...

    def remove(self, group_id: str, ids: Sequence[str]) -> Iterable[Outcome]:
        """Take people out of the group, never out of the directory; one Outcome per id, ALREADY for non-members."""
        ...

    def invite(self, people: Sequence[Invitee], *, redirect_url: str) -> Iterable[Invitation]:
        """Invite guests without the directory's own mail, each at most once; nothing is repeated after a lost answer.

        What came back is yielded before an error is raised; who was not yielded then was not invited.
        """
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
