"""The steps of a close-out, in the only safe order for each racing service. Data alone."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MANAGED_STEPS", "STEPS", "CloseStep", "steps_for"]


@dataclass(frozen=True, slots=True)
class CloseStep:
    """One step of the close-out."""

    key: str
    title: str
    why: str


_FREEZE = CloseStep("freeze", "Freeze the races", "Final standings are taken once and never change again.")
_STOP = CloseStep("stop", "Stop onboarding and mail", "Nobody new comes in while access is taken back.")
_EXPORT = CloseStep("export", "Export", "Standings and usage are saved before anything is deleted.")
_MODELS = CloseStep("models", "Delete models", "Models cost storage until they are gone.")
_ZERO = CloseStep("zero", "Read back to zero", "A listing shows no model of the event's profiles.")
_GROUP = CloseStep(
    "group", "Empty the group", "The event's people leave the Entra group; guests stay in the directory."
)
_VERIFY = CloseStep("verify", "Who can still sign in", "A fresh listing, matched with the attendee list.")

STEPS: tuple[CloseStep, ...] = (
    _FREEZE,
    _STOP,
    _EXPORT,
    _MODELS,
    _ZERO,
    CloseStep("access", "End access", "Profiles that this event made are deleted; adopted ones stay."),
    _GROUP,
    CloseStep("sponsorship", "Close sponsorship", "New profiles get their former limits again."),
    _VERIFY,
)
"""DeepRacer on AWS: the profile is the access."""

MANAGED_STEPS: tuple[CloseStep, ...] = (
    _FREEZE,
    _STOP,
    _EXPORT,
    CloseStep("pause", "Pause everybody", "Nobody makes new work while the old is deleted."),
    CloseStep("training", "Stop trainings", "A training that runs is billed, and its model cannot go."),
    _MODELS,
    _ZERO,
    CloseStep("access", "End sponsorship", "Profiles of this event are disabled; who was there before stays."),
    _GROUP,
    CloseStep("cycle", "Out of Identity Center", "The directory's own cycle takes people out: about 40 minutes."),
    CloseStep("sponsorship", "Multi-user mode off", "Last, because the service lists nobody after it."),
    _VERIFY,
)
"""AWS DeepRacer (managed): the directory lets people in and out, and everything is read back while the mode is on."""


def steps_for(kind: str) -> tuple[CloseStep, ...]:
    """The steps for a racing service: "on_aws" or "managed"."""
    return MANAGED_STEPS if kind == "managed" else STEPS
