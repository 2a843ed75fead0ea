"""What jobs do to profiles, models and rankings: metering, storage, the monthly reset (deepracer-on-aws.md 2.3).

`used` moves only when a job ends; until then the full requested time sits in `queued`. Submissions are not queued but
are added when they end, and then subtract minutes that were never queued. `queued` survives the monthly reset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .jobs import JobQueue
from .scoring import INVALID_SCORE, score_laps, summarise_laps
from .state import Evaluation, Job, Model, Profile, Ranking, State, Submission

SUBMISSION_MINUTES = 20
RESET_WINDOW_S = 4 * 3600
_START_UP_MINUTES = 1.5


class Compute:
    def __init__(self, state: State, slots: int, refuses: Callable[[Job], bool]) -> None:
        self._state = state
        self._refuses = refuses
        self.queue = JobQueue(state, slots, self)
        self.ended: deque[dict[str, Any]] = deque(maxlen=20_000)
        self.sequence = 0
        self.failing = 0.0  # share of the trainings and evaluations started now that will fail on the way
        self.next_reset: float | None = None
        self.after_live: Callable[[str], None] = lambda submission_id: None

    # starting

    def train(self, profile: Profile, model: Model, moment: float) -> None:
        profile.queued += model.minutes
        profile.model_count = (profile.model_count or 0) + 1
        runs = model.minutes * min(1.0, 0.95 + 0.1 * self._state.chance(model.model_id, "runs").random())
        self._enqueue("training", profile.profile_id, model.model_id, model.model_id, model.minutes, runs, moment)

    def evaluate(self, profile: Profile, evaluation: Evaluation, minutes: float, moment: float) -> None:
        profile.queued += minutes
        runs = minutes * (0.3 + 0.6 * self._state.chance(evaluation.evaluation_id, "runs").random())
        self._enqueue(
            "evaluation", profile.profile_id, evaluation.model_id, evaluation.evaluation_id, minutes, runs, moment
        )

    def submit(self, submission: Submission, moment: float, kind: str = "submission") -> None:
        asked = self._race_minutes(submission.leaderboard_id)
        driven = (sum(submission.laps_ms) + 5_000 * submission.resets) / 60_000
        runs = min(asked, _START_UP_MINUTES + driven)
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

    # effects of the queue

    def job_starts(self, job: Job, moment: float) -> bool:
        model = self._state.models.get(job.model_id)
        gone = job.kind == "training" and (model is None or not model.training_row)
        if gone or self._refuses(job):
            self._fail(job, model)
            return False
        self._set_state(job, "INITIALIZING")
        if model is not None and model.status in ("QUEUED", "READY"):
            model.status = {"training": "TRAINING", "evaluation": "EVALUATING"}.get(job.kind, "SUBMITTING")
        return True

    def job_runs(self, job: Job, moment: float) -> None:
        self._set_state(job, "IN_PROGRESS")
        model = self._state.models.get(job.model_id)
        if model is not None and job.kind == "training":
            model.has_objects = True

    def job_ends(self, job: Job, moment: float) -> None:
        ran = job.runs
        if job.state == "STOPPING":
            ran = (moment - job.running_since) / 60 if job.running_since is not None else 0
        self._meter(job, ran)
        if job.state != "STOPPING" and self._state.chance(job.reference, "fails").random() < job.failing:
            self._fail(job, self._state.models.get(job.model_id))
            return
        self._set_state(job, "COMPLETED" if job.state != "STOPPING" or job.kind == "training" else "CANCELED")
        model = self._state.models.get(job.model_id)
        if model is not None and model.status != "ERROR":
            model.status = "READY"
            if job.kind == "training":
                self._weigh(model, ran)
        if job.kind in ("submission", "live"):
            self.rank(self._state.submissions.get(job.reference))
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
        self.ended.append(
            {
                "sequence": self.sequence,
                "profile_id": job.profile_id,
                "model_id": job.model_id,
                "kind": kind,
                "ok": succeeded,
            }
        )

    def _meter(self, job: Job, ran: float) -> None:
        profile = self._state.profiles.get(job.profile_id)
        if profile is not None:
            seconds = int(ran * 60)
            profile.used += min(job.asked, seconds / 60)
            profile.queued = max(0, profile.queued - job.asked)

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
                evaluation.metrics = [_trial(n, chance.randint(9_000, 16_000)) for n in (1, 2, 3)]
        elif job.reference in self._state.submissions:
            self._state.submissions[job.reference].status = status

    def rank(self, submission: Submission | None) -> None:
        """Score a finished submission and keep it when it is this profile's best."""
        race = self._state.leaderboards.get(submission.leaderboard_id) if submission else None
        if submission is None or race is None:
            return
        minimum = race.definition["submissionTerminationConditions"]["minimumLaps"]
        submission.score = score_laps(submission.laps_ms, race.definition["timingMethod"], minimum)
        if submission.score == INVALID_SCORE:
            return
        submission.stats = summarise_laps(
            submission.laps_ms, submission.off_track, submission.collisions, submission.resets
        )
        former = self._state.rankings.get(race.leaderboard_id, {}).get(submission.profile_id)
        profile = self._state.profiles.get(submission.profile_id)
        if profile is None or (former is not None and former.score <= submission.score):
            return
        self._state.put_ranking(
            Ranking(
                race.leaderboard_id, profile.profile_id, profile.alias, dict(profile.avatar), submission.model_id,
                submission.model_name, submission.submission_id, submission.number, submission.submitted,
                submission.score, submission.stats,
            )
        )  # fmt: skip


def _trial(number: int, elapsed_ms: int) -> dict[str, Any]:
    counts = {"crashCount": 0, "offTrackCount": 0, "resetCount": 0}
    fixed = {"completionPercentage": 100, "episodeStatus": "Lap complete", "trial": number}
    return fixed | counts | {"elapsedTimeInMilliseconds": elapsed_ms}


def first_of_next_month(moment: float) -> float:
    """Epoch seconds of 00:00 UTC on the 1st of the month after `moment`."""
    at = datetime.fromtimestamp(moment, UTC)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return datetime(year, month, 1, tzinfo=UTC).timestamp()
