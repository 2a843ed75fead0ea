"""Bulk invitations of 1.3 (deepracer-on-aws-1.3.md 4.1): one serial job per administrator, in real time."""

from __future__ import annotations

import re
from typing import Any

from .deployment import Call, Deployment
from .errors import bad_request, conflict, internal, not_authorized, not_found
from .profiles import EMAIL, GroupFailed, invite
from .state import RACERS, InviteJob, State
from .user_pool import PoolError
from .wire import to_moment

EXPIRY_SECONDS = 30 * 60
EXECUTION_SECONDS = 20 * 60
"""The Step Functions run of a job ends after this time, done or not."""
_TOKEN_SECONDS = 24 * 3600
_KEEP_SECONDS = 90 * 86_400
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOT_IN_ALIAS = re.compile(r"[^A-Za-z0-9_-]")
_MAIL_QUOTA = "Email delivery quota exceeded — configure SES"
_NOT_PROCESSED, _NOT_CREATED = "Failed to process entry", "Failed to create the account"
_NO_GROUP = "Failed to assign the racer group"
_NOT_ROLLED_BACK = "Account created but group assignment failed and could not be rolled back; requires manual cleanup"
_NO_GROUP_FOR_KNOWN = "User exists but group assignment failed; requires manual cleanup"
_CONCURRENT = "Concurrent creation in progress — re-import to complete"
ROW_REASONS = frozenset(
    {_NOT_PROCESSED, _NOT_CREATED, _MAIL_QUOTA, _NO_GROUP, _NOT_ROLLED_BACK, _NO_GROUP_FOR_KNOWN, _CONCURRENT}
)
_CAUSE = "The state machine ended with an error."
_TIMED_OUT = "The execution timed out after 20 minutes."
_OPERATION = "BulkInviteUser"


def bulk_invite_user(site: Deployment, call: Call) -> tuple[int, dict[str, Any]]:
    owner = call.caller.profile_id
    if not site.is_admin(call):
        raise not_authorized("Only administrators can bulk-invite users.")
    entries = call.body["profiles"]
    if not 1 <= len(entries) <= 200:
        raise bad_request("A bulk invite must contain between 1 and 200 entries.")
    if not all(EMAIL.match(entry["emailAddress"]) for entry in entries):
        raise bad_request("One or more entries has an invalid email address.")
    if len({entry["emailAddress"].strip().lower() for entry in entries}) < len(entries):
        raise bad_request("The request contains duplicate email addresses.")
    cap = site.options.bulk_mail_cap
    if site.pool.sender == "default" and len(entries) > cap:
        raise bad_request(
            f"This deployment uses the default Cognito email sender (limited to {cap} emails/day). Configure SES via "
            f"the EmailDeliveryMethod deployment parameter before importing {len(entries)} users."
        )
    advance_invites(site)
    token = call.body.get("clientToken")
    known = _find_by_token(site, owner, token)
    if known is not None:
        return 202, {"jobId": known.job_id, "status": _status(site, known), "totalEntries": len(known.entries)}
    _require_no_active_job(site, owner)
    job = InviteJob(_ulid(site.state, site.real()), owner, entries, site.real(), site.real(), token=token)
    if token:
        site.invitation_tokens[f"{owner}/{token}"] = (job.job_id, site.real())
    site.state.invite_jobs[job.job_id] = job
    if site.hit("bulk_start", call.operation):
        job.status, job.error = "FAILED", "Failed to start processing."
        raise internal("Failed to start the bulk invite. Please try again.")
    job.stalled = site.hit("bulk_stall", call.operation)
    return 202, {"jobId": job.job_id, "status": job.status, "totalEntries": len(entries)}


def _find_by_token(site: Deployment, owner: str, token: str | None) -> InviteJob | None:
    job_id, since = site.invitation_tokens.get(f"{owner}/{token}", (None, 0.0))
    if token is None or job_id is None or site.real() - since > _TOKEN_SECONDS:
        return None
    job = site.state.invite_jobs.get(job_id)
    if job is None:
        raise conflict("A bulk invite with this idempotency token is already being processed.")
    return job


def _require_no_active_job(site: Deployment, owner: str) -> None:
    for job in site.state.invite_jobs.values():
        if job.owner == owner and job.status == "PROCESSING":
            if site.real() - job.created_real <= EXPIRY_SECONDS:
                raise conflict("A bulk invite is already in progress. Wait for it to finish before starting another.")
            job.status = "EXPIRED"


def get_bulk_invite_job(site: Deployment, call: Call) -> dict[str, Any]:
    advance_invites(site)
    job = site.state.invite_jobs.get(call.path["jobId"])
    if job is None or job.owner != call.caller.profile_id:
        raise not_found("Bulk invite job not found.")
    counts = _count(site, job)
    reply = {name: value for name, value in counts.items() if name not in ("jobId", "createdAt")}
    reply["results"] = list(job.results)
    return reply | ({"errorMessage": job.error} if job.error else {})


def list_bulk_invite_jobs(site: Deployment, call: Call) -> dict[str, Any]:
    """At most the newest 20 of the caller; rows live for 90 days."""
    advance_invites(site)
    own = [job for job in site.state.invite_jobs.values() if job.owner == call.caller.profile_id]
    fresh = [job for job in own if site.real() - job.created_real < _KEEP_SECONDS]
    newest = sorted(fresh, key=lambda job: job.job_id, reverse=True)[:20]
    return {"jobs": [_count(site, job) for job in newest]}


def _count(site: Deployment, job: InviteJob) -> dict[str, Any]:
    by_status = {kind: sum(row["status"] == kind for row in job.results) for kind in ("CREATED", "SKIPPED", "FAILED")}
    return {
        "jobId": job.job_id,
        "status": _status(site, job),
        "totalEntries": len(job.entries),
        "processedCount": len(job.results),
        "createdCount": by_status["CREATED"],
        "skippedCount": by_status["SKIPPED"],
        "failedCount": by_status["FAILED"],
        "createdAt": to_moment(job.created_real, always_millis=True),
    }


def _status(site: Deployment, job: InviteJob) -> str:
    """A job that was not touched for half an hour reads as EXPIRED."""
    silent = site.real() - job.updated_real > EXPIRY_SECONDS
    return "EXPIRED" if job.status == "PROCESSING" and silent else job.status


def advance_invites(site: Deployment) -> bool:
    """Do the rows that are due by now: one each pace of real time. True when anything changed."""
    changed = False
    with site.performing(_OPERATION):
        for job in site.state.invite_jobs.values():
            while job.status == "PROCESSING" and not job.stalled and _advance(site, job):
                changed = True
    return changed


def _advance(site: Deployment, job: InviteJob) -> bool:
    """One entry of the job, or its end. False: nothing is due yet."""
    slowed = site.switched("invite_pace", _OPERATION)
    due = job.updated_real + (float(slowed.params["seconds"]) if slowed else site.options.invite_seconds)
    end = job.created_real + EXECUTION_SECONDS
    done = len(job.results) + job.lost
    if done >= len(job.entries):
        job.status = "COMPLETED"
    elif _breaks_off(site, job, done):
        job.status = "FAILED"
    elif due > end and site.real() >= end:
        job.status, job.error = "FAILED", _TIMED_OUT
    elif due > site.real():
        return False
    else:
        result = _process(site, job.entries[done])
        if site.hit("result_lost", _OPERATION):
            job.lost += 1
        else:
            job.results.append(result)
        job.updated_real = due
    return True


def _breaks_off(site: Deployment, job: InviteJob, done: int) -> bool:
    """The fault `bulk_fails`: the run ends after params.after entries (half of them), with params.cause."""
    fault = site.faults.armed("deepracer", "bulk_fails", _OPERATION)
    if fault is None or done < int(fault.params.get("after", len(job.entries) // 2)):
        return False
    if not site.hit("bulk_fails", _OPERATION):
        return False
    job.error = str(fault.params.get("cause", _CAUSE))
    return True


def to_alias(display_name: str | None) -> str | None:
    """The alias that a display name becomes; None means the default alias."""
    alias = _NOT_IN_ALIAS.sub("", display_name or "")[:20]
    return alias if len(alias) >= 3 else None


def _process(site: Deployment, entry: dict[str, Any]) -> dict[str, Any]:
    email = entry["emailAddress"]
    shown = {"emailAddress": email}
    if entry.get("displayName"):
        shown["displayName"] = entry["displayName"]
    user = site.state.find_user(email)
    reason = _failing(site, known=user is not None)
    if user is not None and reason is None:
        site.pool.add_to_group(user, RACERS)
        return shown | {"status": "SKIPPED", "reason": "User already exists"}
    if user is None and reason in (None, _NO_GROUP, _NOT_ROLLED_BACK):
        reason = _create(site, email, to_alias(entry.get("displayName")), reason)
    return shown | ({"status": "CREATED"} if reason is None else {"status": "FAILED", "reason": reason})


def _failing(site: Deployment, *, known: bool) -> str | None:
    """The reason of the fault `row_fails` (params.reason), when this entry can fail of it."""
    fault = site.faults.armed("deepracer", "row_fails", _OPERATION)
    if fault is None:
        return None
    reason = str(fault.params.get("reason", _NOT_PROCESSED))
    if reason != _NOT_PROCESSED and known != (reason == _NO_GROUP_FOR_KNOWN):
        return None
    return reason if site.hit("row_fails", _OPERATION) else None


def _create(site: Deployment, email: str, alias: str | None, wanted: str | None) -> str | None:
    """Why the entry failed, or None. `wanted`: how the racer group is to fail."""
    try:
        user = invite(site, _OPERATION, email, alias=alias)
    except PoolError as problem:
        return _MAIL_QUOTA if problem.name == "LimitExceededException" else _NOT_CREATED
    except GroupFailed:
        return _NO_GROUP
    if wanted is not None:
        site.pool.remove_from_group(user, RACERS)
    if wanted == _NO_GROUP:  # taken back, as far as it can be: the row of the trigger stays
        site.state.remove_user(user.username)
    return wanted


def _ulid(state: State, real: float) -> str:
    value = (int(real * 1000) << 80) | state.random.getrandbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
