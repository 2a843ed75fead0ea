"""What the pre-flight asks beside the ports: sign-in, DNS, clocks, disk, store, second listener. Part of compose.py."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from deepracer_admin.clock import Clock
from deepracer_admin.edge.addresses import LOOPBACK
from deepracer_admin.edge.bounded_http import bounded_client
from deepracer_admin.edge.dates import offsets
from deepracer_admin.edge.http import honest_user_agent, why_unreachable
from deepracer_admin.edge.names import Names
from deepracer_admin.entra_access import entra_setup
from deepracer_admin.errors import BadSettings, Unavailable
from deepracer_admin.flows.engine.readiness import Readiness
from deepracer_admin.model import Event, Role
from deepracer_admin.model.readiness import ComputerSeen, ListenerSeen, SignedInStaff, StoreSeen
from deepracer_admin.racing.login import LoginDesk
from deepracer_admin.racing_access import practice_of
from deepracer_admin.records.store_copies import COPIED
from deepracer_admin.rights_access import aws_rights
from deepracer_admin.services.setup.capacity_child import outlook_apart
from deepracer_admin.settings import Settings
from deepracer_admin.store import EventStore, Sessions
from deepracer_admin.store.dynamodb import SharedTable
from deepracer_admin.store.dynamodb.table_facts import findings
from deepracer_admin.vault import Vault

__all__ = ["readiness"]

ANSWERS = "x-live-boards"
"""The header by which the second listener names itself."""


def readiness(
    settings: Settings,
    store: EventStore,
    sessions: Sessions,
    vault: Vault,
    clock: Clock,
    login: LoginDesk,
    table: Callable[[Settings], SharedTable],
) -> Readiness:
    """Wire the reads; none is made here."""
    return Readiness(
        directory=entra_setup(settings, sessions, vault, clock),
        signed_in=lambda: _signed_in(sessions),
        names=lambda: _names(settings),
        clock_offsets=lambda event: _offsets(settings, event, login, clock),
        computer=lambda: ComputerSeen(shutil.disk_usage(settings.home).free, settings.home.name),
        store=lambda: _store(settings, store, table),
        listener=lambda event: _listener(settings, event),
        aws_rights=lambda event: aws_rights(settings, event),
        outlook=lambda plan: outlook_apart(plan),
        mailer_kind="ses" if settings.rehearsal else settings.mailer,
        app_only=settings.entra_app_only,
    )


def _signed_in(sessions: Sessions) -> SignedInStaff:
    roles: dict[str, set[str]] = {}
    for saved in sessions.all():
        roles.setdefault(saved.oid, set()).update(saved.roles)

    def having(role: Role) -> int:
        return sum(1 for held in roles.values() if role.value in held)

    return SignedInStaff(
        having(Role.ORGANIZER), having(Role.FACILITATOR), having(Role.VIEWER), len(sessions.delegations())
    )


def _names(settings: Settings) -> Names:
    practice = practice_of(settings)
    if practice is None:
        return Names()
    if not practice.dns:
        raise BadSettings("This practice world has no name server: start it again with this version.")
    return Names(server=practice.dns["server"], port=int(practice.dns["port"]), reach=settings.reach)


def _offsets(settings: Settings, event: Event, login: LoginDesk, clock: Clock) -> Mapping[str, timedelta]:
    practice, held = practice_of(settings), login.held()
    if practice:
        addresses = {"Microsoft Graph": practice.graph["url"], "Amazon SES": practice.aws["ses_url"]}
    else:
        addresses = {"Microsoft Graph": settings.graph_url}
        if settings.mailer == "ses":
            addresses["Amazon SES"] = f"https://email.{settings.mail_region}.amazonaws.com/"
    site = held.site if held else settings.deepracer_site if not practice else practice.deepracer["site"]
    if site and (event.service or settings.racing) == "on_aws":
        addresses["DeepRacer on AWS"] = f"{site.rstrip('/')}/env.js"
    return offsets(addresses, clock.now, reach=settings.reach, user_agent=settings.user_agent)


def _store(settings: Settings, store: EventStore, table: Callable[[Settings], SharedTable]) -> StoreSeen:
    store.events()  # does it answer at all
    if settings.store == "sqlite":
        return StoreSeen("sqlite", store.damage(), store.read("", COPIED).at, folder=settings.home.name)
    shared = table(settings)
    try:
        found = {finding.key: finding for finding in findings(shared)}
    finally:
        shared.close()
    red = [finding.evidence for finding in found.values() if finding.level == "red"]
    damage = " ".join([*red, *filter(None, [store.trouble])])
    return StoreSeen("dynamodb", damage, continuous="backups" in found and found["backups"].level == "green")


def _listener(settings: Settings, event: Event) -> ListenerSeen | None:
    """Asked at the address that stands in links. None: there is no second listener."""
    address = settings.public_base(event.public_url)
    if not address:
        return None
    parts = urlsplit(address)
    shown = f"{parts.scheme}://{parts.netloc}"
    if settings.rehearsal and (parts.hostname or "").lower() not in LOOPBACK:
        raise Unavailable(f"A rehearsal asks nobody but this computer, so {shown} was not tried: open it with a phone.")
    try:
        with bounded_client(
            timeout=httpx.Timeout(10.0, connect=5.0),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": honest_user_agent(settings.user_agent)},
        ) as http:
            answer = http.get(f"{address}/live/pre-flight")  # no link: refused, in a page of ours
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        told = why_unreachable(error, shown) if isinstance(error, httpx.RequestError) else f"{shown} is no address."
        raise BadSettings(told) from None
    return ListenerSeen(shown, ANSWERS in answer.headers, answer.status_code, settings.public_host)
