"""What others do to the deployment between two calls of the console, staged by faults."""

from __future__ import annotations

from .deployment import Call, Deployment
from .errors import Crash


def delete_profile_first(site: Deployment, call: Call) -> None:
    """The fault `profile_deleted`, just before the handler runs.

    Armed for an operation that names a profile, or with params.user (whom alone it meets): that profile is deleted for
    good, and the handler answers as it does for one that is gone. Else the caller is gone, and every Lambda dies of it
    (deepracer-on-aws.md 1.2); only as long as the fault is armed, so that the organizer can go on afterwards. Raises
    `Crash`.
    """
    fault = site.faults.armed("deepracer", "profile_deleted", call.operation)
    if fault is None:
        return
    wanted = fault.params.get("user")
    target = call.path.get("profileId") or call.body.get("profileId") or call.query.get("profileId")
    if target is None or target == call.caller.profile_id or (wanted is None and fault.operation is None):
        if wanted in (None, call.caller.profile_id) and site.hit("profile_deleted", call.operation):
            raise Crash
    elif wanted in (None, target) and target in site.state.profiles and site.hit("profile_deleted", call.operation):
        if target in site.state.users:
            site.state.remove_user(target)
        site.state.remove_profile(target)


def keep_account_alive(site: Deployment, call: Call) -> bool:
    """The fault `delete_profile_500_empty`: does Cognito refuse to delete the account of this profile now?

    Throttled, without the permission, no pool set: the account stays as it was. With params.user it meets that profile
    alone; with params.share that share (0..1) of all profiles, always the same ones however often it is tried. Beside
    that it is armed as any other: for so many `seconds`, for a `count` of tries, for a `rate` of them.
    """
    fault = site.faults.armed("deepracer", "delete_profile_500_empty", call.operation)
    if fault is None:
        return False
    profile_id = call.path["profileId"]
    if fault.params.get("user", profile_id) != profile_id:
        return False
    if site.state.chance(profile_id, "stays alive").random() >= float(fault.params.get("share", 1)):
        return False
    return site.hit("delete_profile_500_empty", call.operation)
