"""Checks about the racing service: sign-in, version, limits, who gets in, and what the account may run."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED
from deepracer_admin.rules.mail_days import DAILY
from deepracer_admin.rules.preflight.check import Check, Verdict, amber, green, na, red, unknown
from deepracer_admin.rules.preflight.facts import Facts, RacingSeen

__all__ = ["CHECKS", "version_of"]

RACING = "Racing service"
QUOTA_CODES = {
    "L-1EC4D7FD": "ml.c7i.4xlarge for training job usage",
    "L-00C91CB5": "Number of instances across all training jobs",
}
"""SageMaker's two quotas that bound concurrent jobs (deepracer-on-aws-capacity.md 1)."""
NEEDED = {
    "cars": 1,  # each racer makes one
    "private leaderboards": 0,
    "open or future races": 0,
    "concurrent trainings": 0,
    "concurrent evaluations": 0,
}


CANARY_HOLDS = timedelta(days=7)
FIREWALL = frozenset({"firewall", "403"})
"""Codes of refusals by what stands before the deployment (racing/on_aws/errors.py, site.py)."""


def _seen(facts: Facts) -> RacingSeen:
    seen = facts.racing.value
    assert seen is not None  # noqa: S101 - by `needs`
    return seen


def _only(kind: str, why: str):
    return lambda facts: "" if facts.kind == kind else why


_ON_AWS = _only("on_aws", "The managed service has nothing of the kind.")
_MANAGED = _only("managed", "DeepRacer on AWS has nothing of the kind.")


def _signed_in(facts: Facts) -> Verdict:
    said = _seen(facts).account
    name = f"{said.service} {said.version}".strip()
    by = f", signed in as {said.signed_in_as}" if said.signed_in_as else ""
    answers = f"{name} in {said.region or 'its region'} answers{by}."
    if facts.kind == "managed" and said.warnings:
        return amber(f"{answers} {' '.join(said.warnings)}", "Go through a small event with a few people first.")
    return green(answers)


def version_of(text: str) -> tuple[int, ...]:
    """(1, 3, 0) of "v1.3.0"; () for a text that is no version."""
    parts = text.lstrip("v").split(".")
    return tuple(int(part) for part in parts) if parts and all(part.isdigit() for part in parts) else ()


def _version(facts: Facts) -> Verdict:
    said = _seen(facts).account.version
    number = version_of(said)
    update = "Update the deployment's stack to the newest release, and try a race in it, in good time before the event."
    if not number:
        return unknown(
            f"The deployment names its version “{said}”, which says nothing.",
            "Look at the version in the CloudFormation stack's description.",
        )
    if number < (1, 2, 10):
        return red(f"{said}: below 1.2.10 its firewall refuses large reward functions.", update)
    if number < (1, 3, 0):
        return amber(f"{said}: below 1.3.0 the dispatch of jobs can come to a standstill.", update)
    return green(
        f"{said}. From 1.3.0 on nothing queues: a training without a slot starts only when its racer asks for it again."
    )


def _firewall(facts: Facts) -> Verdict:
    said = _seen(facts).account
    return green(f"{said.site or 'The site'} and its API answered this computer, under the console's own User-Agent.")


def _limits(facts: Facts) -> Verdict:
    quota = _seen(facts).account.new_profile_quota
    if quota is None:
        return unknown(
            "The service does not show what new profiles get.", "Look at the settings page of the deployment."
        )
    if UNLIMITED in (quota.minutes, quota.models):
        return amber(
            "Whoever gets a profile has no limit (the deployment's default): "
            f"{_amount(quota.minutes, 'minute')} and {_amount(quota.models, 'model')}.",
            "Open sponsorship on the Sponsorship tab: that sets the limits of new profiles, and reads them afterwards.",
        )
    return green(f"New profiles get {_amount(quota.minutes, 'minute')} and {_amount(quota.models, 'model')}.")


def _amount(number: int, noun: str) -> str:
    return f"unlimited {noun}s" if number < 0 else counted(number, noun)


def _sign_up(facts: Facts) -> Verdict:
    open_ = _seen(facts).self_sign_up
    if open_ is None:
        return na("This version has no such setting.")
    if open_:
        return red(
            "Anybody who finds the site can make a profile, at this account's cost.",
            "Set registration to invite-only on the settings page of the deployment.",
        )
    return green("Registration is by invitation only.")


def _reset(facts: Facts) -> Verdict:
    event = facts.event
    first = _next_month(event.starts_at.astimezone(UTC))
    if first >= event.ends_at:
        return green("The event lies within one month, so no limit starts anew in the middle.")
    return amber(
        f"On {first:%d %b %Y} (UTC) the service sets used hours and models of everybody to 0: they can use their hours "
        "twice.",
        "Let the event end before, or count on up to twice the hours, and lower the limits on that day (Usage).",
    )


def _next_month(at: datetime) -> datetime:
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)


def _invitations(facts: Facts) -> Verdict:
    people = max(facts.plan.people, facts.event.head_count)
    if facts.event.way_in == "pool":
        if facts.pool.trouble or not facts.pool.value:
            trouble = facts.pool.trouble
            told = trouble.sentence if trouble else "There are no credentials on the user pool."
            return red(told, "Mend this, or let the service invite (Settings tab, Way in).")
        return green("The console makes the users itself; our mail carries the first password, valid for 7 days.")
    if not facts.cognito_limited:
        return green("The service invites; Cognito mails the password through SES.")
    days = math.ceil(people / DAILY)
    taking = f"{counted(people, 'person takes', 'people take')} {counted(days, 'day')}"
    said = f"The service invites; Cognito's default sender mails {DAILY} a day: {taking}."
    if days <= 1:
        return green(said)
    fix = "Give the deployment SES as its mail sender, or let our own mail carry the way in (Settings tab, Way in)."
    return amber(said, fix)


def _pool(facts: Facts) -> Verdict:
    if not facts.pool.value:
        return amber(
            "The console has no credentials on the user pool, so nobody can prove at the end that access is gone.",
            "Give them (docs/permissions.md, The user pool), and name the pool in the settings.",
            copy="DEEPRACER_ADMIN_DEEPRACER_USER_POOL=REGION_XXXXXXXXX",
        )
    return green("The user pool answers, so who has signed in, and who still can, is seen.")


def _slot_quotas(facts: Facts) -> Verdict:
    seen = facts.slot_quotas.value
    if not seen:
        return unknown(
            "SageMaker's two quotas were not read: the console has no credentials for Service Quotas.",
            "Read them where there are credentials, and put the lower one into the event (Settings tab, Job slots).",
            copy="\n".join(
                f"aws service-quotas get-service-quota --service-code sagemaker --quota-code {code}"
                for code in QUOTA_CODES
            ),
        )
    lowest = min(seen.values())
    told = ", ".join(f"{code} ({QUOTA_CODES.get(code, 'quota')}): {value:,}" for code, value in seen.items())
    if lowest < facts.event.slots:
        return red(
            f"{told}; the plan counts on {counted(facts.event.slots, 'slot')}.",
            "Ask for more, or plan with the lower of the two (Settings tab, Job slots).",
            copy="\n".join(
                f"aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code {code} "
                f"--desired-value {facts.event.slots}"
                for code, value in seen.items()
                if value < facts.event.slots
            ),
        )
    return green(f"{told}; the plan counts on {counted(facts.event.slots, 'slot')}.")


def _account_quotas(facts: Facts) -> Verdict:
    people = max(facts.plan.people, facts.event.head_count)
    told: list[str] = []
    short: list[str] = []
    for name, each in NEEDED.items():
        value = _seen(facts).account.account_quotas.get(name)
        if value is None:
            continue
        told.append(f"{value:,} {name}")
        if 0 <= value < each * people:
            short.append(f"{each * people:,} {name} instead of {value:,}")
    evidence = f"The account has {', '.join(told)}, for {counted(people, 'person', 'people')}."
    if not short:
        return green(evidence)
    return amber(
        f"{evidence} Each racer makes a car of their own.",
        "Ask AWS Support for more before the event; racers past the quota can make no model.",
        copy=f"Please raise these AWS DeepRacer quotas of our account for an event: {'; '.join(short)}.",
        link="https://console.aws.amazon.com/support/home#/case/create",
    )


def _canary(facts: Facts) -> Verdict:
    if facts.plan.mailed:
        return na(f"{counted(facts.plan.mailed, 'person has', 'people have')} come in this way already.")
    seen, fix = facts.plan.canary, "Send a canary through (below the checks): a fresh address that nobody has."
    if seen is None:
        return amber("Nobody has tried the whole way in and out again.", fix)
    if seen.may_be_in:
        told = seen.trouble or "The canary stands somewhere on its way, and may still have access."
        return red(told, "Send it through again: it goes on from where it stands, and is taken out.")
    if seen.trouble:
        return red(seen.trouble, "Mend that, then send a canary through again.")
    at = seen.ended_at
    if at is None or facts.now - at > CANARY_HOLDS:
        return amber("The last canary went through more than a week ago.", fix)
    return green(f"A canary came in, got its limits and its mail, and was out again on {at:%d %b %Y, %H:%M} (UTC).")


CHECKS = (
    Check(
        "racing.signin", RACING, "The console is signed in to the racing service",
        "Everything that racers get, they get by it.", _signed_in, ("racing",), reach=True,
        owns=lambda code: code not in FIREWALL,
        mend="Do what the sentence says; for DeepRacer on AWS, sign in on this tab.",
    ),
    Check(
        "racing.version", RACING, "Version of the deployment", "Some versions fail on the day that everybody trains.",
        _version, ("racing",), applies=_ON_AWS,
    ),
    Check(
        "racing.firewall", RACING, "The firewall lets the console through",
        "It blocks programs it does not know, and more than 100 administrative calls in 5 minutes.", _firewall,
        ("racing",), reach=True, owns=FIREWALL.__contains__, applies=_ON_AWS,
        mend="Ask whoever runs the deployment to let this computer and the console's User-Agent through (AWS WAF).",
    ),
    Check(
        "racing.limits", RACING, "New profiles get a limit", "Limits are unlimited by default, and so is the bill.",
        _limits, ("racing",),
    ),
    Check(
        "racing.signup", RACING, "Nobody can let themselves in", "Strangers would train at the company's cost.",
        _sign_up, ("racing",), applies=_ON_AWS,
    ),
    Check(
        "racing.reset", RACING, "No monthly reset inside the event", "Used hours go to 0 on the first of a month.",
        _reset, applies=_ON_AWS,
    ),
    Check(
        "racing.invitations", RACING, "Invitations reach everybody in time", "At 50 a day, 2,000 people take 40 days.",
        _invitations, applies=_ON_AWS,
    ),
    Check(
        "racing.pool", RACING, "The user pool can be seen",
        "Without it nobody can prove at the end that access is gone.", _pool, ("pool",), reach=True, applies=_ON_AWS,
        mend="Give the role the policy cognito-user-pool.json, or renew its credentials (docs/permissions.md).",
    ),
    Check(
        "racing.slots", RACING, "SageMaker's quotas carry the plan",
        "The lower of the two is how many jobs run at once.", _slot_quotas, applies=_ON_AWS,
    ),
    Check(
        "racing.quotas", RACING, "Account quotas against head-count",
        "Racers past a quota cannot make a model.", _account_quotas, ("racing",), applies=_MANAGED,
    ),
    Check(
        "racing.canary", RACING, "A canary went through and out again",
        "Whatever would stop everybody stops one account first.", _canary, applies=_ON_AWS,
    ),
)  # fmt: skip
