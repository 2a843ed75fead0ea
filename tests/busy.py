"""One event in which every list has somebody and every desk something to do, for walks over all pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from deepracer_admin.compose import Console
from deepracer_admin.model import (
    Account,
    Actor,
    Attendee,
    Capabilities,
    Event,
    Job,
    JobItem,
    JobState,
    Outcome,
    PriceList,
    Profile,
    Quota,
    Race,
    RaceDraft,
    Role,
    Sending,
    Standing,
    State,
    Step,
)
from deepracer_admin.records.calls import CALL_LIST, CallList
from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, Campaign, CampaignState
from deepracer_admin.records.connect_check import CHECK, Checked
from deepracer_admin.records.entrants import PARTICIPANTS, Participants
from deepracer_admin.records.limits import PAUSED_PROFILES
from deepracer_admin.records.portal import PORTAL
from deepracer_admin.records.practice_clock import PRACTICE_WISH, PracticeWish
from deepracer_admin.records.prices import PRICES_READ, PricesRead
from deepracer_admin.records.profile_rows import PASSWORDS_UNTIL
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.records.staff import STAFF_NAMED, StaffMember
from deepracer_admin.store import ProfileLink
from deepracer_admin.web.keeper import SessionKeeper


def actor_of(role: Role) -> Actor:
    """A person with one role, as a session knows them."""
    return Actor(oid=f"oid-{role.value}", tid="tid", name=f"{role.value} Person", roles=frozenset({role}))


def six_people(console: Console, event: Event, now: datetime) -> list[Attendee]:
    """Six people on the list; the last has left."""
    offices = ("Milano", "Milano", "Roma", "Roma", "Torino", "Torino")
    made = [
        Attendee(
            id=f"at-{number}",
            email=f"racer{number}@example.com",
            name=f"Racer {number}",
            alias=f"racer-{number}",
            office=office,
            cost_centre=f"CC-{number % 2}",
            wanted=number != 6,
            added_at=now - timedelta(hours=5),
            source="job-0",
        )
        for number, office in enumerate(offices, start=1)
    ]
    console.store.save_attendees(event.id, made)
    return made


def four_profiles(console: Console, event: Event, people: list[Attendee], now: datetime) -> list[Profile]:
    """Profiles of the first four people, with minutes used."""
    made = [
        Profile(
            id=f"pr-{number}",
            alias=person.alias,
            email=person.email,
            minutes_used=30.0 * number,
            minutes_queued=10.0,
            quota=Quota(300, 3),
            model_count=number,
            storage_bytes=number * 10**9,
        )
        for number, person in enumerate(people[:4], start=1)
    ]
    console.store.save_profiles(event.id, made, seen_at=now, lease=None)
    links = [ProfileLink(person.id, made[place].id, "created", now) for place, person in enumerate(people[:4])]
    console.store.link(event.id, links)
    console.history.add_usage(event.id, now - timedelta(minutes=30), made)
    console.history.add_usage(event.id, now, made)
    return made


def busy_event(console: Console, event: Event, profiles: list[Profile], now: datetime) -> Event:
    """`profiles`: of `four_profiles`; `now`: event time and real time. The event, as it is kept."""
    store = console.store
    event = replace(event, way_in="pool", public_url="https://boards.example.com")
    store.save_event(event)
    store.save_event(replace(event, id="ev-2", name="Winter Cup", created_at=now - timedelta(days=2)))
    paused = replace(profiles[1], quota=Quota(0, 0))
    store.change_rows(event.id, PAUSED_PROFILES, lambda _: {"pr-2": Quota(300, 3)})
    free = Profile(id="pr-9", alias="nobody", email="", minutes_used=0.0, quota=Quota(300, 3))
    store.save_profiles(event.id, [profiles[0], paused, *profiles[2:], free], seen_at=now, lease=None)
    able = Capabilities(
        private_races=True,
        participants=True,
        reset_share_link=True,
        close_early=True,
        roles=True,
        account_limits=True,
    )
    limits = {"compute minutes a month (not enforced)": 6_000, "models a month (not enforced)": -1}
    account = Account("DeepRacer on AWS", roles=("dr-racers", "dr-admins"), account_quotas=limits)
    store.keep(event.id, ACCOUNT, AccountSeen(kind="on_aws", account=account, capabilities=able, as_of=now))
    races = [Race("r-1", RaceDraft("Cup", "t-1", now - timedelta(hours=1), now + timedelta(hours=8)), participants=3)]
    store.save_races(event.id, races, seen_at=now, lease=None)
    store.change_rows(event.id, PARTICIPANTS, lambda _: {"r-1": Participants({"pr-1": "racer-1"}, now)})
    rows = [Standing(place, f"racer-{place}", 9_000 * place, profile_id=f"pr-{place}") for place in (1, 2, 3)]
    console.history.save_standings(event.id, "r-1", now, rows)
    steps = [Outcome(f"at-{n}", step, State.DONE) for n in (1, 2, 3) for step in (Step.PROFILE, Step.ACCESS, Step.MAIL)]
    stuck = Outcome("at-4", Step.PROFILE, State.REFUSED, "few", "A mailbox is missing.")
    store.record(event.id, [*steps, stuck], lease=None, now=now)
    until = {f"at-{n}": now + timedelta(hours=10 + n) for n in (1, 2)}
    store.keep(event.id, PRICES_READ, PricesRead(PriceList(region="eu-west-1"), now))
    store.keep(event.id, PASSWORDS_UNTIL, until)
    store.keep(event.id, CHECK, Checked((), now))
    store.update(event.id, CALL_LIST, lambda _: CallList(("olivia@example.com",)))
    running = Campaign("access", 1, Audience("proven"), CampaignState.RUNNING)
    stopped = Campaign("thanks", 1, Audience("all"), CampaignState.PAUSED)
    store.change_rows(event.id, CAMPAIGNS, lambda _: {"access": running, "c-2": stopped})
    store.plan_deliveries(event.id, [("at-1", "access", 1)], campaign="access", lease=None)
    lease = store.acquire("worker", "test", ttl_s=60, now=now)
    assert lease
    [mail] = store.claim_deliveries(event.id, "access", 1, lease=lease, now=now)
    store.settle_deliveries(event.id, [replace(mail, state=Sending.UNKNOWN)], lease=lease, now=now)
    store.update("", PRACTICE_WISH, lambda _: PracticeWish(60.0, is_done=False))
    store.change_rows("", STAFF_NAMED, lambda _: {"chief@example.com": StaffMember()})
    for kind in ("quota", "race.edit", "role", "roster.import"):
        job = Job(f"job-{kind}", event.id, kind, kind, JobState.DONE, total=1, undoable=True, created_at=now)
        store.create_job(job, [JobItem(job.id, "at-1", State.DONE)])
        store.update_job(job.id, state=JobState.DONE, now=now)
    for kind in ("sponsor", "race.create", "check", "sponsorship", "role", "mail.test"):
        store.create_job(Job(f"live-{kind}", event.id, kind, "live", JobState.RUNNING, total=2, created_at=now), [])
    keeper = SessionKeeper(console.sessions, console.clock)
    viewer = actor_of(Role.VIEWER)
    keeper.create(oid=viewer.oid, tid=viewer.tid, name=viewer.name, roles=viewer.roles)
    organizer = actor_of(Role.ORGANIZER)
    store.update(event.id, PORTAL, lambda each: replace(each, open=True))
    console.first.boards.set_logo(organizer, b"\x89PNG\r\n\x1a\n")
    console.first.boards.make_link(organizer, "r-1", scene="board", hours=12)
    racer = next(each for each in console.first.boards.entries(organizer, "r-1") if each.row.rank == 3)
    console.first.boards.disqualify(organizer, "r-1", racer.id, reason="A second account.")
    return event
