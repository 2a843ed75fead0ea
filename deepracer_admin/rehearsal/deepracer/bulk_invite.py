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
_TOKEN_SECONDS = 24 * 3600
_KEEP_SECONDS = 90 * 86_400
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOT_IN_ALIAS = re.compile(r"[^A-Za-z0-9_-]")
_MAIL_QUOTA = "Email delivery quota exceeded — configure SES"


def bulk_invite_user(site: Deployment, call: Call) -> tuple[int, dict[str, Any]]:
    owner = call.caller.profile_id
    if not site.is_admin(call.caller):
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
    """Do the rows that are due by now: one each pace of real time. True when any was done."""
    slowed, changed = site.switched("invite_pace"), False
    pace = float(slowed.params["seconds"]) if slowed else site.options.invite_seconds
    for job in site.state.invite_jobs.values():
        while job.status == "PROCESSING" and not job.stalled:
            if len(job.results) >= len(job.entries):
                job.status = "COMPLETED"
            elif site.real() - job.updated_real >= pace:
                result = _process(site, job.entries[len(job.results)])
                job.results.append(result)
                changed = True
                job.updated_real = max(job.updated_real + pace, site.real() - EXPIRY_SECONDS / 2)
            else:
                break
    return changed


def to_alias(display_name: str | None) -> str | None:
    """The alias that a display name becomes; None means the default alias."""
    alias = _NOT_IN_ALIAS.sub("", display_name or "")[:20]
    return alias if len(alias) >= 3 else None


def _process(site: Deployment, entry: dict[str, Any]) -> dict[str, Any]:
    email = entry["emailAddress"]
    shown = {"emailAddress": email}
    if entry.get("displayName"):
        shown["displayName"] = entry["displayName"]
    if site.hit("row_fails", "BulkInviteUser"):
        return shown | {"status": "FAILED", "reason": "Failed to process entry"}
    user = site.state.find_user(email)
    if user is not None:
        site.pool.add_to_group(user, RACERS)
        return shown | {"status": "SKIPPED", "reason": "User already exists"}
    try:
        invite(site, "BulkInviteUser", email, alias=to_alias(entry.get("displayName")))
    except PoolError as problem:
        quota = problem.name == "LimitExceededException"
        return shown | {"status": "FAILED", "reason": _MAIL_QUOTA if quota else "Failed to create the account"}
    except GroupFailed:
        return shown | {"status": "FAILED", "reason": "Failed to assign the racer group"}
    return shown | {"status": "CREATED"}


def _ulid(state: State, real: float) -> str:
    value = (int(real * 1000) << 80) | state.random.getrandbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
