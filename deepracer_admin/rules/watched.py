"""What beside money and slots is watched for alarms: work that waits, mail that comes back, refusals, ends. Pure.

Sentences hold counts and the console's own words alone: what a service said may name a racer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.model import AuditEntry, Delivery, Event, Race, RaceStatus, Sending, State, Step, UsageSample
from deepracer_admin.rules.alarms import AMBER, RED, Alarm

__all__ = [
    "FUNCTIONS_SILENT",
    "WORKER_SILENT",
    "bounces",
    "credential",
    "denied",
    "refusals",
    "rush",
    "seen_since",
    "silent_worker",
    "waiting_work",
]

WAITS, SIGN_IN_WAITS = timedelta(minutes=5), timedelta(minutes=1)
"""Real time for which a duty has not got on before somebody is called; shorter where only a person can help."""
SIGN_IN_ERRORS = frozenset({"CredentialsExpired", "AccessDenied", "BadSettings"})
FEWEST_MAILS, BOUNCED, BOUNCED_RED, COMPLAINED = 20, 0.05, 0.10, 0.001
"""Amazon reviews a sender at 5 % returned or 0.1 % complaints, and may stop it at 10 % (identity-and-mail.md 4.5)."""
SOON = timedelta(days=14)
RUSH = timedelta(hours=3)
FEWEST_REFUSED, REFUSED_SHARE = 5, 0.05
DENIED, DENIED_WITHIN = 10, timedelta(minutes=10)
WORKER_SILENT = timedelta(seconds=20)
"""Real time after a worker's lease ran out: its next renewal is long overdue."""
FUNCTIONS_SILENT = timedelta(minutes=3)
"""The same where deployed functions may do the work: they begin once a minute, and hold the lease for a part of it."""

_DUTIES = {
    "jobs": ("Jobs", "Event"),
    "registrations": ("Registrations", "Attendees"),
    "invitations": ("Invitations", "Onboarding"),
    "onboarding": ("Reading profiles", "Onboarding"),
    "group": ("The directory's group", "Onboarding"),
    "mail": ("Mail", "Messages"),
    "delivery events": ("News of mails", "Messages"),
    "proof": ("Proving access", "Onboarding"),
    "signed in": ("Seeing sign-ins", "Onboarding"),
    "usage": ("Hours and spend", "Usage"),
    "budget": ("The budget guard", "Usage"),
    "pre-flight": ("The pre-flight", "Set up"),
    "room": ("Keeping room for a race", "Races"),
    "races": ("Races and standings", "Leaderboard"),
}


def seen_since(before: Mapping[str, datetime], troubled: Collection[str], now: datetime) -> dict[str, datetime]:
    """Since when each of these waits; `now` and all else in real time."""
    return {duty: before.get(duty, now) for duty in troubled}


def waiting_work(since: Mapping[str, datetime], errors: Mapping[str, str], now: datetime) -> list[Alarm]:
    """Work that has not got on for minutes. `errors`: duty -> class of its last error, "" when it is not known."""
    found: list[Alarm] = []
    for duty, began in sorted(since.items()):
        words, page = _DUTIES.get(duty, (duty.capitalize(), "Event"))
        signing = errors.get(duty, "") in SIGN_IN_ERRORS
        if now - began < (SIGN_IN_WAITS if signing else WAITS):
            continue
        if signing:
            found.append(
                Alarm(
                    "signin",
                    f"{words}: a sign-in, a right or a setting is missing",
                    "A service does not let the console in, so this waits for a person.",
                    "Read on the Event page which one it is, and renew it.",
                    "Event",
                    subject=duty,
                    level=RED,
                )
            )
        else:
            found.append(
                Alarm(
                    "waits",
                    f"{words}: nothing gets on",
                    f"It has been tried for more than {counted(int(WAITS.total_seconds() // 60), 'minute')} without "
                    "success; it is tried on by itself.",
                    "Read on the Event page what it waits for.",
                    page,
                    subject=duty,
                )
            )
    return found


def bounces(rows: Iterable[Delivery]) -> Alarm | None:
    """Too many mails came back, or were called spam, for the sender's good name."""
    sent = [row for row in rows if row.state is Sending.SENT]
    back = sum(1 for row in sent if row.delivered == "bounced")
    spam = sum(1 for row in sent if row.delivered == "complained")
    if len(sent) < FEWEST_MAILS:
        return None
    share = back / len(sent)
    if share < BOUNCED and not (spam >= 2 and spam / len(sent) >= COMPLAINED):
        return None
    return Alarm(
        "bounces",
        "Too many mails come back" if share >= BOUNCED else "Mails are called spam",
        f"{back:,} of {counted(len(sent), 'mail')} came back ({share:.1%}), {counted(spam, 'was', 'were')} called "
        "spam. The sender's service may stop us.",
        "Pause the mail, and correct the list's addresses first.",
        "Messages",
        tab="Every mail",
        level=RED if share >= BOUNCED_RED else AMBER,
    )


def credential(event: Event, ends_at: datetime | None, now: datetime) -> Alarm | None:
    """The certificate or secret with which the console signs in ends soon. `now` in real time; once a pre-flight has
    read its end."""
    if ends_at is None or event.closed_at is not None or ends_at - now > SOON:
        return None
    ended = ends_at <= now
    return Alarm(
        "credential",
        "The console's certificate or secret has ended" if ended else "The console's certificate or secret ends soon",
        f"It {'ended' if ended else 'ends'} on {ends_at:%d %b %Y, %H:%M} (UTC); after that nobody can sign in and "
        "nothing of the directory is read.",
        "Make a new one in the app registration, put it into the settings, start again.",
        "Set up",
        tab="Pre-flight",
        level=RED if ended or ends_at <= max(event.ends_at, now + timedelta(days=2)) else AMBER,
    )


def rush(event: Event, races: Iterable[Race], last: UsageSample | None, now: datetime) -> list[Alarm]:
    """What is queued will not be through before a race closes. `now` in event time; slots x time is the most that can
    run, so this understates."""
    if last is None or not event.slots or now - last.at > timedelta(minutes=30):
        return []
    found: list[Alarm] = []
    queued = max(0.0, last.minutes_queued - last.minutes_waiting)
    for race in races:
        left = race.draft.closes_at - now
        if race.status(now) is not RaceStatus.OPEN or left > RUSH:
            continue
        minutes = left.total_seconds() / 60
        if queued <= event.slots * minutes:
            continue
        late = queued / event.slots - minutes
        found.append(
            Alarm(
                "rush",
                f"The queue is longer than “{race.draft.name}” is open",
                f"{counted(round(queued), 'minute is', 'minutes are')} queued or running on "
                f"{counted(event.slots, 'slot')}, and the race closes in "
                f"{counted(round(minutes), 'minute')}: at best the last is through {counted(round(late), 'minute')} "
                "after it (estimate).",
                "Keep room for the race, or close it later.",
                "Races",
                subject=race.id,
                level=RED,
            )
        )
    return found


def refusals(funnel: Mapping[Step, Mapping[State, int]]) -> list[Alarm]:
    """An unusual number of people is refused at a step."""
    found: list[Alarm] = []
    for step in (Step.PROFILE, Step.GROUP, Step.ACCESS, Step.MAIL):
        states = funnel.get(step, {})
        refused, people = states.get(State.REFUSED, 0), sum(states.values())
        if refused < FEWEST_REFUSED or refused < REFUSED_SHARE * people:
            continue
        found.append(
            Alarm(
                "refusals",
                f"{counted(refused, 'person is', 'people are')} refused at “{step}”",
                f"That is {refused / people:.0%} of {counted(people, 'person', 'people')}: more than single cases.",
                "Look at the reasons; one cause often stands behind all.",
                "Onboarding",
                subject=str(step),
            )
        )
    return found


def denied(entries: Sequence[AuditEntry], now: datetime) -> Alarm | None:
    """Many acts or sign-ins in this console were refused within minutes. `now` in real time."""
    count = sum(1 for entry in entries if not entry.allowed and now - entry.at <= DENIED_WITHIN)
    if count < DENIED:
        return None
    return Alarm(
        "denied",
        "The console refuses unusually often",
        f"{counted(count, 'sign-in or act was', 'sign-ins or acts were')} refused within "
        f"{counted(int(DENIED_WITHIN.total_seconds() // 60), 'minute')}.",
        "Look who was refused what: a role may be missing, or somebody tries doors.",
        "Audit",
    )


def silent_worker(
    last_until: datetime | None, watched_since: datetime, now: datetime, *, patience: timedelta = WORKER_SILENT
) -> Alarm | None:
    """Nobody does this event's work. `last_until`: until when its lease held, None when nobody ever had it; all in real
    time. Said by whoever still lives, for the dead tell nothing of themselves."""
    since = max(watched_since, last_until) if last_until else watched_since
    if now - since < patience:
        return None
    return Alarm(
        "worker",
        "Nobody does the event's work",
        "No mail goes, nothing is read and no budget is watched: the part of the console that works in the background "
        "has stopped.",
        "Start the console again on the computer that does the work; everything goes on from where it stood.",
        "Event",
        level=RED,
    )
