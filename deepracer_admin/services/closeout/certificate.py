"""The close-out certificate: each claim with its evidence, when it was read, and what is not so. Pure; names no racer.

People of the list stand in it by the number that the console keeps for them, so that it holds no personal data once
the list is erased; organizers who skipped, waited or stopped stand by name. What was not read back is claimed nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.run import GIVEN_UP, LEFT, NOT_KNOWN, SKIPPED
from deepracer_admin.flows.closeout.steps import CloseStep
from deepracer_admin.model import Event, JobItem
from deepracer_admin.records import proven
from deepracer_admin.records.closing import ClosingStep, ClosingWord, Ending, GivenBack, Leftover, Proof
from deepracer_admin.records.proven import Proven
from deepracer_admin.services.closeout.verdict import HOW, Verdict, verdict

__all__ = ["FORMAT", "Facts", "certificate", "local_time"]

FORMAT = "deepracer-console-certificate-1"

_WORDS = {
    LEFT: "done as far as it can be, with something left",
    NOT_KNOWN: "ended; it is NOT KNOWN how things stand",
    GIVEN_UP: "NOT DONE",
    SKIPPED: "SKIPPED",
}
_DECIDED = {"skip": "went on without it", "wait": "waited on", "stop": "stopped the close-out at it"}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a certificate is made of, as stored. `proof` and what follows it: of the close-out `job`, None where it
    has not got there. `acts`: its audit entries as `chained` gives them. `chain`: (entries of the whole audit, number
    of the first broken one). `last`: the newest entry's number, digest and time."""

    event: Event
    steps: Sequence[tuple[CloseStep, JobItem | None]]
    rows: Mapping[str, ClosingStep]
    issued_at: datetime
    fingerprint: str
    rehearsal: bool
    job: str = ""
    managed: bool = False
    proof: Proof | None = None
    answers: Mapping[str, Proven] = field(default_factory=dict)
    counted_answers: Mapping[str, Proven] | None = None  # where each person is left out and only how many is said
    given_back: GivenBack | None = None
    ending: Ending | None = None
    words: Sequence[ClosingWord] = ()
    acts: Sequence[Mapping[str, Any]] = ()
    chain: tuple[int, int | None] = (0, None)
    last: tuple[int, str, datetime] | None = None
    erased_at: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        acts = bool(self.acts) or not self.job
        said = (self.event, self.steps, self.rows, self.proof, self.given_back, self.ending, self.chain)
        return verdict(*said, acts=acts)


def local_time(at: datetime | None, zone: str) -> str:
    """With its date, offset and the zone's name; "not yet" for None."""
    if at is None:
        return "not yet"
    return f"{at.astimezone(ZoneInfo(zone)).replace(microsecond=0).isoformat(' ')} ({zone})"


def certificate(facts: Facts) -> dict[str, Any]:
    """The document, in the order in which it is read; plain JSON values."""
    event, zone, found = facts.event, facts.event.zone, facts.verdict
    return {
        "format": FORMAT,
        "rehearsal": facts.rehearsal,
        "about": _about(facts),
        "issued_at": local_time(facts.issued_at, zone),
        "event": {
            "name": event.name,
            "id": event.id,
            "racing_service": "AWS DeepRacer (managed)" if facts.managed else "DeepRacer on AWS",
            "starts": local_time(event.starts_at, zone),
            "ends": local_time(event.ends_at, zone),
            "closed": local_time(event.closed_at, zone),
            "personal_data_erased": local_time(facts.erased_at, zone)
            if facts.erased_at
            else f"on {event.erase_on}"
            if event.erase_on
            else "no date is set",
        },
        "verdict": {"colour": found.colour, "sentence": found.sentence, "because": [*found.because]},
        "people": _people(facts),
        "claims": [*(_claim(number, step, item, facts) for number, (step, item) in enumerate(facts.steps, start=1))],
        "also": _also(facts),
        "left": _left(facts),
        "decided": [_decided(word, facts) for word in facts.words],
        "persons": [_person(key, each, zone) for key, each in sorted(facts.answers.items())],
        "acts": [dict(each) for each in facts.acts],
        "chain": _chain(facts),
    }


def _about(facts: Facts) -> str:
    mark = "REHEARSAL: simulated people and services. " if facts.rehearsal else ""
    return (
        f"{mark}What the console did to end this event, and what it saw afterwards. To check it: python -m "
        "deepracer_admin verify FILE, or without this console verify_certificate.py. The seal proves that no byte "
        f"changed since it was signed with the key {facts.fingerprint}. That this is the organizer's key, only they "
        "can tell: ask for its fingerprint another way than with this file."
    )


def _people(facts: Facts) -> dict[str, Any]:
    proof, zone = facts.proof, facts.event.zone
    answers = facts.answers if facts.counted_answers is None else facts.counted_answers
    if proof is None:
        return {"said": "Who can still sign in is not known: it was not looked at.", "read_at": "not yet"}
    counts = Counter(each.answer for each in answers.values())
    still, unknown = len({each.attendee for each in proof.can_still_sign_in}), len(proof.not_known)
    number = f"{still:,} to {still + unknown:,}" if unknown else f"{still:,}"
    said = [f"People of the list who can still sign in: {number}."]
    if proof.elsewhere:
        said.append(
            f"Besides, {counted(len(proof.elsewhere), 'person', 'people')} can still sign in because another open "
            "event wants them; its close-out ends that."
        )
    if unknown:
        said.append(f"Not known for {counted(unknown, 'person', 'people')}: {proof.settle}")
    if proof.in_group is not None:
        said.append(f"People of the event in the Entra group: {proof.in_group:,}.")
    if proof.group_before:
        one = "person of the list was in that group before the event, and stays in it"
        many = "people of the list were in that group before the event, and stay in it"
        said.append(f"{counted(proof.group_before, one, many)}.")
    if proof.in_identity_center is not None:
        said.append(f"People of the event listed in IAM Identity Center: {proof.in_identity_center:,}.")
    how = Counter((each.answer, each.how) for each in answers.values())
    return {
        "said": " ".join(said),
        "read_at": local_time(proof.as_of, zone),
        "read_from": proof.source,
        **{answer: counts[answer] for answer in proven.ANSWERS if answers},
        "how": [
            {"answer": answer, "people": number, "seen": HOW.get(code, code)}
            for (answer, code), number in sorted(how.items())
        ],
    }


def _row(facts: Facts, step: CloseStep) -> ClosingStep:
    return facts.rows.get(step.key, ClosingStep())


def _claim(number: int, step: CloseStep, item: JobItem | None, facts: Facts) -> dict[str, Any]:
    row, zone = _row(facts, step), facts.event.zone
    how = "NOT DONE" if item is None else "done" if item.state.is_done else _WORDS.get(item.reason, "NOT DONE")
    return {
        "claim": f"{number}. {step.title}",
        "answer": how,
        "evidence": item.sentence if item and item.sentence else "None.",
        "begun_at": local_time(row.began_at, zone),
        "read_at": local_time(row.read_back_at, zone),
        "tries": row.tries,
    }


def _also(facts: Facts) -> list[dict[str, str]]:
    """What stands beside the steps: former limits, and on whose behalf the console still may act."""
    zone, found = facts.event.zone, list[dict[str, str]]()
    if (given := facts.given_back) is not None and given.profiles:
        whose = counted(given.profiles, "profile was", "profiles were")
        found.append(
            {
                "claim": "Who was there before stays, with what they had",
                "answer": "done" if given.back == given.profiles else "NOT DONE",
                "evidence": f"{whose} there before the event and stay; {given.back:,} of them are listed with "
                "the limits that they had before it.",
                "read_at": local_time(given.at, zone),
            }
        )
    if (ending := facts.ending) is not None:
        people = counted(ending.kept, "person who ran this event", "people who ran this event")
        none = "The console keeps no sign-in of whoever ran this event with which it could act for them."
        some = f"The console may still act for {people}: another event, or what is left in the directory, needs it."
        found.append(
            {
                "claim": "The console acts for nobody any more",
                "answer": "not done" if ending.kept else "done",
                "evidence": some if ending.kept else none,
                "read_at": local_time(ending.at, zone),
            }
        )
    return found


def _left(facts: Facts) -> list[dict[str, Any]]:
    """Each once, at the first step that met it."""
    found: dict[object, dict[str, Any]] = {}
    for step, _ in facts.steps:
        for left in _row(facts, step).leftovers:
            found.setdefault(left.same, _leftover(step, left))
    return [*found.values()]


def _leftover(step: CloseStep, left: Leftover) -> dict[str, Any]:
    return {
        "step": step.title,
        "what": left.what,
        "count": left.count,
        "which": [*left.which],
        "why": left.why,
        "costs": left.cost or ("It is that event's." if left.is_kept else step.cost),
        "way_out": left.way_out or step.way_out,
        "kept_on_purpose": left.is_kept,
    }


def _decided(word: ClosingWord, facts: Facts) -> dict[str, str]:
    titles = {step.key: step.title for step, _ in facts.steps}
    return {
        "step": titles.get(word.step, word.step),
        "decision": _DECIDED.get(word.word, word.word),
        "by": word.by_name,
        "reason": word.reason,
        "at": local_time(word.at, facts.event.zone),
        "of": "this close-out" if word.job == facts.job else "an earlier close-out of this event",
    }


def _person(key: str, each: Proven, zone: str) -> dict[str, str]:
    told = {"person": key, "answer": each.answer, "seen": HOW.get(each.how, each.how), "at": local_time(each.at, zone)}
    return {**told, "settle": each.settle} if each.settle else told


def _chain(facts: Facts) -> dict[str, Any]:
    entries, broken = facts.chain
    last = facts.last
    return {
        "entries": entries,
        "whole": broken is None,
        "first_broken": broken,
        "last_number": last[0] if last else None,
        "last_digest": last[1] if last else None,
        "last_at": local_time(last[2], facts.event.zone) if last else None,
    }
