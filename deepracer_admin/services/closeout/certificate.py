"""The close-out certificate: what was done in which order, what was read back and when. Pure; names nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.run import GIVEN_UP, LEFT, NOT_KNOWN, SKIPPED
from deepracer_admin.flows.closeout.steps import CloseStep
from deepracer_admin.model import AuditEntry, Event, JobItem
from deepracer_admin.records.closing import ClosingStep

__all__ = ["certificate"]

_WORDS = {
    LEFT: "done as far as it can be, with something left",
    NOT_KNOWN: "ended; it is NOT KNOWN how things stand",
    GIVEN_UP: "NOT DONE",
    SKIPPED: "SKIPPED",
}


def certificate(
    event: Event,
    steps: Sequence[tuple[CloseStep, JobItem | None]],
    rows: Mapping[str, ClosingStep],
    *,
    can_still_sign_in: int | None,
    in_group: int | None,
    group_before: int = 0,
    in_identity_center: int | None = None,
    not_known: int = 0,
    settle: str = "",
    elsewhere: int = 0,
    proof_at: datetime | None,
    last_audit: AuditEntry | None,
    rehearsal: bool,
) -> str:
    """Plain text. A step without evidence says so: the certificate never claims what was not read back."""
    zone = ZoneInfo(event.zone)

    def at(value: datetime | None) -> str:
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S} {event.zone}" if value else "not yet"

    lines = ["REHEARSAL: simulated people and services.", ""] if rehearsal else []
    lines += [
        f"Close-out of {event.name}",
        f"Event: {at(event.starts_at)} to {at(event.ends_at)}",
        f"Closed: {at(event.closed_at)}",
        "",
    ]
    for number, (step, item) in enumerate(steps, start=1):
        row = rows.get(step.key, ClosingStep())
        when = f" ({at(row.read_back_at)})" if row.read_back_at else ""
        lines.append(f"{number}. {step.title}: {_how(item)}{when}")
        if item and item.sentence:
            lines.append(f"   {item.sentence}")
        if row.skip is not None:
            lines.append(f"   Skipped by {row.skip.by_name} on {at(row.skip.at)}.")
        lines += [f"   {'Kept' if left.is_kept else 'Left'}: {left.sentence}" for left in row.leftovers]
    lines.append("")
    if can_still_sign_in is None:
        lines.append("Who can still sign in is not known: it was not looked at.")
    else:
        lines.append(
            f"People of the list who can still sign in: {can_still_sign_in:,} (seen at the service on {at(proof_at)})."
        )
    if elsewhere:
        lines.append(
            f"Besides, {counted(elsewhere, 'person', 'people')} can still sign in because another open event wants "
            "them; its close-out ends that."
        )
    if not_known:
        lines.append(f"Not known for {counted(not_known, 'person', 'people')}: {settle}")
    if in_group is not None:
        lines.append(f"People of the event in the Entra group: {in_group:,}.")
        if group_before:
            one = "person of the list was in that group before the event, and stays in it"
            many = "people of the list were in that group before the event, and stay in it"
            lines.append(f"{counted(group_before, one, many)}.")
    if in_identity_center is not None:
        lines.append(f"People of the event listed in IAM Identity Center: {in_identity_center:,}.")
    if event.erase_on:
        lines.append(f"Personal data is to be erased on {event.erase_on}.")
    if last_audit:
        lines += ["", f"Last audit entry: number {last_audit.seq}, digest {last_audit.digest}"]
    return "\n".join(lines) + "\n"


def _how(item: JobItem | None) -> str:
    if item is None:
        return "NOT DONE"
    return "done" if item.state.is_done else _WORDS.get(item.reason, "NOT DONE")
