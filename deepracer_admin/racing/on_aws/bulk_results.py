"""Reading a bulk invitation's results (deepracer-on-aws-1.3.md 4.1, FAILED reasons).

The job is a hint and the list of profiles is the truth: a result whose write failed is missing although the account
exists. So nobody is guessed to be in or out; whom a finished job does not mention is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.model import Invitee, Outcome, State, Step

__all__ = ["bulk_outcomes"]

_HOUR = 3600.0
_THEN = "then press “Retry them” on the Onboarding page"
_FAILED: dict[str, tuple[State, float | None, str, str]] = {
    "Failed to process entry": (State.RETRY, 60.0, "not_processed", "The service tripped: the console tries again."),
    "Failed to create the account": (
        State.RETRY,
        300.0,
        "not_created",
        "Cognito did not create the account: the console tries again; if it stays, check the address.",
    ),
    "Email delivery quota exceeded — configure SES": (
        State.RETRY,
        _HOUR,
        "mail_quota",
        "Cognito's built-in sender has used up its mails of today (about 50): the console tries again every hour; "
        "configure SES as the deployment's mail sender to go on at once.",
    ),
    "Failed to assign the racer group": (
        State.RETRY,
        60.0,
        "group",
        "The account could not be made a racer and was taken back: the console tries again.",
    ),
    "Account created but group assignment failed and could not be rolled back; requires manual cleanup": (
        State.REFUSED,
        None,
        "group_by_hand",
        f"The account exists without a role: in the Cognito console add the user to the group dr-racers, {_THEN}.",
    ),
    "User exists but group assignment failed; requires manual cleanup": (
        State.REFUSED,
        None,
        "group_by_hand",
        f"The account existed without a role: in the Cognito console add the user to the group dr-racers, {_THEN}.",
    ),
    "Concurrent creation in progress — re-import to complete": (
        State.RETRY,
        60.0,
        "concurrent",
        "The same address is being invited twice at this moment: the console looks again.",
    ),
}
_ENDED = {"COMPLETED", "FAILED", "EXPIRED"}


def bulk_outcomes(job: str, people: Sequence[Invitee], answer: Mapping[str, Any]) -> tuple[bool, list[Outcome], str]:
    """(finished, one outcome per person, sentence) from a reply of GetBulkInviteUserJobStatus."""
    status = str(answer.get("status", ""))
    finished = status in _ENDED
    listed = answer.get("results")
    results = {
        str(each.get("emailAddress", "")).strip().lower(): each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, Mapping)
    }
    outcomes: list[Outcome] = []
    for person in people:
        result = results.get(person.email.strip().lower())
        if result is not None:
            outcomes.append(_outcome(person.key, result))
        elif finished:
            outcomes.append(_not_mentioned(person.key, status))
        else:
            outcomes.append(Outcome(person.key, Step.PROFILE, State.WAITING, "job", ref=job))
    return finished, outcomes, _sentence(status, answer)


def _outcome(key: str, result: Mapping[str, Any]) -> Outcome:
    status, reason = str(result.get("status", "")), str(result.get("reason") or "")
    if status == "CREATED":
        return Outcome(key, Step.PROFILE, State.DONE, "created")
    if status == "SKIPPED":
        return Outcome(key, Step.PROFILE, State.ALREADY, "exists", "This address already had an account.")
    if reason in _FAILED:
        state, after, code, sentence = _FAILED[reason]
        return Outcome(key, Step.PROFILE, state, code, sentence, retry_after=after)
    return Outcome(
        key,
        Step.PROFILE,
        State.REFUSED,
        "failed",
        f"DeepRacer on AWS could not invite this person ({reason[:120] or 'no reason given'}): look at the user there.",
    )


def _not_mentioned(key: str, status: str) -> Outcome:
    return Outcome(
        key,
        Step.PROFILE,
        State.UNKNOWN,
        f"not_mentioned_{status.lower()}",
        "The invitation ended without a word about this person: the list of profiles will tell.",
    )


def _sentence(status: str, answer: Mapping[str, Any]) -> str:
    done, total = answer.get("processedCount", 0), answer.get("totalEntries", 0)
    if status == "COMPLETED":
        return f"The service has worked through {done} of {counted(total, 'invitation')}."
    if status == "FAILED":
        return (
            "The service gave up on this invitation; who has a profile is read from the list, the others are retried."
        )
    if status == "EXPIRED":
        return "The service stopped working on this invitation after half an hour; the list of profiles will tell."
    return f"The service is working on it: {done} of {counted(total, 'invitation')}."
