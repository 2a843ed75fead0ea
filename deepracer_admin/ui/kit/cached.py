"""Readings that many look at: one for all, until something of the event changes.

Every write to an event raises its revision, so a reading by revision is never older than the stores. A role is asked
before each answer (`revision` is a service call of its own); what a role may see is part of the key.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime

import streamlit as st

from deepracer_admin.made_once import Shared
from deepracer_admin.model import Actor, Role
from deepracer_admin.services.access.onboarding import OnboardingView
from deepracer_admin.services.access.passwords import PasswordAge
from deepracer_admin.services.closeout.view import CloseView
from deepracer_admin.services.races.board_names import NameToLookAt, names_to_look_at
from deepracer_admin.services.races.board_views import BoardEntry, BoardRead, BoardView, RacerNames
from deepracer_admin.services.races.entrant_list import EntrantTable
from deepracer_admin.services.setup.events import EventAtWork, EventView
from deepracer_admin.services.setup.sponsorship import SponsorshipView
from deepracer_admin.services.usage.table import UsageTable
from deepracer_admin.services.usage.view import UsageView
from deepracer_admin.ui.kit import session

__all__ = [
    "board_entries",
    "board_names",
    "board_view",
    "close_view",
    "cohort_counts",
    "entrant_table",
    "event_view",
    "events_at_work",
    "key_of",
    "onboarding_plan",
    "onboarding_view",
    "password_ages",
    "racer_names",
    "sponsorship_view",
    "usage_table",
    "usage_view",
]


def key_of(*parts: str | int | datetime | tuple[str, ...] | None) -> str:
    """The key of something kept, in one text: Streamlit takes five times as long over parts as over a text."""
    return repr(parts)


def event_view(who: Actor, *, after: float = 0.0) -> EventView:
    """Where the event stands and what to do next, about five seconds old at most: it moves with time even when nothing
    is written. It has seen this tab's last act, a close-out that ended, and `after`: an act by its end (monotonic
    seconds)."""
    event, roles = session.event_id(), who.roles
    here = session.desk().events.event()
    key = (event, max(after, session.last_act_s()), here is not None and here.closed_at, roles)
    return _event_views()(key, lambda _: session.console().of(event).events.view(session.actor()))


@st.cache_resource(show_spinner=False)
def _event_views() -> Shared[EventView]:
    """Every tab asks every few seconds: while one reads, the others are given what was read before."""
    return Shared(fresh_s=4.0, longest_s=6.0, most=16)


def events_at_work(who: Actor) -> Sequence[EventAtWork]:
    """Every event and what goes on in it, at most five seconds old."""
    return _events(who.roles, who)


@st.cache_data(ttl=5, max_entries=4, show_spinner=False)
def _events(roles: frozenset[Role], _who: Actor) -> Sequence[EventAtWork]:
    return session.desk().events.at_work(_who)


def onboarding_view(who: Actor) -> OnboardingView:
    """The funnel and the reasons. Shared as it is, never copied: nobody may change it."""
    return _onboarding(*session.desk().attendees.revision(who), who.roles, who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _onboarding(event: str, revision: int, roles: frozenset[Role], _who: Actor) -> OnboardingView:
    return session.console().of(event).onboarding.view(_who)


def onboarding_plan(who: Actor) -> Mapping[str, int]:
    """What is still to do for how many."""
    return _plan(*session.desk().attendees.revision(who), who.roles, who)


@st.cache_data(max_entries=4, show_spinner=False)
def _plan(event: str, revision: int, roles: frozenset[Role], _who: Actor) -> Mapping[str, int]:
    return session.console().of(event).onboarding.plan(_who)


def cohort_counts(who: Actor) -> Mapping[str, int]:
    """Cohort key -> people, largest first; nobody may change it."""
    return _cohorts(*session.desk().attendees.revision(who), who.roles, who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _cohorts(event: str, revision: int, roles: frozenset[Role], _who: Actor) -> Mapping[str, int]:
    return session.console().of(event).attendees.cohorts(_who)


def password_ages(who: Actor) -> Sequence[PasswordAge]:
    """Who has a temporary password until when, the one that ends first in front; nobody may change it."""
    return _passwords(*session.desk().attendees.revision(who), who.roles, who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _passwords(event: str, revision: int, roles: frozenset[Role], _who: Actor) -> Sequence[PasswordAge]:
    return session.console().of(event).passwords.ages(_who)


def usage_table(who: Actor) -> UsageTable:
    """Everything of the Usage page, per person too. Shared as it is, never copied: nobody may change it."""
    stamp = session.desk().usage.stamp(who)
    return _usage_table(key_of(*stamp, *sorted(who.roles)), stamp[0], who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _usage_table(key: str, _event: str, _who: Actor) -> UsageTable:
    return session.console().of(_event).usage.table(_who)


def usage_view(who: Actor) -> UsageView:
    """The totals, for whoever may see nothing else."""
    stamp = session.desk().usage.stamp(who)
    return _usage_view(key_of(*stamp, *sorted(who.roles)), stamp[0], who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _usage_view(key: str, _event: str, _who: Actor) -> UsageView:
    return session.console().of(_event).usage.totals(_who)


def board_view(who: Actor, race: str) -> BoardView:
    """The first places of a race as it stands now, the same value until it differs; nobody may change it."""
    return session.desk().boards.shown(who, race)


def board_entries(who: Actor, race: str) -> Mapping[str, BoardEntry]:
    """Everybody on a board by the id that acts on it take, best first; nobody may change it."""
    read = session.desk().boards.read_to_run(who, race)
    return _board_entries(read.stamp, read)


@st.cache_resource(max_entries=4, show_spinner=False)
def _board_entries(stamp: Hashable, _read: BoardRead) -> Mapping[str, BoardEntry]:
    return {entry.id: entry for entry in _read.entries()}


def board_names(who: Actor, race: str) -> Sequence[NameToLookAt]:
    """Whose name on a board somebody should look at; nobody may change it."""
    read = session.desk().boards.read_to_run(who, race)
    return _board_names(read.stamp, read)


@st.cache_resource(max_entries=4, show_spinner=False)
def _board_names(stamp: Hashable, _read: BoardRead) -> Sequence[NameToLookAt]:
    return names_to_look_at(_board_entries(stamp, _read).values())


def racer_names(who: Actor) -> RacerNames:
    """Who the racers are, for organizers."""
    return _racer_names(*session.desk().boards.people_stamp(who), who.roles, who)


@st.cache_resource(max_entries=2, show_spinner=False)
def _racer_names(event: str, revision: int, roles: frozenset[Role], _who: Actor) -> RacerNames:
    return session.console().of(event).boards.people(_who)


def entrant_table(who: Actor, race: str) -> EntrantTable:
    """Who may enter a race, and who could. Shared as it is, never copied: nobody may change it."""
    event, revision, version = session.desk().races.entrants_stamp(who, race)
    return _entrant_table(key_of(event, revision, race, str(version), *sorted(who.roles)), event, race, who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _entrant_table(key: str, _event: str, _race: str, _who: Actor) -> EntrantTable:
    return session.console().of(_event).races.entrants_table(_who, _race)


def close_view(who: Actor) -> CloseView:
    """The close-out with its evidence. Shared as it is, never copied: nobody may change it."""
    return _close(session.desk().closeout.stamp(who), who.roles, who)


@st.cache_resource(max_entries=4, show_spinner=False)
def _close(stamp: tuple[tuple[str, int], ...], roles: frozenset[Role], _who: Actor) -> CloseView:
    return session.console().of(stamp[0][0]).closeout.view(_who)


def sponsorship_view(who: Actor) -> SponsorshipView:
    """The switch as last read back, and whom it would reach."""
    return _sponsorship(*session.desk().attendees.revision(who), who.roles, who)


@st.cache_data(max_entries=4, show_spinner=False)
def _sponsorship(event: str, revision: int, roles: frozenset[Role], _who: Actor) -> SponsorshipView:
    return session.console().of(event).events.sponsorship(_who)
