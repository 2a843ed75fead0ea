"""Is the event closed, and is everybody's access gone? Green, amber or red, and why. Pure.

Green only where everything was read back and nothing is left. Red: the event is not closed, or somebody has access who
should not, or it is not known. Amber: access is ended, and something else is left or stays on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.run import GIVEN_UP, NOT_KNOWN, SKIPPED
from deepracer_admin.flows.closeout.steps import PROTECTS, CloseStep
from deepracer_admin.model import Event, JobItem
from deepracer_admin.records.closing import ClosingStep, Ending, GivenBack, Proof

__all__ = ["AMBER", "GREEN", "HOW", "RED", "Verdict", "verdict"]

GREEN, AMBER, RED = "green", "amber", "red"

STAYS = frozenset({"adopted", "manual", "staff", "group_before"})
"""Why somebody may sign in still: they could before this event, which gave them nothing that it could take back."""

HOW = {
    "listing": "The racing service's listing shows no profile of this person, and the account goes before it.",
    "pool": "Neither the racing service's listing nor the user pool shows this person.",
    "no_account": "A row of the listing is left, and its account was seen to be gone: nobody can sign in with it.",
    "directory": "IAM Identity Center does not list this person among those whom the directory lets in.",
    "disabled": "The person's profile was seen disabled.",
    "mode_off": "Multi-user mode was seen off: nobody has a sponsored profile.",
    "adopted": "Had access before this event, and keeps it.",
    "manual": "Linked by hand: had access before this event, and keeps it.",
    "staff": "Runs the service.",
    "group_before": "In the Entra group since before this event, and stays in it.",
    "elsewhere": "Another open event wants this person; its close-out ends that.",
    "created": "The profile that this event made is still there.",
    "account": "The user pool lists an account with this person's address.",
    "identity_center": "IAM Identity Center lists the person, or could not be asked, and no profile was seen disabled.",
    "not made by this event": "Has a profile that this event did not make.",
}
"""What was seen of a person, by the word that is stored."""


ELSEWHERE = (
    "The audit of this data folder does not hold the acts of the close-out, because the event was restored from a "
    "backup into it: they stand in the audit of the folder in which it was closed, and in the certificate made there."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`because`: a sentence for each thing that keeps it from being green, the worst first."""

    colour: str
    sentence: str
    because: tuple[str, ...] = ()


def verdict(
    event: Event,
    steps: Sequence[tuple[CloseStep, JobItem | None]],
    rows: Mapping[str, ClosingStep],
    proof: Proof | None,
    given_back: GivenBack | None,
    ending: Ending | None,
    chain: tuple[int, int | None] = (0, None),
    *,
    acts: bool = True,
) -> Verdict:
    """`chain`: (entries of the audit, number of the first that is broken or None). `acts`: does it hold what was done
    to close this event?"""
    red = [*_access(proof), *_protecting(steps)]
    if event.closed_at is None or any(item is None for _, item in steps):
        red.insert(0, "The close-out is not through.")
    if chain[1] is not None:
        red.append(f"The audit was altered at entry {chain[1]:,}, so it proves nothing from there on.")
    amber = [*_left(steps, rows), *_staying(proof), *_beside(given_back, ending), *([] if acts else [ELSEWHERE])]
    if red:
        return Verdict(RED, "NOT PROVED that access is gone and the event is closed.", (*red, *amber))
    if amber:
        return Verdict(AMBER, "Closed: access that this event gave has ended. Not everything is gone.", tuple(amber))
    return Verdict(GREEN, "Closed: nobody of the list can sign in any more, and nothing is left.")


def _access(proof: Proof | None) -> list[str]:
    if proof is None:
        return ["Nobody has looked who can still sign in."]
    found: list[str] = []
    wrong = {each.attendee for each in proof.can_still_sign_in if each.why not in STAYS}
    if wrong:
        who = counted(len(wrong), "person can still sign in and should", "people can still sign in and should")
        found.append(f"{who} not.")
    if proof.not_known:
        found.append(f"Not known for {counted(len(proof.not_known), 'person', 'people')}: {proof.settle}")
    return found


def _protecting(steps: Sequence[tuple[CloseStep, JobItem | None]]) -> list[str]:
    return [
        f"“{step.title}” was {'skipped' if item.reason == SKIPPED else 'not done'}."
        for step, item in steps
        if item is not None and step.key in PROTECTS and item.reason in (SKIPPED, GIVEN_UP)
    ]


def _left(steps: Sequence[tuple[CloseStep, JobItem | None]], rows: Mapping[str, ClosingStep]) -> list[str]:
    found: list[str] = []
    met: set[object] = set()
    for step, item in steps:
        left = rows[step.key].leftovers if step.key in rows else ()
        if item is not None and item.reason == SKIPPED and step.key not in PROTECTS:
            found.append(f"“{step.title}” was skipped.")
        elif left:
            found += [each.sentence for each in left if each.same not in met]
            met |= {each.same for each in left}
        elif item is not None and item.reason in (GIVEN_UP, NOT_KNOWN) and step.key not in PROTECTS:
            found.append(f"“{step.title}”: {item.sentence}")
    return found


def _staying(proof: Proof | None) -> list[str]:
    if proof is None:
        return []
    found: list[str] = []
    stay = {each.attendee for each in proof.can_still_sign_in if each.why in STAYS}
    if stay:
        who = counted(len(stay), "person keeps the access that they", "people keep the access that they")
        found.append(f"{who} had before this event.")
    if proof.elsewhere:
        who = counted(len({each.attendee for each in proof.elsewhere}), "person is", "people are")
        found.append(f"{who} let in by another open event, which ends it.")
    if proof.in_group:
        found.append(f"{counted(proof.in_group, 'person is', 'people are')} still in the Entra group.")
    return found


def _beside(given_back: GivenBack | None, ending: Ending | None) -> list[str]:
    found: list[str] = []
    if given_back is not None and given_back.back < given_back.profiles:
        less = given_back.profiles - given_back.back
        whose = counted(less, "profile", "profiles")
        found.append(f"{whose} from before the event not seen with the limits that they had.")
    if ending is not None and ending.kept:
        found.append(f"The console may still act for {counted(ending.kept, 'person', 'people')} who ran this event.")
    return found
