"""The close-out: how far each step is, what it could not do, who can still sign in, and what a managed event leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Document, Table

__all__ = [
    "CERTIFICATE",
    "CLOSING_STEPS",
    "CLOSING_WORDS",
    "DELETIONS",
    "ENDED_PROFILES",
    "ENDING",
    "ERASED",
    "FORMER_STATES",
    "GIVEN_BACK",
    "KNOWN_PROFILES",
    "PROOF",
    "ClosingStep",
    "ClosingWord",
    "Deletion",
    "Ending",
    "Erased",
    "FormerState",
    "GivenBack",
    "KeptCertificate",
    "Leftover",
    "Proof",
    "Skip",
    "StillIn",
]


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a step could not do. `which`: ids (profiles, models, races), never names of people; `count` of all, also of
    those that are not named; `why`, `way_out` and `cost` (what leaving it costs): a sentence each. `is_kept`: left on
    purpose, for another open event needs it and ends it: that is no failure."""

    what: str
    count: int = 1
    which: tuple[str, ...] = ()
    why: str = ""
    way_out: str = ""
    is_kept: bool = False
    cost: str = ""

    @property
    def same(self) -> tuple[object, ...]:
        """What two steps that met the same leftover share, so that it is counted once."""
        return self.what, self.count, self.which, self.is_kept

    @property
    def sentence(self) -> str:
        """What, how many, which, why and what to do, on one line."""
        more = f" and {self.count - len(self.which):,} more" if self.count > len(self.which) else ""
        which = f" ({', '.join(self.which)}{more})" if self.which else ""
        return f"{self.what[:1].upper()}{self.what[1:]}: {self.count:,}{which}. {self.why} {self.way_out}".rstrip()


@dataclass(frozen=True, slots=True)
class Skip:
    """A human goes on without this step. Real time."""

    by: str
    by_name: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClosingStep:
    """One step of the close-out `job`. Real time but for `event_since` (event time).

    `began_at`: its first try, of `tries`. `since`, `event_since` and `stalled`: since when, and how often, it was tried
    without getting on, that is since it said `mark`. `read_back_at`: when its evidence was read. `skip`: asked for by a
    human, honoured at the next round. `extended_at`: a human said to wait on, and its bounds count from then.
    """

    job: str = ""
    began_at: datetime | None = None
    mark: str = ""
    since: datetime | None = None
    event_since: datetime | None = None
    stalled: int = 0
    tries: int = 0
    read_back_at: datetime | None = None
    leftovers: tuple[Leftover, ...] = ()
    skip: Skip | None = None
    extended_at: datetime | None = None


CLOSING_STEPS = Table("closing_steps", ClosingStep, "step", personal=True)
"""Written by the close-out as it goes, and by organizers who skip a step; read by the Close page and the certificate.
Personal, because the reason of a skip is free text."""


@dataclass(frozen=True, slots=True)
class ClosingWord:
    """What a human decided about a step of the close-out `job`: "skip", "wait" or "stop", and why. Real time."""

    job: str
    step: str
    word: str
    by: str
    by_name: str
    reason: str
    at: datetime


CLOSING_WORDS: Document[tuple[ClosingWord, ...]] = Document("closing_words", tuple[ClosingWord, ...], (), personal=True)
"""Of every close-out of the event, oldest first. Written by organizers on the Close page, read by the certificate.
Personal, because a reason is free text."""


@dataclass(frozen=True, slots=True)
class StillIn:
    """Somebody of the list, and why they can, or perhaps can, still sign in (a word that the Close page explains)."""

    attendee: str
    name: str = ""
    alias: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who can still sign in, read back at `as_of` (real time) from `source`. `not_known`: of whom the service's answers
    prove nothing either way; `settle` says what would. `elsewhere`: who can, because another open event, which `why`
    names, wants them. Counts are None where nobody was asked, and without those whom another event keeps."""

    as_of: datetime | None = None
    job: str = ""  # the close-out that read it back; "": from before we kept it
    can_still_sign_in: tuple[StillIn, ...] = ()
    not_known: tuple[StillIn, ...] = ()
    settle: str = ""
    elsewhere: tuple[StillIn, ...] = ()
    in_group: int | None = None
    in_identity_center: int | None = None
    source: str = "the racing service"
    group_before: int = 0  # of the list, in the group since before the event: they stay


PROOF: Document[Proof | None] = Document("proof", Proof | None, None, personal=True)
"""Written by the last step of the close-out; read by the Close page and the certificate.
None: never read back."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """The deletion of one profile by the close-out `job`, asked for from `first_at` to `last_at` (real time).

    `rounds`: times it was answered as done, which is after the account was deleted; `unclear`: times it was answered
    in a way that proves nothing; `sentence`: the last such answer.
    """

    job: str = ""
    rounds: int = 0
    unclear: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    sentence: str = ""


DELETIONS = Table("closing_deletions", Deletion, "profile", personal=False)
"""Written and read by the step of the close-out that deletes profiles (DeepRacer on AWS)."""

KNOWN_PROFILES: Document[frozenset[str]] = Document("closing_profiles", frozenset[str], frozenset(), personal=False)
"""Ids of a managed event's profiles, as the close-out saw them with the mode on. Written and read by the close-out."""


@dataclass(frozen=True, slots=True)
class FormerState:
    """The state of a profile that was there before the event, before the close-out touched it."""

    state: str


FORMER_STATES = Table("closing_former_states", FormerState, "profile", personal=False)
"""Written before the close-out of a managed event pauses anybody, read when it gives back what was theirs."""

ENDED_PROFILES: Document[frozenset[str]] = Document("closing_ended", frozenset[str], frozenset(), personal=False)
"""Ids of a managed event's profiles that read back as disabled: with the mode off the service lists nobody. Written
and read by the close-out."""


@dataclass(frozen=True, slots=True)
class Erased:
    """`at` in real time; `people`: how many."""

    at: datetime
    people: int = 0


ERASED: Document[Erased | None] = Document("erased", Erased | None, None, personal=False)
"""Written last, when the personal data of a closed event has gone on its date; read by the same, and by Set up."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Profiles from before the event whose former limits were looked at by the close-out `job`: of `profiles`, `back`
    are listed with what they had before. Real time."""

    job: str
    at: datetime
    profiles: int
    back: int


GIVEN_BACK: Document[GivenBack | None] = Document("closing_given_back", GivenBack | None, None, personal=False)
"""Written by the close-out with its last listing of profiles; read by the certificate."""


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """The certificate as it was when the event was closed (real time): sealed JSON without persons and reasons."""

    at: datetime
    text: str


CERTIFICATE: Document[KeptCertificate | None] = Document(
    "closing_certificate", KeptCertificate | None, None, personal=False
)
"""Written when a close-out is through; handed out once the event's personal data is erased."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The close-out `job` is through, at `at` (real time). `dropped`: people on whose behalf the console acted and acts
    no longer; `kept`: those for whom it still may, because another event, or what is left of this one, needs it."""

    job: str
    at: datetime
    dropped: int = 0
    kept: int = 0


ENDING: Document[Ending | None] = Document("closing_ending", Ending | None, None, personal=False)
"""Written when a close-out is through; read by the certificate."""
