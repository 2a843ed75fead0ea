"""Whose entry on the list needs somebody's correction, and why: what is handed back to whoever made the list. Pure.

They have the list and not the console, so what to do is about the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deepracer_admin.model import Attendee, Delivery, Sending, State, Step, StepRow

__all__ = ["to_correct"]

_CAME_BACK = {
    "bounced": ("Their mail came back: the address takes no mail.", "Correct the address."),
    "complained": ("They reported the mail as unwanted.", "Ask whether they want to take part."),
}
_REFUSED = "Correct the entry, or take the person off the list."
_FAILED = ("Their mail could not be sent.", "Correct the address.")


def to_correct(person: Attendee, steps: Mapping[Step, StepRow], mails: Sequence[Delivery]) -> tuple[str, str] | None:
    """(what is wrong, what to do) about somebody who is wanted; None where nothing is, or time alone will tell."""
    if not person.wanted:
        return None
    if person.refusal:
        return person.refusal, _REFUSED
    for step in Step:
        row = steps.get(step)
        if row is not None and row.state is State.REFUSED:
            return row.sentence or "The service refused this entry.", _REFUSED
    newest = {mail.template: mail for mail in sorted(mails, key=lambda each: each.number)}
    for mail in newest.values():
        if mail.delivered in _CAME_BACK:
            return _CAME_BACK[mail.delivered]
        if mail.state is Sending.FAILED and not mail.is_under_way:
            return mail.sentence or _FAILED[0], _FAILED[1]
    return None
