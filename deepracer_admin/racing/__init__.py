"""The racing port: everything that the console asks of a DeepRacer service.

Two adapters stand behind it: `on_aws` (DeepRacer on AWS, deployed in the company's account) and `managed` (AWS
DeepRacer multi-user mode, closed by AWS in December 2025, proved on its documented protocol). No page, job or chart
knows which one it talks to; what a service lacks it says through `capabilities`.

Adapters speak one service each and hold no rules: they convert units at this edge, page, sign, and turn every failure
into one of our typed errors (errors.py) with a sentence for an organizer. Methods that act on several people return one
`Outcome` per person (never one for a batch); methods that act on one thing raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from deepracer_admin.model import (
    Account,
    Capabilities,
    Invitee,
    Limit,
    Model,
    Outcome,
    Profile,
    Quota,
    Race,
    RaceDraft,
    Standing,
    Track,
)

__all__ = ["NOT_KNOWN", "InviteProgress", "RacingService"]

NOT_KNOWN = "not_known"
"""Reason of an outcome that proves nothing: the service fails so for what is not there and for trouble of its own."""


@dataclass(frozen=True, slots=True)
class InviteProgress:
    """How far an invitation job of the service is. `outcomes` may be partial: truth comes from `profiles()`."""

    finished: bool
    outcomes: Sequence[Outcome] = field(default_factory=tuple)
    sentence: str = ""


class RacingService(Protocol):
    """A connected racing service. Every method may raise a `ServiceError`; none retries where a repeat does harm."""

    kind: str  # "on_aws" | "managed"

    @property
    def capabilities(self) -> Capabilities:
        """What this service, in this version, can do (hint and read-only probe; cached per connection)."""
        ...

    @property
    def limits(self) -> Sequence[Limit]:
        """Declared limits, enforced by flows/engine/pacing.py."""
        ...

    def account(self) -> Account:
        """Mode, quotas and notes in force, read back now. Also the pre-flight."""
        ...

    def connect(self) -> Account:
        """`account`, with what was found out at connecting (version, abilities, role) found out anew."""
        ...

    def set_multi_user_mode(self, on: bool) -> Account:
        """Switch the mode and return what a read-back says. Raises Unsupported without that capability."""
        ...

    def new_profile_quota(self) -> Quota | None:
        """Quota that new profiles get; None where the service has no such setting."""
        ...

    def set_new_profile_quota(self, quota: Quota) -> Quota:
        """Set it and return what a read-back says. Raises Unsupported."""
        ...

    def self_sign_up(self) -> bool | None:
        """May anybody who finds the site make a profile? None where the service has no such setting."""
        ...

    def set_account_limits(self, quota: Quota) -> Quota:
        """The account-wide limits that the service displays and nobody enforces; returns the read-back.

        Raises Unsupported, Refused.
        """
        ...

    # -- profiles

    def profiles(self) -> Iterator[Profile]:
        """All profiles, page by page; ceil((N+1)/100) calls on DeepRacer on AWS. Order is arbitrary."""
        ...

    def address_refusal(self, email: str) -> str:
        """Why this service cannot take the address, with the way out; "" when it can. No call."""
        ...

    def chunk_invites(self, people: Sequence[Invitee]) -> Sequence[Sequence[Invitee]]:
        """Cut a list into what one `invite` call may carry (count, bytes, mail cap). No call."""
        ...

    def invite(self, people: Sequence[Invitee], *, token: str) -> Iterable[Outcome]:
        """Invite one chunk. `token` (1-64 of A-Za-z0-9-) is stored by the caller before; a repeat with it is harmless.

        DONE or ALREADY with `ref` = profile id where the service gives one; WAITING with `ref` = job id while the
        service works on it (ask `invite_progress`), or with reason "first_sign_in" where nothing can be invited.
        RETRY for everybody of the chunk means that nobody was invited, with a reason that says how to go on:
        "busy": another job of ours is still active, so the same chunk with the same token goes after it;
        "recut": it was more than the service takes at once, which is learned by now, so the people are cut anew with
        `chunk_invites` and go under new tokens. RETRY for some of a chunk concerns those people alone.
        """
        ...

    def invite_progress(self, job: str, people: Sequence[Invitee]) -> InviteProgress:
        """How far the service's invitation job is; `people` maps its addresses back to our keys."""
        ...

    def resend_invite(self, profile_id: str) -> None:
        """A fresh invitation mail by the service (never repeated by itself). Raises Unsupported, Refused, NotThere."""
        ...

    def set_alias(self, profile_id: str, alias: str) -> Profile:
        """Set the racer name and return the profile as the service answers. Raises Unsupported where racers choose."""
        ...

    def set_quotas(self, quotas: Sequence[tuple[str, Quota]]) -> Iterable[Outcome]:
        """Set the quota of profiles, given (profile id, quota). One Outcome per profile, person = profile id."""
        ...

    def set_profile(self, profile_id: str, *, alias: str | None = None, quota: Quota | None = None) -> Profile:
        """Alias and quota in one call where the service allows it."""
        ...

    def set_role(self, profile_id: str, role: str) -> None:
        """Give a profile one of `account().roles` instead of its own; it holds from that person's next sign-in.

        There is no sure read-back: a profile's `role` follows later and may be wrong (1.7). Raises Unsupported,
        Refused (an unknown role, the console's own user), Unavailable.
        """
        ...

    def sponsor(self, ids: Sequence[str], *, active: bool) -> Iterable[Outcome]:
        """Pause or resume sponsorship natively. Raises Unsupported where only limits can do it."""
        ...

    def remove(self, ids: Sequence[str]) -> Iterable[Outcome]:
        """Delete profiles (and so access). NotThere counts as ALREADY.

        UNKNOWN with reason `NOT_KNOWN`: an account may be left, or there was none; neither the answer nor whether the
        profile is still listed tells. `UserPool.account` does, where there are credentials on the pool.

        The caller reads back with `profiles()`: who is out is not listed any more, or is listed with the state
        "DISABLED" where the service keeps the names of those it let go (managed).
        """
        ...

    # -- models

    def models(self, profile_ids: Sequence[str]) -> Iterator[Model]:
        """Models of these profiles; in one call for all where the service can."""
        ...

    def delete_models(self, profile_ids: Sequence[str]) -> Iterable[Outcome]:
        """Delete all models of each profile. DONE means accepted, not proven: read back with `models()`."""
        ...

    def stop_training(self, model_id: str) -> None:
        """Wind the training of one model down, which takes minutes. Raises Unsupported, Refused when none runs."""
        ...

    # -- races

    def tracks(self) -> Sequence[Track]:
        """Tracks a race can be held on."""
        ...

    def races(self) -> Sequence[Race]:
        """All races an organizer may see, event tracks left out."""
        ...

    def create_race(self, draft: RaceDraft) -> Race:
        """Create a race and return it as read back."""
        ...

    def edit_race(self, race_id: str, draft: RaceDraft) -> Race:
        """Change what may still be changed and return the race as read back. Raises Refused with the reason."""
        ...

    def close_race(self, race_id: str, *, at: datetime | None = None) -> Race:
        """End an open race early (`at` None = as soon as the service allows). Raises Unsupported, Refused."""
        ...

    def delete_race(self, race_id: str) -> None:
        """Delete it with its results. Raises Refused while it is open."""
        ...

    def share_link(self, race_id: str, *, reset: bool = False) -> str:
        """The link that racers follow. `reset` makes a new one and kills the old where the service can."""
        ...

    def participants(self, race_id: str) -> Sequence[tuple[str, str]]:
        """(user id, alias) of those who may enter a private race. Raises Unsupported."""
        ...

    def add_participants(self, race_id: str, user_ids: Sequence[str]) -> None:
        """Let these racers into a private race; whoever is in stays in. Raises Unsupported, Refused, NotThere."""
        ...

    def remove_participant(self, race_id: str, user_id: str) -> None:
        """Take one racer out of a private race. Raises Unsupported."""
        ...

    def standings(self, race_id: str) -> Iterator[Standing]:
        """The leaderboard, best first."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
