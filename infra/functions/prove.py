"""Reads back who has access, so that no mail goes before it is true: profiles, the group, IAM Identity Center.

On DeepRacer on AWS the proof is the service's own listing (the onboarding duty) and the pool's sign-ins; on the managed
service it is IAM Identity Center, hours after the group.
"""

from __future__ import annotations

from typing import Any

from infra.functions.observed import count, log, observed
from infra.functions.place import Place, here

__all__ = ["DUTIES", "handle", "handler"]

DUTIES = ("onboarding", "group", "proof", "signed in")


def handle(place: Place) -> dict[str, Any]:
    """Returns what failed, for the log."""
    place.catch_up()
    with place.lease() as held:
        failed = place.runtime.run_once(DUTIES) if held else []
    for duty in failed:
        log.warning("a duty failed", extra={"duty": duty})
        count("DutyFailed")
    place.nudge_if_mail_may_go()
    return {"held": held, "failed": failed}


@observed
def handler(_event: object, _context: Any) -> dict[str, Any]:
    return handle(here())
