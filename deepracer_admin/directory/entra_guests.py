"""Inviting guests (B2B) through Microsoft Graph, without Microsoft's own mail (identity-and-mail.md 1.6).

An invitation is the one write that makes something in the directory, so it is never sent again after a lost answer:
the caller looks the person up first. Inviting somebody who is a pending guest already makes nobody new; it gives that
guest a link.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deepracer_admin.directory import Invitation
from deepracer_admin.directory.graph_batch import BATCH, Part, Reply, send_batch
from deepracer_admin.directory.graph_client import Graph, retry_after
from deepracer_admin.directory.graph_urls import find_guid
from deepracer_admin.errors import LostAnswer, ServiceError, Unavailable
from deepracer_admin.model import Invitee, Outcome, State, Step

__all__ = ["invite_guests"]

LOOK_AGAIN_S = 10.0
DENIED = (401, 403)


def invite_guests(graph: Graph, people: Sequence[Invitee], redirect_url: str) -> Iterator[Invitation]:
    """Twenty a batch as the caller iterates. Raises `ServiceError` after what came back was yielded."""
    for start in range(0, len(people), BATCH):
        chunk = people[start : start + BATCH]
        parts = [Part("POST", "/invitations", _body(person, redirect_url)) for person in chunk]
        try:
            replies = send_batch(graph, parts, "invite", repeat=False)
        except (LostAnswer, Unavailable) as unclear:  # perhaps all of them were made
            yield from (_unclear(person, unclear) for person in chunk)
            raise
        denied: ServiceError | None = None
        for person, reply in zip(chunk, replies, strict=True):
            if reply.status in DENIED:
                denied = reply.error("invite")
            else:
                yield _read(person, reply)
        if denied is not None:
            raise denied


def _body(person: Invitee, redirect_url: str) -> dict[str, object]:
    body: dict[str, object] = {
        "invitedUserEmailAddress": person.email,
        "inviteRedirectUrl": redirect_url,
        "sendInvitationMessage": False,
    }
    return body | ({"invitedUserDisplayName": person.name} if person.name else {})


def _read(person: Invitee, reply: Reply) -> Invitation:
    if reply.ok:
        body = reply.body if isinstance(reply.body, Mapping) else {}
        user = body.get("invitedUser")
        guest = str(user.get("id") or "").lower() if isinstance(user, Mapping) else ""
        if not guest:  # made, perhaps: whoever looks the person up will see
            return _unclear(person, Reply(0).error("invite"))
        made = Outcome(person.key, Step.GROUP, State.DONE, "invited", ref=guest)
        return Invitation(made, str(body.get("inviteRedeemUrl") or ""))
    error = reply.error("invite")
    if reply.status == 429:
        wait = retry_after(reply.headers) or LOOK_AGAIN_S
        return Invitation(Outcome(person.key, Step.GROUP, State.RETRY, "throttled", error.sentence, wait))
    if not reply.is_final:
        return _unclear(person, error)
    if known := find_guid(reply.message):  # "already exists in the directory as object ID: ..."
        sentence = "This person is in the directory already and needs no invitation."
        return Invitation(Outcome(person.key, Step.GROUP, State.ALREADY, "in_directory", sentence, ref=known))
    return Invitation(Outcome(person.key, Step.GROUP, State.REFUSED, "guest_refused", error.sentence))


def _unclear(person: Invitee, error: ServiceError) -> Invitation:
    return Invitation(
        Outcome(person.key, Step.GROUP, State.RETRY, "lost_answer", error.sentence, retry_after=LOOK_AGAIN_S)
    )
