"""The deployment as a service of the practice world: site, API, user pool and identity pool on their own paths."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from deepracer_admin.rehearsal.shared.ground import Ground

from .bulk_invite import advance_invites
from .capacity import Quotas
from .cognito import UserPoolEndpoint, json_error
from .deployment import Deployment, Options
from .garage import OnAwsGarage
from .gateway import Gateway
from .identity_pool import IdentityPoolEndpoint
from .ledger import describe_capacity
from .live import settle_live_job
from .site import Website
from .state import ADMINS, CONFIRMED, FACILITATORS, RACERS

SITE = "/deepracer"
API = "/deepracer/api"
_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class DeepRacer:
    """DeepRacer on AWS in the world's version.

    Own faults, each for `operation` or for all: `waf`, `skew` (this service's clock, and the date of its replies, are
    ahead by params.seconds, 600), `expired_credentials`, `identity_lookup` (502), `profile_deleted` (see
    `delete_profile_first`), `timeout` (504, the work is done all the same), `role_check`, `expired_token` (page tokens
    die), `mail_quota`, `mail_quota_after_trigger`, `half_done` (an invited user without a group, half of the models
    left), `group_change`, `settings_conflict`, `capacity` (SageMaker takes no job), `capacity_lookup` (nobody can tell
    whether it would), `hand_over` (the queue takes no training), `delete_profile_500_empty` (see
    `keep_account_alive`). Of bulk invitations: `bulk_start` (refused), `bulk_stall` (nothing moves), `bulk_fails`
    (ends early, params.after and params.cause), `row_fails` (params.reason is any of `ROW_REASONS`), `result_lost`
    (done, and missing from the results).
    States, armed like faults and never used up: see `Deployment.switched`.
    """

    name = "deepracer"

    def __init__(self, ground: Ground, options: Options | None = None) -> None:
        self._ground = ground
        password = ground.secrets["deepracer_password"]
        chosen = options or Options(
            version=ground.version, slots=ground.slots, organizer_password=password, facilitator_password=password
        )
        self.site = site = Deployment(clock=ground.clock, faults=ground.faults, seed=ground.seed, options=chosen)
        self.garage = OnAwsGarage(site)
        self._gateway = Gateway(site, API)
        self._web = Website(site, API)
        self._pool = UserPoolEndpoint(site, ground.company_key)
        self._identities = IdentityPoolEndpoint(site)
        site.on_fault, site.on_write = self._count_fault, self._count_write
        site.compute.after_live = lambda submission_id: settle_live_job(site, submission_id)

    def _count_fault(self, name: str) -> None:
        self._ground.counters.faults[f"{self.name}.{name}"] += 1

    def _count_write(self, service: str, operation: str) -> None:
        self._ground.counters.writes[service] += 1
        self._ground.counters.writes[f"{service}.{operation}"] += 1

    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"{SITE}/env.js", self._web.show_environment, methods=["GET"]),
            Route(f"{API}/{{path:path}}", self._gateway.answer, methods=_ALL_METHODS),
            Route(f"{SITE}/{{path:path}}", self._web.show_index, methods=["GET"]),
            Route(SITE, self._web.show_index, methods=["GET"]),
            Route("/cognito-idp/{pool}/.well-known/jwks.json", self._show_keys, methods=["GET"]),
            Route("/cognito-idp/", self._pool.answer, methods=["POST"]),
            Route("/cognito-idp", self._pool.answer, methods=["POST"]),
            Route("/cognito-identity/", self._identities.answer, methods=["POST"]),
            Route("/cognito-identity", self._identities.answer, methods=["POST"]),
        ]

    async def _show_keys(self, request: Request) -> Response:
        return JSONResponse(self.site.mint.key_set())

    def operation(self, method: str, path: str, headers: Headers) -> str | None:
        return self._gateway.name_operation(method, path.removeprefix(API)) if path.startswith(API) else None

    def fault_response(self, name: str, operation: str) -> Response:
        cognito = self._pool.knows(operation) or operation in ("GetId", "GetCredentialsForIdentity")
        if cognito and name == "throttle":
            return json_error("TooManyRequestsException", "Rate exceeded")
        if cognito:
            return json_error("InternalErrorException", "Something went wrong", 500)
        if name == "throttle":
            kind, status, message = "TooManyRequestsException", 429, "Too Many Requests"
        else:
            kind, status, message = "InternalServerErrorException", 502, "Internal server error"
        return JSONResponse({"message": message}, status, headers={"x-amzn-errortype": kind})

    def snapshot(self) -> dict[str, Any]:
        return self.site.dump()

    def restore(self, state: Mapping[str, Any]) -> None:
        """A world that is started with other slots than it was saved with has them from now on."""
        self.site.load(state)
        if state.get("slots") != self._ground.slots:
            self.site.compute.capacity.change(self.site.now(), Quotas(self._ground.slots, self._ground.slots))

    def tick(self, now: datetime) -> None:
        changed = self.site.tick(now.timestamp())
        if self.site.state.invite_jobs:
            changed |= advance_invites(self.site)
        if changed:
            self._ground.touch()

    def invitations(self, after: int, limit: int) -> list[dict[str, Any]]:
        """The mails that the user pool sent with a temporary password, oldest first; `seq` numbers them from 1."""
        return self.site.pool.mails_after(after, limit)

    def truth(self) -> dict[str, Any]:
        """Counted facts. Hours are compute hours of all profiles; a racer is a user without a staff role."""
        state = self.site.state
        staff = {name for name, user in state.users.items() if {ADMINS, FACILITATORS} & set(user.groups)}
        racers = [user for name, user in state.users.items() if name not in staff]
        compute = self.site.compute
        queue = compute.queue
        return {
            "profiles": sum(key not in staff for key in state.profiles),
            "orphan_profiles": sum(key not in state.users for key in state.profiles),
            "can_sign_in": sum(user.enabled and RACERS in user.groups for user in racers),
            "accepted": sum(user.status == CONFIRMED for user in racers),
            "hours": sum(profile.used for profile in state.profiles.values()) / 60,
            "hours_queued": sum(profile.queued for profile in state.profiles.values()) / 60,
            "models": len(state.models),
            "races": len(state.leaderboards),
            "submissions": len(state.submissions),
            "rankings": sum(len(rows) for rows in state.rankings.values()),
            "profiles_deleted": self.site.users_deleted,
            "refused_by_firewall": self.site.refused_by_firewall,
            "jobs": {"running": queue.busy, "waiting": queue.waiting},
            **describe_capacity(self.site),
            "cognito_mails": self.site.pool.mails_total,
        }
