"""Import, undo, walk-ups, corrected addresses, links, erasure."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.flows.access.match_profiles import match
from deepracer_admin.model import Actor, Attendee, Event, JobState, Outcome, Profile, Role, State, Step
from deepracer_admin.records.closing import PROOF, Proof, StillIn
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.profile_rows import DISOWNED, NOT_THEIRS, ProfileIds
from deepracer_admin.rules.roster.choices import ReadingChoices
from deepracer_admin.services.people.dry_run import DryRun, report_lines
from deepracer_admin.services.people.one_person import SAME_ACT
from tests.pages.conftest import NOW, StandingClock, actor_of

LIST = b"Full name,Email,Office\nAda Lovelace,ada@example.com,Milano\nRacer One,racer1@example.com,Milano\n"


def read(console: Console, organizer: Actor, data: bytes = LIST) -> DryRun:
    return console.first.attendees.dry_run(organizer, data, filename="list.csv")


def by_email(console: Console) -> dict[str, Attendee]:
    return {person.email: person for person in console.store.attendees("ev-1")}


def granted(console: Console, person: Attendee, step: Step = Step.PROFILE, state: State = State.DONE) -> None:
    console.store.record("ev-1", [Outcome(person.id, step, state, "r", "s")], lease=None, now=NOW)


def test_an_import_adds_the_new_and_changes_the_known(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    job = console.first.attendees.run_import(organizer, read(console, organizer))
    found = by_email(console)
    assert (found["ada@example.com"].name, found["racer1@example.com"].name) == ("Ada Lovelace", "Racer One")
    assert found["racer1@example.com"].cost_centre == "CC-1"
    assert (job.state, job.total, job.sentence) == (JobState.DONE, 2, "1 new, 1 changed or back, 0 taken out.")


def test_an_address_that_ses_cannot_mail_is_named_at_import(console: Console, event: Event, organizer: Actor) -> None:
    """The managed service has no rule of its own, and SES speaks no SMTPUTF8 (identity-and-mail.md 4.1)."""
    console.store.amend_event(event.id, lambda stored: replace(stored, service="managed"))
    list_ = "Name,Email\nZoë,zoë@example.com\nAda,ada@bücher.example\n".encode()
    dry = read(console, organizer, list_)
    whys = {line.address: line.why for line in report_lines(dry)}
    assert "Amazon SES mails no address with ë in it" in whys["zoë@example.com"]
    assert "ask for another address" in whys["zoë@example.com"]
    console.first.attendees.run_import(organizer, dry)
    found = by_email(console)
    assert found["zoë@example.com"].refusal == whys["zoë@example.com"]
    assert found["ada@xn--bcher-kva.example"].refusal == ""
    walked_up = console.first.attendees.add(organizer, email="jürgen@example.com", name="Jürgen")
    assert "ü" in walked_up.refusal


def test_everybody_new_gets_an_alias_of_their_own(console: Console, people: list[Attendee], organizer: Actor) -> None:
    console.first.attendees.run_import(organizer, read(console, organizer))
    aliases = [person.alias for person in by_email(console).values()]
    assert all(aliases)
    assert len(set(aliases)) == len(aliases)


def test_a_second_click_on_import_changes_nothing_and_says_so(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    dry = read(console, organizer)
    console.first.attendees.run_import(organizer, dry)
    with pytest.raises(BadInput, match="nothing new"):
        console.first.attendees.run_import(organizer, dry)
    assert len(console.first.attendees.imports(organizer)) == 1


def test_a_dry_run_of_another_event_is_not_imported(console: Console, event: Event, organizer: Actor) -> None:
    dry = read(console, organizer)
    console.store.save_event(replace(event, id="ev-2", name="Other"))
    console.store.update("", CURRENT_EVENT, lambda _: "ev-2")
    with pytest.raises(Conflict, match="run it again"):
        console.first.attendees.run_import(organizer, dry)
    assert console.store.attendees("ev-2") == []


def test_somebody_who_had_left_comes_back_with_what_is_known_of_them(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    console.first.attendees.run_import(organizer, read(console, organizer, b"Email\nracer6@example.com\n"))
    back = by_email(console)["racer6@example.com"]
    assert (back.wanted, back.name, back.office, back.id) == (True, "Racer 6", "Torino", "at-6")


def test_leavers_stay_unless_chosen_and_the_name_is_typed(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    dry = read(console, organizer)
    assert dry.plan.counts["missing"] == 4
    with pytest.raises(BadInput, match="Type the event's name"):
        console.first.attendees.run_import(organizer, dry, take_out=["racer2@example.com"], typed_name="autumn cup")
    console.first.attendees.run_import(organizer, dry, take_out=["racer2@example.com"], typed_name="Autumn Cup")
    wanted = {email: person.wanted for email, person in by_email(console).items()}
    assert (wanted["racer2@example.com"], wanted["racer3@example.com"]) == (False, True)


def test_only_the_missing_can_be_taken_out(console: Console, people: list[Attendee], organizer: Actor) -> None:
    with pytest.raises(Conflict):
        console.first.attendees.run_import(
            organizer, read(console, organizer), take_out=["racer1@example.com"], typed_name="Autumn Cup"
        )


def test_undo_writes_the_list_back_as_it_was(console: Console, people: list[Attendee], organizer: Actor) -> None:
    before = by_email(console)
    job = console.first.attendees.run_import(
        organizer, read(console, organizer), take_out=["racer2@example.com"], typed_name="Autumn Cup"
    )
    undone = console.first.attendees.undo_import(organizer, job.id)
    assert by_email(console) == before
    assert undone.state is JobState.UNDONE
    with pytest.raises(Conflict, match="once"):
        console.first.attendees.undo_import(organizer, job.id)


def test_the_list_of_jobs_undoes_an_import_the_same_way(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    job = console.first.attendees.run_import(organizer, read(console, organizer))
    assert console.first.jobs.undo(organizer, job.id).state is JobState.UNDONE
    assert "ada@example.com" not in by_email(console)
    assert console.store.jobs("ev-1", live=True) == []


def test_an_import_whose_people_were_invited_is_not_undone(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    job = console.first.attendees.run_import(organizer, read(console, organizer))
    granted(console, by_email(console)["ada@example.com"], state=State.WAITING)
    with pytest.raises(Conflict, match="invited already"):
        console.first.attendees.undo_import(organizer, job.id)
    assert "ada@example.com" in by_email(console)


def test_an_import_that_died_between_its_writes_does_not_hold_up_the_next(
    console: Console, clock: StandingClock, people: list[Attendee], organizer: Actor
) -> None:
    done = console.first.attendees.run_import(organizer, read(console, organizer))
    broken = replace(done, id="job-broken", state=JobState.RUNNING, changed_at=NOW)
    console.store.create_job(broken)
    another = read(console, organizer, b"Email\neve@example.com\n")
    with pytest.raises(Conflict):
        console.first.attendees.run_import(organizer, another)
    clock.at = NOW + timedelta(minutes=3)
    console.first.attendees.run_import(organizer, another)
    assert console.store.job("job-broken").state is JobState.FAILED


def test_the_report_has_every_row_once_and_stays_inert(console: Console, event: Event, organizer: Actor) -> None:
    data = b"Name,Email\nA,a@example.com\nA,a@example.com\n=cmd(),nope\nB,b@example.com\n"
    dry = console.first.attendees.dry_run(organizer, data, filename="list.csv")
    assert [(line.row, line.result) for line in report_lines(dry)] == [
        (2, "new"),
        (3, "duplicate"),
        (4, "rejected"),
        (5, "new"),
    ]
    rows = list(csv.DictReader(io.StringIO(console.first.attendees.report(organizer, dry).decode("utf-8-sig"))))
    assert [row["Row"] for row in rows] == ["2", "3", "4", "5"]
    assert set(rows[0]) == {"Row", "Address or value", "Result", "Column", "Why", "REHEARSAL"}


def test_a_column_that_was_put_aside_stays_aside_for_lists_with_the_same_headings(
    console: Console, event: Event, organizer: Actor
) -> None:
    first = read(console, organizer)
    choices = ReadingChoices(columns={"name": "", "office": "", "email": first.check.mapping["email"]})
    people = console.first.attendees
    people.keep_reading(organizer, people.dry_run(organizer, LIST, filename="list.csv", choices=choices))
    assert dict(read(console, organizer).check.mapping) == {"email": 1}


@pytest.mark.parametrize("address", ["", "nope", "a@example.com, b@example.com", "a b@example.com"])
def test_a_walk_up_needs_one_address(console: Console, event: Event, organizer: Actor, address: str) -> None:
    with pytest.raises(BadInput, match=r"^Address"):
        console.first.attendees.add(organizer, email=address, name='Eve "x"')
    assert console.store.attendees("ev-1") == []


def test_a_walk_up_sent_twice_is_one_person_and_one_act(console: Console, event: Event, organizer: Actor) -> None:
    desk = console.first.attendees
    made = desk.add(organizer, email="late@example.com", name="Lea Late")
    assert desk.add(organizer, email="late@example.com", name="Lea  Late") == made
    assert [entry.action for entry in console.store.audit()].count("attendees.add") == 1
    with pytest.raises(Conflict, match="on the list already"):
        desk.add(organizer, email="late@example.com", name="Leo Late")
    with pytest.raises(Conflict, match="on the list already"):
        desk.add(replace(organizer, oid="o-other"), email="late@example.com", name="Lea Late")
    console.store.save_attendees(event.id, [replace(made, added_at=made.added_at - SAME_ACT)])  # type: ignore[operator]
    with pytest.raises(Conflict, match="on the list already"):
        desk.add(organizer, email="late@example.com", name="Lea Late")


def test_a_walk_up_who_is_on_the_list_is_refused_and_a_leaver_comes_back(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    with pytest.raises(Conflict, match="on the list already"):
        console.first.attendees.add(organizer, email="RACER1@example.com", name="")
    assert console.first.attendees.add(organizer, email="racer6@example.com", name="").id == "at-6"
    assert by_email(console)["racer6@example.com"].wanted


def test_a_corrected_address_starts_onboarding_anew(console: Console, people: list[Attendee], organizer: Actor) -> None:
    granted(console, people[0], state=State.REFUSED)
    changed = console.first.attendees.change_email(organizer, "at-1", "New.One@example.com")
    assert changed.email == "new.one@example.com"
    assert [row.state for row in console.store.steps_of("ev-1", "at-1") if row.step is Step.PROFILE] == [State.TODO]


@pytest.mark.parametrize("state", [State.DONE, State.ALREADY, State.WAITING, State.RETRY, State.UNKNOWN])
@pytest.mark.parametrize("step", [Step.PROFILE, Step.GROUP])
def test_an_address_with_access_is_not_left_behind(
    console: Console, people: list[Attendee], organizer: Actor, step: Step, state: State
) -> None:
    granted(console, people[0], step, state)
    with pytest.raises(Conflict, match="invited already"):
        console.first.attendees.change_email(organizer, "at-1", "new@example.com")
    with pytest.raises(Conflict, match="still has access"):
        console.first.attendees.erase(organizer, "at-1", typed="racer1@example.com")
    assert by_email(console)["racer1@example.com"].id == "at-1"


def test_an_address_of_somebody_else_is_refused(console: Console, people: list[Attendee], organizer: Actor) -> None:
    with pytest.raises(Conflict):
        console.first.attendees.change_email(organizer, "at-1", "racer2@example.com")


def test_a_profile_belongs_to_one_person(
    console: Console, profiles: list[Profile], people: list[Attendee], organizer: Actor
) -> None:
    with pytest.raises(Conflict):
        console.first.attendees.link(organizer, "at-5", "pr-1")
    with pytest.raises(Missing):
        console.first.attendees.link(organizer, "at-5", "pr-99")
    stranger = replace(profiles[0], id="pr-9", alias="stranger", email="")
    console.store.save_profiles("ev-1", [*profiles, stranger], seen_at=NOW, lease=None)
    assert console.first.attendees.unlinked_profiles(organizer) == {"pr-9": "stranger"}
    console.first.attendees.link(organizer, "at-5", "pr-9")
    assert console.store.links("ev-1")["at-5"].how == "manual"


def test_erasing_needs_the_address_and_leaves_no_name_behind(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    console.store.update("ev-1", PROOF, lambda _: Proof(can_still_sign_in=(StillIn("at-1", "Racer 1"),)))
    with pytest.raises(BadInput, match="address exactly"):
        console.first.attendees.erase(organizer, "at-1", typed="Racer 1")
    receipt = console.first.attendees.erase(organizer, "at-1", typed=" Racer1@example.com ")
    assert "racer1@example.com" not in by_email(console)
    proof = console.store.read("ev-1", PROOF)
    assert proof is not None
    assert proof.can_still_sign_in == ()
    entry = console.first.audit.entries(organizer)[0]
    assert (entry.action, entry.target) == ("attendees.erase", receipt.mark)
    assert (receipt.ended_at is not None, receipt.left) == (True, ())
    assert all("racer1@example.com" not in str(row) for row in console.store.audit(None))


def test_a_persons_data_holds_their_profile_and_hours(
    console: Console, profiles: list[Profile], people: list[Attendee], organizer: Actor
) -> None:
    data = console.first.attendees.person_data(organizer, "at-2")
    assert data["person"]["email"] == "racer2@example.com"
    assert data["profile"]["hours_used"][-1]["hours"] == 1.0
    assert console.first.attendees.person_data(organizer, "at-5")["profile"] is None


def test_no_racer_name_of_a_stranger_on_the_deployment_is_given(
    console: Console, event: Event, organizer: Actor
) -> None:
    """Two of one name could not be told apart on a leaderboard."""
    console.store.save_profiles(event.id, [Profile("p9", "ada-l", "other@example.com")], seen_at=NOW, lease=None)
    assert (
        console.first.attendees.add(organizer, email="ada.lovelace@example.com", name="Ada Lovelace").alias == "Ada-L-2"
    )
    dry = console.first.attendees.dry_run(organizer, b"Email,Name\nada.long@example.com,Ada Long\n", filename="l.csv")
    console.first.attendees.run_import(organizer, dry)
    assert [person.alias for person in console.store.attendees(event.id)] == ["Ada-L-2", "Ada-L-3"]


def test_a_match_by_racer_name_is_taken_back_and_not_made_again(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    nameless = [replace(each, email="") for each in profiles]  # the managed service gives no address
    console.store.save_profiles(event.id, nameless, seen_at=NOW, lease=None)
    console.first.attendees.unlink(organizer, "at-1")
    assert "at-1" not in console.store.links(event.id)
    assert console.store.rows(event.id, NOT_THEIRS) == {"at-1": ProfileIds(frozenset({"pr-1"}))}
    assert set(console.store.rows(event.id, DISOWNED)) == {"pr-1"}
    people, links = console.store.attendees(event.id), console.store.links(event.id)
    seen = match(people, nameless, links, frozenset(), apart={"at-1": {"pr-1"}})
    assert seen["at-1"].profile is None
    assert seen["at-2"].profile is not None
    console.first.attendees.link(organizer, "at-5", "pr-1")
    with pytest.raises(Missing):
        console.first.attendees.unlink(organizer, "at-1")
    entry = next(each for each in console.store.audit(event.id, limit=9) if each.before)
    assert (entry.action, entry.before) == ("attendees.link", {"profile": "pr-1"})


def test_a_profile_that_bears_the_persons_address_stays_theirs(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    with pytest.raises(BadInput, match="says by its address"):
        console.first.attendees.unlink(organizer, "at-1")
    assert "at-1" in console.store.links(event.id)


def test_people_to_correct_come_with_the_reason_and_stay_inert(
    console: Console, event: Event, people: list[Attendee], organizer: Actor
) -> None:
    console.store.save_attendees(event.id, [replace(people[0], name="=1+1", refusal="No mailbox.")])
    console.store.record(
        event.id, [Outcome("at-2", Step.PROFILE, State.REFUSED, "few", "Two accounts.")], lease=None, now=NOW
    )
    desk = console.first.attendees
    rows = [*csv.DictReader(io.StringIO(desk.to_correct(organizer).decode("utf-8-sig")))]
    assert [(row["Email"], row["What is wrong"]) for row in rows] == [
        ("racer1@example.com", "No mailbox."),
        ("racer2@example.com", "Two accounts."),
    ]
    assert not rows[0]["Name"].startswith("=")
    assert console.store.audit(limit=1)[0].target == "to correct"
    with pytest.raises(NotAllowed):
        desk.to_correct(actor_of(Role.FACILITATOR))


def test_two_presses_that_both_looked_before_either_had_written_add_one_person(
    console: Console, event: Event, organizer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, look = console.first.attendees, console.store.attendees
    first = desk.add(organizer, email="grace@example.com", name="Grace Hopper")
    seen: list[list[Attendee]] = [[]]  # by the second press, before it wrote
    monkeypatch.setattr(console.store, "attendees", lambda *args, **more: seen.pop() if seen else look(*args, **more))
    monkeypatch.setattr("deepracer_admin.services.people.one_person.aliases_taken", lambda *_: ())
    assert desk.add(organizer, email="grace@example.com", name="Grace Hopper") == first
    assert [each.email for each in look(event.id)].count("grace@example.com") == 1
