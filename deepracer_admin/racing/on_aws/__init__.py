"""DeepRacer on AWS behind the racing port: a deployment in the company's own account (contracts: deepracer-on-aws.md).

The path of a call: `site` finds the deployment, `signin` holds the console's own sign-in, `transport` signs, sends and
retries, `errors` and `sentences` turn failures into typed errors; `profiles`, `invites`, `quotas` and `races` speak the
operations, which stand in one table in `operations`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from deepracer_admin.clock import Clock
from deepracer_admin.edge.http import honest_user_agent, open_client
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import Unsupported
from deepracer_admin.model import (
    Account,
    Capabilities,
    Invitee,
    Limit,
    Model,
    Outcome,
    Profile,
    Quota,
    Race,
    RaceDraft,
    Standing,
    Track,
)
from deepracer_admin.racing import InviteProgress
from deepracer_admin.racing.on_aws import abilities, profiles, quotas, races
from deepracer_admin.racing.on_aws import operations as op
from deepracer_admin.racing.on_aws.addresses import refusal_of
from deepracer_admin.racing.on_aws.invites import Invitations, alias_as_kept
from deepracer_admin.racing.on_aws.signin import Identity, SignIn
from deepracer_admin.racing.on_aws.site import SERVICE, Site, read_site, site_address
from deepracer_admin.racing.on_aws.tracks import TRACKS
from deepracer_admin.racing.on_aws.transport import (
    ADMIN_LIMIT,
    READS_IN_FLIGHT,
    WRITES_IN_FLIGHT,
    Pace,
    Skew,
    Transport,
)

__all__ = ["OnAws", "Pace", "alias_as_kept"]

_LIMITS = (
    Limit("deepracer", in_flight=READS_IN_FLIGHT, source="architecture.md, Concurrency and limits"),
    Limit("deepracer.write", in_flight=WRITES_IN_FLIGHT, source="architecture.md, Concurrency and limits"),
    ADMIN_LIMIT,
)


_NOT_AT_ONCE_SECONDS = 300.0  # each try of the one call for all models counts under the firewall's rule


@dataclass(frozen=True, slots=True)
class _Connection:
    site: Site
    sign_in: SignIn
    transport: Transport
    capabilities: Capabilities


class OnAws:
    """One deployment, signed in as one administrator of it. Thread-safe; connects on first use.

    site: the address racers open. user, password: of a DeepRacer on AWS user in dr-admins. staff_emails: people who run
    the deployment and must never be invited as racers. mail_cap: invitations one request may carry (50 with Cognito's
    own sender, 200 with SES). cognito_*_url: only to point elsewhere than AWS. reach: which addresses may be called.
    pace: keeps all processes of this console together below the firewall's rule; without it, this adapter alone.
    """

    kind = "on_aws"

    def __init__(
        self,
        site: str,
        user: str,
        password: str,
        *,
        clock: Clock,
        cognito_idp_url: str | None = None,
        cognito_identity_url: str | None = None,
        user_agent: str = "",
        mail_cap: int = 50,
        staff_emails: Collection[str] = (),
        reach: Reach = Reach.LIVE,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = site_address(site, reach)
        self._user, self._password = user, password
        self._clock, self._sleep, self._pace = clock, sleep, pace
        self._cognito = (cognito_idp_url, cognito_identity_url)
        self._reach = reach
        self._user_agent = honest_user_agent(user_agent)
        self._hosts = {urlsplit(self._address).hostname or ""}
        self._http = open_client(hosts=self._hosts, user_agent=self._user_agent, in_flight=READS_IN_FLIGHT, reach=reach)
        self._skew = Skew(clock)
        self._lock = threading.RLock()
        self._found: Site | None = None
        self._sign_in: SignIn | None = None
        self._connection: _Connection | None = None
        self._not_at_once_until = -math.inf
        self._invitations = Invitations(lambda: self._open().transport, staff=staff_emails, mail_cap=mail_cap)

    def __repr__(self) -> str:
        return f"OnAws({self._address})"

    # -- connection

    def connect(self) -> Account:
        """Find the deployment, sign in, check the role, see what this version can do; all of it anew each time.

        Raises BadSettings, NotThere, CredentialsExpired, AccessDenied, Unreachable, Unavailable, each with what to do.
        """
        with self._lock:
            site = read_site(self._http, self._address, self._reach)
            if self._sign_in is not None and site != self._found:
                self._sign_in.close()
                self._sign_in = None
            self._take(site)
            self._connection = None
        return self.account()

    def choose_first_password(self, new_password: str) -> None:
        """Give the console's invited user its own password; the caller stores it. Raises Refused when too simple."""
        with self._lock:
            self._login().choose_first_password(new_password)
            self._password = new_password

    @property
    def practice_world(self) -> bool:
        """True when the site names itself a rehearsal; a live event must not use it, and the other way round.

        Asks the site alone: the password is not sent anywhere before this is known. Raises as `read_site` does.
        """
        with self._lock:
            return self._site().practice_world

    @property
    def capabilities(self) -> Capabilities:
        return self._open().capabilities

    @property
    def limits(self) -> Sequence[Limit]:
        return _LIMITS

    def close(self) -> None:
        with self._lock:
            self._connection = None
            if self._sign_in is not None:
                self._sign_in.close()
                self._sign_in = None
            self._http.close()

    # -- account

    def account(self) -> Account:
        connection = self._open()
        connection.transport.call(op.GET_PROFILE)
        return Account(
            service=SERVICE,
            version=connection.site.version,
            region=connection.site.region,
            site=connection.site.address,
            signed_in_as=connection.sign_in.identity().email,
            multi_user_mode=None,
            new_profile_quota=quotas.read_new_profile_quota(connection.transport),
            account_quotas=quotas.account_quotas(connection.transport),
            notes=abilities.notes(connection.site, connection.capabilities),
            roles=abilities.roles(connection.capabilities),
            warnings=tuple(filter(None, [self._skew.sentence()])),
        )

    def set_multi_user_mode(self, on: bool) -> Account:
        raise _unsupported(
            "DeepRacer on AWS has no multi-user switch: sponsorship is opened and closed through racers' limits."
        )

    def new_profile_quota(self) -> Quota | None:
        return quotas.read_new_profile_quota(self._open().transport)

    def set_new_profile_quota(self, quota: Quota) -> Quota:
        return quotas.write_new_profile_quota(self._open().transport, quota, self._sleep)

    def self_sign_up(self) -> bool | None:
        return quotas.read_self_sign_up(self._open().transport)

    def set_account_limits(self, quota: Quota) -> Quota:
        return quotas.write_account_limits(self._open().transport, quota, self._sleep)

    # -- profiles

    def profiles(self) -> Iterator[Profile]:
        return profiles.list_profiles(self._open().transport)

    def address_refusal(self, email: str) -> str:
        return refusal_of(email.strip().lower())

    def chunk_invites(self, people: Sequence[Invitee]) -> Sequence[Sequence[Invitee]]:
        return self._invitations.chunk(people, bulk=self.capabilities.bulk_invite)

    def invite(self, people: Sequence[Invitee], *, token: str) -> Sequence[Outcome]:
        can, own = self.capabilities, self._identity().email
        return self._invitations.send(people, token, bulk=can.bulk_invite, register=can.register_user, own=own)

    def invite_progress(self, job: str, people: Sequence[Invitee]) -> InviteProgress:
        return self._invitations.progress(job, people, self._identity().email)

    def resend_invite(self, profile_id: str) -> None:
        if not self.capabilities.resend_invite:
            raise _unsupported(
                "Before 1.3 an invitation can only be sent again by deleting and inviting the person anew."
            )
        self._invitations.resend(profile_id)

    def set_alias(self, profile_id: str, alias: str) -> Profile:
        return self.set_profile(profile_id, alias=alias)

    def set_quotas(self, quotas: Sequence[tuple[str, Quota]]) -> Sequence[Outcome]:
        return profiles.update_quotas(self._open().transport, quotas)

    def set_profile(self, profile_id: str, *, alias: str | None = None, quota: Quota | None = None) -> Profile:
        return profiles.update_profile(self._open().transport, profile_id, alias, quota)

    def set_role(self, profile_id: str, role: str) -> None:
        connection = self._open()
        profiles.update_role(connection.transport, profile_id, role, connection.sign_in.identity().profile_id)

    def sponsor(self, ids: Sequence[str], *, active: bool) -> Sequence[Outcome]:
        raise _unsupported("DeepRacer on AWS knows no pause: set the racers' limits to 0, and back to resume.")

    def remove(self, ids: Sequence[str]) -> Sequence[Outcome]:
        return profiles.remove_profiles(self._open().transport, ids, self._identity().profile_id)

    # -- models

    def models(self, profile_ids: Sequence[str]) -> Iterator[Model]:
        connection = self._open()
        at_once = connection.capabilities.all_models_in_one_call and self._clock.monotonic() >= self._not_at_once_until

        def failed() -> None:
            self._not_at_once_until = self._clock.monotonic() + _NOT_AT_ONCE_SECONDS

        return profiles.models_of(connection.transport, profile_ids, at_once=at_once, on_failure=failed)

    def delete_models(self, profile_ids: Sequence[str]) -> Sequence[Outcome]:
        return profiles.delete_models(self._open().transport, profile_ids)

    def stop_training(self, model_id: str) -> None:
        raise _unsupported("DeepRacer on AWS lets only racers themselves stop a training; it ends by itself.")

    # -- races

    def tracks(self) -> Sequence[Track]:
        return TRACKS

    def races(self) -> Sequence[Race]:
        return races.list_races(self._open().transport, self._address)

    def create_race(self, draft: RaceDraft) -> Race:
        return races.create(self._open().transport, self._address, draft)

    def edit_race(self, race_id: str, draft: RaceDraft) -> Race:
        connection = self._open()
        return races.edit(
            connection.transport,
            self._address,
            race_id,
            draft,
            self._event_now(),
            may_edit_open=connection.capabilities.edit_open_race,
        )

    def close_race(self, race_id: str, *, at: datetime | None = None) -> Race:
        if not self.capabilities.close_early:
            raise _unsupported("Before 1.3 an open race cannot be ended early: it closes at its end time.")
        transport = self._open().transport
        return races.end(transport, self._address, race_id, self._event_now(), at, self._clock.factor)

    def delete_race(self, race_id: str) -> None:
        races.delete(self._open().transport, race_id)

    def share_link(self, race_id: str, *, reset: bool = False) -> str:
        if reset:
            raise _unsupported(
                "Race links of DeepRacer on AWS are plain addresses: there is no secret in them to renew."
            )
        return f"{self._address}/races/{race_id}"

    def participants(self, race_id: str) -> Sequence[tuple[str, str]]:
        raise _unsupported("Races of DeepRacer on AWS are open to everybody in the deployment: there is no guest list.")

    def add_participants(self, race_id: str, user_ids: Sequence[str]) -> None:
        raise _unsupported("Races of DeepRacer on AWS are open to everybody in the deployment: there is no guest list.")

    def remove_participant(self, race_id: str, user_id: str) -> None:
        raise _unsupported("Races of DeepRacer on AWS are open to everybody in the deployment: there is no guest list.")

    def standings(self, race_id: str) -> Iterator[Standing]:
        return races.rankings(self._open().transport, race_id)

    # -- inside

    def _open(self) -> _Connection:
        connection = self._connection
        if connection is not None:
            return connection
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection

    def _connect(self) -> _Connection:
        sign_in = self._login()
        site = self._site()
        transport = Transport(
            site,
            sign_in,
            self._http,
            self._clock,
            self._skew,
            user_agent=self._user_agent,
            pace=self._pace,
            sleep=self._sleep,
        )
        sign_in.identity()
        transport.call(op.GET_PROFILE)  # a signed call that works, so that the next one may mean "no such path"
        return _Connection(site, sign_in, transport, abilities.probe(transport))

    def _site(self) -> Site:
        if self._found is None:
            self._take(read_site(self._http, self._address, self._reach))
        assert self._found is not None  # noqa: S101 - set by _take
        return self._found

    def _take(self, site: Site) -> None:
        self._found = site
        self._hosts.add(urlsplit(site.api).hostname or "")

    def _login(self) -> SignIn:
        if self._sign_in is None:
            self._sign_in = SignIn(
                self._site(),
                self._user,
                self._password,
                http=self._http,
                reach=self._reach,
                now=self._skew.now,
                monotonic=self._clock.monotonic,
                cognito_idp_url=self._cognito[0],
                cognito_identity_url=self._cognito[1],
            )
            self._hosts |= self._sign_in.hosts
        return self._sign_in

    def _identity(self) -> Identity:
        return self._open().sign_in.identity()

    def _event_now(self) -> datetime:
        """Event time, corrected for a wrong clock of this computer."""
        return self._clock.event_now() + self._skew.off


def _unsupported(sentence: str) -> Unsupported:
    return Unsupported(sentence, service=SERVICE, code="unsupported")
