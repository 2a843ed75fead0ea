"""Close page: the steps and their evidence, what a human decides about them, and the certificate."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.closeout.run import has_ended
from deepracer_admin.flows.closeout.steps import steps_for
from deepracer_admin.flows.readings.needed_elsewhere import sponsors_elsewhere, stored_elsewhere
from deepracer_admin.model import Actor, Event, Job, JobItem, JobState, State
from deepracer_admin.records.closing import (
    CERTIFICATE as KEPT,
)
from deepracer_admin.records.closing import (
    CLOSING_STEPS,
    CLOSING_WORDS,
    ENDING,
    ERASED,
    GIVEN_BACK,
    PROOF,
    ClosingStep,
    ClosingWord,
    Erased,
    KeptCertificate,
    Skip,
)
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.records.proven import PROVEN
from deepracer_admin.rules.audit import chained, verify
from deepracer_admin.rules.seal import CERTIFICATE, fingerprint_of, json_body, seal
from deepracer_admin.rules.shared_people import Elsewhere
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.services.closeout.audit import EVERYTHING
from deepracer_admin.services.closeout.certificate import Facts, certificate, local_time
from deepracer_admin.services.closeout.certificate_page import certificate_page
from deepracer_admin.services.closeout.verdict import HOW, verdict
from deepracer_admin.services.closeout.view import CloseView
from deepracer_admin.signing import open_signing_key
from deepracer_admin.store.chain import GENESIS

__all__ = ["CloseView", "CloseoutService"]

SHORTEST_REASON = 3  # letters


class CloseoutService(Service):
    """What the Close page calls."""

    def view(self, actor: Actor) -> CloseView:
        """The steps with their evidence, from the last close-out job."""
        self._authorise(actor, "closeout.view")
        return self._view()

    def stamp(self, actor: Actor) -> tuple[tuple[str, int], ...]:
        """(event id, revision) of this event, then of all: what is seen at the same stamp is the same. Other open
        events count, because what they need is left alone."""
        self._authorise(actor, "closeout.view")
        ids = (self._event().id, *(each.id for each in self.store.events()))
        return tuple((each, self.store.revision(each)) for each in ids)

    def _view(self) -> CloseView:
        event = self._event()
        job = next(iter(self.store.jobs(event.id, kind="closeout", limit=1)), None)
        items = {item.key: item for item in self.store.job_items(job.id)} if job else {}
        managed = self._kind(event, items) == "managed"
        default = self.house.settings.racing
        needed = stored_elsewhere(self.store, event, default)
        everything = self.store.links(event.id).values()
        links = [link for link in everything if link.profile not in needed.profiles]
        since = self._came_since(event) - needed.profiles
        made = len(since) if managed else sum(1 for link in links if link.how == "created")
        proof = self.store.read(event.id, PROOF)
        if proof is None or (job is not None and proof.job not in ("", job.id)):
            proof = None  # another close-out's: this one has not read anything back yet
        found = self.store.rows(event.id, CLOSING_STEPS)
        rows = {key: row for key, row in found.items() if job is not None and row.job == job.id}
        given, ending = self.store.read(event.id, GIVEN_BACK), self.store.read(event.id, ENDING)
        given = given if job is not None and given is not None and given.job == job.id else None
        ending = ending if job is not None and ending is not None and ending.job == job.id else None
        steps = [
            (step, items.get(step.key))
            for step in steps_for(self._kind(event, items))
            if not items or step.key in items
        ]
        return CloseView(
            steps=steps,
            job=job,
            closed_at=event.closed_at,
            can_still_sign_in=proof.can_still_sign_in if proof else None,
            read_back_at=proof.as_of if proof else None,
            created_profiles=made,
            adopted_profiles=len(links) - made,
            in_group=proof.in_group if proof else None,
            group_before=proof.group_before if proof else 0,
            in_identity_center=proof.in_identity_center if proof else None,
            source=proof.source if proof else "the racing service",
            managed=managed,
            not_known=proof.not_known if proof else (),
            elsewhere=proof.elsewhere if proof else (),
            shared=_shared(needed),
            kept_profiles=len(everything) - len(links),
            sponsoring=[other.name for other in sponsors_elsewhere(self.store, event, default)],
            settle=proof.settle if proof else "",
            rows=rows,
            proof=proof,
            given_back=given,
            ending=ending,
            verdict=verdict(event, steps, rows, proof, given, ending) if job else None,
            words=[word for word in self.store.read(event.id, CLOSING_WORDS) if job and word.job == job.id],
        )

    def _came_since(self, event: Event) -> set[str]:
        """Linked profiles that appeared since this event turned the mode on: nobody is invited there (parting.py)."""
        since = self.store.read(event.id, SPONSORSHIP).since
        if since is None:
            return set()
        linked = {link.profile for link in self.store.links(event.id).values()}
        listed = self.store.profiles(event.id)[0]
        return {each.id for each in listed if each.id in linked and each.created_at and each.created_at >= since}

    def _kind(self, event: Event, items: Mapping[str, JobItem]) -> str:
        """The steps that were planned tell the service; else it is the event's."""
        if items:
            return "managed" if "cycle" in items else "on_aws"
        return event.service or self.house.settings.racing

    def start(self, actor: Actor, *, typed_name: str, wait_for_results: bool = True) -> Job:
        """Close everything, in the only safe order; needs the event's name typed. Safe to press again after a stop.

        `wait_for_results` False: submissions that are still on their way are not waited for, and may be lost.
        """
        self._authorise(actor, "closeout.run")
        event = self._event()
        if typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to close the event.")
        items = [JobItem(job="", key=step.key, state=State.TODO) for step in steps_for(self._kind(event, {}))]
        return self._plan_job(
            actor, "closeout.run", "closeout", target=event.id, plan={"wait": wait_for_results}, items=items
        )

    def skip(self, actor: Actor, step: str, *, reason: str) -> None:
        """Go on without this step of the close-out that runs: it ends at its next try, with what is left named.

        Raises BadInput without a reason, Missing for an unknown step, Conflict when it has ended or nothing runs.
        """
        job, word = self._decide(actor, step, "skip", reason)
        skip = Skip(word.by, word.by_name, word.reason, word.at)
        self._change_row(step, job, lambda row: replace(row, skip=skip))

    def wait(self, actor: Actor, step: str, *, reason: str) -> None:
        """Give this step its whole patience once more, from now on. Raises as `skip` does."""
        job, word = self._decide(actor, step, "wait", reason)
        event_now = self.clock.event_now()
        self._change_row(
            step,
            job,
            lambda row: replace(row, since=word.at, event_since=event_now, stalled=0, extended_at=word.at),
        )

    def stop(self, actor: Actor, step: str, *, reason: str) -> None:
        """Stop the close-out at this step; what was done stays done, and it can be started again. Raises as `skip`
        does."""
        job, _ = self._decide(actor, step, "stop", reason)
        live = (JobState.PLANNED, JobState.RUNNING, JobState.PAUSED)
        self.store.update_job(job.id, state=JobState.CANCELLED, expect=live, now=self.clock.now())

    def _decide(self, actor: Actor, step: str, word: str, reason: str) -> tuple[Job, ClosingWord]:
        """Keep and audit what a human decides about a step that is not through."""
        self._authorise(actor, "closeout.run", target=step)
        event = self._event()
        why = " ".join(reason.split())[:300]
        if len(why) < SHORTEST_REASON:
            raise BadInput("Reason: say in a few words why; the certificate shows it.")
        job = next(iter(self.store.jobs(event.id, kind="closeout", live=True)), None)
        if job is None:
            raise Conflict("No close-out is running, so nothing can be decided about it; start it first.")
        items = {item.key: item for item in self.store.job_items(job.id)}
        if step not in items:
            raise Missing("This close-out has no such step; reload the page.")
        if has_ended(items[step]):
            raise Conflict("This step has ended meanwhile; reload the page.")
        decided = ClosingWord(job.id, step, word, actor.oid, actor.name, why, self.clock.now())
        self.store.update(event.id, CLOSING_WORDS, lambda words: (*words, decided))
        self._audit(actor, "closeout.run", target=step, after=_PAST[word], job=job.id)
        return job, decided

    def _change_row(self, step: str, job: Job, change: Callable[[ClosingStep], ClosingStep]) -> None:
        def changed(rows: Mapping[str, ClosingStep]) -> dict[str, ClosingStep]:
            kept = rows.get(step, ClosingStep())
            return {step: change(kept if kept.job == job.id else ClosingStep(job.id))}

        self.store.change_rows(job.event, CLOSING_STEPS, changed, keys=[step])

    def export(self, actor: Actor) -> Mapping[str, bytes]:
        """The export files that the close-out wrote: name -> content."""
        self._authorise(actor, "closeout.run")
        event = self._event()
        folder = self.house.settings.home / "exports" / event.id
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*"))} if folder.is_dir() else {}
        self._audit(actor, "closeout.run", target="export", count=len(files))
        return files

    def export_zip(self, actor: Actor) -> bytes:
        """The same files, the certificate in both its forms and who is who in it, in one ZIP archive."""
        files = {
            **self.export(actor),
            "certificate.json": self.certificate(actor),
            "certificate.html": self.certificate_page(actor),
            "certificate-people.csv": self._people_csv(self._facts()),
        }
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    def certificate(self, actor: Actor) -> bytes:
        """What was done and read back, sealed JSON to hand over and to verify; names no racer.

        Once personal data is erased: as it was kept when the event was closed. Raises Missing when none was.
        """
        self._authorise(actor, "closeout.view")
        if (erased := self.store.read(self._event().id, ERASED)) is not None:
            return self._kept(erased).encode()
        return self._sealed_json(self._facts())

    def certificate_page(self, actor: Actor) -> bytes:
        """The same as one HTML page that prints on A4, sealed as well."""
        self._authorise(actor, "closeout.view")
        if (erased := self.store.read(self._event().id, ERASED)) is not None:
            key = open_signing_key(self.house.settings)
            page = certificate_page(json.loads(self._kept(erased)))
            return seal(page, "html", kind=CERTIFICATE, key=key, at=self.clock.now())
        return self._sealed_page(self._facts())

    def keep_certificate(self) -> None:
        """For the time after the erasure: without persons and typed reasons. The worker calls it when a close-out is
        through. Raises BadSettings."""
        facts = self._facts()
        words = [replace(word, reason="(not kept)") for word in facts.words]
        text = self._sealed_json(replace(facts, answers={}, counted_answers=facts.answers, words=words)).decode()
        self.store.update(facts.event.id, KEPT, lambda _: KeptCertificate(facts.issued_at, text))

    def fingerprint(self, actor: Actor) -> str:
        """Of the key with which certificates are signed here, to be told to whoever verifies them."""
        self._authorise(actor, "closeout.view")
        return self._fingerprint()

    def _fingerprint(self) -> str:
        return fingerprint_of(open_signing_key(self.house.settings).public_key().public_bytes_raw())

    def _kept(self, erased: Erased) -> str:
        event = self._event()
        kept = self.store.read(event.id, KEPT)
        if kept is None:
            raise Missing(
                f"The personal data of this event was erased on {local_time(erased.at, event.zone)}, and no "
                "certificate was kept before: use the one that was downloaded."
            )
        return kept.text

    def _facts(self) -> Facts:
        """As stored now."""
        view, event = self._view(), self._event()
        job = view.job.id if view.job else ""
        entries = list(reversed(self.store.audit(None, limit=EVERYTHING)))
        closings = {each.id for each in self.store.jobs(event.id, kind="closeout")}
        before = {entry.seq: entries[at - 1].digest if at else GENESIS for at, entry in enumerate(entries)}
        ours = [entry for entry in entries if entry.event == event.id and entry.job in closings]
        answers = self.store.rows(event.id, PROVEN) if view.read_back_at else {}
        return Facts(
            event=event,
            steps=view.steps,
            rows=view.rows,
            issued_at=self.clock.now(),
            fingerprint=self._fingerprint(),
            rehearsal=self.house.settings.rehearsal,
            job=job,
            managed=view.managed,
            proof=view.proof,
            answers={key: each for key, each in answers.items() if each.job == job},
            given_back=view.given_back,
            ending=view.ending,
            words=self.store.read(event.id, CLOSING_WORDS),
            acts=[act for entry in ours for act in chained([entry], previous=before[entry.seq])],
            chain=(len(entries), verify(entries)),
            last=(entries[-1].seq, entries[-1].digest, entries[-1].at) if entries else None,
        )

    def _sealed_json(self, facts: Facts) -> bytes:
        body = json_body(certificate(facts))
        return seal(body, "json", kind=CERTIFICATE, key=open_signing_key(self.house.settings), at=facts.issued_at)

    def _sealed_page(self, facts: Facts) -> bytes:
        body = certificate_page(certificate(facts))
        return seal(body, "html", kind=CERTIFICATE, key=open_signing_key(self.house.settings), at=facts.issued_at)

    def _people_csv(self, facts: Facts) -> bytes:
        """Who is who in the certificate, which names nobody."""
        people = {person.id: person for person in self.store.attendees(facts.event.id)}
        lines = [
            [key, people[key].name, people[key].email, each.answer, HOW.get(each.how, each.how), each.settle]
            for key, each in sorted(facts.answers.items())
            if key in people
        ]
        mark = ["REHEARSAL"] if facts.rehearsal else []
        columns = ["Person in the certificate", "Name", "Email", "Access", "Seen", "What would tell", *mark]
        return inert_csv([[*line, *mark] for line in lines], columns)


_PAST = {"skip": "skipped", "wait": "waited", "stop": "stopped"}


def _shared(needed: Elsewhere) -> list[tuple[str, int]]:
    """How many people each other open event needs, by its name."""
    found: dict[str, set[str]] = {key: set() for key in needed.names}
    for person, events in (*needed.access.items(), *needed.group.items()):
        for key in events:
            found[key].add(person)
    return [(needed.names[key], len(people)) for key, people in found.items() if people]
