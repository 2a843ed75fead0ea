"""Builds everything for a mode. The only place that names adapters (with entra_access.py, which it calls).

Live mode refuses rehearsal endpoints and the other way round: in rehearsal every address comes from the practice
world's own file on loopback; in live mode from the settings, which refuse loopback addresses (settings.py), and a site
that names itself a practice world is refused.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from deepracer_admin.clock import Clock, ScaledClock, SystemClock
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.entra_access import SignInSettings, directories, sign_in_settings
from deepracer_admin.errors import BadSettings, Missing, ServiceError, StoreUnusable
from deepracer_admin.flows.guest_book import GuestBook
from deepracer_admin.flows.letters import Letters
from deepracer_admin.flows.pacing import Pacer
from deepracer_admin.flows.ports import Ports
from deepracer_admin.mail import Mailer
from deepracer_admin.mail.aws import AwsAccess
from deepracer_admin.mail.pinpoint import Pinpoint
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.smtp import Smtp
from deepracer_admin.model import Limit
from deepracer_admin.racing import RacingService
from deepracer_admin.racing.login import Login, LoginDesk
from deepracer_admin.racing.managed import ManagedDeepRacer
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.racing.on_aws import OnAws, Pace
from deepracer_admin.services.attendees import AttendeesService
from deepracer_admin.services.base import CURRENT_EVENT, House
from deepracer_admin.services.boards import BoardsService
from deepracer_admin.services.closing import AuditService, CloseoutService, JobsService
from deepracer_admin.services.connection import ConnectionService
from deepracer_admin.services.events import EventsService
from deepracer_admin.services.messages import MessagesService
from deepracer_admin.services.onboarding import OnboardingService
from deepracer_admin.services.passwords import PasswordsService
from deepracer_admin.services.races import RacesService
from deepracer_admin.services.usage import UsageService
from deepracer_admin.settings import Practice, Settings, read_practice
from deepracer_admin.store import EventStore, History, Sessions
from deepracer_admin.store.sqlite import open_event_store, open_history, open_sessions
from deepracer_admin.vault import Vault, open_vault

__all__ = ["Console", "compose"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Console:
    """Everything, built once per process."""

    settings: Settings
    clock: Clock
    store: EventStore
    history: History
    sessions: Sessions
    vault: Vault
    ports: Ports
    sign_in: Callable[[], SignInSettings]
    events: EventsService
    connection: ConnectionService
    attendees: AttendeesService
    onboarding: OnboardingService
    passwords: PasswordsService
    messages: MessagesService
    races: RacesService
    usage: UsageService
    boards: BoardsService
    closeout: CloseoutService
    audit: AuditService
    jobs: JobsService

    def close(self) -> None:
        """Let files go."""
        self.store.close()
        self.history.close()
        self.sessions.close()


class _Once(Generic[T]):
    """Makes a thing at the first call and keeps it; a failure is not kept."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._value: T | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._value is None:
                self._value = self._make()
            return self._value


def compose(settings: Settings, *, clock: Clock | None = None) -> Console:
    """Open the stores and wire the services. Raises BadSettings, StoreUnusable with a sentence."""
    home = settings.home
    _prepare(home)
    vault = open_vault(settings)
    clock = clock or (ScaledClock() if settings.rehearsal else SystemClock())
    practice = _practice(settings)
    store, history, sessions = _open_stores(settings)
    house = House(settings, clock, store, history, sessions)
    letters = Letters(
        store,
        guests=GuestBook(store, vault),
        rehearsal=settings.rehearsal,
        sender=settings.mail_from or (practice.mail["from"] if practice else ""),
        reply_to=settings.mail_reply_to,
    )
    desk = LoginDesk()
    own = frozenset(filter(None, [settings.deepracer_user.lower(), practice.deepracer["user"] if practice else ""]))

    def staff() -> frozenset[str]:
        held = desk.held()
        return own | {held.user.lower()} if held else own

    pacer = Pacer(store, clock)
    ports = Ports(
        store=store,
        history=history,
        clock=clock,
        pacer=pacer,
        letters=letters,
        racing=_RacingOfEvent(
            store, settings.racing, desk, lambda kind: _racing(settings, kind, clock, staff(), desk, pacer)
        ),
        directory=directories(settings, sessions, vault, clock),
        mailer=_Once(lambda: _mailer(settings, clock)),
        home=home,
        rehearsal=settings.rehearsal,
        staff=staff,
        proof=_Once(lambda: _proof(settings, pacer)),
        pool=_Once(lambda: _pool(settings, pacer)) if practice or settings.deepracer_user_pool else None,
        cognito_by_ses=bool(practice) or settings.deepracer_ses,
    )
    return Console(
        settings=settings,
        clock=clock,
        store=store,
        history=history,
        sessions=sessions,
        vault=vault,
        ports=ports,
        sign_in=lambda: sign_in_settings(settings),
        events=EventsService(house),
        connection=ConnectionService(house, desk),
        attendees=AttendeesService(house),
        onboarding=OnboardingService(house, letters.guests),
        passwords=PasswordsService(house),
        messages=MessagesService(house, letters),
        races=RacesService(house),
        usage=UsageService(house),
        boards=BoardsService(house, vault.key),
        closeout=CloseoutService(house),
        audit=AuditService(house),
        jobs=JobsService(house),
    )


def _prepare(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreUnusable(
            f"The data folder {home} cannot be written ({error.strerror}); set DEEPRACER_ADMIN_HOME to another."
        ) from None


def _open_stores(settings: Settings) -> tuple[EventStore, History, Sessions]:
    """All three, or none: a store that cannot be used leaves no other open behind it."""
    with contextlib.ExitStack() as opened:
        store = open_event_store(settings.home / "events.sqlite", settings.mode)
        opened.callback(store.close)
        history = open_history(settings.home / "history.sqlite")
        opened.callback(history.close)
        sessions = open_sessions(settings.home / "sessions.sqlite")
        opened.pop_all()
        return store, history, sessions


def _practice(settings: Settings) -> Practice | None:
    if not settings.rehearsal:
        return None
    return read_practice(settings.home)


class _RacingOfEvent:
    """The racing service of the current event: its own choice, else the setting's; one connection per kind and sign-in.

    A connection of an earlier sign-in is let go, not closed: a flow may still be at work with it.
    """

    def __init__(self, store: EventStore, default: str, desk: LoginDesk, make: Callable[[str], RacingService]) -> None:
        self._store = store
        self._default = default
        self._desk = desk
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[str, tuple[int, RacingService]] = {}

    def __call__(self) -> RacingService:
        kind = self._kind()
        with self._lock:
            turn = self._desk.turn
            if kind not in self._made or self._made[kind][0] != turn:
                self._made[kind] = (turn, self._make(kind))
            return self._made[kind][1]

    def _kind(self) -> str:
        chosen = self._store.get("", CURRENT_EVENT)
        try:
            return (self._store.event(chosen).service if chosen else "") or self._default
        except Missing:
            return self._default


def _racing(
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
    practice = _practice(settings)
    client = (
        ManagedClient(
            region=practice.aws["region"],
            endpoint_url=practice.aws["managed_url"],
            access_key_id=practice.aws["access_key_id"],
            secret_access_key=practice.aws["secret_access_key"],
            user_agent=settings.user_agent,
        )
        if practice
        else ManagedClient(
            region=settings.deepracer_region,
            profile=settings.deepracer_aws_profile or None,
            user_agent=settings.user_agent,
        )
    )
    return ManagedDeepRacer(client, event_now=clock.event_now)


def _on_aws(settings: Settings, clock: Clock, staff: frozenset[str], login: Login | None, pace: Pace) -> OnAws:
    practice = _practice(settings)
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
            allow_http_loopback=True,
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


def _practice_access(practice: Practice, address: str) -> AwsAccess:
    return AwsAccess(
        region=practice.aws["region"],
        endpoint_url=practice.aws[address],
        access_key_id=practice.aws["access_key_id"],
        secret_access_key=practice.aws["secret_access_key"],
    )


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    practice = _practice(settings)
    if practice:
        return Ses(
            _practice_access(practice, "ses_url"),
            configuration_set=practice.mail.get("configuration_set"),
            events_queue_url=practice.aws.get("mail_events_queue_url"),
            queue_access=_practice_access(practice, "sqs_url") if "sqs_url" in practice.aws else None,
            clock=clock,
        )
    if settings.mailer == "pinpoint":
        Pinpoint()  # raises, and says what to use instead
    if settings.mailer == "smtp":
        if not settings.smtp_host:
            raise BadSettings("The SMTP server is not set; set DEEPRACER_ADMIN_SMTP_HOST.")
        return Smtp(
            settings.smtp_host,
            settings.smtp_port,
            username=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            clock=clock,
        )
    return Ses(
        AwsAccess(profile=settings.mail_aws_profile, region=settings.mail_region),
        configuration_set=settings.mail_configuration_set or None,
        events_queue_url=settings.mail_events_queue or None,
        clock=clock,
    )


def _proof(settings: Settings, pacer: Pacer) -> IdentityCenter:
    """IAM Identity Center, read only: where a directory cycle grants access (the managed service)."""
    practice = _practice(settings)

    def pace(limit: Limit) -> None:
        pacer.take(limit, wait=None)

    if practice:
        return IdentityCenter(
            _practice_access(practice, "identity_center_url"),
            practice.aws["identity_store_id"],
            practice.aws["identity_instance_arn"],
            practice.aws["identity_group"],
            practice.aws["identity_permission_set"],
            practice.aws["account_id"],
            pace=pace,
        )
    needed = ("store_id", "instance_arn", "group", "permission_set", "account_id")
    for name in needed:
        if not getattr(settings, f"identity_{name}"):
            raise BadSettings(
                f"Access cannot be proven: set DEEPRACER_ADMIN_IDENTITY_{name.upper()} (IAM Identity Center)."
            )
    access = AwsAccess(profile=settings.identity_aws_profile, region=settings.identity_region)
    return IdentityCenter(access, *(getattr(settings, f"identity_{name}") for name in needed), pace=pace)


def _pool(settings: Settings, pacer: Pacer) -> CognitoPool:
    """The user pool of DeepRacer on AWS, with AWS credentials on it: who has signed in, and the second way in."""
    practice = _practice(settings)

    def pace(limit: Limit) -> None:
        pacer.take(limit, wait=None)

    if practice:
        return CognitoPool(_practice_access(practice, "cognito_idp_url"), practice.aws["user_pool_id"], pace=pace)
    access = AwsAccess(profile=settings.deepracer_aws_profile, region=settings.deepracer_region)
    return CognitoPool(access, settings.deepracer_user_pool, pace=pace)
