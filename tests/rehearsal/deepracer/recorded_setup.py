"""What the recording presumes between two exchanges: people, counters, models and results that no exchange creates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from deepracer_admin.rehearsal.deepracer.deployment import Deployment
from deepracer_admin.rehearsal.deepracer.models import delete_all_models
from deepracer_admin.rehearsal.deepracer.state import (
    FACILITATORS,
    Leaderboard,
    Model,
    Profile,
    Ranking,
    Submission,
    User,
)

from .replay import Bindings

FIRST, SECOND = "Temporary-1!", "Permanent-2!"
Bodies = dict[int, dict[str, Any]]


class RecordedSetup:
    """Brings the deployment into the state that an exchange was recorded in. `bodies` are the recorded replies."""

    def __init__(self, site: Deployment, bindings: Bindings, bodies: Bodies) -> None:
        self.site, self.state, self.bindings, self.bodies = site, site.state, bindings, bodies
        organizer = self.state.find_user("organizer@example.com")
        assert organizer is not None
        bindings.known["<profileId:organizer>"] = organizer.username
        self._invited = {organizer.username}  # by a recorded exchange, or at deploy time
        self._organizer = self.state.profiles[organizer.username]
        self.passwords = {1: FIRST, 2: SECOND, 3: SECOND, 4: "Wrong-Pass-1!", 5: FIRST}
        site_names = {
            "<clientId>": site.client_id,
            "<userPoolId>": site.pool_id,
            "<identityPoolId>": site.identity_pool_id,
        }
        bindings.known.update(site_names)
        self.steps: dict[int, Callable[[], None]] = {
            1: lambda: site.pool.set_password(organizer, FIRST, permanent=False),
            552: self._sign_in_without_a_group,
            10: self._empty_table,
            12: lambda: self.state.add_profile(self._organizer),
            131: lambda: self._sync_profiles(131, 132),
            133: lambda: self._sync_profiles(133, 134, 135),
            136: self._sync_model_counts,
            195: lambda: self._limits(100, 2),
            201: lambda: self._limits(1000, 2),
            204: lambda: self._limits(0, 0),
            205: lambda: self._limits(-2, -2),
            207: lambda: self._limits(1000, -1),
            209: lambda: self._usage(61.35, 90, limit=160),
            210: lambda: self._limits(161, -1),
            211: lambda: self._limits(162, -1),
            212: self._finish_first_model,
            213: self.site.compute.reset_month,
            247: lambda: self._sync_races(250, labels={"Denial Race": "denial-race", "Denial Live": "denial-live"}),
            288: lambda: self._race_like("denial-race-2", 250),
            243: self._lift_global_limits,
            290: self._forget_races,
            395: lambda: self._ready_model("chloe.abara", "chloe-model"),
            439: lambda: self._sync_races(439, 440),
            443: lambda: self._race_like("results-cup", 454),
            447: lambda: self._seed_rankings("results-cup", 447),
            455: lambda: setattr(self._profile("chloe.abara"), "alias", "Renamed"),
            456: lambda: self._forget("rosa.castellan"),
            457: lambda: self._race_like("best-lap-results", 454) or self._seed_rankings("best-lap-results", 457),
            458: lambda: self._race_like("big-field", 454) or self._seed_rankings("big-field", 458, 459),
            461: self._seed_submissions,
            463: lambda: self._race_like("one-try", 454),
            466: lambda: self._race_like("later-cup", 371) or self._end_submission(),
            476: lambda: setattr(self._model("CreateModel within quota"), "has_objects", True),
        }

    def before(self, seq: int) -> None:
        password = self.passwords.get(seq)
        if password:
            self.bindings.known |= {"<password>": password, "<new-password>": password}
        self.steps.get(seq, lambda: None)()

    def after(self, entry: dict[str, Any]) -> None:
        """Learn the ids of people whom an exchange has just invited."""
        body = entry["request"].get("body")
        address = body.get("emailAddress") if isinstance(body, dict) else None
        if not isinstance(address, str):
            return
        known = self.bindings.known
        for key, row in self.state.profiles.items():
            if row.email == address and key not in known.values():
                self._invited.add(key)
                name = address.partition("@")[0] + ("#orphan" if "group assignment fails" in entry["name"] else "")
                known[f"<profileId:{name}#2>" if f"<profileId:{name}>" in known else f"<profileId:{name}>"] = key

    # lookups

    def _id(self, placeholder: str) -> str:
        known = self.bindings.known
        if placeholder not in known:
            known[placeholder] = self.state.new_id()
        return known[placeholder]

    def _profile(self, local: str) -> Profile:
        return self.state.profiles[self._id(f"<profileId:{local}>")]

    def _model(self, label: str) -> Model:
        return self.state.models[self._id(f"<modelId:{label}>")]

    def _sign_in_without_a_group(self) -> None:
        user = User("nogroup12345678", "sub-nogroup", "no.group@example.com", "CONFIRMED", "", 0, 0)
        self.state.add_user(user)
        self.bindings.known["<id-token>"] = self.site.mint.issue(user, self.site.real())["IdToken"]

    # people

    def _empty_table(self) -> None:
        for key in list(self.state.profiles):
            self.state.remove_profile(key)
        for user in [user for user in self.state.users.values() if FACILITATORS in user.groups]:
            self.state.remove_user(user.username)

    def _sync_profiles(self, *seqs: int) -> None:
        """The people whom no recorded exchange invited, and the counters and aliases that were written into the table.

        Whoever was invited by an exchange keeps what it gave them (limits, avatar, address), and everything where the
        recording has no sign of seeding: there the replay compares our own work.
        """
        rows = [row for seq in seqs for row in self.bodies[seq]["profiles"]]
        wanted = {self._id(row["profileId"]): row for row in rows}
        for key in [key for key in self.state.profiles if key not in wanted]:
            self.state.remove_profile(key)
        for key, row in wanted.items():
            if key not in self.state.profiles:
                self.state.add_profile(Profile(key, row["emailAddress"], row["alias"], self.site.now(), 0, 0))
                if "#orphan" not in row["profileId"]:
                    self._add_user(key, row["emailAddress"])
            if key not in self._invited:
                self._seed_person(self.state.profiles[key], row)
            if key not in self._invited or "roleName" in row:
                self._seed_counters(self.state.profiles[key], row)

    def _seed_person(self, profile: Profile, row: dict[str, Any]) -> None:
        profile.avatar = row["avatar"]
        profile.max_minutes, profile.max_models = row["maxTotalComputeMinutes"], row["maxModelCount"]

    def _seed_counters(self, profile: Profile, row: dict[str, Any]) -> None:
        profile.alias, profile.role_name = row["alias"], row.get("roleName")
        profile.used, profile.queued = row["computeMinutesUsed"], row["computeMinutesQueued"]
        profile.model_count, profile.storage = row.get("modelCount"), row.get("modelStorageUsage")

    def _add_user(self, key: str, email: str) -> None:
        if key not in self.state.users:
            now = self.site.now()
            self.state.add_user(User(key, f"sub-{key}", email, "CONFIRMED", "", now, now, groups=["dr-racers"]))

    def _sync_model_counts(self) -> None:
        for row in self.bodies[136]["profiles"]:
            key = self._id(row["profileId"])
            for number in range(row["totalModelCount"]):
                model = _ready(self.state.new_id(), key, f"model-{number}", self.site.now())
                model.has_objects = True
                self.state.add_model(model)

    def _limits(self, minutes: int, models: int) -> None:
        ada = self._profile("ada.kowalski")
        ada.max_minutes, ada.max_models = minutes, models

    def _usage(self, used: float, queued: float, limit: int) -> None:
        ada = self._profile("ada.kowalski")
        ada.used, ada.queued, ada.max_minutes, ada.max_models = used, queued, limit, -1

    def _finish_first_model(self) -> None:
        self._model("CreateModel within quota").status = "READY"
        self._limits(0, 0)

    def _end_submission(self) -> None:
        """The recording had no jobs: the model that 463 submitted was READY again at once (capacity page, 4)."""
        self._model("CreateModel within quota").status = "READY"

    def _ready_model(self, local: str, label: str) -> None:
        key = self._id(f"<profileId:{local}>")
        self.state.add_model(_ready(self._id(f"<modelId:{label}>"), key, label, self.site.now()))

    def _forget(self, local: str) -> None:
        key = self._id(f"<profileId:{local}>")
        self.state.remove_user(key)
        self.state.remove_profile(key)
        delete_all_models(self.site, key)

    # races

    def _lift_global_limits(self) -> None:
        limits = self.site.settings["usageQuotas"]["global"]
        limits.update(dict.fromkeys(limits, -1))

    def _forget_races(self) -> None:
        """A new chapter of the recording: its names start afresh too."""
        self.state.leaderboards.clear()
        for placeholder in [name for name in self.bindings.known if name.startswith("<leaderboardId:")]:
            del self.bindings.known[placeholder]

    def _sync_races(self, *seqs: int, labels: dict[str, str] | None = None) -> None:
        """Add the races of a recorded list that are not there yet."""
        there = {race.definition["name"] for race in self.state.leaderboards.values()}
        for row in [row for seq in seqs for row in self.bodies[seq]["leaderboards"]]:
            if row["name"] not in there:
                self._add_race(row["leaderboardId"], row)

    def _race_like(self, label: str, seq: int) -> None:
        body = self.bodies[seq]
        row = body["leaderboard"] if "leaderboard" in body else body["leaderboards"][-1]
        self._add_race(f"<leaderboardId:{label}>", {**row, "maxSubmissionsPerUser": 5})
        if label == "later-cup":
            race = self.state.leaderboards[self._id(f"<leaderboardId:{label}>")]
            race.definition["openTime"] = self.site.now() + 3600

    def _add_race(self, placeholder: str, row: dict[str, Any]) -> None:
        apart = ("leaderboardId", "participantCount", "isLive", "liveEventStatus", "submissionPeriodOpen")
        definition = self.bindings.fill({name: value for name, value in row.items() if name not in apart})
        for name in ("openTime", "closeTime", "liveEventTime"):
            if name in definition:
                definition[name] = datetime.fromisoformat(definition[name].replace("Z", "+00:00")).timestamp()
        key = self.state.new_id() if placeholder.endswith(":?>") else self._id(placeholder)
        race = Leaderboard(key, definition, row["isLive"], row.get("liveEventStatus"))
        self.state.leaderboards[race.leaderboard_id] = race

    def _seed_rankings(self, label: str, *seqs: int) -> None:
        own = {entry["ranking"]["submissionNumber"]: entry["ranking"] for entry in (self.bodies[450], self.bodies[451])}
        for row in [row for seq in seqs for row in self.bodies[seq]["rankings"]]:
            profile, model = row["videoUrl"].split("/")[3], row["videoUrl"].split("/")[5]
            name = own.get(row["submissionNumber"], {}).get("modelName", "race-model")
            self.state.put_ranking(
                Ranking(
                    self._id(f"<leaderboardId:{label}>"), self._id(profile), row["userProfile"]["alias"],
                    row["userProfile"]["avatar"], self._id(model), name, self.state.new_id(), row["submissionNumber"],
                    self.site.now(), row["rankingScore"], row["stats"],
                )
            )  # fmt: skip

    def _seed_submissions(self) -> None:
        race, ada = self._id("<leaderboardId:results-cup>"), self._id("<profileId:ada.kowalski>")
        model = self._model("CreateModel within quota")
        for row in reversed(self.bodies[461]["submissions"]):
            key = self._id(f"<submissionId:ada-{row['submissionNumber']}>")
            submission = Submission(
                key, race, ada, model.model_id, model.name, row["submissionNumber"], self.site.now(), row["status"]
            )
            submission.stats, submission.score = row.get("stats"), row.get("rankingScore")
            self.state.add_submission(submission)


def _ready(model_id: str, profile_id: str, name: str, now: float) -> Model:
    return Model(model_id, profile_id, name, "READY", now, 10, training_status="COMPLETED")
