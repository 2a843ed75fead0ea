"""The racing service of an event: which adapter, at whose sign-in, and whom no flow touches. Part of compose.py."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from deepracer_admin.clock import Clock
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.errors import BadSettings, Missing, ServiceError
from deepracer_admin.flows.engine.pacing import Pacer
from deepracer_admin.flows.setup.staff import known_staff
from deepracer_admin.model import Limit
from deepracer_admin.racing import RacingService, bill, price_list
from deepracer_admin.racing.bill import Bills
from deepracer_admin.racing.login import Login, LoginDesk
from deepracer_admin.racing.managed import ManagedDeepRacer
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.racing.on_aws import OnAws, Pace
from deepracer_admin.racing.price_list import PriceLists
from deepracer_admin.racing.service_quotas import ServiceQuotas
from deepracer_admin.rules.roster import normalise_email
from deepracer_admin.settings import Practice, Settings, read_practice
from deepracer_admin.store import EventStore

__all__ = ["RacingServices", "Staff", "bills_of", "instance_quotas_of", "practice_of", "price_lists_of", "racing_of"]


def practice_of(settings: Settings) -> Practice | None:
    """The practice world's addresses; None in live mode. Raises BadSettings."""
    if not settings.rehearsal:
        return None
    return read_practice(settings.home)


class Staff:
    """Addresses that no flow ever touches: the console's own logins, the settings', those known to the store.

    Asked for every profile of a listing, so the store is read once a second.
    """

    def __init__(
        self, settings: Settings, practice: Practice | None, store: EventStore, desk: LoginDesk, clock: Clock
    ) -> None:
        own = [settings.deepracer_user, practice.deepracer["user"] if practice else ""]
        named = [*own, *settings.deepracer_staff.split(",")]
        self._fixed = frozenset(filter(None, (normalise_email(address) for address in named)))
        self._store, self._desk, self._clock = store, desk, clock
        self._known: tuple[float, frozenset[str]] = (-math.inf, frozenset())

    def __call__(self) -> frozenset[str]:
        read_at, known = self._known
        if self._clock.monotonic() - read_at >= 1:
            known = self._fixed | known_staff(self._store)
            self._known = self._clock.monotonic(), known
        held = self._desk.held()
        return known | {normalise_email(held.user)} if held else known


class RacingServices:
    """The racing service of each event: its own choice, else the setting's; one connection per kind and sign-in, which
    events on the same service share.

    A connection of an earlier sign-in is let go, not closed: a flow may still be at work with it.
    """

    def __init__(self, store: EventStore, default: str, desk: LoginDesk, make: Callable[[str], RacingService]) -> None:
        self._store = store
        self._default = default
        self._desk = desk
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[str, tuple[int, RacingService]] = {}

    def of(self, event_id: str) -> Callable[[], RacingService]:
        """What connects to the service of this event, and of no other; "" before there is one: the setting's."""
        return lambda: self._connected(self._kind(event_id))

    def _connected(self, kind: str) -> RacingService:
        with self._lock:
            turn = self._desk.turn
            if kind not in self._made or self._made[kind][0] != turn:
                self._made[kind] = (turn, self._make(kind))
            return self._made[kind][1]

    def _kind(self, event_id: str) -> str:
        try:
            return (self._store.event(event_id).service if event_id else "") or self._default
        except Missing:
            return self._default


def racing_of(
    settings: Settings, kind: str, clock: Clock, staff: frozenset[str], desk: LoginDesk, pacer: Pacer
) -> RacingService:
    def pace(limit: Limit) -> float:
        return 0.0 if pacer.take(limit) else max(pacer.held_for(limit), 1 / limit.rate)

    login = desk.held() if kind == "on_aws" else None
    racing = _managed(settings, clock) if kind == "managed" else _on_aws(settings, clock, staff, login, pace)
    if racing.practice_world != settings.rehearsal:
        raise BadSettings(
            "The racing service names itself a practice world, but the mode is live; set the real address."
            if racing.practice_world
            else "The racing service is a real one, but the mode is rehearsal; start with DEEPRACER_ADMIN_MODE=live."
        )
    if login and login.new_password and isinstance(racing, OnAws):
        _choose_password(racing, login, desk)
    return racing


def _choose_password(racing: OnAws, login: Login, desk: LoginDesk) -> None:
    """Once: what was not taken is not offered again and again, for Cognito locks users out."""
    try:
        racing.choose_first_password(login.new_password)
    except ServiceError:
        desk.settle(login, taken=False)
        raise
    desk.settle(login, taken=True)


def _managed(settings: Settings, clock: Clock) -> ManagedDeepRacer:
    practice = practice_of(settings)
    client = (
        ManagedClient(
            region=practice.aws["region"],
            endpoint_url=practice.aws["managed_url"],
            access_key_id=practice.aws["access_key_id"],
            secret_access_key=practice.aws["secret_access_key"],
            user_agent=settings.user_agent,
            reach=settings.reach,
        )
        if practice
        else ManagedClient(
            region=settings.deepracer_region,
            profile=settings.deepracer_aws_profile,
            user_agent=settings.user_agent,
            reach=settings.reach,
        )
    )
    return ManagedDeepRacer(client, event_now=clock.event_now)


def _on_aws(settings: Settings, clock: Clock, staff: frozenset[str], login: Login | None, pace: Pace) -> OnAws:
    practice = practice_of(settings)
    if practice:
        own = login or Login(*(practice.deepracer[name] for name in ("site", "user", "password")))
        return OnAws(
            own.site,
            own.user,
            own.password,
            clock=clock,
            cognito_idp_url=practice.aws["cognito_idp_url"],
            cognito_identity_url=practice.aws["cognito_identity_url"],
            user_agent=settings.user_agent,
            mail_cap=200,
            staff_emails=staff,
            reach=settings.reach,
            pace=pace,
        )
    own = login or _login_of(settings)
    return OnAws(
        own.site,
        own.user,
        own.password,
        clock=clock,
        user_agent=settings.user_agent,
        mail_cap=200 if settings.deepracer_ses else 50,
        reach=settings.reach,
        staff_emails=staff,
        pace=pace,
    )


def _login_of(settings: Settings) -> Login:
    if not settings.deepracer_site:
        raise BadSettings(
            "The site of DeepRacer on AWS is not known: sign in on the Set up page, or set "
            "DEEPRACER_ADMIN_DEEPRACER_SITE."
        )
    password = settings.deepracer_password.get_secret_value()
    if not (settings.deepracer_user and password):
        raise BadSettings(
            "The console has no login for DeepRacer on AWS: sign in on the Set up page, or set "
            "DEEPRACER_ADMIN_DEEPRACER_USER and _PASSWORD."
        )
    return Login(settings.deepracer_site, settings.deepracer_user, password)


def instance_quotas_of(settings: Settings) -> Callable[[], ServiceQuotas] | None:
    """Who reads the account's quotas for training instances; None where no profile with credentials on it is named."""
    if settings.rehearsal:
        return lambda: ServiceQuotas(_practice_account(settings, "service_quotas_url"))
    if not settings.deepracer_aws_profile:
        return None
    access = AwsAccess(profile=settings.deepracer_aws_profile, region=settings.deepracer_region)
    return lambda: ServiceQuotas(access)


def price_lists_of(settings: Settings) -> Callable[[], PriceLists] | None:
    """Who reads AWS's own prices; None where no profile with credentials is named."""
    if settings.rehearsal:
        return lambda: PriceLists(_practice_account(settings, "pricing_url"))
    if not settings.deepracer_aws_profile:
        return None
    access = AwsAccess(profile=settings.deepracer_aws_profile, region=price_list.API_REGION)
    return lambda: PriceLists(access)


def bills_of(settings: Settings) -> Callable[[], Bills] | None:
    """Who reads the bill of the sponsoring account; None where no profile with credentials on it is named."""
    tag = settings.deepracer_cost_tag
    if settings.rehearsal:
        return lambda: Bills(_practice_account(settings, "cost_explorer_url"), tag)
    if not settings.deepracer_aws_profile:
        return None
    access = AwsAccess(profile=settings.deepracer_aws_profile, region=bill.API_REGION)
    return lambda: Bills(access, tag)


def _practice_account(settings: Settings, address: str) -> AwsAccess:
    """Read when it is asked: a console may be composed before its practice world answers."""
    aws = read_practice(settings.home).aws
    return AwsAccess(
        region=aws["region"],
        endpoint_url=aws[address],
        access_key_id=aws["access_key_id"],
        secret_access_key=aws["secret_access_key"],
        reach=settings.reach,
    )
