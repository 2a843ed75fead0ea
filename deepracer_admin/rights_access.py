"""Which AWS identities the console uses, and the shipped policies that each needs. Part of compose.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from deepracer_admin.directory.iam_rights import IamRights
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Event, read_mailbox
from deepracer_admin.model.readiness import AwsRights
from deepracer_admin.settings import Settings

__all__ = ["aws_rights", "identities_of"]

Identity = tuple[AwsAccess, tuple[str, ...], Mapping[str, str]]
"""How an identity is reached, the policies that it needs, and the account's own names in them."""


def identities_of(settings: Settings, event: Event) -> Iterator[Identity]:
    """None in a rehearsal: the practice world has no IAM."""
    if settings.rehearsal:
        return
    if settings.mailer == "ses":
        queue = urlsplit(settings.mail_events_queue).path.rpartition("/")[2]
        names = _sender_names(event.sender or settings.mail_from)
        names |= {"CONFIGURATION_SET": settings.mail_configuration_set, "QUEUE": queue}
        policies = ("mail-ses.json", "events-sqs.json") if queue else ("mail-ses.json",)
        yield AwsAccess(profile=settings.mail_aws_profile, region=settings.mail_region), policies, names
    racing = AwsAccess(profile=settings.deepracer_aws_profile, region=settings.deepracer_region)
    if (event.service or settings.racing) == "managed":
        yield racing, ("managed-deepracer-read.json", "managed-deepracer-write.json"), {}
    elif settings.deepracer_user_pool:
        yield racing, ("cognito-user-pool.json",), {"USER_POOL_ID": settings.deepracer_user_pool}


def _sender_names(sender: str) -> dict[str, str]:
    try:
        mailbox = read_mailbox(sender)
    except BadInput:
        return {}
    return {"deepracer@example.com": mailbox.address, "example.com": mailbox.domain}


def aws_rights(settings: Settings, event: Event) -> AwsRights | None:
    """What IAM says of them all; None where there are none. Raises ServiceError, BadSettings."""
    asked: list[str] = []
    denied: dict[str, tuple[str, ...]] = {}
    for access, policies, names in identities_of(settings, event):
        rights = IamRights(access)
        try:
            for policy in policies:
                asked.append(policy)
                denied[policy] = rights.denied([policy], names)
        finally:
            rights.close()
    return AwsRights(tuple(asked), denied) if asked else None
