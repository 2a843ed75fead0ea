"""`python -m deepracer_admin backup FILE` and `restore FILE`: one event in one file, for another data folder.

The format is in docs/backups.md. Exit codes: 0 done, 2 a sentence on standard error says what to mend.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deepracer_admin.clock import SystemClock, iso
from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, ConsoleError
from deepracer_admin.event_file import LARGEST, is_sealed, open_sealed, seal, unpack
from deepracer_admin.model import Event
from deepracer_admin.private import open_private, private_folder
from deepracer_admin.records.closing import CERTIFICATE
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.restored import RESTORED, waits_here
from deepracer_admin.records.store_copies import COPIED, Copied
from deepracer_admin.rules.audit import by_system
from deepracer_admin.rules.seal import check, fingerprint_of
from deepracer_admin.settings import Settings, load_settings
from deepracer_admin.signing import open_signing_key
from deepracer_admin.store.event_copies import pack_event, restore_event
from deepracer_admin.store.sqlite import SqliteEventStore, SqliteHistory, open_history
from deepracer_admin.store_command import open_store
from deepracer_admin.vault import open_vault
from deepracer_admin.worker.open_work import goes_on_by_itself

__all__ = ["backup", "restore"]

PASSPHRASE = "DEEPRACER_ADMIN_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a setting
SHORTEST = 12
WAITS = (
    " It waits: nothing is sent, changed or deleted for it here, for the console that the backup came from may go on, "
    "and people would be mailed twice. Stop that one for good, then let the event go on here: on its Event page, or by "
    "repeating this command with --goes-on-here."
)
GOES_ON = " It goes on here: what was under way is taken up by the next console that starts."


@dataclass(frozen=True, slots=True)
class Folder:
    """A data folder that is open; no service is needed to copy what lies in it."""

    store: SqliteEventStore
    history: SqliteHistory
    home: Path
    key_print: str
    passphrase: str
    settings: Settings


Work = Callable[[Folder, argparse.Namespace], tuple[dict[str, object], str]]
"""Does it; (as JSON, as a sentence)."""


def backup(argv: Sequence[str]) -> int:
    """`backup FILE [--event ID] [--encrypt] [--json]`."""
    parser = argparse.ArgumentParser(
        prog="python -m deepracer_admin backup", description="One event in one file: people, results, audit, exports."
    )
    parser.add_argument("file", help="where to; a file that is there is not replaced")
    parser.add_argument("--event", default="", help="id of the event (default: the one that opens first)")
    parser.add_argument("--encrypt", action="store_true", help=f"ask for a passphrase, or take it from {PASSPHRASE}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return _run(_backup, parser, argv)


def restore(argv: Sequence[str]) -> int:
    """`restore FILE [--goes-on-here] [--json]`."""
    parser = argparse.ArgumentParser(
        prog="python -m deepracer_admin restore",
        description="Put an event from a backup into this data folder, while no console or worker runs on it.",
    )
    parser.add_argument("file", help="what `backup` wrote")
    parser.add_argument(
        "--goes-on-here",
        action="store_true",
        help="the console that the backup came from has stopped for good: the event's work goes on here",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return _run(_restore, parser, argv)


def _run(work: Work, parser: argparse.ArgumentParser, argv: Sequence[str]) -> int:
    parsed = parser.parse_args([*argv])
    try:
        with _opened(load_settings()) as folder:
            told, sentence = work(folder, parsed)
    except ConsoleError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{json.dumps(told, indent=2) if parsed.json else sentence}\n")
    return 0


@contextmanager
def _opened(settings: Settings) -> Iterator[Folder]:
    private_folder(settings.home)
    with ExitStack() as opened:
        store = open_store(settings, settings.store)
        opened.callback(store.close)
        history = open_history(settings.home / "history.sqlite")
        opened.callback(history.close)
        yield Folder(
            store,
            history,
            settings.home,
            open_vault(settings).key_print,
            settings.backup_passphrase.get_secret_value(),
            settings,
        )


def _backup(folder: Folder, parsed: argparse.Namespace) -> tuple[dict[str, object], str]:
    event, path = parsed.event or folder.store.read("", CURRENT_EVENT), Path(parsed.file).expanduser()
    if not event:
        raise BadInput("There is no event yet, so there is nothing to back up.")
    secret = _passphrase(folder.passphrase, twice=True) if parsed.encrypt else ""
    now = SystemClock().now()
    content = pack_event(folder.store, folder.history, folder.home, event, now=now, key_print=folder.key_print)
    if secret:
        content = seal(content, secret)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb", opener=open_private) as file:
            file.write(content)
    except FileExistsError:
        raise BadInput(f"{path} is there already: choose another name, so that no backup is lost.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): choose another folder.") from None
    folder.store.update("", COPIED, lambda _: Copied(now))
    name = folder.store.event(event).name
    how = "encrypted" if secret else "not encrypted: whoever reads it reads names and addresses"
    told = {"file": str(path), "event": event, "bytes": len(content), "encrypted": bool(secret)}
    return told, f"“{name}” is in {path} ({len(content) / 1e6:,.1f} MB, {how})."


def _restore(folder: Folder, parsed: argparse.Namespace) -> tuple[dict[str, object], str]:
    path = Path(parsed.file).expanduser()
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path} is too large for a backup of an event.")
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): choose the file that `backup` wrote.") from None
    if is_sealed(content):
        content = open_sealed(content, _passphrase(folder.passphrase, twice=False))
    parts, files = unpack(content)
    now = SystemClock().now()
    done = restore_event(folder.store, folder.history, folder.home, parts, files, now=now, key_print=folder.key_print)
    if not folder.store.read("", CURRENT_EVENT):
        folder.store.update("", CURRENT_EVENT, lambda _: done.event)
    key = (
        "" if done.same_key else " Links of guests were sealed with the other folder's key: invite those guests again."
    )
    told, signed = _signed(folder, done.event)
    waited = _waits(folder, folder.store.event(done.event))
    went_on = waited and parsed.goes_on_here
    if went_on:
        _go_on(folder, done.event)
    says = GOES_ON if went_on else WAITS if waited else ""
    return {**asdict(done), **told, "waits": waited and not went_on}, (
        f"“{done.name}” is here as it was on {done.made_at}: {counted(done.rows, 'row')}, digest {done.digest[:16]}, "
        f"{counted(done.history, 'row')} of usage and results, {counted(done.files, 'export file')}. "
        f"Audit: {done.audit}.{says}{key}{signed}"
    )


def _go_on(folder: Folder, event: str) -> None:
    """Whoever runs the command says that the event goes on here."""
    mark = folder.store.read(event, RESTORED)
    folder.store.update(event, RESTORED, lambda _: None)
    folder.store.append_audit(
        by_system(
            event,
            "event.go_on",
            at=SystemClock().now(),
            name="The command line",
            target=event,
            count=1,
            after={"backup_made_at": iso(mark.made_at) if mark else None},
        )
    )


def _waits(folder: Folder, event: Event) -> bool:
    """Is nothing done for the event from now on? One that is closed, with nothing under way, has nothing to wait for:
    its mark goes. (Who dies before that restores again.)"""
    if event.closed_at is not None and not goes_on_by_itself(folder.store, event):
        folder.store.forget(event.id, RESTORED)
    return waits_here(folder.store, event.id)


def _signed(folder: Folder, event: str) -> tuple[dict[str, object], str]:
    """With which keys the event's certificates are signed: in this folder, and where it was closed."""
    here = fingerprint_of(open_signing_key(folder.settings).public_key().public_bytes_raw())
    kept = folder.store.read(event, CERTIFICATE)
    there = check(kept.text.encode()).fingerprint if kept is not None else ""
    told: dict[str, object] = {"fingerprint": here, "fingerprint_of_kept_certificate": there or None}
    if kept is None or there == here:
        return told, ""
    return told, (
        f" Certificates made in this folder carry the fingerprint {here}. The one that was kept when the event was "
        f"closed carries {there}, and still verifies with that."
    )


def _passphrase(given: str, *, twice: bool) -> str:
    if not given and sys.stdin is not None and sys.stdin.isatty():
        given = getpass.getpass("Passphrase of the backup: ")
        if twice and given != getpass.getpass("Once more: "):
            raise BadInput("The two passphrases differ, so nothing was written.")
    if len(given) < SHORTEST:
        raise BadInput(
            f"A passphrase of at least {SHORTEST} characters is needed: type it where you are asked, or set "
            f"{PASSPHRASE}."
        )
    return given
