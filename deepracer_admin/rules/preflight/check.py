"""One check of the pre-flight: what it looks at, why it matters, and how it judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deepracer_admin.model import Finding
from deepracer_admin.rules.preflight.facts import Facts, Kind, Read

__all__ = ["Check", "Verdict", "amber", "green", "na", "red", "told", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says. `copy` is ready to copy, `link` a page of the service's own console."""

    level: str
    evidence: str
    fix: str = ""
    copy: str = ""
    link: str = ""


def green(evidence: str) -> Verdict:
    return Verdict("green", evidence)


def amber(evidence: str, fix: str, copy: str = "", link: str = "") -> Verdict:
    return Verdict("amber", evidence, fix, copy, link)


def red(evidence: str, fix: str, copy: str = "", link: str = "") -> Verdict:
    return Verdict("red", evidence, fix, copy, link)


def na(evidence: str) -> Verdict:
    """It does not apply here."""
    return Verdict("na", evidence)


def unknown(evidence: str, settle: str, copy: str = "") -> Verdict:
    """It could not be told; `settle` says what would tell it."""
    return Verdict("unknown", evidence, settle, copy)


@dataclass(frozen=True, slots=True)
class Check:
    """`judge` sees facts whose `needs` were read; it never raises.

    `needs` names readings of `Facts`. Without one of them the check is not known, and says because of what; `reach`:
    this is the check about that very reading, so a refusal there is red here, and `mend` says what to do.
    """

    key: str
    area: str
    title: str
    why: str
    judge: Callable[[Facts], Verdict]
    needs: tuple[str, ...] = ()
    reach: bool = False
    applies: Callable[[Facts], str] = lambda _: ""  # why it does not apply, "" when it does
    owns: Callable[[str], bool] = lambda _: True  # of refusals with this code: is it this check's to say?
    mend: str = "Mend this, then check again."

    def look(self, facts: Facts) -> Finding:
        """The line of this check."""
        readings: list[Read] = [getattr(facts, name) for name in self.needs]
        why_not = self.applies(facts)
        verdict = na(why_not) if why_not else self._verdict(facts, readings)
        return Finding(
            key=self.key,
            title=self.title,
            level=verdict.level,
            evidence=verdict.evidence,
            fix=verdict.fix,
            as_of=max((read.as_of for read in readings if read.as_of), default=facts.now),
            area=self.area,
            why=self.why,
            source=", ".join(dict.fromkeys(read.source for read in readings if read.source)) or "this console",
            copy=verdict.copy,
            link=verdict.link,
        )

    def _verdict(self, facts: Facts, readings: list[Read]) -> Verdict:
        for read in readings:
            if read.trouble is None:
                continue
            if (
                self.reach
                and read is readings[0]
                and read.trouble.kind is Kind.REFUSED
                and self.owns(read.trouble.code)
            ):
                return red(read.trouble.sentence, self.mend)
            return unknown(f"Not known: {read.trouble.sentence}", told(read))
        for read in readings:
            if read.value is None:
                return na("There is nothing of the kind here.")
        return self.judge(facts)


def told(read: Read) -> str:
    """What would settle a check whose reading did not come."""
    if read.trouble is not None and read.trouble.kind is Kind.REFUSED:
        return f"Mend first what “{read.source}” says, then check again."
    return "Check again in a minute; if it stays so, look at the service's own status."
