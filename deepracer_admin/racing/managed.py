"""AWS DeepRacer multi-user mode behind the racing port.

AWS closed the service in December 2025 (managed-deepracer.md 4). This adapter is built from its documented protocol and
proved against the practice world; what is not publicly known (1.7) is decided cautiously and said in `account().notes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from deepracer_admin.edge.understood import understood
from deepracer_admin.errors import (
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
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
    State,
    Step,
    Track,
)
from deepracer_admin.racing import InviteProgress
from deepracer_admin.racing.managed_client import SERVICE, ManagedClient
from deepracer_admin.racing.managed_facts import ACCOUNT_QUOTAS, DEFAULT_QUOTA, NOTES
from deepracer_admin.racing.managed_shapes import (
    LINK,
    leaderboard_arn,
    model_of,
    profile_of,
    race_members,
    race_of,
    ranked_time,
    standing_of,
    to_milliseconds,
    track_of,
)

__all__ = ["ManagedDeepRacer"]

BATCH = 50  # user ids in one AdminManageUser: the ceiling is not known (1.7), the design's number
_REPEATABLE = (LostAnswer, Unreachable, Unavailable)
_UNDERSTOOD = understood(SERVICE, "AWS DeepRacer")


class ManagedDeepRacer:
    """`RacingService` over the managed service. Every call acts as the account's admin (1.7).

    `event_now` is what "close now" means. `visibility` and `league_type` are sent with new races: their values for
    a private community race are not publicly known, so they can be set.
    """

    kind = "managed"
    capabilities = Capabilities(
        multi_user_mode=True,
        native_pause=True,
        private_races=True,
        invite=False,
        set_alias=False,
        edit_open_race=True,
        close_early=True,
        all_models_in_one_call=True,
        participants=True,
        reset_share_link=True,
        stop_training=True,
    )
    limits: Sequence[Limit] = (
        Limit("deepracer", rate=5, burst=5, in_flight=4, source="not published; the design's number"),
        Limit("deepracer.write", rate=2, burst=2, in_flight=1, source="not published; the design's number"),
    )

    def __init__(
        self,
        client: ManagedClient,
        *,
        event_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        visibility: str = "VISIBLE",
        league_type: str = "VIRTUAL",
    ) -> None:
        self._client = client
        self._event_now = event_now
        self._visibility, self._league_type = visibility, league_type

    @property
    def practice_world(self) -> bool:
        """True when the service names itself a rehearsal; a live event must not use it. Asks once; may raise."""
        if self._client.practice_world is None:
            self._client.call("GetAccountConfig")
        return bool(self._client.practice_world)

    @_UNDERSTOOD
    def account(self) -> Account:
        config = self._client.call("AdminGetAccountConfig")
        return Account(
            service=SERVICE,
            region=self._client.region,
            multi_user_mode=config["MultiracerConfig"]["MultiracerModeEnabled"],
            new_profile_quota=DEFAULT_QUOTA,
            account_quotas=ACCOUNT_QUOTAS,
            notes=NOTES,
            warnings=NOTES[:1],
        )

    def connect(self) -> Account:
        return self.account()

    @_UNDERSTOOD
    def set_multi_user_mode(self, on: bool) -> Account:
        self._client.call("AdminSetAccountConfig", MultiracerConfig={"MultiracerModeEnabled": on})
        return self.account()

    def new_profile_quota(self) -> Quota | None:
        """None: every profile starts with the service's own default, which cannot be set."""

    def set_new_profile_quota(self, quota: Quota) -> Quota:
        raise self._cannot("The managed service has no quota for new profiles: set it when a profile has appeared.")

    def self_sign_up(self) -> None: ...

    def set_account_limits(self, quota: Quota) -> Quota:
        raise self._cannot("The managed service's account limits are AWS quotas: ask AWS support to change them.")

    # -- profiles

    @_UNDERSTOOD
    def profiles(self) -> Iterator[Profile]:
        return map(profile_of, self._client.walk("AdminListAssociatedUsers", "AssociatedUsers"))

    def address_refusal(self, email: str) -> str:
        return ""

    def chunk_invites(self, people: Sequence[Invitee]) -> Sequence[Sequence[Invitee]]:
        return [people] if people else []

    def invite(self, people: Sequence[Invitee], *, token: str) -> Iterable[Outcome]:
        """There is nothing to call: WAITING for each, until the profile appears at the first sign-in (3.1)."""
        sentence = "The profile appears when this racer signs in for the first time."
        return [Outcome(person.key, Step.PROFILE, State.WAITING, "first_sign_in", sentence) for person in people]

    def invite_progress(self, job: str, people: Sequence[Invitee]) -> InviteProgress:
        return InviteProgress(finished=True, outcomes=tuple(self.invite(people, token=job)))

    def resend_invite(self, profile_id: str) -> None:
        raise self._cannot("The managed service sends no invitations: send the access mail of this console again.")

    def set_alias(self, profile_id: str, alias: str) -> Profile:
        raise self._cannot("Racers choose their racer name themselves in the managed service; an organizer cannot.")

    def set_quotas(self, quotas: Sequence[tuple[str, Quota]]) -> Iterable[Outcome]:
        """One call for up to 50 profiles with the same quota. The value for "unlimited" is not known, so it is
        refused.
        """
        grouped: dict[Quota, list[str]] = {}
        for profile_id, quota in dict(quotas).items():
            grouped.setdefault(quota, []).append(profile_id)
        for quota, ids in grouped.items():
            if quota.minutes < 0 or quota.models < 0:
                sentence = "The managed service has no documented value for unlimited: give hours and models."
                yield from (Outcome(person, Step.PROFILE, State.REFUSED, "unlimited", sentence) for person in ids)
            else:
                limits = {"MaxComputeMinutes": quota.minutes, "MaxModels": quota.models}
                yield from self._manage(ids, "SET_LIMITS", Limits=limits)

    def set_profile(self, profile_id: str, *, alias: str | None = None, quota: Quota | None = None) -> Profile:
        """The quota comes first: a racer name that an organizer cannot set keeps nobody from their hours."""
        if quota is not None:
            for outcome in self.set_quotas([(profile_id, quota)]):
                if outcome.state is State.RETRY:
                    raise Unavailable(outcome.sentence, service=SERVICE, operation="AdminManageUser")
                if not outcome.state.is_done:
                    raise Refused(outcome.sentence, service=SERVICE, operation="AdminManageUser", code=outcome.reason)
        if alias is not None:
            self.set_alias(profile_id, alias)
        for profile in self.profiles():
            if profile.id == profile_id:
                return profile
        raise NotThere("There is no such profile: refresh the list.", service=SERVICE)

    def set_role(self, profile_id: str, role: str) -> None:
        raise self._cannot("The managed service has no roles to give: who administers it, IAM policies say.")

    def sponsor(self, ids: Sequence[str], *, active: bool) -> Iterable[Outcome]:
        """Resume is `ENABLE`, pause is `RESTRICT`: the latter fits the guide's words and is not confirmed (1.6)."""
        return self._manage(ids, "ENABLE" if active else "RESTRICT")

    def remove(self, ids: Sequence[str]) -> Iterable[Outcome]:
        """Ends the sponsorship (`DISABLE`). The profile stays listed as DISABLED, its models stay too."""
        for outcome in self._manage(ids, "DISABLE"):
            gone = outcome.reason == "not_there"
            yield replace(outcome, state=State.ALREADY, sentence="") if gone else outcome

    # -- models

    @_UNDERSTOOD
    def models(self, profile_ids: Sequence[str]) -> Iterator[Model]:
        """One profile is asked for by itself; for several, everybody's are read once and picked from."""
        wanted = set(profile_ids)
        one: dict[str, Any] = {"UserId": profile_ids[0]} if len(profile_ids) == 1 else {}
        for resource in self._client.walk("AdminListAssociatedResources", "AssociatedResources", **one):
            if resource["UserId"] in wanted:
                for model in resource["Models"]:
                    yield model_of(model, resource["UserId"])

    def delete_models(self, profile_ids: Sequence[str]) -> Iterable[Outcome]:
        """`DELETE_RESOURCES` (1.6; whether it also removes cars is not known)."""
        return self._manage(profile_ids, "DELETE_RESOURCES")

    def stop_training(self, model_id: str) -> None:
        """Stops the training of one model (its ARN); winding down takes minutes. Refused when none runs."""
        self._client.call("StopTrainingReinforcementLearningModel", ModelArn=model_id)

    # -- races

    @_UNDERSTOOD
    def tracks(self) -> Sequence[Track]:
        return [track for track in map(track_of, self._client.walk("ListTracks", "Tracks")) if track]

    @_UNDERSTOOD
    def races(self) -> Sequence[Race]:
        boards = self._client.walk("ListLeaderboards", "Leaderboards", LeaderboardAccessRoles=["ADMIN"])
        return [race_of(board) for board in boards]

    @_UNDERSTOOD
    def create_race(self, draft: RaceDraft) -> Race:
        reply = self._client.call("CreateLeaderboard", **self._members(draft))
        return self._race(reply["LeaderboardArn"])

    @_UNDERSTOOD
    def edit_race(self, race_id: str, draft: RaceDraft) -> Race:
        """Whole objects are sent: what a draft does not hold or change is taken from the race as it is now."""
        arn = leaderboard_arn(race_id)
        now = self._race(arn)
        if not draft.track_id:  # optional where it is read, required where it is written (1.4)
            raise Refused(
                "This race does not tell its track, which every change must name: choose the track too.",
                service=SERVICE,
            )
        self._client.call("EditLeaderboard", Arn=arn, **self._members(draft, now))
        return self._race(arn)

    @_UNDERSTOOD
    def close_race(self, race_id: str, *, at: datetime | None = None) -> Race:
        """An edit with an earlier closing time (1.6)."""
        race = self._race(leaderboard_arn(race_id))
        closes_at = at or self._event_now()
        if closes_at <= race.draft.opens_at:
            raise Refused(
                "This race has not opened yet, so it cannot be closed: delete it or change its times.", service=SERVICE
            )
        return self.edit_race(race_id, replace(race.draft, closes_at=min(closes_at, race.draft.closes_at)))

    def delete_race(self, race_id: str) -> None:
        self._client.call("DeleteLeaderboard", LeaderboardArn=leaderboard_arn(race_id))

    @_UNDERSTOOD
    def share_link(self, race_id: str, *, reset: bool = False) -> str:
        """The invitation link; anyone who holds it can join until the race closes. A reset kills the old one (3.2)."""
        race = self._race(leaderboard_arn(race_id))
        if race.share_link and not reset:
            return race.share_link
        ends = to_milliseconds(race.draft.closes_at)
        reply = self._client.call(
            "CreateLeaderboardAccessToken", LeaderboardArn=leaderboard_arn(race_id), ExpirationTime=ends
        )
        return LINK + reply["AccessToken"]

    @_UNDERSTOOD
    def participants(self, race_id: str) -> Sequence[tuple[str, str]]:
        """Whoever has no user id (1.4: optional) is left out: nobody could remove or match them."""
        people = self._client.walk(
            "ListPrivateLeaderboardParticipants",
            "PrivateLeaderboardParticipants",
            LeaderboardArn=leaderboard_arn(race_id),
        )
        return [(person["UserId"], person.get("Alias") or "") for person in people if person.get("UserId")]

    def add_participants(self, race_id: str, user_ids: Sequence[str]) -> None:
        """Admits racers by their user ids, without a link (1.4: presumably; makes a token when the race has none)."""
        token = self.share_link(race_id).removeprefix(LINK)
        for chunk in _chunks(user_ids):
            self._client.call("AddLeaderboardAccessPermission", AccessToken=token, UserIds=chunk)

    def remove_participant(self, race_id: str, user_id: str) -> None:
        self._client.call("RemoveLeaderboardAccessPermission", LeaderboardArn=leaderboard_arn(race_id), UserId=user_id)

    @_UNDERSTOOD
    def standings(self, race_id: str) -> Iterator[Standing]:
        """Entries with a time. One without a score (1.4: optional) is timed as its race is, which is asked once."""
        arn = leaderboard_arn(race_id)
        method: str | None = None
        place = 0
        for entry in self._client.walk("ListLeaderboardSubmissions", "LeaderboardSubmissions", LeaderboardArn=arn):
            if method is None and not entry.get("RankingScore"):
                method = str(self._race(arn).raw.get("TimingMethod") or "")
            score = ranked_time(entry, method)
            if score is not None:
                place += 1
                yield standing_of(entry, place, score)

    def close(self) -> None:
        self._client.close()

    # -- how it is done

    def _members(self, draft: RaceDraft, now: Race | None = None) -> dict[str, Any]:
        return race_members(
            draft,
            region=self._client.region,
            visibility=self._visibility,
            league_type=self._league_type,
            now=now,
        )

    def _race(self, arn: str) -> Race:
        board = self._client.call("GetLeaderboard", LeaderboardArn=arn).get("Leaderboard")  # optional (1.4)
        if not board:
            raise NotThere("There is no such race any more: refresh the list.", service=SERVICE)
        return race_of(board)

    def _manage(self, ids: Sequence[str], action: str, **limits: Any) -> Iterator[Outcome]:
        """`AdminManageUser` in batches. All its actions may be repeated without harm, so a lost answer is RETRY."""
        for chunk in _chunks(list(dict.fromkeys(ids))):
            yield from self._manage_batch(chunk, action, limits)

    def _manage_batch(self, ids: list[str], action: str, limits: dict[str, Any]) -> Iterator[Outcome]:
        """One call; the reply is empty, so a refused batch is halved until the refusal has one name."""
        try:
            self._client.call("AdminManageUser", UserIds=ids, Action=action, **limits)
        except (NotThere, Refused) as failure:
            if len(ids) > 1:
                middle = len(ids) // 2
                yield from self._manage_batch(ids[:middle], action, limits)
                yield from self._manage_batch(ids[middle:], action, limits)
                return
            yield _refused(ids[0], failure)
        except Throttled as failure:
            yield from (_retry(person, failure, failure.retry_after) for person in ids)
        except _REPEATABLE as failure:
            yield from (_retry(person, failure, None) for person in ids)
        else:
            yield from (Outcome(person, Step.PROFILE, State.DONE, ref=person) for person in ids)

    def _cannot(self, sentence: str) -> Unsupported:
        return Unsupported(sentence, service=SERVICE)


def _refused(person: str, failure: ServiceError) -> Outcome:
    if isinstance(failure, NotThere):
        sentence = "The service has no such profile: it appears when the racer signs in for the first time."
        return Outcome(person, Step.PROFILE, State.REFUSED, "not_there", sentence)
    return Outcome(person, Step.PROFILE, State.REFUSED, "refused", failure.sentence)


def _retry(person: str, failure: ServiceError, after: float | None) -> Outcome:
    return Outcome(person, Step.PROFILE, State.RETRY, failure.code or "retry", failure.sentence, retry_after=after)


def _chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(ids)
    while chunk := list(islice(remaining, BATCH)):
        yield chunk
