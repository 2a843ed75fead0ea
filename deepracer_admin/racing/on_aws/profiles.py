"""Profiles: listing, names, limits, models, removal (deepracer-on-aws.md 1.7 Profiles, 2.3, 2.6)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from deepracer_admin.clock import parse_iso
from deepracer_admin.errors import NotThere, Refused, ServiceError, Unavailable, Unsupported
from deepracer_admin.model import UNLIMITED, Model, Outcome, Profile, Quota, State, Step
from deepracer_admin.racing import NOT_KNOWN
from deepracer_admin.racing.on_aws import operations as op
from deepracer_admin.racing.on_aws.fanout import outcome_of, spread
from deepracer_admin.racing.on_aws.site import SERVICE
from deepracer_admin.racing.on_aws.transport import WRITES_IN_FLIGHT, Transport, list_in

__all__ = [
    "delete_models",
    "is_number",
    "list_profiles",
    "models_of",
    "moment",
    "remove_profiles",
    "update_profile",
    "update_quotas",
    "update_role",
]

_ALIAS = re.compile(r"[A-Za-z0-9_-]{2,64}")  # 1.6, Alias; `\w` is ASCII there (transcripts: alias invalid: accent)
_FEW = 40  # profiles that are asked one by one without coming near the firewall's rule


def list_profiles(transport: Transport) -> Iterator[Profile]:
    """Every profile, 100 a page, staff included; order is arbitrary.

    An address may come twice: a failed invitation can leave a row without an account (transcripts, CreateProfile).
    """
    for page in transport.pages(op.LIST_PROFILES, of="profiles"):
        for item in page:
            yield _profile(item)


def update_profile(transport: Transport, profile_id: str, alias: str | None, quota: Quota | None) -> Profile:
    """Set alias and limits. The reply has no e-mail, model count, storage or role. Raises Refused, NotThere."""
    try:
        return _update_profile(transport, profile_id, alias, quota)
    except Unavailable as error:
        if error.code == NOT_KNOWN and profile_id not in _listed(transport):
            raise _no_such_profile() from None
        raise


def _update_profile(transport: Transport, profile_id: str, alias: str | None, quota: Quota | None) -> Profile:
    body: dict[str, Any] = {"profileId": profile_id}
    if alias is not None:
        if not _ALIAS.fullmatch(alias):
            raise _refused(
                "A racer name has 2 to 64 letters A-Z, digits, _ or -: choose another one.", op.UPDATE_PROFILE, "alias"
            )
        body["alias"] = alias
    if quota is not None:
        if min(quota.minutes, quota.models) < UNLIMITED:
            raise _refused("A limit is 0 or more, or -1 for no limit: correct it.", op.UPDATE_PROFILE, "quota")
        body["maxTotalComputeMinutes"] = quota.minutes
        body["maxModelCount"] = quota.models
    answer = transport.call(op.UPDATE_PROFILE, body=body)
    item = answer.get("profile")
    return _profile(item if isinstance(item, dict) else {"profileId": profile_id, "alias": alias or ""})


def update_role(transport: Transport, profile_id: str, role: str, own_id: str) -> None:
    """Take the profile out of all groups and put it into this one; the service guards nobody (1.7), so we do.

    Raises Refused for the console's own user, and what the service refuses.
    """
    if profile_id == own_id:
        raise _refused(
            "This is the console's own user, which must stay an administrator: sign in with another one first.",
            op.UPDATE_ROLE,
            "own_login",
        )
    transport.call(op.UPDATE_ROLE, body={"profileId": profile_id, "targetUserPoolGroup": role})


def update_quotas(transport: Transport, quotas: Sequence[tuple[str, Quota]]) -> list[Outcome]:
    """One call per profile, eight at a time. A lost answer is RETRY: setting the same limit again is harmless.

    Where the service's answer does not tell whether a profile is there, one listing does: these rows are the profiles.
    """

    def one(item: tuple[str, Quota]) -> Outcome:
        _update_profile(transport, item[0], None, item[1])
        return Outcome(item[0], Step.PROFILE, State.DONE, ref=item[0])

    outcomes = spread(
        quotas,
        one,
        person=lambda item: item[0],
        in_flight=WRITES_IN_FLIGHT,
        on_error=lambda person, error: outcome_of(person, error, lost=State.RETRY),
    )
    if not any(outcome.reason == NOT_KNOWN for outcome in outcomes):
        return outcomes
    try:
        listed = _listed(transport)
    except ServiceError:
        return outcomes
    return [
        outcome_of(outcome.person, _no_such_profile())
        if outcome.reason == NOT_KNOWN and outcome.person not in listed
        else outcome
        for outcome in outcomes
    ]


def _listed(transport: Transport) -> frozenset[str]:
    return frozenset(profile.id for profile in list_profiles(transport))


def _no_such_profile() -> NotThere:
    return NotThere(
        "DeepRacer on AWS has no such profile any more: refresh the list.",
        service=SERVICE,
        operation=op.UPDATE_PROFILE.name,
        code="not_there",
    )


def remove_profiles(transport: Transport, ids: Sequence[str], own_id: str) -> list[Outcome]:
    """Delete users with their profiles and models. The console's own user is never deleted (1.7: no protection).

    UNKNOWN with reason NOT_KNOWN when the answer tells nothing about the account (see the port).
    """

    def one(profile_id: str) -> Outcome:
        if profile_id == own_id:
            return Outcome(
                profile_id,
                Step.PROFILE,
                State.REFUSED,
                "own_login",
                "This is the console's own user: without it nothing more could be cleaned up.",
            )
        transport.call(op.DELETE_PROFILE, profile_id)
        return Outcome(profile_id, Step.PROFILE, State.DONE, ref=profile_id)

    def failed(person: str, error: ServiceError) -> Outcome:
        if isinstance(error, NotThere):
            return Outcome(person, Step.PROFILE, State.ALREADY, "not_there", error.sentence, ref=person)
        if error.code == NOT_KNOWN:
            return Outcome(person, Step.PROFILE, State.UNKNOWN, NOT_KNOWN, error.sentence, ref=person)
        return outcome_of(person, error, lost=State.RETRY)

    return spread(ids, one, person=lambda each: each, in_flight=WRITES_IN_FLIGHT, on_error=failed)


def models_of(
    transport: Transport, ids: Sequence[str], *, at_once: bool, on_failure: Callable[[], None]
) -> Iterator[Model]:
    """Models of these profiles: one call where the service has it (1.3 page, 8), else one each under the /admin/ rule.

    `on_failure` is told when the one call failed at the service, so that it is not tried again at once.

    Raises Throttled, with the seconds to wait, before that rule is hit; ask again for the profiles not seen yet.
    """
    if at_once:
        try:
            yield from _all_models(transport, frozenset(ids))
            return
        except Unsupported:
            pass
        except Unavailable:
            # The one reply may be more than a Lambda can return; a few profiles can still be asked one by one.
            on_failure()
            if len(ids) > _FEW:
                raise
    for profile_id in ids:
        answer = transport.call(op.LIST_MODELS_FOR_PROFILE, profile_id)
        for item in list_in(answer, "models", op.LIST_MODELS_FOR_PROFILE):
            yield _model(item, profile_id)


def delete_models(transport: Transport, ids: Sequence[str]) -> list[Outcome]:
    """DONE means accepted: the service hides single failures behind 200 (1.7, DeleteProfileModels)."""

    def one(profile_id: str) -> Outcome:
        transport.call(op.DELETE_PROFILE_MODELS, profile_id)
        return Outcome(profile_id, Step.PROFILE, State.DONE, ref=profile_id)

    return spread(
        ids,
        one,
        person=lambda each: each,
        in_flight=WRITES_IN_FLIGHT,
        on_error=lambda person, error: outcome_of(person, error, lost=State.RETRY),
    )


def moment(value: Any) -> datetime | None:
    """A time of the service, with or without milliseconds (1.4); None when it gives none that can be read."""
    if not isinstance(value, str):
        return None
    try:
        return parse_iso(value)
    except ValueError:
        return None


def is_number(value: Any) -> bool:
    """A finite JSON number; Python would take `true`, NaN and Infinity for one as well."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _all_models(transport: Transport, wanted: frozenset[str]) -> Iterator[Model]:
    answer = transport.call(op.LIST_ADMIN_MODELS)
    for item in list_in(answer, "models", op.LIST_ADMIN_MODELS):
        owner = str(item.get("profileId", ""))
        if owner in wanted:
            yield _model(item, owner)


def _profile(item: Mapping[str, Any]) -> Profile:
    minutes, models = item.get("maxTotalComputeMinutes"), item.get("maxModelCount")
    # A missing limit counts as 0 in the service (2.3); both missing is a reply that does not tell.
    quota = Quota(_whole(minutes) or 0, _whole(models) or 0) if minutes is not None or models is not None else None
    return Profile(
        id=str(item.get("profileId", "")),
        alias=str(item.get("alias", "")),
        email=str(item.get("emailAddress") or "").lower(),
        minutes_used=_number(item.get("computeMinutesUsed")),
        minutes_queued=_number(item.get("computeMinutesQueued")),
        quota=quota,
        model_count=_whole(item.get("modelCount")),
        storage_bytes=_whole(item.get("modelStorageUsage")),
        role=str(item.get("roleName") or ""),
        created_at=moment(item.get("createdAt")),
    )


def _model(item: Mapping[str, Any], profile_id: str) -> Model:
    return Model(
        id=str(item.get("modelId", "")),
        name=str(item.get("name", "")),
        profile_id=profile_id,
        status=str(item.get("status", "")),
        created_at=moment(item.get("createdAt")),
    )


def _number(value: Any) -> float:
    return float(value) if is_number(value) else 0.0


def _whole(value: Any) -> int | None:
    return int(value) if is_number(value) else None


def _refused(sentence: str, operation: op.Operation, code: str) -> Refused:
    return Refused(sentence, service=SERVICE, operation=operation.name, code=code)
