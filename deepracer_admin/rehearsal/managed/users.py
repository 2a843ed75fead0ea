"""Account config and participants (managed-deepracer.md 1.3, 1.6, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .models import describe_model
from .state import Account, User, milliseconds
from .wire import LARGEST_BATCH, Fault, invalid, missing, page
from .yard import Yard

Body = Mapping[str, Any]
NEW_STATE = {"ENABLE": "ACTIVE", "RESTRICT": "RESTRICTED", "DISABLE": "DISABLED"}


def unknown_user(user_id: str) -> Fault:
    return missing(f"User {user_id} is not associated with this account.")


class Users:
    """The five `Admin*` operations and `GetAccountConfig`."""

    def __init__(self, account: Account, yard: Yard) -> None:
        self._account, self._yard = account, yard

    def get_account_config(self, body: Body, now: float) -> dict[str, Any]:
        return {"MultiRacer": self._account.multi_user_mode}

    def admin_get_account_config(self, body: Body, now: float) -> dict[str, Any]:
        return {"MultiracerConfig": {"MultiracerModeEnabled": self._account.multi_user_mode}}

    def admin_set_account_config(self, body: Body, now: float) -> dict[str, Any]:
        self._account.multi_user_mode = body["MultiracerConfig"]["MultiracerModeEnabled"]
        return {}

    def admin_list_associated_users(self, body: Body, now: float) -> dict[str, Any]:
        """3.1: with the mode off, profiles vanish from the admin view; their models stay."""
        wanted = body.get("UserState")
        users = [u for u in self._visible() if wanted is None or u.state == wanted]
        found, more = page(users, body, "users")
        return {"AssociatedUsers": [self._describe(user) for user in found], **more}

    def admin_list_associated_resources(self, body: Body, now: float) -> dict[str, Any]:
        one = body.get("UserId")
        users = list(self._account.users.values()) if one is None else [self._known(one)]
        found, more = page(users, body, "resources")
        listed = [
            {
                "UserId": user.user_id,
                "Models": [describe_model(self._account, m) for m in self._account.models_of(user.user_id)],
            }
            for user in found
        ]
        return {"AssociatedResources": listed, **more}

    def admin_manage_user(self, body: Body, now: float) -> dict[str, Any]:
        """All of the batch or nothing (what the service did with a partly wrong batch is not known, 1.7)."""
        if not 1 <= len(body["UserIds"]) <= LARGEST_BATCH:
            raise invalid(f"UserIds must hold between 1 and {LARGEST_BATCH} ids.")
        users = [self._known(user_id) for user_id in body["UserIds"]]
        limits = body.get("Limits") or {}
        action = body["Action"]
        if action == "SET_LIMITS":
            if not limits:
                raise invalid("SET_LIMITS needs Limits.")
            if min(limits.values()) < 0:
                raise invalid("Limits must not be negative.")
        elif limits:
            raise invalid("Limits are only allowed with SET_LIMITS.")
        if action == "DELETE_RESOURCES":
            self._delete_resources({user.user_id for user in users}, now)
        for user in users:
            if action == "SET_LIMITS":
                user.max_minutes = limits.get("MaxComputeMinutes", user.max_minutes)
                user.max_models = limits.get("MaxModels", user.max_models)
            else:
                user.state = NEW_STATE.get(action, user.state)
        return {}

    def _delete_resources(self, user_ids: set[str], now: float) -> None:
        """All models, whatever they do at the moment; jobs on them are stopped."""
        for job in [j for j in self._account.jobs.values() if j.user_id in user_ids and j.kind != "submission"]:
            if job.phase in ("CREATED", "IN_PROGRESS"):
                self._yard.stop(job, now)
        for user_id in user_ids:
            for model in self._account.models_of(user_id):
                if model.status != "DELETING":
                    self._yard.delete(model, now)

    def _visible(self) -> list[User]:
        return list(self._account.users.values()) if self._account.multi_user_mode else []

    def _known(self, user_id: str) -> User:
        user = self._account.users.get(user_id)
        if user is None:
            raise unknown_user(user_id)
        return user

    def _describe(self, user: User) -> dict[str, Any]:
        """1.3: nine members, all present; no e-mail, no name, no model count."""
        return {
            "Alias": user.alias,
            "UserId": user.user_id,
            "AssociatedOn": milliseconds(user.associated_on),
            "ComputeMinutesUsed": round(user.minutes_used),
            "ComputeMinutesQueued": user.minutes_queued,
            "MaxTotalComputeMinutes": user.max_minutes,
            "MaxModels": user.max_models,
            "StorageBytesUsed": sum(model.size_bytes for model in self._account.models_of(user.user_id)),
            "UserState": user.state,
        }
