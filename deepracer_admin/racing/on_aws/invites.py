"""Inviting people, in the three ways of the service (deepracer-on-aws.md 1.7, 2.1; 1.3 page, section 4 and 12.2).

* 1.2: CreateProfile, one call a person, eight at a time. It answers no profile id and mails a temporary password.
* 1.3, up to three people: RegisterUser, which answers the profile id at once.
* 1.3, more: BulkInviteUser, one job for a chunk, with our token; a repeat of the token finds the same job.

Nothing here proves that a person has access: the caller reads the profiles back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import LostAnswer, NotThere, Refused, ServiceError, Unsupported
from deepracer_admin.model import Invitee, Outcome, State, Step
from deepracer_admin.racing import InviteProgress
from deepracer_admin.racing.on_aws import operations as op
from deepracer_admin.racing.on_aws.addresses import refusal_of
from deepracer_admin.racing.on_aws.bulk_results import bulk_outcomes
from deepracer_admin.racing.on_aws.fanout import outcome_of, spread
from deepracer_admin.racing.on_aws.transport import WRITES_IN_FLIGHT, Transport

__all__ = ["BUSY", "RECUT", "SMALL_BATCH", "Invitations", "alias_as_kept"]

SMALL_BATCH = 3
BUSY = "busy"
"""Reason of a RETRY for a whole chunk: send the same people again, with the same token."""
RECUT = "recut"
"""Reason of a RETRY for a whole chunk: nothing was sent; cut these people into chunks again, with new tokens."""
_MOST_ENTRIES = 200  # BulkInviteUser, profiles 1..200
_MOST_BYTES = 8000  # the firewall blocks bodies over 8 KB on this path (1.3 page, 4.1, WAF trap)
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")
_NOT_KEPT = re.compile(r"[^A-Za-z0-9_-]")
_JOB_ACTIVE_SECONDS, _CAP_SECONDS, _MAIL_QUOTA_SECONDS = 10.0, 0.0, 3600.0


def alias_as_kept(name: str) -> str:
    """What a bulk invitation makes of a display name: unfit characters dropped, cut at 20; "" when it keeps none.

    Fewer than three characters left makes the service fall back to its constant "RacerAlias" (1.3 page, 4.1).
    """
    kept = _NOT_KEPT.sub("", name)[:20]
    return kept if len(kept) >= 3 else ""


class Invitations:
    """Invites people. `staff` are addresses that must never become racers; they are compared in lower case."""

    def __init__(self, transport: Callable[[], Transport], *, staff: Iterable[str], mail_cap: int) -> None:
        self._transport = transport
        self._staff = frozenset(address.strip().lower() for address in staff)
        self._mail_cap = max(1, mail_cap)

    def chunk(self, people: Sequence[Invitee], *, bulk: bool = True) -> list[list[Invitee]]:
        """Cut by entries, by the sender's mails per request and, where they go in one request (`bulk`), by bytes."""
        most = min(_MOST_ENTRIES, self._mail_cap)
        chunks: list[list[Invitee]] = []
        room, size = 0, 0
        for person in people:
            cost = len(_as_json(_entry(person)).encode()) + 1
            if not chunks or room == most or (bulk and size + cost > _MOST_BYTES):
                chunks.append([])
                room, size = 0, len(_as_json(_body([], "x" * 64)).encode())
            chunks[-1].append(person)
            room, size = room + 1, size + cost
        return chunks

    def send(self, people: Sequence[Invitee], token: str, *, bulk: bool, register: bool, own: str) -> list[Outcome]:
        """Invite one chunk; `own` is the console's own address. See the port for the meaning of the outcomes."""
        if not _TOKEN.fullmatch(token):
            raise ValueError("an invitation token has 1 to 64 characters A-Z, a-z, 0-9 and -")
        told, asked = self.sort_out(people, own)
        if asked:
            if bulk and len(asked) > SMALL_BATCH:
                answers = self._in_bulk(asked, token)
            elif register:
                answers = self._one_by_one(asked, op.REGISTER_USER)
            else:
                answers = self._one_by_one(asked, op.CREATE_PROFILE)
            told.update({outcome.person: outcome for outcome in answers})
        return [told[person.key] for person in people]

    def progress(self, job: str, people: Sequence[Invitee], own: str) -> InviteProgress:
        """How far the service's job is. When it ended without a word about somebody, that one is UNKNOWN."""
        told, asked = self.sort_out(people, own)
        try:
            answer = self._transport().call(op.BULK_INVITE_STATUS, job)
        except NotThere as error:
            lost = [Outcome(each.key, Step.PROFILE, State.UNKNOWN, "no_job", error.sentence) for each in asked]
            return InviteProgress(True, (*told.values(), *lost), error.sentence)
        finished, outcomes, sentence = bulk_outcomes(job, asked, answer)
        told.update({outcome.person: outcome for outcome in outcomes})
        return InviteProgress(finished, [told[each.key] for each in people if each.key in told], sentence)

    def resend(self, profile_id: str) -> None:
        """One more invitation mail with a new temporary password; the old one dies (1.3 page, ResendInvite)."""
        self._transport().call(op.RESEND_INVITE, profile_id)

    def sort_out(self, people: Sequence[Invitee], own: str) -> tuple[dict[str, Outcome], list[Invitee]]:
        """Those who must not be sent, with the reason; and the others.

        A bulk invitation would put staff into dr-racers on top of their own group (1.3 page, 4.1), and whoever is
        on the list would lose the account at close-out.
        """
        told: dict[str, Outcome] = {}
        asked: list[Invitee] = []
        seen: set[str] = set()
        for person in people:
            address = person.email.strip().lower()
            if address in self._staff or (own and address == own):
                told[person.key] = _refused(
                    person,
                    "staff",
                    "This address runs the deployment, so it must not become a racer: take it off the list, or race "
                    "with a second address.",
                )
            elif sentence := refusal_of(address):
                told[person.key] = _refused(person, "address", sentence)
            elif address in seen:
                told[person.key] = _refused(
                    person, "twice", "This address is on the list twice: remove one of the two."
                )
            else:
                seen.add(address)
                asked.append(person)
        return told, asked

    # -- BulkInviteUser

    def _in_bulk(self, people: Sequence[Invitee], token: str) -> list[Outcome]:
        body = _body([_entry(person) for person in people], token)
        if len(people) > _MOST_ENTRIES or len(_as_json(body).encode()) > _MOST_BYTES:
            # Names grew, or a cap shrank, since the list was cut.
            sentence = "These are more people than one invitation carries: the list is cut again."
            return [_retry(person, RECUT, sentence, _CAP_SECONDS) for person in people]
        try:
            answer = self._transport().call(op.BULK_INVITE, body=body)
        except Refused as error:
            return self._refused_in_bulk(people, error)
        except LostAnswer as error:
            # The token makes the repeat find the same job.
            return [_retry(person, BUSY, error.sentence, _JOB_ACTIVE_SECONDS) for person in people]
        job = str(answer.get("jobId") or "")
        if not job:
            sentence = "The service took the invitation without naming its job: the console asks again."
            return [_retry(person, BUSY, sentence, _JOB_ACTIVE_SECONDS) for person in people]
        return [Outcome(person.key, Step.PROFILE, State.WAITING, "job", ref=job) for person in people]

    def _refused_in_bulk(self, people: Sequence[Invitee], error: Refused) -> list[Outcome]:
        if error.code == "job_active":
            sentence = "Another invitation of the console's user is still at work: the console waits for it."
            return [_retry(person, BUSY, sentence, _JOB_ACTIVE_SECONDS) for person in people]
        if error.code.startswith("mail_cap:"):
            self._mail_cap = max(1, int(error.code.partition(":")[2]))
            sentence = (
                f"This deployment mails at most {counted(self._mail_cap, 'invitation')} a request: "
                "the list is cut again. "
                "Configure SES as its mail sender to invite more at once."
            )
            return [_retry(person, RECUT, sentence, _CAP_SECONDS) for person in people]
        return [_refused(person, error.code or "refused", error.sentence) for person in people]

    # -- RegisterUser and CreateProfile

    def _one_by_one(self, people: Sequence[Invitee], operation: op.Operation) -> list[Outcome]:
        transport = self._transport()

        def one(person: Invitee) -> Outcome:
            answer = transport.call(operation, body={"emailAddress": person.email.strip().lower()})
            return Outcome(person.key, Step.PROFILE, State.DONE, "created", ref=str(answer.get("id") or ""))

        try:
            return spread(
                people, one, person=lambda each: each.key, in_flight=WRITES_IN_FLIGHT, on_error=_after_one_invitation
            )
        except Unsupported:
            if operation is not op.REGISTER_USER:
                raise
            return self._one_by_one(people, op.CREATE_PROFILE)


def _after_one_invitation(person: str, error: ServiceError) -> Outcome:
    if error.code == "exists":
        return Outcome(person, Step.PROFILE, State.ALREADY, "exists", error.sentence)
    if error.code == "not_created":
        # Every attempt may leave a row without an account that no call can remove (transcripts, CreateProfile mail
        # quota): so not soon again.
        return Outcome(
            person, Step.PROFILE, State.RETRY, "not_created", error.sentence, retry_after=_MAIL_QUOTA_SECONDS
        )
    return outcome_of(person, error)


def _entry(person: Invitee) -> dict[str, str]:
    """Without a display name when the service would change it: then the caller sets the name afterwards."""
    entry = {"emailAddress": person.email.strip().lower()}
    if person.alias and alias_as_kept(person.alias) == person.alias:
        entry["displayName"] = person.alias
    return entry


def _body(entries: list[dict[str, str]], token: str) -> dict[str, Any]:
    return {"profiles": entries, "clientToken": token}


def _as_json(value: Mapping[str, Any]) -> str:
    """As the transport writes it, so that bytes are counted as sent."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _refused(person: Invitee, reason: str, sentence: str) -> Outcome:
    return Outcome(person.key, Step.PROFILE, State.REFUSED, reason, sentence)


def _retry(person: Invitee, reason: str, sentence: str, after: float) -> Outcome:
    return Outcome(person.key, Step.PROFILE, State.RETRY, reason, sentence, retry_after=after)
