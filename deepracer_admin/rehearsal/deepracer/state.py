"""Everything the practice deployment remembers, as plain records that become JSON and come back.

Moments are epoch seconds of practice time unless a name ends in `_real`. Minutes are compute minutes. Lookups that
pages need are prebuilt, so that a list of 10,000 profiles costs one page and not one scan.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

ADMINS, FACILITATORS, RACERS = "dr-admins", "dr-race-facilitators", "dr-racers"
COMMENTATORS, REGISTRARS = "dr-commentators", "dr-registration-managers"
WAITING = "WAITING_FOR_CAPACITY"
FORCE_CHANGE, CONFIRMED, RESET_REQUIRED = "FORCE_CHANGE_PASSWORD", "CONFIRMED", "RESET_REQUIRED"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class User:
    """One user of the Cognito pool; `username` is the profileId."""

    username: str
    sub: str
    email: str
    status: str
    password_hash: str
    created: float
    modified: float
    temporary_since: float | None = None
    enabled: bool = True
    groups: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Profile:
    profile_id: str
    email: str
    alias: str
    created: float
    max_minutes: float
    max_models: float
    avatar: dict[str, str] = field(default_factory=lambda: {"top": "Helmet"})
    used: float = 0
    queued: float = 0
    model_count: int | None = None
    storage: int | None = None
    role_name: str | None = None
    country: str | None = None


@dataclass
class Leaderboard:
    """`definition` holds the stored members under their wire names; moments in it are epoch seconds."""

    leaderboard_id: str
    definition: dict[str, Any]
    is_live: bool = False
    live_status: str | None = None
    submission_open: bool = False
    auto_launch: bool = False
    winner_id: str | None = None
    winner_at: float | None = None
    running_submission: str | None = None


@dataclass
class Model:
    model_id: str
    profile_id: str
    name: str
    status: str
    created: float
    minutes: float
    training_status: str = "QUEUED"
    status_message: str = ""
    size: int = 0
    has_objects: bool = False
    training_row: bool = True
    imported: bool = False
    definition: dict[str, Any] | None = None


@dataclass
class Evaluation:
    evaluation_id: str
    model_id: str
    profile_id: str
    created: float
    status: str
    config: dict[str, Any] | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Submission:
    submission_id: str
    leaderboard_id: str
    profile_id: str
    model_id: str
    model_name: str
    number: int
    submitted: float
    status: str
    laps_ms: list[int] = field(default_factory=list)
    off_track: int = 0
    collisions: int = 0
    resets: int = 0
    stats: dict[str, Any] | None = None
    score: int | None = None


@dataclass
class Ranking:
    leaderboard_id: str
    profile_id: str
    alias: str
    avatar: dict[str, str]
    model_id: str
    model_name: str
    submission_id: str
    number: int
    submitted: float
    score: int
    stats: dict[str, Any]


@dataclass
class QueueItem:
    leaderboard_id: str
    submission_id: str
    position: str
    profile_id: str
    model_id: str
    model_name: str
    alias: str
    avatar: dict[str, str]
    submitted: float
    status: str = "PENDING"
    resets: int = 0
    last_triggered: float | None = None


@dataclass
class Job:
    """`asked` and `runs` are minutes: what was requested and what the container will really take."""

    job_id: str
    kind: str
    profile_id: str
    model_id: str
    reference: str
    asked: float
    runs: float
    queued_at: float
    state: str = "QUEUED"
    due: float | None = None
    running_since: float | None = None
    failing: float = 0.0  # probability that it fails on the way


@dataclass
class InviteJob:
    job_id: str
    owner: str
    entries: list[dict[str, Any]]
    created_real: float
    updated_real: float
    status: str = "PROCESSING"
    token: str | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    stalled: bool = False
    lost: int = 0  # entries that were done and whose result was never written


class HashOrder:
    """Keys in an arbitrary but stable order, as a hash-partitioned table gives them; a page costs only itself."""

    def __init__(self) -> None:
        self._sorted: list[tuple[str, str]] = []

    @staticmethod
    def rank(key: str) -> tuple[str, str]:
        return hashlib.blake2b(key.encode(), digest_size=8).hexdigest(), key

    def add(self, key: str) -> None:
        insort(self._sorted, self.rank(key))

    def remove(self, key: str) -> None:
        index = bisect_left(self._sorted, self.rank(key))
        if index < len(self._sorted) and self._sorted[index][1] == key:
            del self._sorted[index]

    def page(self, after: str | None, size: int) -> tuple[list[str], str | None]:
        """Keys after `after`, and the last of them when more follow."""
        start = bisect_right(self._sorted, self.rank(after)) if after is not None else 0
        keys = [key for _, key in self._sorted[start : start + size]]
        return keys, (keys[-1] if start + size < len(self._sorted) else None)

    def __iter__(self) -> Iterator[str]:
        return (key for _, key in self._sorted)

    def __len__(self) -> int:
        return len(self._sorted)


class State:
    """The tables and their prebuilt lookups.

    Chance comes in streams: what one person or one job meets must not depend on what others do meanwhile. `random` is
    for what only organizers meet. While `owner` (an e-mail address) is set, new ids come from that racer's stream.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(f"deepracer-{seed}")
        self.drawn: Counter[str] = Counter()  # how many draws each stream has given
        self.owner = ""
        self.users: dict[str, User] = {}
        self.user_order = HashOrder()
        self.by_email: dict[str, str] = {}
        self.by_sub: dict[str, str] = {}
        self.members: dict[str, HashOrder] = {}
        self.profiles: dict[str, Profile] = {}
        self.profile_order = HashOrder()
        self.leaderboards: dict[str, Leaderboard] = {}
        self.models: dict[str, Model] = {}
        self.models_of: dict[str, list[str]] = {}
        self.evaluations: dict[str, Evaluation] = {}
        self.evaluations_of: dict[str, list[str]] = {}
        self.submissions: dict[str, Submission] = {}
        self.submissions_of: dict[tuple[str, str], list[str]] = {}
        self.rankings: dict[str, dict[str, Ranking]] = {}
        self.ranked: dict[str, list[tuple[int, str, str]]] = {}
        self.queues: dict[str, dict[str, QueueItem]] = {}
        self.jobs: dict[str, Job] = {}
        self.invite_jobs: dict[str, InviteJob] = {}

    def new_id(self) -> str:
        """A fresh ResourceIdentifier: 15 letters and digits."""
        while True:
            found = "".join(self.draw(f"id/{self.owner}").choices(_LETTERS, k=15))
            if not any(found in table for table in self._flat().values()):
                return found

    def draw(self, stream: str) -> random.Random:
        """Chance for the next event of a stream."""
        self.drawn[stream] += 1
        return self.chance(stream, self.drawn[stream])

    def chance(self, what: str, part: object) -> random.Random:
        """Chance that hangs on nothing but the seed and these two names."""
        return random.Random(f"deepracer-{self.seed}/{what}/{part}")

    # users

    def add_user(self, user: User) -> None:
        self.users[user.username] = user
        self.user_order.add(user.username)
        self.by_email.setdefault(user.email.lower(), user.username)
        self.by_sub[user.sub] = user.username
        for group in user.groups:
            self.members.setdefault(group, HashOrder()).add(user.username)

    def find_user(self, name: str) -> User | None:
        """By username or by e-mail address, letter case ignored (the pool's sign-in aliases)."""
        user = self.users.get(name)
        if user is None:
            key = self.by_email.get(name.lower())
            user = self.users.get(key) if key else None
        return user

    def remove_user(self, username: str) -> None:
        user = self.users.pop(username)
        self.user_order.remove(username)
        if self.by_email.get(user.email.lower()) == username:
            del self.by_email[user.email.lower()]
        self.by_sub.pop(user.sub, None)
        for group in user.groups:
            self.members[group].remove(username)

    def join_group(self, user: User, group: str) -> None:
        if group not in user.groups:
            user.groups.append(group)
            self.members.setdefault(group, HashOrder()).add(user.username)

    def leave_group(self, user: User, group: str) -> None:
        if group in user.groups:
            user.groups.remove(group)
            self.members[group].remove(user.username)

    # profiles and what hangs below them

    def add_profile(self, profile: Profile) -> None:
        self.profiles[profile.profile_id] = profile
        self.profile_order.add(profile.profile_id)

    def remove_profile(self, profile_id: str) -> None:
        if self.profiles.pop(profile_id, None) is not None:
            self.profile_order.remove(profile_id)

    def add_model(self, model: Model) -> None:
        self.models[model.model_id] = model
        self.models_of.setdefault(model.profile_id, []).append(model.model_id)

    def remove_model(self, model_id: str) -> None:
        model = self.models.pop(model_id)
        self.models_of[model.profile_id].remove(model_id)
        for evaluation_id in self.evaluations_of.pop(model_id, []):
            self.evaluations.pop(evaluation_id, None)

    def list_models(self, profile_id: str) -> list[Model]:
        return [self.models[model_id] for model_id in self.models_of.get(profile_id, [])]

    def add_evaluation(self, evaluation: Evaluation) -> None:
        self.evaluations[evaluation.evaluation_id] = evaluation
        self.evaluations_of.setdefault(evaluation.model_id, []).append(evaluation.evaluation_id)

    def add_submission(self, submission: Submission) -> None:
        self.submissions[submission.submission_id] = submission
        key = (submission.leaderboard_id, submission.profile_id)
        self.submissions_of.setdefault(key, []).append(submission.submission_id)

    def put_ranking(self, ranking: Ranking) -> None:
        """Store this profile's ranking in place of a former one."""
        rows = self.rankings.setdefault(ranking.leaderboard_id, {})
        order = self.ranked.setdefault(ranking.leaderboard_id, [])
        former = rows.get(ranking.profile_id)
        if former is not None:
            del order[bisect_left(order, (former.score, HashOrder.rank(former.profile_id)[0], former.profile_id))]
        rows[ranking.profile_id] = ranking
        insort(order, (ranking.score, HashOrder.rank(ranking.profile_id)[0], ranking.profile_id))

    def drop_rankings(self, leaderboard_id: str) -> None:
        self.rankings.pop(leaderboard_id, None)
        self.ranked.pop(leaderboard_id, None)

    # saving

    def dump(self) -> dict[str, Any]:
        """All tables as JSON-able rows, plus the state of chance."""
        rows: dict[str, Any] = {name: [vars(r).copy() for r in table.values()] for name, table in self._flat().items()}
        rows["rankings"] = [vars(r).copy() for table in self.rankings.values() for r in table.values()]
        rows["queues"] = [vars(r).copy() for table in self.queues.values() for r in table.values()]
        version, internal, gauss = self.random.getstate()
        rows["random"] = [version, list(internal), gauss]
        rows["drawn"] = dict(self.drawn)
        return rows

    def load(self, rows: dict[str, Any]) -> None:
        """Replace everything by what `dump` gave."""
        self.__init__(self.seed)
        self.drawn.update(rows.get("drawn", {}))
        version, internal, gauss = rows["random"]
        self.random.setstate((version, tuple(internal), gauss))
        for row in rows["users"]:
            self.add_user(_revive(User, row))
        for row in rows["profiles"]:
            self.add_profile(_revive(Profile, row))
        for row in rows["leaderboards"]:
            self.leaderboards[row["leaderboard_id"]] = _revive(Leaderboard, row)
        for row in rows["models"]:
            self.add_model(_revive(Model, row))
        for row in rows["evaluations"]:
            self.add_evaluation(_revive(Evaluation, row))
        for row in rows["submissions"]:
            self.add_submission(_revive(Submission, row))
        for row in rows["rankings"]:
            self.put_ranking(_revive(Ranking, row))
        for row in rows["queues"]:
            self.queues.setdefault(row["leaderboard_id"], {})[row["submission_id"]] = _revive(QueueItem, row)
        for row in rows["jobs"]:
            self.jobs[row["job_id"]] = _revive(Job, row)
        for row in rows["invite_jobs"]:
            self.invite_jobs[row["job_id"]] = _revive(InviteJob, row)

    def _flat(self) -> dict[str, dict[Any, Any]]:
        names = ("users", "profiles", "leaderboards", "models", "evaluations", "submissions", "jobs", "invite_jobs")
        return {name: getattr(self, name) for name in names}


def _revive(kind: type[Any], row: dict[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    return kind(**{name: value for name, value in row.items() if name in known})
