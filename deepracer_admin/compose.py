"""Builds everything for a mode. The only place that names adapters (with its parts, …_access.py).

Live mode refuses rehearsal endpoints and the other way round: in rehearsal every address comes from the practice
world's own file on loopback; in live mode from the settings, which refuse loopback addresses (settings.py), and a site
that names itself a practice world is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from deepracer_admin.clock import Clock
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.entra_access import SignInSettings, claims_of, directories, sign_in_settings
from deepracer_admin.errors import BadSettings, Missing
from deepracer_admin.files.process import ChildProcessReader
from deepracer_admin.flows.engine.pacing import Pacer
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import Letters
from deepracer_admin.flows.races.places import places
from deepracer_admin.made_once import Kept, Once
from deepracer_admin.mail_access import chat_of, mailer_of, practice_access
from deepracer_admin.model import Limit
from deepracer_admin.opening import Opened, open_stores, shared_table
from deepracer_admin.presence import Presence
from deepracer_admin.racing.login import LoginDesk
from deepracer_admin.racing_access import (
    RacingServices,
    Staff,
    bills_of,
    instance_quotas_of,
    practice_of,
    price_lists_of,
    racing_of,
)
from deepracer_admin.readiness_access import readiness
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.guest_book import GuestBook
from deepracer_admin.services.access.onboarding import OnboardingService
from deepracer_admin.services.access.passwords import PasswordsService
from deepracer_admin.services.base import House
from deepracer_admin.services.closeout import AuditService, CloseoutService, JobsService
from deepracer_admin.services.closeout.personal_data import PersonalDataService
from deepracer_admin.services.closeout.report import ReportService
from deepracer_admin.services.file_desk import FileDesk
from deepracer_admin.services.mail.announcements import AnnouncementsService
from deepracer_admin.services.mail.messages import MessagesService
from deepracer_admin.services.people.attendees import AttendeesService
from deepracer_admin.services.people.public_registration import PublicRegistration
from deepracer_admin.services.people.registration_intake import RegistrationIntake
from deepracer_admin.services.people.registrations import RegistrationsService
from deepracer_admin.services.people.several import SeveralService
from deepracer_admin.services.races.boards import BoardsService
from deepracer_admin.services.races.calendar import CalendarService
from deepracer_admin.services.races.races import RacesService
from deepracer_admin.services.setup.calls import CallsService
from deepracer_admin.services.setup.capacity import CapacityService
from deepracer_admin.services.setup.capacity_child import ChildCalculator
from deepracer_admin.services.setup.capacity_desk import CapacityDesk
from deepracer_admin.services.setup.connection import ConnectionService
from deepracer_admin.services.setup.events import EventsService
from deepracer_admin.services.setup.practice_clock import PracticeClockService
from deepracer_admin.services.setup.preflight import PreflightService
from deepracer_admin.services.setup.prices import PricesService
from deepracer_admin.services.setup.restored import RestoredService
from deepracer_admin.services.setup.signed_in import SignedInService
from deepracer_admin.services.setup.staff import StaffService
from deepracer_admin.services.usage.budget import BudgetService
from deepracer_admin.services.usage.usage import UsageService
from deepracer_admin.settings import Settings
from deepracer_admin.store import EventStore, History, SavedSession, Sessions
from deepracer_admin.vault import Vault

__all__ = ["Console", "EventDesk", "compose", "compose_on"]


@dataclass(frozen=True, slots=True)
class EventDesk:
    """What screens, the command line and functions call about one event. `event_id` "": none exists yet."""

    event_id: str
    settings: Settings
    clock: Clock
    events: EventsService
    restored: RestoredService
    connection: ConnectionService
    capacity: CapacityService
    prices: PricesService
    preflight: PreflightService
    practice_clock: PracticeClockService
    calls: CallsService
    staff: StaffService
    signed_in: SignedInService
    attendees: AttendeesService
    several: SeveralService
    registrations: RegistrationsService
    onboarding: OnboardingService
    passwords: PasswordsService
    messages: MessagesService
    announcements: AnnouncementsService
    races: RacesService
    calendar: CalendarService
    usage: UsageService
    budget: BudgetService
    boards: BoardsService
    closeout: CloseoutService
    personal_data: PersonalDataService
    report: ReportService
    audit: AuditService
    jobs: JobsService


@dataclass(frozen=True, slots=True)
class Console:
    """Everything, built once per process."""

    settings: Settings
    clock: Clock
    store: EventStore
    history: History
    sessions: Sessions
    vault: Vault
    presence: Presence  # of this process, once it works
    files: FileDesk
    plans: CapacityDesk  # works nothing out before the server starts it
    of: Callable[[str], EventDesk]  # the desk of an event
    registration: PublicRegistration  # what visitors of the portals may do
    intake: RegistrationIntake  # what the deployed portal's API kept
    ports_of: Callable[[str], Ports]  # what flows of an event work with
    sign_in: Callable[[], SignInSettings]
    claims: Callable[[SavedSession], dict[str, Any]]  # what Entra says now about the person of a session

    @property
    def opens_first(self) -> str:
        """Id of the event that opens where an address names none; "" before the first is created."""
        chosen = self.store.read("", CURRENT_EVENT)
        try:
            return self.store.event(chosen).id if chosen else ""
        except Missing:
            return ""

    @property
    def first(self) -> EventDesk:
        """The desk of the event that opens first: for the command line, where no address names one."""
        return self.of(self.opens_first)

    def close(self) -> None:
        """Let files go."""
        self.files.close()
        self.plans.close()
        self.store.close()
        self.history.close()
        self.sessions.close()
        self.presence.close()


def compose(settings: Settings, *, clock: Clock | None = None) -> Console:
    """Open the stores and wire the services. Raises BadSettings, StoreUnusable with a sentence."""
    return compose_on(open_stores(settings, clock=clock))


def compose_on(opened: Opened) -> Console:
    """Wire the services on stores that are open; the console closes them."""
    settings, practice, clock, vault = opened.settings, opened.practice, opened.clock, opened.vault
    store, history, sessions, home = opened.store, opened.history, opened.sessions, settings.home
    files = FileDesk(ChildProcessReader("deepracer_admin.reading_process"))
    plans = CapacityDesk(ChildCalculator(), clock.monotonic)
    house = House(settings, clock, store, history, sessions, files, vault)
    letters = Letters(
        store,
        guests=GuestBook(store, vault),
        rehearsal=settings.rehearsal,
        sender=settings.mail_from or (practice.mail["from"] if practice else ""),
        reply_to=settings.mail_reply_to,
        racing_default=settings.racing,
        places=lambda event: places(store, history, event, clock.event_now()),
    )
    login = LoginDesk()
    staff = Staff(settings, practice, store, login, clock)
    pacer = Pacer(store, clock)
    racing = RacingServices(
        store, settings.racing, login, lambda kind: racing_of(settings, kind, clock, staff(), login, pacer)
    )
    ports = Ports(
        store=store,
        history=history,
        clock=clock,
        pacer=pacer,
        letters=letters,
        racing=racing.of(""),
        directory=directories(settings, sessions, vault, clock),
        mailer=Once(lambda: mailer_of(settings, clock)),
        home=home,
        rehearsal=settings.rehearsal,
        staff=staff,
        proof=Once(lambda: _proof(settings, pacer)),
        pool=Once(lambda: _pool(settings, pacer)) if practice or settings.deepracer_user_pool else None,
        slot_quotas=instance_quotas_of(settings),
        price_lists=price_lists_of(settings),
        bills=bills_of(settings),
        cost_tag=settings.deepracer_cost_tag,
        drop_delegation=sessions.drop_delegation,
        has_delegation=lambda oid: sessions.delegation(oid) is not None,
        keep_certificate=lambda event: CloseoutService(house, event).keep_certificate(),
        vault=vault,
        racing_default=settings.racing,
        public_base=settings.portal_base,
        chat=Once(lambda: chat_of(settings)) if settings.alarm_webhook.get_secret_value() else None,
        console_url=settings.console_url,
        cognito_by_ses=bool(practice) or settings.deepracer_ses,
        readiness=readiness(settings, store, sessions, vault, clock, login, shared_table),
    )
    registration = PublicRegistration(house)
    return Console(
        settings=settings,
        clock=clock,
        store=store,
        history=history,
        sessions=sessions,
        vault=vault,
        presence=Presence(home),
        files=files,
        plans=plans,
        of=Kept(lambda event_id: _desk(house, event_id, login, letters, vault.key, plans)),
        registration=registration,
        intake=RegistrationIntake(house, registration),
        ports_of=Kept(lambda event_id: replace(ports, racing=racing.of(event_id))),
        sign_in=lambda: sign_in_settings(settings),
        claims=claims_of(settings, sessions, vault),
    )


def _desk(
    house: House, event_id: str, login: LoginDesk, letters: Letters, key: bytes, plans: CapacityDesk
) -> EventDesk:
    return EventDesk(
        event_id=event_id,
        settings=house.settings,
        clock=house.clock,
        events=EventsService(house, event_id),
        restored=RestoredService(house, event_id),
        connection=ConnectionService(house, login, event_id),
        capacity=CapacityService(house, plans, event_id),
        prices=PricesService(house, event_id),
        preflight=PreflightService(house, event_id),
        practice_clock=PracticeClockService(house, event_id),
        calls=CallsService(house, event_id),
        staff=StaffService(house, event_id),
        signed_in=SignedInService(house, event_id),
        attendees=AttendeesService(house, event_id),
        several=SeveralService(house, letters, event_id),
        registrations=RegistrationsService(house, event_id),
        onboarding=OnboardingService(house, letters.guests, event_id),
        passwords=PasswordsService(house, event_id),
        messages=MessagesService(house, letters, event_id),
        announcements=AnnouncementsService(house, letters, event_id),
        races=RacesService(house, event_id),
        calendar=CalendarService(house, event_id),
        usage=UsageService(house, event_id),
        budget=BudgetService(house, event_id),
        boards=BoardsService(house, key, event_id),
        closeout=CloseoutService(house, event_id),
        personal_data=PersonalDataService(house, event_id),
        report=ReportService(house, event_id),
        audit=AuditService(house, event_id),
        jobs=JobsService(house, event_id),
    )


def _proof(settings: Settings, pacer: Pacer) -> IdentityCenter:
    """IAM Identity Center, read only: where a directory cycle grants access (the managed service)."""
    practice = practice_of(settings)

    def pace(limit: Limit) -> None:
        pacer.take(limit, wait=None)

    if practice:
        return IdentityCenter(
            practice_access(practice, "identity_center_url"),
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
    practice = practice_of(settings)

    def pace(limit: Limit) -> None:
        pacer.take(limit, wait=None)

    if practice:
        return CognitoPool(practice_access(practice, "cognito_idp_url"), practice.aws["user_pool_id"], pace=pace)
    access = AwsAccess(profile=settings.deepracer_aws_profile, region=settings.deepracer_region)
    return CognitoPool(access, settings.deepracer_user_pool, pace=pace)
