"""Checks about mail: the sender's service, its quotas against the list, and what DNS says about the domain."""

from __future__ import annotations

from collections.abc import Callable

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED
from deepracer_admin.rules.preflight.check import Check, Verdict, amber, green, na, red
from deepracer_admin.rules.preflight.facts import Facts, MailSeen

__all__ = ["CHECKS"]

MAIL = "Mail"
LONGEST_H = 4.0  # of sending everybody's access mail
SES = "https://console.aws.amazon.com/ses/home"
COPIES = {
    "mail.sandbox": (
        "Please move our account to production access for Amazon SES. We mail invitations and race information to our "
        "own employees who have registered for an internal event; bounces and complaints are handled automatically."
    ),
}


def _seen(facts: Facts) -> MailSeen:
    seen = facts.mail.value
    assert seen is not None  # noqa: S101 - by `needs`
    return seen


def _sender(facts: Facts) -> Verdict:
    if not facts.sender:
        return red("No From address is set.", "Give “Sender of our mail” on the Settings tab.")
    return green(f"Mails go out from {facts.sender}.")


def _no_sender(facts: Facts) -> str:
    return "" if facts.sender else "No From address is set yet."


def _of_service(key: str) -> Callable[[Facts], Verdict]:
    def judge(facts: Facts) -> Verdict:
        found = _seen(facts).findings.get(key)
        if found is None:
            return na(f"The mail service in use ({facts.mailer.upper()}) has nothing of the kind.")
        copy = COPIES.get(key, "") if found.level != "green" else ""
        link = SES if found.level != "green" and facts.mailer == "ses" else ""
        return Verdict(found.level, found.evidence, "" if found.level == "green" else found.fix, copy, link)

    return judge


def _left_to_mail(facts: Facts) -> int:
    return max(facts.plan.people, facts.event.head_count) - min(facts.plan.mailed, facts.plan.people)


def _day(facts: Facts) -> Verdict:
    limits, need = _seen(facts).limits, _left_to_mail(facts)
    for_whom = counted(need, "access mail is to go", "access mails are to go")
    if limits.per_day == UNLIMITED:
        return green(f"The service tells no limit a day; {for_whom}.")
    left = max(0, limits.per_day - limits.used_today)
    said = f"{left:,} of {counted(limits.per_day, 'mail is', 'mails are')} left today; {for_whom}."
    if left >= need:
        return green(said)
    wanted = max(2 * need, 2 * limits.per_day)
    copy = (
        f"Please raise the daily sending quota of our Amazon SES account to {wanted:,}, for an internal event with "
        f"{counted(need, 'participant')}."
    )
    return amber(said, "Ask for a higher quota, or let the rest go tomorrow.", copy, SES)


def _pace(facts: Facts) -> Verdict:
    limits, need = _seen(facts).limits, _left_to_mail(facts)
    if limits.per_second <= 0:
        return na("The service tells no rate.")
    hours = need / limits.per_second / 3600
    lasts = f"{hours:.1f} h" if hours >= 1 else counted(max(1, round(hours * 60)), "minute")
    said = f"At {limits.per_second:g} a second, {counted(need, 'mail takes', 'mails take')} {lasts}."
    if hours <= LONGEST_H:
        return green(said)
    return amber(
        said,
        "Ask for a higher rate, or begin that much earlier.",
        f"Please raise the maximum send rate of our Amazon SES account to {max(14, round(need / 3600)):,} a second.",
        SES,
    )


def _dkim(facts: Facts) -> Verdict:
    wanted = facts.signing.value
    if not wanted:
        return na("The mail service in use names no DKIM records: whoever runs it knows.")
    missing = [name for name, ok in wanted.items() if not ok]
    if not missing:
        return green(f"The {counted(len(wanted), 'DKIM record')} that SES asks for can be found in DNS.")
    return amber(
        f"{counted(len(missing), 'DKIM record is', 'DKIM records are')} missing in DNS or lead elsewhere, so "
        "mails may land in spam.",
        "Ask whoever owns the domain to publish them; SES shows them on the identity's page.",
        "\n".join(f"{name} CNAME {name.partition('.')[0]}.dkim.amazonses.com" for name in missing),
        SES,
    )


def _spf(facts: Facts) -> Verdict:
    seen = facts.names.value
    assert seen is not None  # noqa: S101 - by `needs`
    include = " include:amazonses.com" if facts.mailer == "ses" else ""
    if len(seen.spf) > 1:
        return red(
            f"{seen.domain} has {len(seen.spf)} SPF records, which counts as none.",
            "Ask whoever owns the domain to join them into one.",
            "\n".join(seen.spf),
        )
    if not seen.spf:
        return amber(
            f"{seen.domain} has no SPF record.",
            "Ask whoever owns the domain to publish one.",
            f'{seen.domain} TXT "v=spf1{include} ~all"',
        )
    if include and "amazonses.com" not in seen.spf[0]:
        wanted = seen.spf[0].replace("v=spf1", f"v=spf1{include}", 1)
        return amber(
            f"The SPF record of {seen.domain} does not name SES: {seen.spf[0]}",
            "Ask whoever owns the domain to add it.",
            f'{seen.domain} TXT "{wanted}"',
        )
    return green(f"{seen.domain}: {seen.spf[0]}")


def _dmarc(facts: Facts) -> Verdict:
    seen = facts.names.value
    assert seen is not None  # noqa: S101 - by `needs`
    if len(seen.dmarc) == 1:
        return green(f"{seen.domain}: {seen.dmarc[0]}")
    said = f"{seen.domain} has {'no DMARC record' if not seen.dmarc else 'more than one DMARC record'}"
    return amber(
        f"{said}; large mail services ask for one from whoever mails many.",
        "Ask whoever owns the domain to publish one.",
        f'_dmarc.{seen.domain} TXT "v=DMARC1; p=none; rua=mailto:dmarc@{seen.domain}"',
    )


_ASKED = ("mail",)
CHECKS = (
    Check("mail.sender", MAIL, "A From address is set", "No mail leaves without one.", _sender),
    Check(
        "mail.service", MAIL, "The mail service answers", "Access mails, reminders and race links go by it.",
        lambda facts: _of_service("mail.smtp")(facts) if facts.mailer == "smtp" else green("Amazon SES answered."),
        _ASKED, reach=True, applies=_no_sender, mend="Do what the sentence says, then check again.",
    ),
    Check(
        "mail.identity", MAIL, "The From address may send", "Mails from an address that is not verified are refused.",
        _of_service("mail.identity"), _ASKED, applies=_no_sender,
    ),
    Check(
        "mail.sandbox", MAIL, "SES is out of the sandbox", "In the sandbox 2,000 invitations take 10 days.",
        _of_service("mail.sandbox"), _ASKED, applies=_no_sender,
    ),
    Check(
        "mail.sending", MAIL, "Sending is allowed", "AWS pauses accounts with many bounces.",
        _of_service("mail.sending"), _ASKED, applies=_no_sender,
    ),
    Check(
        "mail.day", MAIL, "Today's quota against the list", "Whoever is over the quota gets their mail tomorrow.",
        _day, _ASKED, applies=_no_sender,
    ),
    Check(
        "mail.rate", MAIL, "The rate against the list", "Everybody should have their mail before the race opens.",
        _pace, _ASKED, applies=_no_sender,
    ),
    Check(
        "mail.events", MAIL, "Bounces are seen", "Who mistyped an address waits for a mail that never comes.",
        _of_service("mail.events"), _ASKED, applies=_no_sender,
    ),
    Check(
        "mail.dkim", MAIL, "Mails are signed (DKIM)", "Unsigned mails land in spam.", _dkim, ("signing",),
        applies=_no_sender,
    ),
    Check(
        "mail.spf", MAIL, "The domain lets SES send (SPF)", "Receivers ask the domain who may send for it.", _spf,
        ("names",), applies=_no_sender,
    ),
    Check(
        "mail.dmarc", MAIL, "The domain has a DMARC record", "Large mail services ask for one.", _dmarc, ("names",),
        applies=_no_sender,
    ),
)  # fmt: skip
