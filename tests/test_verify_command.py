"""Certificates and audit exports: a changed byte is found by the command and by the verifier for strangers, and named.

Everything is made by the services, from a store in which an event was closed; nothing runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deepracer_admin.__main__ import main
from deepracer_admin.compose import Console, compose
from deepracer_admin.flows.closeout.steps import STEPS
from deepracer_admin.model import Attendee, Event, JobState, Quota, Role, State
from deepracer_admin.records.closing import (
    CLOSING_STEPS,
    ENDING,
    ERASED,
    PROOF,
    ClosingStep,
    Ending,
    Erased,
    Leftover,
    Proof,
)
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.proven import PROVEN, Proven
from deepracer_admin.rules.audit import REDACT, by_system
from deepracer_admin.rules.seal import json_body, seal
from deepracer_admin.rules.traces import Traces
from deepracer_admin.settings import Settings
from deepracer_admin.signing import FILE, open_signing_key
from deepracer_admin.verify_command import verify
from tests.pages.conftest import NOW, StandingClock, _practice, actor_of

ROOT = Path(__file__).resolve().parents[1]
EVENT = Event("ev-1", "Cup “Zoë”", NOW, NOW, "Europe/Rome", 3, 100.0, Quota(60, 1))
CHANGES = 1_000


@pytest.fixture(scope="module")
def stranger() -> ModuleType:
    """The verifier that needs nothing of ours."""
    spec = importlib.util.spec_from_file_location("verify_certificate", ROOT / "docs" / "verify_certificate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = tmp_path_factory.mktemp("home")
    (home / "practice.json").write_text(json.dumps(_practice()), encoding="utf-8")
    made = compose(Settings(home=home), clock=StandingClock())
    _close(made)
    yield made
    made.close()


def _close(console: Console) -> None:
    """An event with a list, and a close-out that is through, with one thing left."""
    store, organizer = console.store, actor_of(Role.ORGANIZER)
    store.save_event(EVENT)
    store.update("", CURRENT_EVENT, lambda _: EVENT.id)
    people = [Attendee(f"at-{number}", f"p{number}@example.com", f"P {number}", f"p{number}") for number in range(12)]
    store.save_attendees(EVENT.id, people)
    closeout = console.of(EVENT.id).closeout
    job = closeout.start(organizer, typed_name=EVENT.name)
    closeout.skip(organizer, "models", reason="the operator deletes them")
    items = [
        replace(item, state=State.DONE, sentence=f"{item.key}: seen at the service.")
        for item in store.job_items(job.id)
    ]
    store.save_job_items(job.id, items)
    left = (Leftover("models", 2, ("m-1", "m-2"), "They stand in ERROR.", "Remove them."),)
    rows = {
        step.key: ClosingStep(job.id, NOW, tries=1, read_back_at=NOW, leftovers=left if step.key == "models" else ())
        for step in STEPS
    }
    store.change_rows(EVENT.id, CLOSING_STEPS, lambda _: rows)
    store.change_rows(EVENT.id, PROVEN, lambda _: {each.id: Proven(job.id, "gone", "pool", NOW) for each in people})
    store.update(EVENT.id, PROOF, lambda _: Proof(NOW, job.id, in_group=0))
    store.update(EVENT.id, ENDING, lambda _: Ending(job.id, NOW))
    store.amend_event(EVENT.id, lambda event: replace(event, closed_at=NOW))
    store.update_job(job.id, state=JobState.DONE, now=NOW)


@pytest.fixture(scope="module")
def files(console: Console) -> dict[str, bytes]:
    desk, organizer = console.of(EVENT.id), actor_of(Role.ORGANIZER)
    return {
        "certificate.json": desk.closeout.certificate(organizer),
        "certificate.html": desk.closeout.certificate_page(organizer),
        "audit.csv": desk.audit.export(organizer),
        "audit.json": desk.audit.export_json(organizer),
    }


def key_of(console: Console) -> str:
    return console.of(EVENT.id).closeout.fingerprint(actor_of(Role.ORGANIZER))


@pytest.mark.parametrize("name", ["certificate.json", "certificate.html", "audit.csv", "audit.json"])
def test_what_was_not_changed_is_whole_for_both_verifiers(
    console: Console, files: dict[str, bytes], stranger: ModuleType, name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(files[name])
    assert main(["verify", str(tmp_path / name), "--key", key_of(console)]) == 0
    assert "WHOLE" in capsys.readouterr().out
    assert stranger.main([str(tmp_path / name), key_of(console)]) == 0
    assert capsys.readouterr().out.startswith("WHOLE")


def test_a_thousand_changed_bytes_are_all_found_and_each_is_named(
    files: dict[str, bytes], stranger: ModuleType
) -> None:
    """By both: the command, and the one that a stranger runs."""
    chance = random.Random(12)
    missed: list[tuple[str, int]] = []
    for number in range(CHANGES):
        name = sorted(files)[number % len(files)]
        whole = files[name]
        at = chance.randrange(len(whole))
        byte = chance.choice([each for each in range(256) if each != whole[at]])
        changed = whole[:at] + bytes([byte]) + whole[at + 1 :]
        found = verify(changed)
        line = whole.count(b"\n", 0, at) + 1
        told = " ".join(found["changes"])
        is_last = at >= whole.rindex(b"\n", 0, len(whole) - 6)
        is_named = bool(re.search(rf"\bLines? {line:,}\b", told)) or is_last
        by_stranger = _asked(stranger, changed)
        if found["whole"] or not told or not is_named or not by_stranger:
            missed.append((name, at))
    assert missed == []


def _asked(stranger: ModuleType, file: bytes) -> list[str]:
    split = stranger.split(file)
    if split is None:
        return ["no seal"]
    body, found, exact = split
    told = [] if exact and stranger.signed(found) else ["the seal"]
    if stranger.hashlib.sha256(body).hexdigest() != found.get("sha256"):
        told += stranger.changed_lines(body, found)
    return told


def test_the_strangers_verifier_is_short_and_needs_one_package() -> None:
    text = (ROOT / "docs" / "verify_certificate.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    imported = {name.split(".")[0] for name in re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE)}
    assert imported == {"hashlib", "json", "re", "sys", "difflib", "cryptography"}


def test_the_command_names_what_was_changed_and_fails(
    files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "certificate.json"
    path.write_bytes(files["certificate.json"].replace(b"They stand in ERROR", b"They are all gone.."))
    assert main(["verify", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert "They are all gone.." in " ".join(found["changes"])
    assert found["verdict"] is None, "what a changed file says is not repeated"


def test_whoever_signs_anew_is_found_by_the_fingerprint(
    console: Console, files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = seal(b'{\n"verdict": 1,\n', "json", kind="x", key=open_signing_key(Settings(home=tmp_path)), at=NOW)
    path = tmp_path / "forged.json"
    path.write_bytes(forged)
    assert main(["verify", str(path)]) == 0
    assert "Whose key that is, the file cannot tell" in capsys.readouterr().out
    assert main(["verify", str(path), "--key", key_of(console)]) == 1
    assert "another key" in capsys.readouterr().out


def test_an_entry_that_was_altered_before_the_seal_is_found_by_the_chain(
    console: Console, files: dict[str, bytes], stranger: ModuleType
) -> None:
    document = json.loads(files["audit.json"])
    del document["seal"]
    document["entries"][1]["count"] = 99
    key = open_signing_key(console.settings)
    resealed = seal(json_body(document), "json", kind="audit export", key=key, at=NOW)
    number = document["entries"][1]["seq"]
    assert verify(resealed)["changes"] == [f"Audit entry {number} is not as it was written."]
    assert stranger.chain(stranger.split(resealed)[0]) == [
        f"Audit entry {number} is not as it was written, before this file was sealed."
    ]


def digest_of(entry: dict[str, Any]) -> str:
    covered = {name: value for name, value in entry.items() if name != "digest"}
    text = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_entry_out_of_which_a_person_was_taken_is_whole_and_no_other_change_is(
    console: Console, files: dict[str, bytes], stranger: ModuleType
) -> None:
    def both(document: dict[str, Any]) -> list[str]:
        sealed = seal(json_body(document), "json", kind="audit export", key=key, at=NOW)
        told = verify(sealed)["changes"]
        assert [each.split(",")[0].rstrip(".") for each in stranger.chain(stranger.split(sealed)[0])] == [
            each.rstrip(".") for each in told
        ]
        return told

    key = open_signing_key(console.settings)
    document = json.loads(files["audit.json"])
    del document["seal"]
    entries = document["entries"]
    cut, last = entries[1], entries[-1]
    cut["target"] = "erased-1"
    told = {**last, "previous": last["digest"], "seq": last["seq"] + 1, "action": REDACT, "target": "erased-1"}
    told["after"] = {"left": {str(cut["seq"]): digest_of(cut)}}
    told["digest"] = digest_of(told)
    assert both(document) == [f"Audit entry {cut['seq']} is not as it was written."]
    entries.append(told)
    assert both(document) == []
    cut["count"] = 99
    assert both(document) == [f"Audit entry {cut['seq']} is not as it was written."]


def test_an_entry_that_lost_an_erased_person_is_whole_and_one_changed_since_is_not(
    console: Console, stranger: ModuleType
) -> None:
    person = Traces(frozenset({"at-lost-01"}), mark="erased-x")
    store, who = console.store, actor_of(Role.ORGANIZER)
    entry = by_system("ev-1", "attendees.add", at=NOW, name="Olga", target="at-lost-01", count=1)
    number = store.append_audit(entry).seq
    store.append_audit(by_system("ev-1", "attendees.add", at=NOW, name="Olga", target="at-other", count=1))
    told = {"at": NOW, "name": "The console", "target": "erased-x"}
    store.redact_audit(
        "ev-1", person, lambda left: by_system("ev-1", REDACT, count=len(left), after={"left": {**left}}, **told)
    )
    export = console.of(EVENT.id).audit.export_json(who)
    assert b"at-lost-01" not in export
    assert (verify(export)["changes"], stranger.chain(stranger.split(export)[0])) == ([], [])
    document = json.loads(export)
    del document["seal"]
    document["entries"][number - 1]["target"] = "at-forged"
    resealed = seal(json_body(document), "json", kind="audit export", key=open_signing_key(console.settings), at=NOW)
    assert verify(resealed)["changes"] == [f"Audit entry {number} is not as it was written."]
    assert len(stranger.chain(stranger.split(resealed)[0])) == 1


def test_a_certificate_is_found_in_the_audit_that_it_came_from_and_in_no_shorter_one(
    console: Console, files: dict[str, bytes]
) -> None:
    certificate, audit = files["certificate.json"], files["audit.json"]
    assert verify(certificate, audit=audit)["whole"]
    document = json.loads(audit)
    del document["seal"]
    document["entries"] = document["entries"][:1]
    short = seal(json_body(document), "json", kind="audit export", key=open_signing_key(console.settings), at=NOW)
    assert any("which the certificate names" in each for each in verify(certificate, audit=short)["changes"])


def test_the_certificate_names_no_racer(files: dict[str, bytes]) -> None:
    for name in ("certificate.json", "certificate.html"):
        text = files[name].decode()
        assert "example.com" not in text
        assert "P 3" not in text
        assert "at-3" in text


def test_a_file_that_is_not_there_or_not_ours_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    other = tmp_path / "other.json"
    other.write_text("[" * 99_999, encoding="utf-8")
    assert main(["verify", str(other)]) == 1
    assert "no seal" in capsys.readouterr().out


def test_the_key_is_made_once_for_this_account_alone_and_never_replaced(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = open_signing_key(settings).private_bytes_raw()
    assert open_signing_key(settings).private_bytes_raw() == first
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE]


def test_how_closing_stands_is_told_by_a_command(
    console: Console, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from deepracer_admin import closeout_command

    found = closeout_command.report(console, EVENT)
    assert (found["state"], found["verdict"]["colour"]) == ("done", "amber")
    assert [each["what"] for each in found["left"]] == ["models"]
    assert (found["can_still_sign_in"], found["not_known"]) == (0, 0)
    where = closeout_command._write(console, EVENT, tmp_path / "out")
    assert verify((tmp_path / "out" / "certificate.json").read_bytes(), key=where["fingerprint"])["whole"]


def test_what_was_kept_when_the_event_was_closed_outlives_its_people_and_names_none(console: Console) -> None:
    closeout, organizer = console.of(EVENT.id).closeout, actor_of(Role.ORGANIZER)
    console.ports_of(EVENT.id).keep_certificate(EVENT.id)
    before = json.loads(closeout.certificate(organizer))
    console.store.update(EVENT.id, ERASED, lambda _: Erased(NOW, 12))
    try:
        kept = closeout.certificate(organizer)
        found = json.loads(kept)
        assert verify(kept, key=key_of(console))["whole"]
        assert verify(closeout.certificate_page(organizer), key=key_of(console))["whole"]
    finally:
        console.store.update(EVENT.id, ERASED, lambda _: None)
    assert (found["persons"], found["people"]) == ([], before["people"])
    assert (found["verdict"], found["claims"]) == (before["verdict"], before["claims"])
    assert "at-3" not in kept.decode()
    assert "the operator deletes them" not in kept.decode()
