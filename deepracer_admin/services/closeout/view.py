"""What the Close page shows, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.run import has_ended
from deepracer_admin.flows.closeout.steps import CloseStep
from deepracer_admin.model import Job, JobItem
from deepracer_admin.records.closing import ClosingStep, ClosingWord, Ending, GivenBack, Leftover, Proof, StillIn
from deepracer_admin.services.closeout.verdict import Verdict

__all__ = ["CloseView"]


@dataclass(frozen=True, slots=True)
class CloseView:
    """The steps in the only safe order, each with its evidence, and who can still sign in (seen at the service)."""

    steps: Sequence[tuple[CloseStep, JobItem | None]]
    job: Job | None
    closed_at: datetime | None
    can_still_sign_in: Sequence[StillIn] | None  # None: not read back by this close-out
    read_back_at: datetime | None
    created_profiles: int
    adopted_profiles: int
    in_group: int | None
    group_before: int = 0  # of the list, in the group since before the event
    in_identity_center: int | None = None  # None: not asked, or the service has no use for it
    source: str = "the racing service"  # what the list of people was read from
    managed: bool = False
    not_known: Sequence[StillIn] = ()  # of whom the service's answers prove nothing either way
    elsewhere: Sequence[StillIn] = ()  # who can, because another open event wants them
    shared: Sequence[tuple[str, int]] = ()  # other open events' names, and how many people of this one each needs
    kept_profiles: int = 0  # linked profiles that another open event needs, counted in neither of the two above
    sponsoring: Sequence[str] = ()  # other open events that sponsor people on the same service
    settle: str = ""  # what would settle it, a sentence
    rows: Mapping[str, ClosingStep] = field(default_factory=dict)  # by step: when it was read back, what is left
    proof: Proof | None = None  # of this close-out
    given_back: GivenBack | None = None
    ending: Ending | None = None
    verdict: Verdict | None = None  # None: no close-out was started yet
    words: Sequence[ClosingWord] = ()  # what was decided about the steps of this close-out, oldest first

    def read_back(self, step: str) -> datetime | None:
        """When the evidence of this step was read (real time)."""
        return self.rows[step].read_back_at if step in self.rows else None

    @property
    def waiting(self) -> CloseStep | None:
        """The step that is being tried now; None while no close-out runs."""
        if self.job is None or not self.job.state.is_live:
            return None
        return next((step for step, item in self.steps if item is not None and not has_ended(item)), None)

    @property
    def leftovers(self) -> list[tuple[CloseStep, Leftover]]:
        """What is left, each once, at the first step that met it; what another event keeps is not."""
        found: dict[object, tuple[CloseStep, Leftover]] = {}
        for step, _ in self.steps:
            for each in self.rows[step.key].leftovers if step.key in self.rows else ():
                if not each.is_kept:
                    found.setdefault(each.same, (step, each))
        return [*found.values()]

    @property
    def shared_facts(self) -> list[str]:
        """What closing leaves alone because another open event needs it; a sentence each."""
        facts = [
            f"{counted(people, 'person is', 'people are')} in “{name}” too, which is open: they keep their profile, "
            "models and membership of a group that both fill, and that event ends them."
            for name, people in self.shared
        ]
        what = "Multi-user mode stays on" if self.managed else "The limits of new profiles stay as they are"
        return facts + [
            f"{what}: “{name}” sponsors people on the same service, and its close-out ends it."
            for name in self.sponsoring
        ]

    @property
    def models_fact(self) -> str:
        """Whose models closing deletes, before it is started: all of a profile's, not this event's alone."""
        whose = counted(self.created_profiles + self.adopted_profiles, "profile")
        if not self.adopted_profiles:
            return f"Models of {whose} are deleted."
        return (
            f"Models of {whose} are deleted; {self.adopted_profiles:,} of them had a profile before this event: "
            "their older models go too."
        )
