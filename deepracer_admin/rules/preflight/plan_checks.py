"""Checks of the plan against the real list: head-count, window, races, budget, prices."""

from __future__ import annotations

from datetime import date, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.rules.preflight.check import Check, Verdict, amber, green, na, red, unknown
from deepracer_admin.rules.preflight.facts import Facts

__all__ = ["CHECKS"]

PLAN = "Plan"
OLD_PRICES = timedelta(days=92)
DATED = "%d %b %Y, %H:%M"


def _people(facts: Facts) -> Verdict:
    people, planned = facts.plan.people, facts.event.head_count
    said = f"{counted(people, 'person', 'people')} on the list; planned for {planned:,}."
    if not people:
        return amber(f"Nobody is on the list yet; planned for {planned:,}.", "Upload the list on the Attendees page.")
    if people > planned:
        return amber(
            said, "Raise “Head-count” on the Settings tab, so that hours, mails and budget are reckoned for all."
        )
    return green(said)


def _window(facts: Facts) -> Verdict:
    event = facts.event
    said = f"From {event.starts_at:{DATED}} to {event.ends_at:{DATED}} (UTC)."
    if event.ends_at <= facts.event_now:
        return red(f"{said} It is over.", "Set its dates on the Settings tab.")
    if event.closed_at is not None:
        return red("The event is closed.", "Create another event from its settings (Other events).")
    return green(said)


def _races(facts: Facts) -> Verdict:
    races = facts.plan.races
    if races is None:
        return unknown("Races were not read yet.", "Open the Races page once, then check again.")
    event = facts.event
    inside = [r for r in races if r.draft.opens_at < event.ends_at and r.draft.closes_at > event.starts_at]
    if not inside:
        return amber("No race lies within the event.", "Create it on the Races page; the access mail carries its link.")
    late = [race for race in inside if race.draft.closes_at > event.ends_at]
    if late:
        return amber(
            f"{counted(len(late), 'race closes', 'races close')} only after the event has ended.",
            "Let races close before the event ends: the close-out freezes what is there then.",
        )
    return green(f"{counted(len(inside), 'race lies', 'races lie')} within the event.")


def _minutes(facts: Facts) -> float | None:
    """Minutes that everybody may use: of the real list and whoever is still expected; None for unlimited."""
    planned = [quota.minutes for quota in facts.plan.quotas]
    rest = max(0, facts.event.head_count - len(planned))
    every = [*planned, *([facts.event.quota.minutes] if rest else [])]
    if any(minutes < 0 for minutes in every):
        return None
    return sum(planned) + rest * max(0, facts.event.quota.minutes)


def _unlimited(facts: Facts) -> str:
    return "Hours per person are unlimited: the check of the budget says so." if _minutes(facts) is None else ""


def _capacity(facts: Facts) -> Verdict:
    seen = facts.outlook.value
    assert seen is not None  # noqa: S101 - by `needs`
    people, slots = seen.plan.people, counted(seen.plan.effective_slots, "slot")
    said = (
        f"{counted(seen.runs, 'simulated event')} with {counted(people, 'person', 'people')} and {slots}: "
        f"{seen.never_trained.p50:,.0f} never train (at worst {seen.never_trained.p90:,.0f}), "
        f"{seen.hours_share.p50:.0%} of the planned hours run."
    )
    if seen.fits:
        return green(said)
    return amber(
        f"{said} {' '.join(seen.why_not)}",
        "Ask for more concurrent training jobs, give fewer hours, or let people train at different times.",
    )


def _budget(facts: Facts) -> Verdict:
    minutes = _minutes(facts)
    if minutes is None:
        return amber("Hours per person are unlimited: the bill has no ceiling.", "Give hours on the Settings tab.")
    most = minutes / 60 * facts.event.prices.per_hour
    said = f"If everybody uses everything: {most:,.0f} USD (estimate) against {facts.event.budget_usd:,.0f} USD."
    if most <= facts.event.budget_usd:
        return green(said)
    return amber(said, "Raise the budget, or give fewer hours, on the Settings tab.")


def _prices(facts: Facts) -> Verdict:
    prices = facts.event.prices
    if prices.per_hour <= 0:
        return red("The price of an hour is 0, so spend cannot be reckoned.", "Set the prices on the Prices tab.")
    said = f"{prices.per_hour:.3f} USD an hour, {prices.source}, as of {prices.as_of or 'an unknown date'}"
    try:
        age = facts.event_now.date() - date.fromisoformat(prices.as_of)
    except ValueError:
        return amber(f"{said}.", "Set the prices with their date on the Prices tab.")
    if facts.plan.price_default and facts.kind == "managed" and prices.per_hour < 1:
        return amber(f"{said}: that is the shipped list of DeepRacer on AWS.", "Set the prices on the Prices tab.")
    region = facts.racing.value.account.region if facts.racing.value else ""
    if facts.kind == "on_aws" and region and region != prices.region:
        return amber(f"{said}: the deployment is in {region}.", "Set, or read, the prices of that region.")
    if age > OLD_PRICES:
        return amber(
            f"{said}: more than three months old.",
            "Read, or look up, the list of your region, and put it in force on the Prices tab.",
        )
    return green(f"{said}; nobody has looked at it yet." if facts.plan.price_default else f"{said}.")


def _erasure(facts: Facts) -> Verdict:
    if not facts.event.erase_on:
        return na("No date is set on which personal data is erased.")
    if facts.event.erase_on <= facts.event.ends_at.date().isoformat():
        return red(
            f"Personal data is erased on {facts.event.erase_on}, while the event still runs.",
            "Set a later date on the Settings tab.",
        )
    return green(f"Personal data is erased on {facts.event.erase_on}.")


CHECKS = (
    Check(
        "plan.people", PLAN, "Head-count against the list", "Hours, mails and budget are reckoned from it.", _people
    ),
    Check("plan.window", PLAN, "The event lies ahead", "Schedules go by its dates.", _window),
    Check("plan.races", PLAN, "A race lies within the event", "Without one there is nothing to train for.", _races),
    Check(
        "plan.capacity", PLAN, "Hours against job slots", "Whoever finds no slot never trains.", _capacity,
        ("outlook",), applies=_unlimited
    ),
    Check("plan.budget", PLAN, "Hours against the budget", "The most that the plan can cost.", _budget),
    Check("plan.prices", PLAN, "Prices are there, and dated", "Every estimate is reckoned from them.", _prices),
    Check(
        "plan.erasure", PLAN, "Personal data outlives the event", "Erasing in the middle ends everything.", _erasure
    ),
)  # fmt: skip
