"""What an outlook means, in sentences, and the text that asks AWS for more slots. Without numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.rules.capacity.outlook import Enough, Outlook

__all__ = ["QUOTA_CODES", "QuotaRequest", "effect_words", "quota_requests", "verdict"]

QUOTA_CODES = {
    "L-1EC4D7FD": "ml.c7i.4xlarge for training job usage",
    "L-00C91CB5": "Number of instances across training jobs",
}
"""Both count, and the lower one is in force (deepracer-on-aws-capacity.md 1)."""
_FELT_MIN, _FELT = 1.0, 0.1  # a wait that is longer by less than a minute, or a tenth, nobody feels
_FELT_PEOPLE = 0.005
_AHEAD = timedelta(days=3)  # a quota should be in force before people come, and be tried


@dataclass(frozen=True, slots=True)
class QuotaRequest:
    """One Service Quota of SageMaker to ask for: its code, the value, and the text and command that ask."""

    code: str
    name: str
    value: int
    text: str
    command: str


def verdict(seen: Outlook, enough: Enough | None) -> str:
    """The plain sentence: what these slots mean, and how many are enough. `enough` None: not known yet."""
    plan = seen.plan
    slots, people = counted(plan.effective_slots, "slot"), counted(plan.people, "person", "people")
    never = round(seen.never_trained.p50)
    if seen.fits:
        return f"With {slots} the plan fits: nearly all that {people} want to train runs by the end."
    if never:
        said = f"With {slots} {never:,} of {people} will never train"
    elif seen.hours_share.p10 < 0.985:
        said = f"With {slots} only {seen.hours_share.p50:.0%} of what {people} want to train runs by the end"
    else:
        failed = counted(round(seen.failed_submissions.p50), "submission")
        said = f"With {slots} {failed} of {people} will fail because no slot is free"
    return f"{said}; {_enough_words(enough)}."


def _enough_words(enough: Enough | None) -> str:
    if enough is None:
        return "how many slots are enough is being worked out"
    if enough.slots is None:
        return (
            f"no number of slots is enough, and more than {enough.worth_asking:,} help nobody: jobs start one by one, "
            "at most 15 a minute, so give people more time or let them come in turns"
        )
    return counted(enough.slots, "slot is enough", "slots are enough")


def effect_words(before: Outlook, after: Outlook) -> str:
    """What another number of hours a person does to the queue: in the middle of the simulated events of both."""
    waits = before.wait_min.p50, after.wait_min.p50
    never = round(before.never_trained.p50), round(after.never_trained.p50)
    source = f"estimate, from {counted(after.runs, 'simulated event')}"
    said: list[str] = []
    if abs(waits[1] - waits[0]) >= max(_FELT_MIN, _FELT * waits[0]):
        said.append(f"a training of the racer in the middle waits about {waits[1]:,.0f} min, not {waits[0]:,.0f}")
    if abs(never[1] - never[0]) >= max(1, _FELT_PEOPLE * after.plan.people):
        said.append(f"{counted(never[1], 'person', 'people')} will never train, not {never[0]:,}")
    if not said:
        return (
            "In the queue nobody would notice it: a training of the racer in the middle waits about "
            f"{waits[1]:,.0f} min either way ({source})."
        )
    return f"In the queue, over the whole event: {', and '.join(said)} ({source})."


def quota_requests(
    enough: Enough, others: int, *, name: str, starts: datetime, ends: datetime, people: int, region: str
) -> Sequence[QuotaRequest]:
    """What to ask for, for both codes. `others`: what the account uses otherwise."""
    value = enough.worth_asking + others
    place = region or "REGION"
    return tuple(
        QuotaRequest(
            code,
            title,
            value,
            _text(code, title, value, name, starts, ends, people, place, others),
            _command(code, value, place),
        )
        for code, title in QUOTA_CODES.items()
    )


def _text(
    code: str,
    title: str,
    value: int,
    name: str,
    starts: datetime,
    ends: datetime,
    people: int,
    region: str,
    others: int,
) -> str:
    spare = f", {others:,} of them for what already runs in this account" if others else ""
    return (
        f"Service: Amazon SageMaker, region {region}\n"
        f"Quota: {title} ({code})\n"
        f"Value: {value}\n"
        f"Needed from {starts - _AHEAD:%d %B %Y} to {ends:%d %B %Y}\n"
        f"Why: company event “{name}” with DeepRacer on AWS for {counted(people, 'person', 'people')}. Every training, "
        "evaluation and race submission is one SageMaker training job on one ml.c7i.4xlarge; up to "
        f"{counted(value, 'instance')} at the same time{spare}. Afterwards the former value is enough again."
    )


def _command(code: str, value: int, region: str) -> str:
    return (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        f"--quota-code {code} --desired-value {value} --region {region}"
    )
