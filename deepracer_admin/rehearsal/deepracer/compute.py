"""What jobs do to profiles, models and rankings: metering, storage, the monthly reset (deepracer-on-aws.md 2.3).

`used` moves only when a job ends; until then the full requested time sits in `queued`. Submissions are not queued but
are added when they end, and then subtract minutes that were never queued. `queued` survives the monthly reset. How a
training gets a slot depends on the version; evaluations and submissions never wait for one
(deepracer-on-aws-capacity.md 1 and 2).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .capacity import Capacity, Quotas
from .jobs import JobQueue
from .results import rank, trial
from .state import WAITING, Evaluation, Job, Model, Profile, State, Submission

SUBMISSION_MINUTES = 20
RESET_WINDOW_S = 4 * 3600
_START_UP_MINUTES = 1.5
NO_ROOM = "Waiting for capacity: the account's quotas for training instances have no room now. Retry later."
NOT_VERIFIED = "Waiting for capacity: it could not be verified that there is room. Retry later."
NOT_HANDED_OVER = "Waiting for capacity: the training could not be handed over. Retry later."


class Compute:
    """`refuses`: does the fault of this name strike this job, or this kind of call? `trainings_wait` as in `JobQueue`.

    `tally` counts what happened to jobs since the world began: `started.KIND`, `ended.KIND` (with a result),
    `failed.KIND`, of these `lacked.KIND` (no slot; a training of 1.3 waits again instead, and has not failed) and
    `lost.KIND` (their model was gone), `retries`, `retries_in_vain`. `crowded.submission`: of those that lacked a slot,
    how many found all of them taken by other submissions. `ran` holds the minutes that were metered for each
    profile, by kind: what `used` would say if no month ever ended. `metered`: minutes of all by the day (UTC, ISO) on
    which their job ended.
    """

    def __init__(
        self, state: State, slots: int, refuses: Callable[[str, str], bool], *, trainings_wait: bool = False
    ) -> None:
        self._state = state
        self._refuses = refuses
        self._trainings_wait = trainings_wait
        self.capacity = Capacity(Quotas(slots, slots))
        self.queue = JobQueue(state, self.capacity, self, trainings_wait=trainings_wait)
        self.ended: deque[dict[str, Any]] = deque(maxlen=20_000)
        self.sequence = 0
        self.failing = 0.0  # share of the trainings and evaluations started now that will fail on the way
        self.next_reset: float | None = None
        self.resets: list[float] = []
        self.tally: Counter[str] = Counter()
        self.ran: dict[str, dict[str, float]] = {}
        self.metered: dict[str, float] = {}
        self.after_live: Callable[[str], None] = lambda submission_id: None

    # starting

    def train(self, profile: Profile, model: Model, moment: float) -> None:
        """Count the training against the quota, and queue it if it may be."""
        profile.queued += model.minutes
        profile.model_count = (profile.model_count or 0) + 1
        if self._trainings_wait:
            self._hand_over(model, moment)
        else:
            self._ask_for_room(model, moment)

    def retry(self, model: Model, moment: float) -> bool:
        """Press Retry on a training that waits for capacity; False: it still waits. The counters do not move."""
        self.tally["retries"] += 1
        self._ask_for_room(model, moment)
        if model.status == WAITING:
            self.tally["retries_in_vain"] += 1
            return False
        return True

    def _ask_for_room(self, model: Model, moment: float) -> None:
        self._send_back(model, "")
        if self._refuses("capacity_lookup", "training"):
            self._send_back(model, NOT_VERIFIED)
        elif not self.capacity.appears_free(self.queue.busy, moment):
            self._send_back(model, NO_ROOM)
        elif self._refuses("hand_over", "training"):
            self._send_back(model, NOT_HANDED_OVER)
        else:
            self._hand_over(model, moment)

    def _send_back(self, model: Model, why: str) -> None:
        model.status = model.training_status = WAITING
        model.status_message = why

    def _hand_over(self, model: Model, moment: float) -> None:
        model.status = model.training_status = "QUEUED"
        model.status_message = ""
        runs = model.minutes * min(1.0, 0.95 + 0.1 * self._state.chance(model.model_id, "runs").random())
        self._enqueue("training", model.profile_id, model.model_id, model.model_id, model.minutes, runs, moment)

    def evaluate(self, profile: Profile, evaluation: Evaluation, minutes: float, moment: float) -> None:
        profile.queued += minutes
        self._state.models[evaluation.model_id].status = "QUEUED"
        runs = minutes * (0.3 + 0.6 * self._state.chance(evaluation.evaluation_id, "runs").random())
        self._enqueue(
            "evaluation", profile.profile_id, evaluation.model_id, evaluation.evaluation_id, minutes, runs, moment
        )

    def submit(self, submission: Submission, moment: float, kind: str = "submission") -> None:
        asked = self._race_minutes(submission.leaderboard_id)
        driven = (sum(submission.laps_ms) + 5_000 * submission.resets) / 60_000
        runs = min(asked, _START_UP_MINUTES + driven)
        if kind == "submission":
            self._state.models[submission.model_id].status = "QUEUED"
        self._enqueue(kind, submission.profile_id, submission.model_id, submission.submission_id, asked, runs, moment)

    def _race_minutes(self, leaderboard_id: str) -> float:
        race = self._state.leaderboards.get(leaderboard_id)
        limits = race.definition["submissionTerminationConditions"] if race else {}
        return limits.get("maxTimeInMinutes") or SUBMISSION_MINUTES

    def _enqueue(
        self, kind: str, profile_id: str, model_id: str, reference: str, asked: float, runs: float, moment: float
    ) -> None:
        failing = self.failing if kind in ("training", "evaluation") else 0.0
        job_id = self._state.new_id()
        self.queue.enqueue(Job(job_id, kind, profile_id, model_id, reference, asked, runs, moment, failing=failing))

    # time

    def tick(self, now: float) -> bool:
        """Handle all that was due up to `now`, in order; True when anything was."""
        changed = False
        if self.next_reset is None:
            self.next_reset = self._reset_after(now)
        while True:
            due = self.queue.next_due()
            if self.next_reset <= now and (due is None or self.next_reset <= due):
                self.reset_month()
                self.resets.append(self.next_reset)
                self.next_reset = self._reset_after(self.next_reset)
            elif due is not None and due <= now:
                self.queue.advance()
            else:
                return changed
            changed = True

    def _reset_after(self, moment: float) -> float:
        """Between 00:00 and 04:00 UTC of the 1st (2.3), at a moment of its own each month."""
        first = first_of_next_month(moment)
        return first + RESET_WINDOW_S * self._state.chance(f"{first:.0f}", "reset").random()

    def reset_month(self) -> None:
        """Used minutes and model counts to 0; queued minutes stay."""
        for profile in self._state.profiles.values():
            profile.used = 0
            profile.model_count = 0

    # saving

    def dump(self) -> dict[str, Any]:
        """All but the tables of the state, as JSON."""
        return {
            "ended": list(self.ended),
            "sequence": self.sequence,
            "next_reset": self.next_reset,
            "resets": list(self.resets),
            "tally": dict(self.tally),
            "ran": {profile_id: dict(by_kind) for profile_id, by_kind in self.ran.items()},
            "metered": dict(self.metered),
            "capacity": self.capacity.dump(),
            "queue": self.queue.dump(),
        }

    def load(self, rows: Mapping[str, Any], now: float) -> None:
        """Put a dump back; that of an older edition knows no capacity."""
        self.ended.clear()
        self.ended.extend(rows["ended"])
        self.sequence, self.next_reset = rows["sequence"], rows["next_reset"]
        self.resets = list(rows.get("resets", ()))
        self.tally = Counter(rows.get("tally", {}))
        self.ran = {profile_id: dict(by_kind) for profile_id, by_kind in rows.get("ran", {}).items()}
        self.metered = dict(rows.get("metered", {}))
        if "capacity" in rows:
            self.capacity.load(rows["capacity"])
        self.queue.load(rows.get("queue", {}), now)

    # effects of the queue

    def job_starts(self, job: Job, moment: float) -> bool:
        model = self._state.models.get(job.model_id)
        if model is None or (job.kind == "training" and not model.training_row):
            self.tally[f"lost.{job.kind}"] += 1
            self._fail(job, model)
            return False
        if not self._takes(job, moment):
            self.tally[f"lacked.{job.kind}"] += 1
            if job.kind == "submission" and not self._has_others():
                self.tally["crowded.submission"] += 1
            if job.kind == "training" and not self._trainings_wait:
                self._send_back(model, NO_ROOM)
            else:
                self._fail(job, model)
            return False
        self.tally[f"started.{job.kind}"] += 1
        self._set_state(job, "INITIALIZING")
        if model.status in ("QUEUED", "READY"):
            model.status = {"training": "TRAINING", "evaluation": "EVALUATING"}.get(job.kind, "SUBMITTING")
        return True

    def _has_others(self) -> bool:
        """Does anything but submissions have a slot now?"""
        jobs = self._state.jobs.values()
        return any(each.due is not None and each.kind in ("training", "evaluation") for each in jobs)

    def _takes(self, job: Job, moment: float) -> bool:
        """Does SageMaker take the job? Before a training it is looked up once more whether it would."""
        busy = self.queue.busy
        if job.kind == "training" and not self._trainings_wait and not self.capacity.appears_free(busy, moment):
            return False
        return not self._refuses("capacity", job.kind) and self.capacity.has_room(busy, moment)

    def job_runs(self, job: Job, moment: float) -> None:
        self._set_state(job, "IN_PROGRESS")
        model = self._state.models.get(job.model_id)
        if model is not None and job.kind == "training":
            model.has_objects = True

    def job_ends(self, job: Job, moment: float) -> None:
        ran = job.runs
        if job.state == "STOPPING":
            ran = (moment - job.running_since) / 60 if job.running_since is not None else 0
        self._meter(job, ran, moment)
        model = self._state.models.get(job.model_id)
        by_chance = job.state != "STOPPING" and self._state.chance(job.reference, "fails").random() < job.failing
        if model is None or by_chance:
            self._fail(job, model)  # without its model no run has a result: nothing could be written
            return
        self._set_state(job, "COMPLETED" if job.state != "STOPPING" or job.kind == "training" else "CANCELED")
        if model.status != "ERROR":
            model.status = "READY"
            if job.kind == "training":
                self._weigh(model, ran)
        if job.kind in ("submission", "live"):
            rank(self._state, self._state.submissions.get(job.reference))
        if job.kind == "live":
            self.after_live(job.reference)
        self._tell(job, succeeded=True)

    def _fail(self, job: Job, model: Model | None) -> None:
        """The job is over without a result. One that SageMaker never accepted is not metered before: its minutes stay
        in `queued` for good.
        """
        self._set_state(job, "FAILED")
        if model is not None and model.status != "ERROR":
            model.status = "ERROR" if job.kind == "training" else "READY"
        if job.kind == "live":
            self.after_live(job.reference)
        self._tell(job, succeeded=False)

    def _tell(self, job: Job, *, succeeded: bool) -> None:
        self.sequence += 1
        kind = "submission" if job.kind == "live" else job.kind
        self.tally[f"{'ended' if succeeded else 'failed'}.{kind}"] += 1
        self.ended.append(
            {
                "sequence": self.sequence,
                "profile_id": job.profile_id,
                "model_id": job.model_id,
                "kind": kind,
                "ok": succeeded,
            }
        )

    def _meter(self, job: Job, ran: float, moment: float) -> None:
        minutes = min(job.asked, int(ran * 60) / 60)
        day = datetime.fromtimestamp(moment, UTC).date().isoformat()
        self.metered[day] = self.metered.get(day, 0.0) + minutes
        kind = "submission" if job.kind == "live" else job.kind
        by_kind = self.ran.setdefault(job.profile_id, {})
        by_kind[kind] = by_kind.get(kind, 0.0) + minutes
        profile = self._state.profiles.get(job.profile_id)
        if profile is not None:
            profile.used += minutes
            profile.queued = max(0, profile.queued - job.asked)

    def forget_waiting(self, model: Model) -> None:
        """A training that waits for capacity was deleted with its model: its minutes are free again."""
        profile = self._state.profiles.get(model.profile_id)
        if model.status == WAITING and profile is not None:
            profile.queued = max(0, profile.queued - model.minutes)

    def _weigh(self, model: Model, ran: float) -> None:
        model.size = int(45_000_000 + ran * 850_000 * (0.8 + 0.4 * self._state.chance(model.model_id, "size").random()))
        self.recount_storage(model.profile_id)

    def recount_storage(self, profile_id: str) -> None:
        """Bytes in the model bucket below this profile, as the S3 events would have it."""
        profile = self._state.profiles.get(profile_id)
        if profile is not None:
            profile.storage = sum(model.size for model in self._state.list_models(profile_id))

    def _set_state(self, job: Job, status: str) -> None:
        if job.kind == "training" and job.model_id in self._state.models:
            self._state.models[job.model_id].training_status = status
        elif job.kind == "evaluation" and job.reference in self._state.evaluations:
            evaluation = self._state.evaluations[job.reference]
            evaluation.status = status
            if status == "COMPLETED":
                chance = self._state.chance(job.reference, "trials")
                evaluation.metrics = [trial(n, chance.randint(9_000, 16_000)) for n in (1, 2, 3)]
        elif job.reference in self._state.submissions:
            self._state.submissions[job.reference].status = status


def first_of_next_month(moment: float) -> float:
    """Epoch seconds of 00:00 UTC on the 1st of the month after `moment`."""
    at = datetime.fromtimestamp(moment, UTC)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return datetime(year, month, 1, tzinfo=UTC).timestamp()
