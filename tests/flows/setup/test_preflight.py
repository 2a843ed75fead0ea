"""Every check of the pre-flight, broken in the practice world one at a time: that one changes colour, and no other.

One world, and one walk through the table: the run with the next thing broken shows that the one before was mended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msal
import pytest

from deepracer_admin import readiness_access, store_command
from deepracer_admin.compose import Console, compose
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.setup.canary import CanaryHandler
from deepracer_admin.flows.setup.connect_check import check_now
from deepracer_admin.model import Attendee, Event, Finding, Job, JobState, Quota, Race, RaceDraft
from deepracer_admin.model.readiness import AwsRights, ComputerSeen, StoreSeen
from deepracer_admin.racing.service_quotas import InstanceQuotas
from deepracer_admin.records.canary import CANARY
from deepracer_admin.records.store_copies import COPIED, Copied
from deepracer_admin.rules.capacity import Outlook, outlook
from deepracer_admin.rules.capacity import Plan as CapacityPlan
from deepracer_admin.rules.preflight import TABLE
from deepracer_admin.rules.prices import shipped_prices
from deepracer_admin.settings import Settings
from deepracer_admin.store import SavedSession
from tests.practice import WorldHandle, start_world
from tests.rehearsal.microsoft import REDIRECT, press

pytestmark = pytest.mark.filterwarnings("ignore:response_mode")
START = datetime(2026, 11, 10, 9, tzinfo=UTC)
ON_AWS, MANAGED = "ev-aws", "ev-managed"


class Quotas:
    """An account that has asked AWS for so many instances of the type."""

    def __init__(self, per_type: int) -> None:
        self._per_type = per_type

    def read(self) -> InstanceQuotas:
        return InstanceQuotas(self._per_type, 800, "us-east-1")


class Clock:
    """Event time stands; real time goes on, and can be set wrong."""

    factor = 1.0
    off = timedelta()

    def event_now(self) -> datetime:
        return START

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def monotonic(self) -> float:
        return datetime.now(UTC).timestamp()

    def sleep(self, seconds: float) -> None:
        threading.Event().wait(min(seconds, 0.01))


class Listener:
    """What answers at the public address: this console's second listener, or nobody."""

    def __init__(self) -> None:
        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(403)
                self.send_header("X-Live-Boards", "1")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Ground:
    """One world, a console that acts as the app and one that acts for a person, two events ready to open."""

    world: WorldHandle
    console: Console
    delegated: Console
    clock: Clock
    listener: Listener
    home: Path
    copies: Path
    oid: str = ""
    canaries: int = 0
    secret: str = ""  # the right one, while the world has another
    swapped: dict[str, Any] = field(default_factory=dict)  # readings that no world can show

    def look(self, event: str, *, as_person: bool = False) -> dict[str, Finding]:
        console = self.delegated if as_person else self.console
        ports: Ports = console.ports_of(event)
        assert ports.readiness
        of_ports = {"slot_quotas": lambda: Quotas(600)}
        of_ports |= {name: value for name, value in self.swapped.items() if name in ("pool", "slot_quotas")}
        given = {name: value for name, value in self.swapped.items() if name not in of_ports}
        given = {"aws_rights": lambda _: AwsRights(("mail-ses.json",), {})} | given  # no world has an IAM
        ports = replace(ports, readiness=replace(ports.readiness, **given), **of_ports)
        checked = check_now(ports, console.store.event(event), self.oid, by="Olivia", lease=None)
        return {finding.key: finding for finding in checked.findings}

    def amend(self, event: str, **values: Any) -> None:
        self.console.store.amend_event(event, lambda one: replace(one, **values))


@pytest.fixture(scope="module", autouse=True)
def _few_simulated_events() -> Iterator[None]:
    """One with few people, and for each plan once: how an outlook comes about is tested elsewhere."""

    @cache
    def small(plan: CapacityPlan) -> Outlook:
        return outlook(replace(plan, people=min(plan.people, 40), window_h=min(plan.window_h, 5.0)), runs=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readiness_access, "outlook_apart", small)
        yield


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    home = tmp_path_factory.mktemp("preflight")
    world = start_world(home, start=START, speed=1.0)
    clock = Clock()
    settings = Settings(mode="rehearsal", home=home, public_host="192.0.2.7", entra_app_only=True)
    console = compose(settings, clock=clock)
    delegated = compose(settings.model_copy(update={"entra_app_only": False}), clock=clock)
    made = Ground(world, console, delegated, clock, Listener(), home, tmp_path_factory.mktemp("copies"))
    _people(made)
    _events(made)
    _canary_went_through(made)
    yield made
    made.listener.stop()
    delegated.close()
    console.close()
    world.stop()


def _people(ground: Ground) -> None:
    """An organizer who has signed in, and lends the console what they may do."""
    console = ground.console
    cache = msal.SerializableTokenCache()
    app = console.sign_in().app(cache)
    flow = app.initiate_auth_code_flow(["GroupMember.ReadWrite.All", "User.Read.All"], redirect_uri=REDIRECT)
    base = ground.world.endpoints["entra"]["authority"]
    uri = flow["auth_uri"].replace("https://login.practice.example", base)
    claims = app.acquire_token_by_auth_code_flow(flow, press(uri, login_as="organizer"))["id_token_claims"]
    ground.oid = claims["oid"]
    console.sessions.save_delegation(
        ground.oid, "Olivia", console.vault.seal(cache.serialize()), at=console.clock.now()
    )
    _signed_in(ground)


def _signed_in(ground: Ground) -> None:
    now = ground.console.clock.now()
    ground.console.sessions.create(SavedSession("hash", ground.oid, "t", "Olivia", ("Organizer",), now, now))


def _events(ground: Ground) -> None:
    store = ground.console.store
    for key, service in ((ON_AWS, "on_aws"), (MANAGED, "managed")):
        event = Event(
            id=key, name="Autumn Cup", starts_at=START + timedelta(days=1), ends_at=START + timedelta(days=3),
            zone="Europe/Rome", head_count=120, budget_usd=2_000, quota=Quota(180, 3), service=service, slots=500,
            group_id=ground.world.endpoints["graph"]["group_id"], guests="invite", erase_on="2027-01-31",
            public_url=ground.listener.address, portal_url=ground.world.endpoints["deepracer"]["site"],
            prices=shipped_prices(service),
        )  # fmt: skip
        store.save_event(event)
        store.save_attendees(key, [Attendee(f"at-{n}", f"racer{n}@example.com", f"R {n}", f"r-{n}") for n in range(3)])
        store.save_races(key, [_race(event)], seen_at=START, lease=None)
    _copied(ground, days_ago=0)
    ground.console.ports_of(ON_AWS).racing().set_new_profile_quota(Quota(180, 3))


def _copied(ground: Ground, *, days_ago: int) -> None:
    made = Copied(datetime.now(UTC) - timedelta(days=days_ago))
    ground.console.store.update("", COPIED, lambda _: made)


def _race(event: Event) -> Race:
    draft = RaceDraft(
        name="Cup",
        track_id="reInvent2019_track",
        opens_at=event.starts_at,
        closes_at=event.ends_at - timedelta(hours=1),
    )
    return Race("race-1", draft)


Act = Callable[[Ground], Any]


@dataclass(frozen=True)
class Case:
    """How a thing is broken and how its fix is followed; `then`: checks that stand on it and are not known, or do not
    apply, meanwhile. `fix`: what its fix tells people, at least."""

    level: str
    fix: str
    break_it: Act
    mend: Act
    then: tuple[str, ...] = ()
    event: str = ON_AWS
    as_person: bool = False


def fault(
    level: str,
    fix: str,
    service: str,
    name: str,
    *then: str,
    event: str = ON_AWS,
    as_person: bool = False,
    **params: Any,
) -> Case:
    return Case(
        level,
        fix,
        lambda g: g.world.arm(service, name, params=params),
        lambda g: g.world.disarm(),
        then,
        event,
        as_person,
    )


def settings(
    level: str, fix: str, before: dict[str, Any], broken: dict[str, Any], *then: str, event: str = ON_AWS
) -> Case:
    return Case(level, fix, lambda g: g.amend(event, **broken), lambda g: g.amend(event, **before), then, event)


def swap(level: str, fix: str, name: str, value: Any, *then: str) -> Case:
    return Case(level, fix, lambda g: g.swapped.update({name: value}), lambda g: g.swapped.clear(), then)


def _secret(value: str) -> Act:
    def act(ground: Ground) -> None:
        secrets = ground.world.world.ground.secrets
        ground.secret = ground.secret or secrets["client_secret"]
        secrets["client_secret"] = value or ground.secret

    return act


def _setting(key: str, value: Any) -> Act:
    return lambda g: _deployment(g).settings[key.partition(".")[0]].update({key.partition(".")[2]: value})


def _deployment(ground: Ground) -> Any:
    return getattr(ground.world.world.services["deepracer"], "site")  # noqa: B009


def _version(text: str) -> Act:
    return lambda g: object.__setattr__(_deployment(g).options, "version", text)


def _clock(minutes: int) -> Act:
    return lambda g: setattr(g.clock, "off", timedelta(minutes=minutes))


def _copy_by_command(ground: Ground) -> None:
    """The very command that the fix tells."""
    parsed = store_command._parser().parse_args(["backup", str(ground.copies)])
    assert store_command._backup(ground.console.settings, parsed) == 0
    assert sorted(path.name.partition("-")[0] for path in ground.copies.iterdir()) == ["events", "history"]


def _canary(**values: Any) -> Act:
    return lambda g: g.console.store.update(ON_AWS, CANARY, lambda kept: replace(kept, **values))


def _canary_went_through(ground: Ground) -> None:
    """The very job that the fix tells."""
    ports = ground.console.ports_of(ON_AWS)
    ground.canaries += 1
    job = Job(
        f"job-{ground.canaries}", ON_AWS, "canary", ON_AWS, JobState.RUNNING, {"address": "ada+canary@example.com"}
    )
    lease = ground.console.store.acquire(f"worker/{ON_AWS}", "test", ttl_s=10**6, now=datetime.now(UTC))
    assert lease
    said = None
    for _ in range(40):
        with suppress(Later):
            said = CanaryHandler().work(ports, job, lease)
        if said:
            break
    assert said
    assert said.startswith("It came in")
    ground.console.store.release(lease)


def _listen_again(ground: Ground) -> None:
    ground.listener = Listener()
    for event in (ON_AWS, MANAGED):
        ground.amend(event, public_url=ground.listener.address)


ON_RACING = ("racing.version", "racing.firewall", "racing.limits", "racing.signup")
ON_MAIL = ("mail.identity", "mail.sandbox", "mail.sending", "mail.day", "mail.rate", "mail.events")
CASES: dict[str, Case] = {
    "signin.entra": Case(
        "red", "credential in the settings", _secret("another"), _secret(""), ("signin.credential", "graph.people",
        "graph.members", "graph.guests"),
    ),
    "signin.credential": fault("red", "Certificates & secrets", "graph", "credential_ends", days=1),
    "signin.roles": Case("amber", "sign in once", lambda g: g.console.sessions.revoke("hash"), _signed_in),
    "graph.people": fault("red", "admin consent", "entra", "withhold_scopes", scopes=["User.Read.All"]),
    "graph.members": fault("red", "admin consent", "entra", "withhold_scopes", scopes=["GroupMember.ReadWrite.All"]),
    "graph.guests": fault("red", "admin consent", "entra", "withhold_scopes", scopes=["User.Invite.All"]),
    "group.kind": Case(
        "red", "assigned security group",
        lambda g: g.amend(ON_AWS, group_id=g.world.endpoints["graph"]["groups"]["dynamic"]),
        lambda g: g.amend(ON_AWS, group_id=g.world.endpoints["graph"]["group_id"]),
    ),
    "group.owner": fault("amber", "make them an owner", "graph", "no_owner", as_person=True),
    "access.assignment": fault("red", "Identity Center", "identity-center", "no_assignment", event=MANAGED),
    "access.relay": fault("amber", "relay state", "identity-center", "no_relay", event=MANAGED),
    "access.session": fault("amber", "8 hours", "identity-center", "short_session", event=MANAGED),
    "aws.rights": swap(
        "red", "docs/permissions.md", "aws_rights",
        lambda _: AwsRights(("mail-ses.json",), {"mail-ses.json": ("ses:SendEmail",)}),
    ),
    "racing.signin": fault("red", "sign in", "deepracer", "wrong_site", *ON_RACING),
    "racing.version": Case("red", "newest release", _version("1.2.5"), _version("1.3.1")),
    "racing.firewall": fault(
        "red", "User-Agent", "deepracer", "bot_control", "racing.signin", "racing.version", "racing.limits",
        "racing.signup", mode="non_browser",
    ),
    "racing.limits": Case(
        "amber", "Open sponsorship",
        lambda g: _deployment(g).settings["usageQuotas"]["newUser"].update(newUserComputeMinutesLimit=-1),
        lambda g: g.console.ports_of(ON_AWS).racing().set_new_profile_quota(Quota(180, 3)),
    ),
    "racing.signup": Case(
        "red", "invite-only", _setting("registration.type", "self-service"),
        _setting("registration.type", "invite-only"),
    ),
    "racing.reset": settings(
        "amber", "end before", {"ends_at": START + timedelta(days=3)}, {"ends_at": START + timedelta(days=25)}
    ),
    "racing.invitations": settings("amber", "SES", {"cognito_mail": ""}, {"cognito_mail": "default"}),
    "racing.pool": swap("amber", "docs/permissions.md", "pool", None),
    "racing.slots": swap("red", "Ask for more", "slot_quotas", lambda: Quotas(2)),
    "racing.quotas": settings("amber", "AWS Support", {"head_count": 120, "budget_usd": 2_000.0},
                              {"head_count": 1200, "budget_usd": 20_000.0}, event=MANAGED),
    "racing.canary": Case(
        "red", "Mend that", _canary(trouble="Its limits were refused: No."), _canary_went_through,
    ),
    "mail.sender": Case(
        "red", "Sender of our mail",
        lambda g: setattr(g.console.ports_of(ON_AWS).letters, "sender", ""),
        lambda g: setattr(g.console.ports_of(ON_AWS).letters, "sender", "deepracer@example.com"),
        ("mail.service", *ON_MAIL, "mail.dkim", "mail.spf", "mail.dmarc"),
    ),
    "mail.service": fault("red", "check again", "ses", "denied", *ON_MAIL, "mail.dkim"),
    "mail.identity": fault("red", "DNS records", "ses", "unverified"),
    "mail.sandbox": fault("red", "production access", "ses", "sandbox"),
    "mail.sending": fault("red", "Resume sending", "ses", "paused"),
    "mail.day": fault("amber", "higher quota", "ses", "quota", max_24h=10),
    "mail.rate": fault("amber", "higher rate", "ses", "quota", rate=0.005),
    "mail.events": fault("amber", "event types", "ses", "no_events"),
    "mail.dkim": fault("amber", "publish", "dns", "no_dkim"),
    "mail.spf": fault("red", "join", "dns", "two_spf"),
    "mail.dmarc": fault("amber", "publish", "dns", "no_dmarc"),
    "plan.people": settings("amber", "Head-count", {"head_count": 120}, {"head_count": 2}),
    "plan.window": settings("red", "another event", {"closed_at": None}, {"closed_at": START}),
    "plan.races": Case(
        "amber", "Races page",
        lambda g: g.console.store.save_races(ON_AWS, [], seen_at=START, lease=None),
        lambda g: g.console.store.save_races(ON_AWS, [_race(g.console.store.event(ON_AWS))], seen_at=START, lease=None),
    ),
    "plan.capacity": settings("amber", "fewer hours", {"slots": 500}, {"slots": 1}),
    "plan.budget": settings("amber", "Raise the budget", {"budget_usd": 2_000.0}, {"budget_usd": 1.0}),
    "plan.prices": Case(
        "amber", "prices tab",
        lambda g: g.amend(ON_AWS, prices=replace(g.console.store.event(ON_AWS).prices, as_of="2025-01-01")),
        lambda g: g.amend(ON_AWS, prices=replace(g.console.store.event(ON_AWS).prices, as_of="2026-10-01")),
    ),
    "plan.erasure": settings("red", "later date", {"erase_on": "2027-01-31"}, {"erase_on": "2026-11-12"}),
    "console.clock": Case("red", "time server", _clock(10), _clock(0)),
    "console.disk": swap("red", "Make room", "computer", lambda: ComputerSeen(10**8, "home")),
    "console.store": swap(
        "red", "last copy", "store", lambda: StoreSeen("sqlite", "row 3 missing from index", datetime.now(UTC)),
    ),
    "console.copies": Case(
        "amber", "another disk",
        lambda g: _copied(g, days_ago=3),
        _copy_by_command,
    ),
    "console.listener": Case(
        "red", "second listener", lambda g: g.listener.stop(),
        _listen_again,
    ),
}  # fmt: skip


def levels(found: dict[str, Finding]) -> dict[str, str]:
    return {key: finding.level for key, finding in found.items()}


def test_each_thing_that_breaks_changes_its_own_check_and_its_fix_turns_it_green(ground: Ground) -> None:
    assert set(CASES) == {check.key for check in TABLE}, "a check without a case is a check that nobody has seen fail"
    before: dict[tuple[str, bool], dict[str, str]] = {}
    for key, case in CASES.items():
        looked = (case.event, case.as_person)
        if looked not in before:
            before[looked] = levels(ground.look(case.event, as_person=case.as_person))
            warned = {"racing.signin": "amber"} if case.event == MANAGED else {}  # AWS closed that service
            others = {level for each, level in before[looked].items() if each not in warned}
            assert others <= {"green", "na"}, (key, before[looked])
            assert warned.items() <= before[looked].items()
        whole = before[looked]
        assert whole[key] == "green", key
        case.break_it(ground)
        broken = ground.look(case.event, as_person=case.as_person)
        case.mend(ground)
        changed = {other: level for other, level in levels(broken).items() if level != whole[other]}
        assert changed.pop(key, "") == case.level, broken[key]
        assert changed.keys() == set(case.then), (key, {other: broken[other] for other in changed})
        assert set(changed.values()) <= {"unknown", "na"}, (key, changed)
        assert case.fix.lower() in broken[key].fix.lower(), broken[key]
        assert broken[key].why
        assert broken[key].source
    for (event, as_person), whole in before.items():
        assert levels(ground.look(event, as_person=as_person)) == whole
