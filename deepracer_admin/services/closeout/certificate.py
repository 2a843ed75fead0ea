"""The close-out certificate: what was done in which order, what was read back and when. Pure; names nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from deepracer_admin.flows.closeout.steps import CloseStep
from deepracer_admin.model import AuditEntry, Event, JobItem

__all__ = ["certificate", "read_back_at"]


def read_back_at(item: JobItem, started: datetime | None) -> datetime | None:
    """When a step's evidence was read. The step keeps "13:45:08 UTC"; its day is that of the close-out, or the next."""
    text = str((item.after or {}).get("as_of", ""))
    if not text.endswith(" UTC") or started is None:
        return None
    start = started.astimezone(UTC)
    at = datetime.combine(start.date(), time.fromisoformat(text.removesuffix(" UTC")), UTC)
    return at if at >= start.replace(microsecond=0) else at + timedelta(days=1)


def certificate(
    event: Event,
    steps: Sequence[tuple[CloseStep, JobItem | None]],
    *,
    can_still_sign_in: int | None,
    in_group: int | None,
    in_identity_center: int | None = None,
    started_at: datetime | None,
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
        done = item is not None and item.state.is_done
        when = read_back_at(item, started_at) if item and done else None
        lines.append(f"{number}. {step.title}: {'done' if done else 'NOT DONE'}{f' ({at(when)})' if when else ''}")
        if item and item.sentence:
            lines.append(f"   {item.sentence}")
    lines.append("")
    if can_still_sign_in is None:
        lines.append("Who can still sign in was not read back.")
    else:
        lines.append(f"People of the list who can still sign in: {can_still_sign_in:,} (read back {at(proof_at)}).")
    if in_group is not None:
        lines.append(f"People of the event in the Entra group: {in_group:,}.")
    if in_identity_center is not None:
        lines.append(f"People of the event listed in IAM Identity Center: {in_identity_center:,}.")
    if event.erase_on:
        lines.append(f"Personal data is to be erased on {event.erase_on}.")
    if last_audit:
        lines += ["", f"Last audit entry: number {last_audit.seq}, digest {last_audit.digest}"]
    return "\n".join(lines) + "\n"
