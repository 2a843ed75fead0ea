"""The limits that new profiles get, and the account-wide ones that nobody enforces (deepracer-on-aws.md 1.7, 2.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from deepracer_admin.errors import NotThere, Refused
from deepracer_admin.model import UNLIMITED, Quota
from deepracer_admin.racing.on_aws import operations as op
from deepracer_admin.racing.on_aws.profiles import is_number
from deepracer_admin.racing.on_aws.site import SERVICE
from deepracer_admin.racing.on_aws.transport import Transport

__all__ = [
    "account_quotas",
    "read_new_profile_quota",
    "read_self_sign_up",
    "write_account_limits",
    "write_new_profile_quota",
]

_NEW_USER = ("usageQuotas.newUser", "newUserComputeMinutesLimit", "newUserModelCountLimit")
_ACCOUNT = ("usageQuotas.global", "globalComputeMinutesLimit", "globalModelCountLimit")
_READ_BACKS, _PAUSE_SECONDS = 6, 1.0  # a put becomes visible after a few seconds (transcripts, AppConfig)


def read_new_profile_quota(transport: Transport) -> Quota | None:
    """Limits of profiles that will be invited; None where the service has no such setting."""
    return _read(transport, _NEW_USER)


def write_new_profile_quota(transport: Transport, quota: Quota, sleep: Callable[[float], None] = time.sleep) -> Quota:
    """Set both limits and return what a read-back says, waiting some seconds for it to show. Raises Refused."""
    return _write(transport, _NEW_USER, quota, sleep)


def write_account_limits(transport: Transport, quota: Quota, sleep: Callable[[float], None] = time.sleep) -> Quota:
    """The same for the account-wide limits, which the service displays and nobody enforces (2.3). Raises Refused."""
    return _write(transport, _ACCOUNT, quota, sleep)


def account_quotas(transport: Transport) -> dict[str, int]:
    """Account-wide limits as displayed by the service, in minutes and models; -1 = none. Nothing enforces them."""
    found = _read(transport, _ACCOUNT)
    if found is None:
        return {}
    return {
        "compute minutes a month (not enforced)": found.minutes,
        "models a month (not enforced)": found.models,
    }


def read_self_sign_up(transport: Transport) -> bool | None:
    """Is the kind of registration "self-service"? None where the service has no such setting (1.7, Settings)."""
    value = _setting(transport, "registration")
    kind = value.get("type") if isinstance(value, Mapping) else None
    return None if kind is None else kind != "invite-only"


def _read(transport: Transport, setting: tuple[str, str, str]) -> Quota | None:
    key, minutes, models = setting
    value = _setting(transport, key)
    if not isinstance(value, Mapping):
        return None
    return Quota(_as_the_service_counts(value.get(minutes)), _as_the_service_counts(value.get(models)))


def _write(transport: Transport, setting: tuple[str, str, str], quota: Quota, sleep: Callable[[float], None]) -> Quota:
    key, minutes, models = setting
    if min(quota.minutes, quota.models) < UNLIMITED:
        raise Refused(
            "A limit is 0 or more, or -1 for no limit: correct it.",
            service=SERVICE,
            operation=op.UPDATE_SETTING.name,
            code="quota",
        )
    transport.call(op.UPDATE_SETTING, key, body={"value": {minutes: quota.minutes, models: quota.models}})
    seen = _read(transport, setting)
    for _ in range(_READ_BACKS - 1):
        if seen == quota:
            break
        sleep(_PAUSE_SECONDS)
        seen = _read(transport, setting)
    if seen is None:
        raise NotThere(
            "DeepRacer on AWS does not show these limits: look at its settings page.",
            service=SERVICE,
            operation=op.GET_SETTING.name,
            code="no_setting",
        )
    return seen


def _setting(transport: Transport, key: str) -> Any:
    try:
        return transport.call(op.GET_SETTING, key).get("value")
    except NotThere:
        return None


def _as_the_service_counts(value: Any) -> int:
    """The website stores numbers as text; blanks count as 0, "1e3" and "0x10" are numbers (1.3 page, section 13)."""
    if isinstance(value, bool) or value is None:
        return 0
    if is_number(value):
        return int(value)
    text = str(value).strip().lower()
    if not text:
        return 0
    try:
        return int(text, 16) if text.startswith("0x") else int(float(text))
    except (ValueError, OverflowError):  # no number, or an infinite one
        return 0
