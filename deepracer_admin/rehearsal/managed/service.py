"""The managed service as a service of the practice world: envelope, signatures, dispatch, time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.garage import EndedJob
from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.sigv4 import Refusal, verify

from .garage import ManagedGarage
from .invitations import Admitted, Invitations, Mails
from .models import Models
from .races import Races
from .state import REGION, Account
from .users import Users, unknown_user
from .wire import Fault, invalid, read_input
from .yard import Yard

TARGET = "AwsSilverstoneCloudService."
CONTENT_TYPE = "application/x-amz-json-1.1"
READING = ("Get", "List", "AdminGet", "AdminList")
Handler = Callable[[Mapping[str, Any], float], dict[str, Any]]


class Managed:
    """``POST /managed/``. The sponsoring account is the practice company's; every signed caller is its admin (1.7).

    Own faults: `expired_credentials` (the keys have died), `denied` (the policy lacks the action), `skew` (this
    service's clock is ahead by params.seconds, 600), `expired_token` (page tokens die), `waf` (a firewall or proxy on
    the way answers 403, with a page or, with params.json, with an object), `profile_deleted` (the service has forgotten
    a user: AdminManageUser does not find them; params.user says whom, else whoever is named first).
    """

    name = "managed"

    def __init__(self, ground: Ground, admitted: Admitted, mails: Mails) -> None:
        """Who may sign in, and the mails that tell people so: see `Invitations`."""
        self._ground = ground
        self._invitations = Invitations(ground.company, admitted, mails)
        self._take(Account(now=ground.clock.now().timestamp()))

    def _take(self, account: Account) -> None:
        ground = self._ground
        self.account = account
        yard = Yard(account, ground.slots, ground.seed)
        users, races, models = Users(account, yard), Races(account, ground.seed), Models(account, yard)
        self.yard = yard
        self.garage = ManagedGarage(account, yard, races, ground.seed, self._invitations.sponsored)
        self._handlers: dict[str, Handler] = {
            "GetAccountConfig": users.get_account_config,
            "AdminGetAccountConfig": users.admin_get_account_config,
            "AdminSetAccountConfig": users.admin_set_account_config,
            "AdminListAssociatedUsers": users.admin_list_associated_users,
            "AdminListAssociatedResources": users.admin_list_associated_resources,
            "AdminManageUser": users.admin_manage_user,
            "CreateLeaderboard": races.create,
            "EditLeaderboard": races.edit,
            "DeleteLeaderboard": races.delete,
            "GetLeaderboard": races.get,
            "ListLeaderboards": races.list,
            "ListPrivateLeaderboardParticipants": races.list_participants,
            "CreateLeaderboardAccessToken": races.create_access_token,
            "AddLeaderboardAccessPermission": races.add_permission,
            "RemoveLeaderboardAccessPermission": races.remove_permission,
            "ListLeaderboardSubmissions": races.list_submissions,
            "ListTracks": models.list_tracks,
            "GetTrack": models.get_track,
            "ListModels": models.list_models,
            "GetModel": models.get_model,
            "DeleteModel": models.delete_model,
            "ListTrainingJobs": models.list_training_jobs,
            "GetTrainingJob": models.get_training_job,
            "StopTrainingReinforcementLearningModel": models.stop_training,
        }

    def routes(self) -> list[Route]:
        return [Route(path, self.answer, methods=["POST"], name="managed") for path in ("/managed/", "/managed")]

    async def answer(self, request: Request) -> Response:
        """One call of 1.1: 200 with JSON, or 400 and 500 with ``__type`` and ``message``."""
        body = await request.body()
        try:
            operation = self._operation(request)
            if wall := self._hit("waf", operation):
                return _blocked(as_json=bool(wall.params.get("json")))
            self._authenticate(request, body, operation)
            wanted = read_input(operation, body)
            self._forget(operation, wanted)
            if wanted.get("NextToken") and self._hit("expired_token", operation):
                raise invalid("NextToken is not valid.")
            found = self._handlers[operation](wanted, self._ground.clock.now().timestamp())
        except Fault as fault:
            return _reply({"__type": fault.code, "message": fault.message}, fault.status)
        if not operation.startswith(READING):
            self._ground.counters.writes[f"{self.name}.{operation}"] += 1
        return _reply(found)

    def fault_response(self, name: str, operation: str) -> Response:
        """The bodies of the generic faults in this service's words."""
        if name == "throttle":
            return _reply({"__type": "TooManyRequestsException", "message": "Rate exceeded"}, 400)
        return _reply({"__type": "ServiceException", "message": "The service failed to process the request."}, 500)

    def tick(self, now: datetime) -> None:
        """Ends what is due. Racers act at this moment, right after it."""
        self.account.now = now.timestamp()
        if self.yard.tick(self.account.now):
            self._ground.touch()

    def assign(self, person_id: str) -> None:
        """Lets a person of the company sign in, beside those whom Identity Center's event group lets in."""
        self._invitations.assign(person_id, self.account.now)

    def snapshot(self) -> dict[str, Any]:
        ended = [asdict(job) for job in list(self.yard.ended)[-100:]]
        return {
            "account": self.account.snapshot(),
            "invitations": self._invitations.snapshot(),
            "ended": ended,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._invitations.restore(state["invitations"])
        self._take(Account.restored(state["account"]))
        self.yard.ended.extend(EndedJob(**job) for job in state["ended"])

    def truth(self) -> dict[str, Any]:
        """`managed`: counted facts of this service, apart from those of DeepRacer on AWS."""
        users = self.account.users.values()
        return {
            "managed": {
                "multi_user_mode": self.account.multi_user_mode,
                "users": len(self.account.users),
                "active": sum(user.state == "ACTIVE" for user in users),
                "hours": sum(user.minutes_used for user in users) / 60,
                "hours_queued": sum(user.minutes_queued for user in users) / 60,
                "models": len(self.account.models),
                "races": len(self.account.races),
                "submissions": sum(sum(race.submissions.values()) for race in self.account.races.values()),
            }
        }

    def _operation(self, request: Request) -> str:
        target = request.headers.get("x-amz-target", "")
        operation = target.removeprefix(TARGET)
        if not target.startswith(TARGET) or operation not in self._handlers:
            raise Fault("UnknownOperationException", "The operation is not known.")
        if request.headers.get("content-type") != CONTENT_TYPE:
            raise Fault("SerializationException", f"The content type must be {CONTENT_TYPE}.")
        return operation

    def _authenticate(self, request: Request, body: bytes, operation: str) -> None:
        if self._hit("expired_credentials", operation):
            raise Fault("ExpiredTokenException", "The security token included in the request is expired")
        try:
            skew = self._hit("skew", operation)
            off = timedelta(seconds=float(skew.params.get("seconds", 600))) if skew else timedelta()
            verify(
                request, body, "deepracer", self._ground.company_key, region=REGION, now=self._ground.clock.real() + off
            )
        except Refusal as refusal:
            raise Fault(refusal.error_type, refusal.message) from None
        if self._hit("denied", operation):
            raise Fault("AccessDeniedException", f"User is not authorized to perform: deepracer:{operation}")

    def _forget(self, operation: str, wanted: Mapping[str, Any]) -> None:
        fault = self._ground.faults.armed(self.name, "profile_deleted", operation)
        if fault is None or operation != "AdminManageUser" or not wanted["UserIds"]:
            return
        gone = fault.params.get("user", wanted["UserIds"][0])
        if gone in wanted["UserIds"] and self._hit("profile_deleted", operation):
            raise unknown_user(gone)

    def _hit(self, name: str, operation: str) -> Any:
        """The fault of this name that strikes now, or None. Uses it up."""
        return self._ground.faults.take(self.name, operation, names={name})


def _blocked(*, as_json: bool) -> Response:
    """What stands in the way speaks no protocol of the service's."""
    if as_json:
        return Response('{"message":"Forbidden"}', 403, media_type="application/json")
    page = "<html><head><title>403 Forbidden</title></head><body>Blocked by policy.</body></html>"
    return Response(page, 403, media_type="text/html")


def _reply(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, media_type=CONTENT_TYPE)
