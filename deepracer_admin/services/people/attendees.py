"""Attendees page: read any list, dry run, import as an undoable job, search, walk-ups, export, erase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.people.joining import Joining, aliases_taken, difference, join, plain, write
from deepracer_admin.model import Actor, Attendee, Delivery, Event, Job, JobItem, JobState, State, Step, StepRow
from deepracer_admin.rules.hand_back import to_correct
from deepracer_admin.rules.quotas import cohorts_of, quota_for
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import NONE_LISTED, new_id
from deepracer_admin.services.people.dry_run import DryRun, report_lines
from deepracer_admin.services.people.list_query import TAKEN_OUT, Query, fitting, ordered
from deepracer_admin.services.people.list_reading import ReadingService
from deepracer_admin.store import ProfileLink

__all__ = ["AttendeeRow", "AttendeesService", "DryRun", "ListLine"]

STALE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class AttendeeRow:
    """One person of the list with their step states and their profile."""

    attendee: Attendee
    steps: Mapping[Step, StepRow]
    link: ProfileLink | None


@dataclass(frozen=True, slots=True)
class ListLine:
    """One line of a page of the list: the person and their step states."""

    attendee: Attendee
    steps: Mapping[Step, StepRow]


class AttendeesService(ReadingService):
    """What the Attendees page calls."""

    # ------------------------------------------------------------------------------------------------ import

    def run_import(self, actor: Actor, dry: DryRun, *, take_out: Sequence[str] = (), typed_name: str = "") -> Job:
        """Write a dry run's plan as one undoable job. `take_out`: addresses of leavers that lose access.

        Raises Conflict when the event changed since the dry run; taking people out needs the event's name typed.
        """
        self._authorise(actor, "attendees.import", target=dry.check.file)
        event = self._event()
        if take_out and typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to take people out.")
        if dry.event != event.id:
            raise Conflict("Another event became the current one since the dry run; run it again.")
        known = {person.email: person for person in self.store.attendees(event.id)}
        missing = set(dry.plan.missing)
        if any(email not in missing or email not in known for email in take_out):
            raise Conflict("The list changed since the dry run; run it again.")
        job = Job(
            id=new_id("job"),
            event=event.id,
            kind="roster.import",
            target=event.id,
            state=JobState.RUNNING,
            plan={"file": dry.check.file, "counts": dry.plan.counts},
            undoable=True,
            created_by=actor.oid,
            created_by_name=actor.name,
            created_at=self.clock.now(),
            changed_at=self.clock.now(),
        )
        joining, items = self._planned(dry, known, take_out, job, actor)
        if not items:
            raise BadInput("The list holds nothing new; everybody is on the event's list already.")
        self._give_up_stale_imports(event)
        self.store.create_job(replace(job, total=len(items)), items)
        try:
            write(self.store, event.id, joining)
        except Conflict:
            self.store.update_job(
                job.id, state=JobState.FAILED, sentence="The list changed meanwhile.", now=self.clock.now()
            )
            raise
        counts = dry.plan.counts
        fresh = sum(item.before is None for item in items)
        changed = len(items) - fresh - len(take_out)
        sentence = f"{fresh:,} new, {changed:,} changed or back, {len(take_out):,} taken out."
        done = self.store.update_job(
            job.id, state=JobState.DONE, done=len(items), sentence=sentence, now=self.clock.now()
        )
        self._audit(actor, "attendees.import", target=dry.check.file, count=len(items), after=counts, job=job.id)
        return done

    def _give_up_stale_imports(self, event: Event) -> None:
        """An import whose process died between its two writes must not hold up the next one."""
        now = self.clock.now()
        for job in self.store.jobs(event.id, live=True, kind="roster.import"):
            if job.changed_at is None or now - job.changed_at > STALE:
                self.store.update_job(job.id, state=JobState.FAILED, sentence="It was broken off.", now=now)

    def _planned(
        self,
        dry: DryRun,
        known: Mapping[str, Attendee],
        take_out: Sequence[str],
        job: Job,
        actor: Actor,
    ) -> tuple[Joining, list[JobItem]]:
        """What the list changes, those included whom it takes out, and an item for each."""
        joining = join(
            dry.plan.entries,
            known,
            taken=aliases_taken(self.store, job.event, known.values()),
            source=job.id,
            by=actor.oid,
            now=self.clock.now(),
        )
        items = [_item(job.id, before, after) for before, after in joining.people]
        for email in take_out:
            person = known[email]
            joining.changes[person.id] = {"wanted": False}
            items.append(_item(job.id, person, replace(person, wanted=False)))
        return joining, items

    def undo_import(self, actor: Actor, job_id: str) -> Job:
        """Write back what that import changed. Refused once anybody of it has been invited."""
        self._authorise(actor, "attendees.undo", target=job_id)
        job = self._job(job_id)
        if job.kind != "roster.import" or job.state is not JobState.DONE:
            raise Conflict("Only a finished import can be undone, once.")
        items = self.store.job_items(job_id)
        new = [item.key for item in items if item.before is None]
        fresh = set(new)
        touched = {
            row.attendee
            for row in self.store.steps(job.event)
            if row.attendee in fresh and row.state not in (State.TODO, State.REFUSED)
        }
        if touched:
            raise Conflict(
                f"{counted(len(touched), 'person', 'people')} of this import had been invited already; take them "
                "out on the Onboarding page."
            )
        back = {item.key: difference(item.after or {}, item.before) for item in items if item.before}
        self.store.delete_attendees(job.event, new)
        self.store.amend_attendees(job.event, lambda each: replace(each, **back[each.id]), ids=back)
        done = self.store.update_job(job_id, state=JobState.UNDONE, expect=(JobState.DONE,), now=self.clock.now())
        self._audit(actor, "attendees.undo", target=job_id, count=len(items), job=job_id)
        return done

    def imports(self, actor: Actor) -> list[Job]:
        """Imports, newest first."""
        self._authorise(actor, "attendees.import", target="list")
        return self.store.jobs(self._event().id, kind="roster.import", limit=20)

    # ---------------------------------------------------------------------------------------------- the list

    def rows(self, actor: Actor, *, text: str = "", cohort: str = "", wanted: bool | None = True) -> list[AttendeeRow]:
        """People with their states, filtered by a word (name, address, alias) and a cohort ("office:Milano")."""
        self._authorise(actor, "attendees.view")
        event = self._event()
        steps: dict[str, dict[Step, StepRow]] = {}
        for row in self.store.steps(event.id):
            steps.setdefault(row.attendee, {})[row.step] = row
        links = self.store.links(event.id)
        return [
            AttendeeRow(person, steps.get(person.id, {}), links.get(person.id))
            for person in fitting(self.store.attendees(event.id, wanted=wanted), text=text, cohort=cohort)
        ]

    def found(self, actor: Actor, query: Query) -> tuple[str, ...]:
        """Ids of all who fit, in the wanted order; `page` gives some of them as lines."""
        self._authorise(actor, "attendees.view")
        event = self._event().id

        def done() -> Counter[str]:
            return Counter(one for step in Step for one in self.store.done(event, step))

        return ordered(
            self.store.attendees(event, wanted=query.kind != TAKEN_OUT),
            query,
            stuck=lambda: self.store.in_state(event, (State.REFUSED, State.UNKNOWN)),
            linked=lambda: self.store.linked(event),
            done=done,
        )

    def page(self, actor: Actor, ids: Sequence[str]) -> list[ListLine]:
        """These people with their steps, in this order; nothing about anybody else is read."""
        self._authorise(actor, "attendees.view")
        event = self._event().id
        steps: dict[str, dict[Step, StepRow]] = {}
        for row in self.store.steps_among(event, ids):
            steps.setdefault(row.attendee, {})[row.step] = row
        people = {person.id: person for person in self.store.attendees_among(event, ids)}
        return [ListLine(people[one], steps.get(one, {})) for one in ids if one in people]

    def revision(self, actor: Actor) -> tuple[str, int]:
        """(event id, revision): pages cache the table by it."""
        self._authorise(actor, "attendees.view")
        event = self._event()
        return event.id, self.store.revision(event.id)

    def total(self, actor: Actor) -> int:
        """How many people the list ever held, leavers included."""
        self._authorise(actor, "attendees.view")
        return self.store.sizes(self._event().id)["attendees"]

    def names(self, actor: Actor, *, by: Literal["email", "id"] = "email") -> dict[str, str]:
        """Address or id -> name (the address where there is none), leavers included."""
        self._authorise(actor, "attendees.view")
        people = self.store.attendees(self._event().id)
        return {getattr(person, by): person.name or person.email for person in people}

    def cohorts(self, actor: Actor) -> dict[str, int]:
        """Cohort key -> people, largest first."""
        self._authorise(actor, "attendees.view")
        counts: dict[str, int] = {}
        for person in self.store.attendees(self._event().id, wanted=True):
            for key in cohorts_of(person):
                counts[key] = counts.get(key, 0) + 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def export(self, actor: Actor, attendees: Collection[str] | None = None) -> bytes:
        """The whole list, or these of it, with states, answers and further columns as CSV, inert in spreadsheets; a
        rehearsal's is marked in every row. Raises Missing where nobody of these is on it."""
        target = "" if attendees is None else "chosen"
        self._authorise(actor, "attendees.export", target=target)
        event = self._event()
        mark = ["REHEARSAL"] if self.house.settings.rehearsal else []
        asked = None if attendees is None else {*attendees}
        rows = [row for row in self.rows(actor, wanted=None) if asked is None or row.attendee.id in asked]
        if asked and not rows:
            raise Missing(NONE_LISTED)
        answers = [*dict.fromkeys(title for row in rows for title in row.attendee.answers)]
        extras = [*dict.fromkeys(title for row in rows for title in row.attendee.extra)]
        columns = [
            "Name",
            "Email",
            "Alias",
            "Office",
            "Cost centre",
            "New to AI/ML",
            "New to AWS",
            "Hours",
            "Wanted",
            *(step.value for step in Step),
            "Note",
            *answers,
            *extras,
            *mark,
        ]
        lines = [
            [
                row.attendee.name,
                row.attendee.email,
                row.attendee.alias,
                row.attendee.office,
                row.attendee.cost_centre,
                _yes(row.attendee.new_to_ml),
                _yes(row.attendee.new_to_aws),
                hours / 60 if (hours := quota_for(event, row.attendee).minutes) >= 0 else "unlimited",
                _yes(row.attendee.wanted),
                *(row.steps[step].state.value if step in row.steps else "" for step in Step),
                row.attendee.refusal,
                *(row.attendee.answers.get(title, "") for title in answers),
                *(row.attendee.extra.get(title, "") for title in extras),
                *mark,
            ]
            for row in rows
        ]
        self._audit(actor, "attendees.export", target=target, count=len(lines))
        return inert_csv(lines, columns)

    def to_correct(self, actor: Actor) -> bytes:
        """Whom the service refused and whose mail came back, with the reason and what to do: as CSV, inert in
        spreadsheets, for whoever made the list."""
        self._authorise(actor, "attendees.export", target="to correct")
        event = self._event()
        mark = ["REHEARSAL"] if self.house.settings.rehearsal else []
        mails: dict[str, list[Delivery]] = {}
        for mail in self.store.deliveries(event.id):
            mails.setdefault(mail.attendee, []).append(mail)
        lines = [
            [row.attendee.name, row.attendee.email, row.attendee.office, row.attendee.cost_centre, *found, *mark]
            for row in self.rows(actor)
            if (found := to_correct(row.attendee, row.steps, mails.get(row.attendee.id, ()))) is not None
        ]
        self._audit(actor, "attendees.export", target="to correct", count=len(lines))
        columns = ["Name", "Email", "Office", "Cost centre", "What is wrong", "What to do", *mark]
        return inert_csv(lines, columns)

    def report(self, actor: Actor, dry: DryRun) -> bytes:
        """Every row of a dry run and what would happen to it, as CSV that stays inert in spreadsheets."""
        self._authorise(actor, "attendees.import", target="report")
        mark = ["REHEARSAL"] if self.house.settings.rehearsal else []
        rows = [[line.row, line.address, line.result, line.column, line.why, *mark] for line in report_lines(dry)]
        return inert_csv(rows, ["Row", "Address or value", "Result", "Column", "Why", *mark])


def _item(job: str, before: Attendee | None, after: Attendee) -> JobItem:
    return JobItem(job, after.id, State.DONE, before=plain(before) if before else None, after=plain(after))


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[value]
