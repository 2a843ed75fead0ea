"""The event's choice about people whom the directory does not know: refuse them, or invite them as its guests."""

from __future__ import annotations

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Event, Found, State, Step
from deepracer_admin.records.guest_book import DENIED, TO_INVITE
from deepracer_admin.services.setup.drafts import GUESTS, EventDraft
from deepracer_admin.store import EventStore

__all__ = ["ask_again", "checked_guests"]

OPEN = (Found.NONE.value, TO_INVITE, DENIED)


def checked_guests(draft: EventDraft) -> str:
    """The choice, when it can be kept. Raises BadInput."""
    if draft.guests not in GUESTS:
        raise BadInput("People who are not in the directory: choose to refuse them, or to invite them as guests.")
    if draft.guests == "invite" and not draft.group_id:
        raise BadInput("People who are not in the directory: guests need the Entra group; give its object id first.")
    if draft.guests == "invite" and not draft.portal_url:
        raise BadInput("People who are not in the directory: give the portal link; a guest's invitation ends there.")
    return draft.guests


def ask_again(store: EventStore, before: Event, after: Event) -> None:
    """Another choice holds for those whom it concerned already: their group step begins anew."""
    if before.guests == after.guests:
        return
    rows = store.steps(after.id, step=Step.GROUP)
    people = [row.attendee for row in rows if row.reason in OPEN and row.state in (State.REFUSED, State.WAITING)]
    if people:
        store.reset_steps(after.id, people, [Step.GROUP])
