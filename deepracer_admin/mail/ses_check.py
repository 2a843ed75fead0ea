"""What SES says about the sender, the account and the quota, as findings with a fix (identity-and-mail.md 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED, Finding

__all__ = ["events_finding", "findings"]

WANTED_EVENTS = frozenset({"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"})


def findings(
    sender: str,
    account: Mapping[str, Any],
    identity: Mapping[str, Any] | None,
    *,
    need: int,
    wrong: str = "",
) -> list[Finding]:
    """About sender and account. `account` and `identity` are SES's own answers, `need` the mails to be sent; `wrong`:
    why `sender` is no mailbox."""
    return [
        _identity(sender, identity, wrong),
        _production(account),
        _sending(account),
        _quota(account.get("SendQuota", {}), need),
    ]


def _identity(sender: str, identity: Mapping[str, Any] | None, wrong: str) -> Finding:
    title = "The From address may send"
    if wrong or not sender.isascii():
        evidence = f"The sender cannot be used: {wrong or 'SES takes no letters like é before the @-sign.'}"
        return Finding("mail.identity", title, "red", evidence, "Correct it: a name may stand before the address.")
    if identity is None:
        return Finding(
            "mail.identity",
            title,
            "red",
            f"SES knows neither {sender} nor its domain.",
            "Verify the domain in SES (three DNS records for DKIM), or choose a From address that is verified.",
        )
    if not identity.get("VerifiedForSendingStatus"):
        status = str(identity.get("VerificationStatus", "PENDING")).lower().replace("_", " ")
        return Finding(
            "mail.identity",
            title,
            "red",
            f"{sender} is not verified yet ({status}).",
            "Publish the DNS records that SES shows for the domain, or open the link that SES mailed to the address.",
        )
    dkim = identity.get("DkimAttributes", {})
    if dkim.get("Status") not in (None, "SUCCESS"):
        return Finding(
            "mail.identity",
            title,
            "amber",
            f"{sender} is verified, but its mails are not signed (DKIM {str(dkim.get('Status')).lower()}).",
            "Publish the DKIM records that SES shows, or mails may land in spam.",
        )
    return Finding("mail.identity", title, "green", f"{sender} is verified.")


def _production(account: Mapping[str, Any]) -> Finding:
    title = "SES is out of the sandbox"
    if account.get("ProductionAccessEnabled"):
        return Finding("mail.sandbox", title, "green", "The account has production access.")
    return Finding(
        "mail.sandbox",
        title,
        "red",
        "The account is in the SES sandbox: 200 mails a day, one a second, and to verified addresses only.",
        "Ask AWS for production access in the SES console; the answer usually takes a day.",
    )


def _sending(account: Mapping[str, Any]) -> Finding:
    title = "Sending is allowed"
    status = str(account.get("EnforcementStatus", "HEALTHY"))
    if status == "SHUTDOWN" or account.get("SendingEnabled") is False:
        return Finding(
            "mail.sending",
            title,
            "red",
            f"Sending is paused for this account (status {status.lower()}).",
            "Resume sending in the SES console; when AWS paused it, answer the case in AWS Support first.",
        )
    if status != "HEALTHY":
        return Finding(
            "mail.sending",
            title,
            "amber",
            f"AWS has the account under {status.lower()}.",
            "Read the case in AWS Support before sending to many people.",
        )
    return Finding("mail.sending", title, "green", "Sending is on, and the account is healthy.")


def _quota(quota: Mapping[str, Any], need: int) -> Finding:
    title = "Today's quota is enough"
    per_day, used = int(quota.get("Max24HourSend", 0)), int(quota.get("SentLast24Hours", 0))
    rate = float(quota.get("MaxSendRate", 0))
    if per_day == UNLIMITED:
        return Finding("mail.quota", title, "green", f"No daily limit, {rate:g} mails a second.")
    left = max(0, per_day - used)
    evidence = f"{left:,} of {counted(per_day, 'mail is', 'mails are')} left for 24 hours, {rate:g} a second"
    if left >= need:
        return Finding("mail.quota", title, "green" if left else "amber", f"{evidence}.", "" if left else _MORE)
    return Finding("mail.quota", title, "amber", f"{evidence}; {counted(need, 'is', 'are')} needed.", _MORE)


_MORE = "Ask AWS for a higher sending quota, or let the rest be sent tomorrow."


def events_finding(name: str, destinations: Sequence[Mapping[str, Any]] | None, *, told: bool = True) -> Finding:
    """About the configuration set `name` ("" = none set). `destinations` None: SES does not know it, or, when it has
    not `told` so, could not say."""
    title = "Bounces are seen"
    if name and destinations is None:
        evidence = f"SES knows no configuration set {name}." if told else f"Nothing could be read about {name}."
        fix = "Create it, or correct the setting mail_configuration_set; until then SES refuses every mail."
        return Finding("mail.events", title, "red" if told else "amber", evidence, fix if told else "")
    if not name or destinations is None:
        return Finding(
            "mail.events",
            title,
            "amber",
            "There is no configuration set, so nobody learns of bounces.",
            "Create a configuration set that sends its events to an SQS queue, and name both in the settings.",
        )
    seen = {kind for d in destinations if d.get("Enabled", True) for kind in d.get("MatchingEventTypes", [])}
    missing = sorted(WANTED_EVENTS - seen)
    if missing:
        names = ", ".join(name.lower().replace("_", " ") for name in missing)
        return Finding(
            "mail.events",
            title,
            "amber",
            f"The configuration set does not report: {names}.",
            "Add these event types to it.",
        )
    return Finding(
        "mail.events", title, "green", "The configuration set reports sends, deliveries, bounces and complaints."
    )
