"""Every method x every role: done for those whom rules/access.py names, refused and audited for the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import ConsoleError, NotAllowed
from deepracer_admin.model import Actor, Attendee, Event, PriceList, Profile, Role
from deepracer_admin.records.campaigns import Audience
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.rules.access import ACTIONS
from deepracer_admin.rules.budget_guard import Act
from deepracer_admin.rules.templates import Template
from deepracer_admin.services.access.passwords import PasswordsService
from deepracer_admin.services.closeout.audit import AuditService
from deepracer_admin.services.closeout.closing import CloseoutService
from deepracer_admin.services.closeout.jobs import JobsService
from deepracer_admin.services.closeout.personal_data import PersonalDataService
from deepracer_admin.services.closeout.report import ReportService
from deepracer_admin.services.mail.announcements import AnnouncementsService
from deepracer_admin.services.mail.messages import MessagesService
from deepracer_admin.services.people.attendees import AttendeesService
from deepracer_admin.services.people.list_query import Query
from deepracer_admin.services.people.registrations import RegistrationsService
from deepracer_admin.services.people.several import SeveralService
from deepracer_admin.services.races.calendar import CalendarService
from deepracer_admin.services.races.races import RaceForm, RacesService
from deepracer_admin.services.setup.calls import CallsService
from deepracer_admin.services.setup.capacity import CapacityService
from deepracer_admin.services.setup.connection import ConnectionService
from deepracer_admin.services.setup.events import EventsService
from deepracer_admin.services.setup.practice_clock import PracticeClockService
from deepracer_admin.services.setup.preflight import PreflightService
from deepracer_admin.services.setup.prices import PricesService
from deepracer_admin.services.setup.restored import RestoredService
from deepracer_admin.services.setup.signed_in import SignedInService
from deepracer_admin.services.setup.staff import StaffService
from deepracer_admin.services.usage.budget import BudgetService
from tests.pages.conftest import NOW, ROLES, actor_of

DEARER = PriceList(training_per_hour=2.0)
LIST = b"Email,Full name\nada@example.com,Ada Lovelace\n"


def _draft(console: Console):
    return console.first.events.template(actor_of(Role.ORGANIZER), "day")


def _dry(console: Console):
    return console.first.attendees.dry_run(actor_of(Role.ORGANIZER), LIST, filename="list.csv")


def _plan(console: Console):
    return console.first.capacity.plan(actor_of(Role.ORGANIZER))


def _choices(console: Console):
    return console.first.capacity.choices(actor_of(Role.ORGANIZER))


def _race_form() -> RaceForm:
    opens = NOW.replace(tzinfo=None)
    return RaceForm("Final", "t-1", opens, opens + timedelta(hours=5))


CALLS: dict[str, tuple[str, Callable[[Console, Actor], Any]]] = {
    "events.list": ("event.view", lambda c, who: c.first.events.list(who)),
    "events.freshness": ("event.view", lambda c, who: c.first.events.freshness(who)),
    "events.at_work": ("event.view", lambda c, who: c.first.events.at_work(who)),
    "restored.view": ("event.view", lambda c, who: c.first.restored.view(who)),
    "restored.go_on": ("event.go_on", lambda c, who: c.first.restored.go_on(who, typed_name="Autumn Cup")),
    "practice_clock.pace": ("event.view", lambda c, who: c.first.practice_clock.pace(who)),
    "practice_clock.set_pace": (
        "rehearsal.clock",
        lambda c, who: c.first.practice_clock.set_pace(who, speed=60.0, paused=False),
    ),
    "events.view": ("event.view", lambda c, who: c.first.events.view(who)),
    "events.open_first": ("event.edit", lambda c, who: c.first.events.open_first(who, "ev-1")),
    "events.template": ("setup.view", lambda c, who: c.first.events.template(who, "week")),
    "events.create": ("event.create", lambda c, who: c.first.events.create(who, _draft(c))),
    "events.edit": (
        "event.edit",
        lambda c, who: c.first.events.edit(who, *[c.first.events.draft_of(c.store.event("ev-1"))] * 2),
    ),
    "events.sponsorship": ("setup.view", lambda c, who: c.first.events.sponsorship(who)),
    "events.switch_sponsorship": (
        "sponsorship.switch",
        lambda c, who: c.first.events.switch_sponsorship(who, open_=True, typed_name=""),
    ),
    "events.run_check": ("setup.check", lambda c, who: c.first.events.run_check(who)),
    "preflight.view": ("setup.view", lambda c, who: c.first.preflight.view(who)),
    "preflight.run": ("setup.check", lambda c, who: c.first.preflight.run(who)),
    "calls.view": ("setup.view", lambda c, who: c.first.calls.view(who)),
    "calls.save": ("setup.alarms", lambda c, who: c.first.calls.save(who, "olivia@example.com")),
    "calls.try_it": ("setup.alarms", lambda c, who: c.first.calls.try_it(who)),
    "preflight.send_canary": (
        "setup.canary",
        lambda c, who: c.first.preflight.send_canary(who, "olivia+canary@example.com"),
    ),
    "preflight.page": ("setup.view", lambda c, who: c.first.preflight.page(who)),
    "events.why_no_pool": ("setup.view", lambda c, who: c.first.events.why_no_pool(who)),
    "events.account": ("setup.view", lambda c, who: c.first.events.account(who)),
    "events.export_settings": ("setup.view", lambda c, who: c.first.events.export_settings(who)),
    "events.read_settings": ("setup.view", lambda c, who: c.first.events.read_settings(who, b"{}")),
    "connection.login": ("setup.view", lambda c, who: c.first.connection.login(who)),
    "connection.forget": ("setup.connect", lambda c, who: c.first.connection.forget(who)),
    "connection.sign_in": (
        "setup.connect",
        lambda c, who: c.first.connection.sign_in(who, site="http://127.0.0.1:9", user="a@example.com", password="p"),
    ),
    "staff.view": ("setup.view", lambda c, who: c.first.staff.view(who)),
    "staff.name": ("setup.staff", lambda c, who: c.first.staff.name(who, "frank@example.com")),
    "staff.drop": ("setup.staff", lambda c, who: c.first.staff.drop(who, "frank@example.com")),
    "staff.give_role": ("setup.role", lambda c, who: c.first.staff.give_role(who, "frank@example.com", "dr-racers")),
    "staff.set_account_limits": (
        "setup.limits",
        lambda c, who: c.first.staff.set_account_limits(who, hours=1, models=1),
    ),
    "attendees.dry_run": ("attendees.import", lambda c, who: c.first.attendees.dry_run(who, LIST, filename="list.csv")),
    "attendees.keep_reading": ("attendees.import", lambda c, who: c.first.attendees.keep_reading(who, _dry(c))),
    "attendees.forget_reading": ("attendees.import", lambda c, who: c.first.attendees.forget_reading(who, _dry(c))),
    "attendees.run_import": ("attendees.import", lambda c, who: c.first.attendees.run_import(who, _dry(c))),
    "attendees.undo_import": ("attendees.undo", lambda c, who: c.first.attendees.undo_import(who, "job-0")),
    "attendees.imports": ("attendees.import", lambda c, who: c.first.attendees.imports(who)),
    "attendees.report": ("attendees.import", lambda c, who: c.first.attendees.report(who, _dry(c))),
    "attendees.rows": ("attendees.view", lambda c, who: c.first.attendees.rows(who)),
    "attendees.found": ("attendees.view", lambda c, who: c.first.attendees.found(who, Query())),
    "attendees.page": ("attendees.view", lambda c, who: c.first.attendees.page(who, ["at-1"])),
    "attendees.revision": ("attendees.view", lambda c, who: c.first.attendees.revision(who)),
    "attendees.total": ("attendees.view", lambda c, who: c.first.attendees.total(who)),
    "attendees.names": ("attendees.view", lambda c, who: c.first.attendees.names(who)),
    "attendees.cohorts": ("attendees.view", lambda c, who: c.first.attendees.cohorts(who)),
    "attendees.add": ("attendees.add", lambda c, who: c.first.attendees.add(who, email="new@example.com", name="New")),
    "attendees.change_email": (
        "attendees.edit",
        lambda c, who: c.first.attendees.change_email(who, "at-6", "other@example.com"),
    ),
    "attendees.link": ("attendees.link", lambda c, who: c.first.attendees.link(who, "at-6", "pr-9")),
    "attendees.unlink": ("attendees.link", lambda c, who: c.first.attendees.unlink(who, "at-1")),
    "attendees.unlinked_profiles": ("attendees.link", lambda c, who: c.first.attendees.unlinked_profiles(who)),
    "attendees.export": ("attendees.export", lambda c, who: c.first.attendees.export(who)),
    "attendees.to_correct": ("attendees.export", lambda c, who: c.first.attendees.to_correct(who)),
    "attendees.person_data": ("attendees.export", lambda c, who: c.first.attendees.person_data(who, "at-1")),
    "attendees.person_page": ("attendees.export", lambda c, who: c.first.attendees.person_page(who, "at-1")),
    "attendees.erase": (
        "attendees.erase",
        lambda c, who: c.first.attendees.erase(who, "at-6", typed="racer6@example.com"),
    ),
    "several.reach": ("attendees.view", lambda c, who: c.first.several.reach(who, ["at-1", "at-2"])),
    "several.send_again": (
        "messages.send",
        lambda c, who: c.first.several.send_again(who, ["at-1", "at-2"], seen=NOW),
    ),
    "several.try_again": ("onboarding.retry", lambda c, who: c.first.several.try_again(who, ["at-1", "at-2"])),
    "several.take_off": (
        "onboarding.remove",
        lambda c, who: c.first.several.take_off(who, ["at-1", "at-2"], typed_name="Autumn Cup"),
    ),
    "registrations.view": ("portal.view", lambda c, who: c.first.registrations.view(who)),
    "registrations.stamp": ("portal.view", lambda c, who: c.first.registrations.stamp(who)),
    "registrations.listed": ("portal.view", lambda c, who: c.first.registrations.listed(who)),
    "registrations.open": ("portal.edit", lambda c, who: c.first.registrations.open(who)),
    "registrations.close": ("portal.edit", lambda c, who: c.first.registrations.close(who)),
    "registrations.set_rules": (
        "portal.edit",
        lambda c, who: c.first.registrations.set_rules(who, domains=["example.com"], places=0, by_hand=False),
    ),
    "registrations.set_questions": ("portal.edit", lambda c, who: c.first.registrations.set_questions(who, [])),
    "registrations.set_texts": ("portal.edit", lambda c, who: c.first.registrations.set_texts(who, {}, [])),
    "registrations.set_mail": (
        "portal.edit",
        lambda c, who: c.first.registrations.set_mail(who, "confirm", None),
    ),
    "registrations.accept": ("portal.decide", lambda c, who: c.first.registrations.accept(who, ["reg-1"])),
    "registrations.refuse": ("portal.decide", lambda c, who: c.first.registrations.refuse(who, ["reg-1"])),
    "registrations.erase": ("portal.erase", lambda c, who: c.first.registrations.erase(who, ["reg-1"])),
    "registrations.export": ("portal.export", lambda c, who: c.first.registrations.export(who)),
    "passwords.ages": ("onboarding.view", lambda c, who: c.first.passwords.ages(who)),
    "passwords.ending": ("onboarding.view", lambda c, who: c.first.passwords.ending(who)),
    "passwords.resend": ("messages.send", lambda c, who: c.first.passwords.resend(who, ["at-1", "at-2"])),
    "messages.templates": ("messages.view", lambda c, who: c.first.messages.templates(who)),
    "messages.save_template": (
        "messages.edit",
        lambda c, who: c.first.messages.save_template(who, Template("access", "en", 1, "Hello", "Hello {name}.")),
    ),
    "announcements.make": (
        "messages.edit",
        lambda c, who: c.first.announcements.make(who, "Pizza at noon", "Pizza", "Hello {name}."),
    ),
    "announcements.why_kept": ("messages.view", lambda c, who: c.first.announcements.why_kept(who, "note-x")),
    "announcements.take_away": ("messages.edit", lambda c, who: c.first.announcements.take_away(who, "note-x")),
    "messages.preview": ("messages.preview", lambda c, who: c.first.messages.preview(who, "access")),
    "messages.audience": ("messages.view", lambda c, who: c.first.messages.audience(who, Audience("all"))),
    "messages.reach": ("messages.view", lambda c, who: c.first.messages.reach(who, "access", Audience("all"))),
    "messages.send": ("messages.send", lambda c, who: c.first.messages.send(who, "access", Audience("proven"))),
    "messages.anchors": ("messages.view", lambda c, who: c.first.messages.anchors(who)),
    "messages.when": ("messages.view", lambda c, who: c.first.messages.when(who, "ends", -120)),
    "messages.control": ("messages.send", lambda c, who: c.first.messages.control(who, "camp-1", "paused")),
    "messages.campaigns": ("messages.view", lambda c, who: c.first.messages.campaigns(who)),
    "messages.test_to_myself": ("messages.test", lambda c, who: c.first.messages.test_to_myself(who, "access")),
    "messages.resend_one": ("messages.resend_one", lambda c, who: c.first.messages.resend_one(who, "at-1")),
    "messages.settle_unknown": (
        "messages.send",
        lambda c, who: c.first.messages.settle_unknown(who, "at-1", "access", 1, as_="sent"),
    ),
    "messages.carries_password": (
        "messages.view",
        lambda c, who: c.first.messages.carries_password(who, "at-1", "access"),
    ),
    "messages.revision": ("messages.view", lambda c, who: c.first.messages.revision(who)),
    "messages.ledger": ("messages.view", lambda c, who: c.first.messages.ledger(who)),
    "messages.ledger_file": ("attendees.export", lambda c, who: c.first.messages.ledger_file(who)),
    "messages.sender": ("messages.view", lambda c, who: c.first.messages.sender(who)),
    "messages.outbox": ("messages.outbox", lambda c, who: c.first.messages.outbox(who)),
    "closeout.view": ("closeout.view", lambda c, who: c.first.closeout.view(who)),
    "closeout.stamp": ("closeout.view", lambda c, who: c.first.closeout.stamp(who)),
    "closeout.start": ("closeout.run", lambda c, who: c.first.closeout.start(who, typed_name="Autumn Cup")),
    "closeout.skip": ("closeout.run", lambda c, who: c.first.closeout.skip(who, "models", reason="It never ends.")),
    "closeout.wait": ("closeout.run", lambda c, who: c.first.closeout.wait(who, "models", reason="It takes a while.")),
    "closeout.stop": ("closeout.run", lambda c, who: c.first.closeout.stop(who, "models", reason="Not today.")),
    "closeout.export": ("closeout.run", lambda c, who: c.first.closeout.export(who)),
    "closeout.export_zip": ("closeout.run", lambda c, who: c.first.closeout.export_zip(who)),
    "closeout.certificate": ("closeout.view", lambda c, who: c.first.closeout.certificate(who)),
    "closeout.certificate_page": ("closeout.view", lambda c, who: c.first.closeout.certificate_page(who)),
    "closeout.fingerprint": ("closeout.view", lambda c, who: c.first.closeout.fingerprint(who)),
    "personal_data.view": ("closeout.view", lambda c, who: c.first.personal_data.view(who)),
    "personal_data.hold": ("attendees.hold", lambda c, who: c.first.personal_data.hold(who, "A claim is open.")),
    "personal_data.lift": ("attendees.hold", lambda c, who: c.first.personal_data.lift(who, "The claim is over.")),
    "personal_data.receipt": ("closeout.view", lambda c, who: c.first.personal_data.receipt(who, "erased-x")),
    "report.certificates": ("attendees.export", lambda c, who: c.first.report.certificates(who, "en")),
    "report.figures": ("closeout.view", lambda c, who: c.first.report.figures(who)),
    "report.summary": ("closeout.view", lambda c, who: c.first.report.summary(who)),
    "report.sheets": ("closeout.view", lambda c, who: c.first.report.sheets(who)),
    "report.page": ("closeout.view", lambda c, who: c.first.report.page(who, "en")),
    "report.tables": ("closeout.view", lambda c, who: c.first.report.tables(who, "en")),
    "audit.entries": ("audit.view", lambda c, who: c.first.audit.entries(who)),
    "audit.newest": ("audit.view", lambda c, who: c.first.audit.newest(who)),
    "audit.verify": ("audit.view", lambda c, who: c.first.audit.verify(who)),
    "audit.export": ("audit.export", lambda c, who: c.first.audit.export(who)),
    "audit.export_json": ("audit.export", lambda c, who: c.first.audit.export_json(who)),
    "races.list": ("races.view", lambda c, who: c.first.races.list(who)),
    "calendar.file": ("races.view", lambda c, who: c.first.calendar.file(who)),
    "races.tracks": ("races.view", lambda c, who: c.first.races.tracks(who)),
    "races.capabilities": ("races.view", lambda c, who: c.first.races.capabilities(who)),
    "races.jobs": ("races.view", lambda c, who: c.first.races.jobs(who)),
    "races.create": ("races.create", lambda c, who: c.first.races.create(who, _race_form())),
    "races.edit": ("races.edit", lambda c, who: c.first.races.edit(who, "r-1", _race_form())),
    "races.close": ("races.edit", lambda c, who: c.first.races.close(who, "r-1")),
    "races.delete": ("races.delete", lambda c, who: c.first.races.delete(who, "r-1", typed_name="Cup")),
    "races.entrants": ("races.entrants", lambda c, who: c.first.races.entrants(who, "r-1")),
    "races.entrants_stamp": ("races.entrants", lambda c, who: c.first.races.entrants_stamp(who, "r-1")),
    "races.entrants_table": ("races.entrants", lambda c, who: c.first.races.entrants_table(who, "r-1")),
    "races.export_entrants": ("attendees.export", lambda c, who: c.first.races.export_entrants(who, "r-1")),
    "races.entrant_names": ("races.entrants", lambda c, who: c.first.races.entrant_names(who)),
    "races.admit": ("races.admit", lambda c, who: c.first.races.admit(who, "r-1", ["at-1"])),
    "races.expel": ("races.admit", lambda c, who: c.first.races.expel(who, "r-1", ["at-1"])),
    "races.drop_list": ("races.admit", lambda c, who: c.first.races.drop_list(who, "r-1")),
    "races.new_link": ("races.link", lambda c, who: c.first.races.new_link(who, "r-1")),
    "races.finality": ("boards.view", lambda c, who: c.first.races.finality(who, "r-1")),
    "races.unfinished": ("boards.view", lambda c, who: c.first.races.unfinished(who)),
    "races.declare_final": ("boards.declare", lambda c, who: c.first.races.declare_final(who, "r-1", reason="It is.")),
    "races.take_back_final": ("boards.declare", lambda c, who: c.first.races.take_back_final(who, "r-1")),
    "races.room": ("races.entrants", lambda c, who: c.first.races.room(who, "r-1")),
    "races.keep_room": ("races.room", lambda c, who: c.first.races.keep_room(who, "r-1")),
    "races.end_room": ("races.room", lambda c, who: c.first.races.end_room(who, "r-1")),
    "races.room_rule": ("races.room", lambda c, who: c.first.races.room_rule(who, 2.0)),
    "budget.view": ("usage.view", lambda c, who: c.first.budget.view(who)),
    "budget.without_budget": ("usage.view", lambda c, who: c.first.budget.without_budget(who)),
    "budget.set_thresholds": (
        "usage.guard",
        lambda c, who: c.first.budget.set_thresholds(who, [(0.8, Act.TELL)], cohorts=False),
    ),
    "budget.set_cohort_budget": ("usage.guard", lambda c, who: c.first.budget.set_cohort_budget(who, "Milano", 10.0)),
    "budget.answer": ("usage.guard", lambda c, who: c.first.budget.answer(who, "x", number=1, pause=False)),
    "budget.waves": ("usage.view", lambda c, who: c.first.budget.waves(who)),
    "budget.set_waves": ("usage.guard", lambda c, who: c.first.budget.set_waves(who, on=True, minutes=60)),
    "capacity.plan": ("setup.view", lambda c, who: c.first.capacity.plan(who)),
    "capacity.look": ("setup.view", lambda c, who: c.first.capacity.look(who, _plan(c))),
    "capacity.queue_effect": (
        "usage.quota",
        lambda c, who: c.first.capacity.queue_effect(who, before_h=1.0, after_h=2.0),
    ),
    "capacity.choices": ("setup.view", lambda c, who: c.first.capacity.choices(who)),
    "capacity.keep": ("event.edit", lambda c, who: c.first.capacity.keep(who, _choices(c))),
    "capacity.quotas": ("setup.view", lambda c, who: c.first.capacity.quotas(who)),
    "capacity.account_quotas": ("setup.view", lambda c, who: c.first.capacity.account_quotas(who)),
    "prices.view": ("setup.view", lambda c, who: c.first.prices.view(who)),
    "prices.put_in_force": ("setup.prices", lambda c, who: c.first.prices.put_in_force(who, DEARER, PriceList())),
    "prices.put_read_in_force": ("setup.prices", lambda c, who: c.first.prices.put_read_in_force(who, PriceList())),
    "prices.read": ("setup.prices", lambda c, who: c.first.prices.read(who, "eu-west-1")),
    "prices.bill": ("setup.view", lambda c, who: c.first.prices.bill(who)),
    "prices.read_bill": ("setup.prices", lambda c, who: c.first.prices.read_bill(who)),
    "capacity.read_quotas": ("setup.check", lambda c, who: c.first.capacity.read_quotas(who)),
    "signed_in.people": ("setup.sessions", lambda c, who: c.first.signed_in.people(who)),
    "signed_in.sign_out": ("setup.sessions", lambda c, who: c.first.signed_in.sign_out(who, "oid-x")),
    "jobs.list": ("jobs.view", lambda c, who: c.first.jobs.list(who)),
    "jobs.items": ("jobs.view", lambda c, who: c.first.jobs.items(who, "job-0")),
    "races.places": ("races.entrants", lambda c, who: c.first.races.places(who, "at-1")),
    "jobs.cancel": ("jobs.control", lambda c, who: c.first.jobs.cancel(who, "job-0")),
    "jobs.undo": ("jobs.control", lambda c, who: c.first.jobs.undo(who, "job-0")),
}
SERVICES = {
    "budget": BudgetService,
    "calendar": CalendarService,
    "calls": CallsService,
    "capacity": CapacityService,
    "prices": PricesService,
    "messages": MessagesService,
    "announcements": AnnouncementsService,
    "races": RacesService,
    "events": EventsService,
    "attendees": AttendeesService,
    "several": SeveralService,
    "registrations": RegistrationsService,
    "closeout": CloseoutService,
    "personal_data": PersonalDataService,
    "report": ReportService,
    "audit": AuditService,
    "jobs": JobsService,
    "passwords": PasswordsService,
    "connection": ConnectionService,
    "preflight": PreflightService,
    "practice_clock": PracticeClockService,
    "restored": RestoredService,
    "staff": StaffService,
    "signed_in": SignedInService,
}
WITHOUT_ACTOR = {"event", "draft_of", "form_of", "keep_certificate"}  # the last is the worker's


def test_every_public_method_is_in_the_table() -> None:
    methods = {
        f"{name}.{method}"
        for name, service in SERVICES.items()
        for method in dir(service)
        if not method.startswith("_") and callable(getattr(service, method)) and method not in WITHOUT_ACTOR
    }
    assert methods == set(CALLS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", CALLS)
def test_a_method_is_done_or_refused_as_the_table_of_access_says(
    console: Console, event: Event, people: list[Attendee], profiles: list[Profile], name: str, role: Role
) -> None:
    action, call = CALLS[name]
    who = actor_of(role)
    if role in ACTIONS[action].roles:
        try:
            call(console, who)
        except NotAllowed:
            pytest.fail(f"{role} may {ACTIONS[action].title}, but {name} refuses")
        except ConsoleError:
            pass  # let in; what was asked cannot be done
        return
    before = console.store.audit(None, limit=1)
    with pytest.raises(NotAllowed, match="Ask an organizer"):
        call(console, who)
    after = console.store.audit(None, limit=1)
    if ACTIONS[action].writes:
        assert (after[0].action, after[0].allowed, after[0].actor) == (action, False, who.oid)
    else:
        assert after == before


@pytest.mark.parametrize("name", CALLS)
def test_somebody_without_a_role_may_do_nothing(
    console: Console, event: Event, people: list[Attendee], name: str
) -> None:
    nobody = Actor(oid="x", tid="t", name="Nobody", roles=frozenset())
    with pytest.raises(NotAllowed):
        CALLS[name][1](console, nobody)


def test_a_viewer_sees_the_event_without_jobs_and_without_troubles(
    console: Console, event: Event, organizer: Actor
) -> None:
    console.first.events.run_check(organizer)
    console.store.update("ev-1", TROUBLE, lambda _: {"mail": "The sender waits."})
    assert len(console.first.events.view(organizer).running_jobs) == 1
    assert console.first.events.view(organizer).next[0].key == "waits/mail"
    view = console.first.events.view(actor_of(Role.VIEWER))
    assert (list(view.running_jobs), [step.key for step in view.next]) == ([], ["stage"])
