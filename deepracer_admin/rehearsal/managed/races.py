"""Community races (managed-deepracer.md 1.4 and 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .models import BY_ARN
from .ranking import leaderboard
from .state import ACCOUNT_ID, OPEN_RACES, PRIVATE_RACES, RACES_PER_RACER, Account, Race, milliseconds
from .wire import invalid, missing, over_limit, page

Body = Mapping[str, Any]
ROLES = ["ADMIN"]  # of the admin, as whom every caller acts (1.7), in every race of the account
CONFIG_OF_TYPE = {"OBJECT_AVOIDANCE": "ObjectAvoidance", "HEAD_TO_HEAD_RACING": "HeadToHead"}
TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Races:
    """Races, their invitation tokens, their participants and their leaderboards."""

    def __init__(self, account: Account, seed: int) -> None:
        self._account, self._seed = account, seed

    def create(self, body: Body, now: float) -> dict[str, Any]:
        number = self._account.next_number()
        chance = Random(f"{self._seed}/race/{number}")
        race_id = f"{chance.getrandbits(32):08x}-{chance.getrandbits(16):04x}-4{chance.getrandbits(12):03x}-" + (
            f"8{chance.getrandbits(12):03x}-{chance.getrandbits(48):012x}"
        )
        race = Race(race_id, dict(body["Definition"]), dict(body["RaceConfig"]), dict(body["Features"]), now)
        self._check(race, now)
        unfinished = [other for other in self._account.races.values() if other.status(now) != "CLOSED"]
        if len(unfinished) >= OPEN_RACES:
            raise over_limit(f"An account can have {OPEN_RACES} open or future races.")
        if race.is_private and sum(other.is_private for other in unfinished) >= PRIVATE_RACES:
            raise over_limit(f"An account can have {PRIVATE_RACES} private leaderboards.")
        self._account.races[race_id] = race
        return {"LeaderboardArn": race.arn}

    def edit(self, body: Body, now: float) -> dict[str, Any]:
        """Whole objects replace what was there; an earlier `CloseTime` ends an open race (1.6)."""
        race = self._race(body["Arn"])
        if race.status(now) == "CLOSED":
            raise invalid("A closed race cannot be edited.")
        edited = Race(race.race_id, dict(body["Definition"]), dict(body["RaceConfig"]), dict(body["Features"]), now)
        self._check(edited, now, still_open=False)
        race.definition, race.config, race.features = edited.definition, edited.config, edited.features
        return {}

    def delete(self, body: Body, now: float) -> dict[str, Any]:
        """3.2: deleting is permanent and possible at any time."""
        del self._account.races[self._race(body["LeaderboardArn"]).race_id]
        return {}

    def get(self, body: Body, now: float) -> dict[str, Any]:
        return {"Leaderboard": self._describe(self._race(body["LeaderboardArn"]), now)}

    def list(self, body: Body, now: float) -> dict[str, Any]:
        """Races in which the caller has one of the roles asked for. What `CutoffTime` cuts off is not publicly known,
        so it cuts off nothing.
        """
        races = sorted(self._account.races.values(), key=lambda race: race.closes_at)
        league, roles = body.get("LeagueType"), body.get("LeaderboardAccessRoles") or ROLES
        fitting = [r for r in races if league in (None, r.definition["LeagueType"]) and set(roles) & set(ROLES)]
        found, more = page(fitting, body, "races")
        return {"Leaderboards": [self._describe(race, now) for race in found], **more}

    def list_participants(self, body: Body, now: float) -> dict[str, Any]:
        race = self._race(body["LeaderboardArn"])
        found, more = page(list(race.participants.items()), body, f"participants of {race.race_id}")
        listed = [
            {
                "AccountId": ACCOUNT_ID,
                "UserId": user_id,
                "Alias": self._account.users[user_id].alias,
                "JoinTime": milliseconds(joined),
            }
            for user_id, joined in found
        ]
        return {"PrivateLeaderboardParticipants": listed, **more}

    def create_access_token(self, body: Body, now: float) -> dict[str, Any]:
        """A new token; the former one is worth nothing from now on. It ends with the race unless said otherwise."""
        race = self._race(body["LeaderboardArn"])
        chance = Random(f"{self._seed}/token/{self._account.next_number()}")
        race.token = "".join(chance.choice(TOKEN_LETTERS) for _ in range(22))
        race.token_ends = body.get("ExpirationTime", race.definition["CloseTime"]) / 1000
        return {"AccessToken": race.token}

    def add_permission(self, body: Body, now: float) -> dict[str, Any]:
        """With `UserIds` the admin adds racers; without, whoever signed the request would join, and an admin cannot."""
        race = next((r for r in self._account.races.values() if r.token and r.token == body["AccessToken"]), None)
        if race is None or now >= race.token_ends:
            raise missing("The access token is not valid.")
        user_ids = body.get("UserIds") or []
        if not user_ids:
            raise invalid("UserIds must name the racers to add.")
        for user_id in user_ids:
            if user_id not in self._account.users:
                raise missing(f"User {user_id} is not associated with this account.")
        for user_id in user_ids:
            self.join(race, user_id, now)
        return {"LeaderboardArn": race.arn}

    def join(self, race: Race, user_id: str, now: float) -> None:
        """Admits a racer; a racer can be in ten open or future races (3.1)."""
        if user_id in race.participants:
            return
        entered = sum(user_id in r.participants and r.status(now) != "CLOSED" for r in self._account.races.values())
        if entered >= RACES_PER_RACER:
            raise over_limit(f"A racer can be in {RACES_PER_RACER} open or future races.")
        race.participants[user_id] = now

    def remove_permission(self, body: Body, now: float) -> dict[str, Any]:
        race = self._race(body["LeaderboardArn"])
        if race.participants.pop(body.get("UserId", ""), None) is None:
            raise missing("This user is not a participant of the race.")
        return {}

    def list_submissions(self, body: Body, now: float) -> dict[str, Any]:
        race = self._race(body["LeaderboardArn"])
        found, more = page(leaderboard(race), body, f"submissions of {race.race_id}")
        return {"LeaderboardSubmissions": list(found), **more}

    def _race(self, arn: str) -> Race:
        race = self._account.races.get(arn.rpartition("/")[2])
        if race is None or race.arn != arn:
            raise missing("There is no such leaderboard.")
        return race

    def _check(self, race: Race, now: float, *, still_open: bool = True) -> None:
        definition, config = race.definition, race.config
        if not 1 <= len(definition["Name"]) <= 64:
            raise invalid("Name must have between 1 and 64 characters.")
        if len(definition.get("Description") or "") > 255:
            raise invalid("Description must have at most 255 characters.")
        if definition["TrackArn"] not in BY_ARN:
            raise missing("There is no such track.")
        if race.closes_at <= race.opens_at:
            raise invalid("CloseTime must be after LaunchTime.")
        if still_open and race.closes_at <= now:
            raise invalid("CloseTime must be in the future.")
        laps, most = config["MinimumLaps"], config["TerminationConditions"].get("MaxLaps")
        if laps < 1 or (most is not None and most < laps):
            raise invalid("MinimumLaps must be at least 1 and at most MaxLaps.")
        kind = config["RaceTypeConfig"]
        needed = CONFIG_OF_TYPE.get(kind["RaceType"])
        if needed and needed not in kind:
            raise invalid(f"RaceTypeConfig needs {needed} for this race type.")

    def _describe(self, race: Race, now: float) -> dict[str, Any]:
        """The read model, which is flat where the write model nests (1.4)."""
        definition, config = race.definition, race.config
        status = race.status(now)
        flat = {
            "Arn": race.arn,
            "Name": definition["Name"],
            "Description": definition.get("Description") or "",
            "LaunchTime": definition["LaunchTime"],
            "CloseTime": definition["CloseTime"],
            "Status": status,
            "MinimumLaps": config["MinimumLaps"],
            "ParticipantCount": len(race.best),
            "TrackArn": definition["TrackArn"],
            "TrackFeatures": definition.get("TrackFeatures"),
            "TotalLaps": config["TerminationConditions"].get("MaxLaps"),
            "RaceType": config["RaceTypeConfig"]["RaceType"],
            "HeadToHeadConfig": config["RaceTypeConfig"].get("HeadToHead"),
            "ObjectAvoidanceConfig": config["RaceTypeConfig"].get("ObjectAvoidance"),
            "ResettingBehaviorConfig": config["ResettingBehavior"],
            "Visibility": definition["Visibility"],
            "TerminationConditions": config["TerminationConditions"],
            "TimingMethod": config["TimingMethod"],
            "LeagueType": definition["LeagueType"],
            "AccessToken": race.token if now < race.token_ends else None,
            "ParticipationConfig": config.get("ParticipationConfig"),
            "CarControlConfig": config.get("CarControlConfig"),
            "Moderated": config.get("Moderated", False),
            "LeaderboardAccessRoles": ROLES,
            "SubmissionsPerUser": config.get("SubmissionsPerUser"),
            "RacingDivision": definition.get("Division"),
            "Tags": definition.get("Tags"),
        }
        if status == "CLOSED" and race.best:
            flat["WinnerAlias"] = leaderboard(race)[0]["Alias"]
        return {name: value for name, value in flat.items() if value is not None and value != ""} | {
            "Description": flat["Description"]
        }
