"""What gets one person past a step: a sentence for whoever stands beside them. Pure."""

from __future__ import annotations

from deepracer_admin.model import State, Step

__all__ = ["way_out"]

_THEIRS = {
    Step.SIGNED_IN: "They sign in with the link of their mail.",
    Step.TRAINED: "They start a training; more hours help when theirs are used.",
    Step.SUBMITTED: "They submit a model to the race.",
}


def way_out(step: Step, state: State | None, *, wanted: bool, address_refused: bool) -> str:
    """What to do about this step; "" where nothing is needed. `state` None: it was not begun.

    `wanted` False: they are being, or were, taken out. `address_refused`: the service cannot take their address at all.
    """
    if state is not None and state.is_done:
        return ""
    if not wanted:
        return "Taken out: put them on the list again to give them access."
    if address_refused and step not in _THEIRS:
        return "Give another address: this one cannot be taken."
    if step in _THEIRS and state in (None, State.TODO, State.WAITING):
        return _THEIRS[step]
    if state is State.REFUSED:
        if step is Step.MAIL:
            return "Correct the address, then resend their mail."
        return "Remove the cause, then press “Retry this person”."
    if state is State.UNKNOWN:
        if step is Step.MAIL:
            return "Ask whether the mail arrived, then settle it on the Messages page."
        return "The next listing of the service tells; nothing to do."
    if state in (State.WAITING, State.RETRY):
        return "Goes on without you."
    return "Follows when the steps before it are done."
