"""Amazon Pinpoint: why it is no mailer any more, and what its settings become.

AWS ended it on 30 October 2026, and its e-mail did not move to AWS End User Messaging (identity-and-mail.md 0 and 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.errors import Unsupported

__all__ = ["SENTENCE", "Pinpoint", "ses_settings"]

SENTENCE = (
    "Amazon Pinpoint was ended by AWS on 30 October 2026 and sends no mail: set `mailer` to `ses`; the verified "
    "address, the region and the configuration set of the Pinpoint project work there unchanged."
)

_BECOMES = {
    "FromAddress": "mail_from",
    "ConfigurationSet": "mail_configuration_set",
    "Region": "mail_region",
    "Profile": "mail_aws_profile",
}


class Pinpoint:
    """Cannot be made: raises `Unsupported` with what to do instead."""

    kind = "pinpoint"

    def __init__(self, *_: object, **__: object) -> None:
        raise Unsupported(SENTENCE, service="pinpoint")


def ses_settings(channel: Mapping[str, str]) -> dict[str, str]:
    """Settings for SES from a Pinpoint e-mail channel (`FromAddress`, `ConfigurationSet`, `Region`, `Profile`).

    A channel without `FromAddress` names its sender in `Identity`, the ARN of an SES identity.
    """
    settings = {ours: channel[theirs] for theirs, ours in _BECOMES.items() if channel.get(theirs)}
    identity = channel.get("Identity", "").split(":", 5)
    if len(identity) == 6:
        settings.setdefault("mail_region", identity[3])
        name = identity[5].removeprefix("identity/")
        if "@" in name:
            settings.setdefault("mail_from", name)
    return {"mailer": "ses"} | settings
