"""Job `check`: the pre-flight. Everything is read once, nothing is changed; and the run that nobody had to ask for.

What if it dies here? Nothing was kept yet: the job is taken up and reads everything anew. Who presses while one runs is
owed one that begins afterwards: it follows in the same job, and where that had just ended, `plan_due_check` plans it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import Conflict
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.setup.probes import read_facts
from deepracer_admin.model import Event, Job, JobState, Lease
from deepracer_admin.records.calls import CREDENTIAL_ENDS
from deepracer_admin.records.connect_check import CHECK, CHECK_AGAIN, CHECK_PLANNED, POOL_CHECK, Again, Checked
from deepracer_admin.rules.audit import by_system
from deepracer_admin.rules.preflight import findings
from deepracer_admin.rules.preflight.compare import due

__all__ = ["CheckHandler", "check_now", "plan_due_check"]

NO_POOL = "There are no credentials on the user pool: set DEEPRACER_ADMIN_DEEPRACER_USER_POOL."


class CheckHandler:
    """Job `check`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        asked = _owed(ports, event) or Again(0, job.created_by, job.created_by_name)
        checked = check_now(ports, event, asked.oid, by=asked.name, lease=lease)
        if _owed(ports, event):
            return None  # somebody has changed something, and pressed, since this one began
        red = sum(1 for finding in checked.findings if finding.level == "red")
        unknown = sum(1 for finding in checked.findings if finding.level == "unknown")
        not_known = f", {counted(unknown, 'is', 'are')} not known" if unknown else ""
        return (
            f"{counted(len(checked.findings), 'check')}, {counted(red, 'needs', 'need')} attention{not_known}."
            if red
            else f"{counted(len(checked.findings), 'check')}, none red{not_known}."
        )


def _owed(ports: Ports, event: Event) -> Again | None:
    """The press for which no run has begun yet."""
    again = ports.store.read(event.id, CHECK_AGAIN)
    return again if again.number > ports.store.read(event.id, CHECK).again else None


def check_now(ports: Ports, event: Event, oid: str, *, by: str, lease: Lease | None) -> Checked:
    """Read, judge and keep. `oid`: on whose behalf the directory is asked. Raises StoreError alone."""
    again = ports.store.read(event.id, CHECK_AGAIN).number  # before anything is read
    facts = read_facts(ports, event, oid, lease)
    last = ports.store.read(event.id, CHECK)
    made = Checked(findings(facts), ports.clock.now(), last.findings, last.as_of, by, ports.clock.event_now(), again)
    if facts.kind == "on_aws":
        trouble = facts.pool.trouble.sentence if facts.pool.trouble else "" if facts.pool.value else NO_POOL
        ports.store.keep(event.id, POOL_CHECK, trouble, lease=lease)
    if facts.credential.value is not None:
        ports.store.keep(event.id, CREDENTIAL_ENDS, facts.credential.value.ends_at, lease=lease)
    ports.store.keep(event.id, CHECK, made, lease=lease)
    return made


def plan_due_check(ports: Ports, event: Event, lease: Lease) -> bool:
    """Plan a run that nobody's press has planned. True when it did.

    One that is owed to a press; and that of the morning before, once, on behalf of whoever asked for the last one.
    Without an earlier run there is nobody on whose behalf the directory may be asked, and nothing is planned.
    """
    store = ports.store
    last = next(iter(store.jobs(event.id, kind="check", limit=1)), None)
    if last is None:
        return False
    owed = _owed(ports, event)
    if owed and last.plan.get("again") != owed.number:  # what failed for that press is not tried for ever
        return _planned(ports, event, {"again": owed.number}, owed.oid, owed.name) is not None
    kind = event.service or ports.racing_default
    planned = store.read(event.id, CHECK_PLANNED)
    ran_at = store.read(event.id, CHECK).event_at
    day = due(event, ports.clock.event_now(), planned, managed=kind == "managed", ran_at=ran_at)
    if not day:
        return False
    if last.plan.get("by_itself") == day:  # planned, and nobody lived to note it
        store.update(event.id, CHECK_PLANNED, lambda _: day, lease=lease)
        return False
    job = _planned(ports, event, {"by_itself": day}, last.created_by, "")
    if job is None:
        return False
    store.update(event.id, CHECK_PLANNED, lambda _: day, lease=lease)
    entry = by_system(
        event.id,
        "setup.check",
        at=job.created_at or ports.clock.now(),
        name="The pre-flight of the morning",
        target=event.id,
        count=1,
        after={"by_itself": day},
        job=job.id,
        on_behalf_of=last.created_by,
    )
    store.append_audit(entry)
    return True


def _planned(ports: Ports, event: Event, plan: Mapping[str, Any], oid: str, name: str) -> Job | None:
    """None: one is under way, and it will be looked at again."""
    now = ports.clock.now()
    job = Job(
        id=f"job-{secrets.token_hex(8)}",
        event=event.id,
        kind="check",
        target=event.id,
        state=JobState.PLANNED,
        plan=dict(plan),
        total=1,
        created_by=oid,
        created_by_name=name,
        created_at=now,
        changed_at=now,
    )
    try:
        return ports.store.create_job(job, [])
    except Conflict:
        return None
