"""The steps of a close-out, in the only safe order for each racing service, and how long each may take. Data alone.

What protects people comes before what may not finish: races are frozen and the exports written (both bounded), then
access is ended, and only then models are deleted, for some can never be (deepracer-on-aws-capacity.md 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.records.closing import Leftover

__all__ = ["LONGEST", "MANAGED_STEPS", "PROTECTS", "STEPS", "CloseStep", "NotYet", "Told", "steps_for"]

LONGEST = timedelta(hours=6)
"""However much a step gets on, after this (real time) it ends with what is left."""


@dataclass(frozen=True, slots=True)
class CloseStep:
    """One step of the close-out.

    `patience`: how long it is tried without getting on, after which what is left is named and the next step begins; in
    real time, or in event time where the service's own cycle is waited for (`by_event_time`). `way_out`: what a human
    does about what is left. `cost`: what it costs while it is left, where nobody knows it better.
    """

    key: str
    title: str
    why: str
    way_out: str
    patience: timedelta = timedelta(minutes=15)
    by_event_time: bool = False
    cost: str = "It costs nothing."


@dataclass(frozen=True, slots=True)
class Told:
    """How a step ended: its evidence, what it could not do, and whether it is open how things stand (`not_known`)."""

    sentence: str
    leftovers: tuple[Leftover, ...] = ()
    not_known: bool = False


class NotYet(Later):
    """A step waits; `left` is what stays behind should its patience end now."""

    def __init__(self, sentence: str, seconds: float = 2.0, *, left: Iterable[Leftover] = ()) -> None:
        super().__init__(sentence, seconds)
        self.left = tuple(left)


_IN = "Whoever can still sign in may go on training, up to their limit, and is billed."
_STORED = "Storage is billed until it is deleted."

_FREEZE = CloseStep(
    "freeze",
    "Freeze the races",
    "Final standings are taken once and never change again.",
    "Look at the races at the service, then close again.",
)
_RESULTS = CloseStep(
    "results",
    "Wait for the last results",
    "Submissions handed in before the close are ranked when they finish; what follows would end them.",
    "Look at the race at the service before its models are deleted, or declare the result final on Leaderboard.",
    timedelta(minutes=45),
    by_event_time=True,
)
_STOP = CloseStep("stop", "Stop onboarding and mail", "Nobody new comes in while access is taken back.", "Close again.")
_EXPORT = CloseStep(
    "export",
    "Export",
    "Standings and usage are saved before anything is deleted.",
    "Standings and usage stay stored until they are erased: close again to write the files.",
)
_MODELS = CloseStep(
    "models",
    "Delete models",
    "Models cost storage until they are gone.",
    "Close again, or let the service's operator delete what is left; nobody gets in with it.",
    cost=_STORED,
)
_ZERO = CloseStep(
    "zero",
    "See that no model is left",
    "A listing shows no model of the event's profiles.",
    "Close again, or let the service's operator delete what is left; nobody gets in with it.",
    cost=_STORED,
)
_GROUP = CloseStep(
    "group",
    "Empty the group",
    "The event's people leave the Entra group; guests stay in the directory.",
    "Take them out of the group in Entra, or close again.",
    cost="A group costs nothing; on the managed service whoever stays in it can sign in.",
)
_VERIFY = CloseStep(
    "verify",
    "Who can still sign in",
    "A fresh listing, matched with the attendee list.",
    "Close again: without it nobody knows who can still sign in.",
    cost=_IN,
)

STEPS: tuple[CloseStep, ...] = (
    _FREEZE,
    _RESULTS,
    _STOP,
    _EXPORT,
    CloseStep(
        "access",
        "End access",
        "Profiles that this event made are deleted; adopted ones stay.",
        "Close again: each profile is looked at anew.",
        timedelta(minutes=40),
        cost=_IN,
    ),
    _GROUP,
    _MODELS,
    _ZERO,
    CloseStep(
        "sponsorship",
        "Close sponsorship",
        "New profiles get their former limits again.",
        "Set the limits of new users on the deployment's settings page, then close again.",
        cost="Whoever is newly invited may train up to those limits, and is billed.",
    ),
    _VERIFY,
)
"""DeepRacer on AWS: the profile is the access."""

MANAGED_STEPS: tuple[CloseStep, ...] = (
    _FREEZE,
    _RESULTS,
    _STOP,
    _EXPORT,
    CloseStep(
        "pause",
        "Pause everybody",
        "Nobody makes new work while the old is deleted.",
        "Pause them in the AWS console, or close again.",
        cost="Whoever is not paused may train up to their limit, and is billed.",
    ),
    CloseStep(
        "access",
        "End sponsorship",
        "Profiles of this event are disabled; who was there before stays.",
        "Disable them in the AWS console, or close again.",
        timedelta(minutes=40),
        cost=_IN,
    ),
    _GROUP,
    CloseStep(
        "training",
        "Stop trainings",
        "A training that runs is billed, and its model cannot go.",
        "It ends by itself at its time limit and is billed until then.",
        timedelta(hours=3),
        by_event_time=True,
        cost="Each hour of a training that runs is billed.",
    ),
    _MODELS,
    _ZERO,
    CloseStep(
        "cycle",
        "Out of Identity Center",
        "The directory's own cycle takes people out: about 40 minutes.",
        "Look at the provisioning of the Identity Center application in Entra, then close again.",
        timedelta(hours=3),
        by_event_time=True,
    ),
    CloseStep(
        "sponsorship",
        "Multi-user mode off",
        "Last, because the service lists nobody after it.",
        "Turn multi-user mode off in the AWS console, then close again.",
        cost="While the mode is on, whoever the directory lets in may train at the account's expense.",
    ),
    _VERIFY,
)
"""AWS DeepRacer (managed): the directory lets people in and out, and everything is read back while the mode is on."""

PROTECTS = frozenset({"access", "verify"})
"""Steps without which nobody may say that the event is closed, unless a human skips them."""


def steps_for(kind: str) -> tuple[CloseStep, ...]:
    """The steps for a racing service: "on_aws" or "managed"."""
    return MANAGED_STEPS if kind == "managed" else STEPS
