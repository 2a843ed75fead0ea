"""The command line: `python -m deepracer_admin` and roster check, worker, status, rehearse, racing, store, preflight,
closeout, verify, backup, restore.

Exit codes: 0 done, 2 a sentence on standard error says what to mend.
"""

from __future__ import annotations

import argparse
import io
import json
import signal
import sys
from collections.abc import Sequence

from deepracer_admin.errors import ConsoleError
from deepracer_admin.private import make_private

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every error of ours is one line on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        # Into a file or pipe as UTF-8, whatever the code page: on Windows a name would else stop the command.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["roster"]:
        from deepracer_admin.roster_command import main as roster

        return roster(arguments[1:])
    if arguments[:1] == ["store"]:
        from deepracer_admin.store_command import main as store

        return store(arguments[1:])
    if arguments[:1] == ["preflight"]:
        from deepracer_admin.preflight_command import main as preflight

        return preflight(arguments[1:])
    if arguments[:1] == ["closeout"]:
        from deepracer_admin.closeout_command import main as closeout

        return closeout(arguments[1:])
    if arguments[:1] == ["verify"]:
        from deepracer_admin.verify_command import main as verify

        return verify(arguments[1:])
    if arguments[:1] in (["backup"], ["restore"]):
        from deepracer_admin import backup_command

        return (backup_command.backup if arguments[0] == "backup" else backup_command.restore)(arguments[1:])
    parsed = _parser().parse_args(arguments)
    try:
        return parsed.run(parsed)
    except ConsoleError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deepracer_admin", description="DeepRacer Organizer Console, without a browser."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("roster", help="check an attendee list: roster check FILE --json", add_help=False)
    commands.add_parser("store", help="the shared table: store check | create | copy", add_help=False)
    commands.add_parser("preflight", help="is everything ready to open? preflight --json", add_help=False)
    commands.add_parser("closeout", help="close an event, with a certificate: closeout --json", add_help=False)
    commands.add_parser(
        "verify", help="is a certificate or an audit export as it was sealed? verify FILE", add_help=False
    )
    commands.add_parser("backup", help="one event in one file: backup FILE --encrypt", add_help=False)
    commands.add_parser("restore", help="put an event from a backup into this data folder", add_help=False)
    worker = commands.add_parser("worker", help="run the worker alone (one of several may run; one holds the lease)")
    worker.set_defaults(run=_worker)
    status = commands.add_parser("status", help="where an event stands")
    status.add_argument("--event", help="id of the event (default: the one that opens first)")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_status)
    racing = commands.add_parser("racing", help="account, capabilities, profiles and races of the racing service")
    racing.add_argument("--event", help="id of the event (default: the one that opens first)")
    racing.add_argument("--json", action="store_true", help="print JSON")
    racing.set_defaults(run=_racing)
    rehearse = commands.add_parser(
        "rehearse", help="a whole event with simulated racers, counted by the practice world"
    )
    rehearse.add_argument("--attendees", type=int, default=200, help="how many racers (1 to 10000)")
    rehearse.add_argument("--speed", type=float, default=600.0, help="event seconds per second while racing (1 to 600)")
    rehearse.add_argument("--hours", type=float, default=8.0, help="length of the event in event hours")
    rehearse.add_argument("--slots", type=int, default=100, help="concurrent training jobs of the account")
    rehearse.add_argument("--seed", type=int, default=7, help="seed of the fleet")
    rehearse.add_argument("--version", default="1.3.1", help="edition of DeepRacer on AWS: 1.3.1 or 1.2.5")
    rehearse.add_argument(
        "--drill",
        default="",
        help="a bad day, counted in the report: deadline-rush, lost-quota, monthly-reset, outage, over-spending",
    )
    rehearse.add_argument(
        "--room", type=float, default=2.0, help="deadline-rush: hours in which room is kept for submissions (0: none)"
    )
    rehearse.add_argument("--home", default="", help="data folder; default a new temporary one")
    rehearse.add_argument("--json", action="store_true", help="print JSON")
    rehearse.set_defaults(run=_rehearse)
    return parser


def _worker(_: argparse.Namespace) -> int:
    from deepracer_admin.compose import compose
    from deepracer_admin.journal import set_up_logging
    from deepracer_admin.settings import load_settings
    from deepracer_admin.worker import Worker

    settings = load_settings()
    console = compose(settings)
    set_up_logging(settings)
    worker = Worker(console)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: worker.request_stop())
    try:
        worker.run_forever()
    finally:
        console.close()
    return 0


def _status(parsed: argparse.Namespace) -> int:
    from deepracer_admin.compose import compose
    from deepracer_admin.settings import load_settings
    from deepracer_admin.status import status

    console = compose(load_settings())
    try:
        report = status(console, parsed.event)
    finally:
        console.close()
    if parsed.json:
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    else:
        for key, value in report.items():
            sys.stdout.write(f"{key}: {value}\n")
    return 0


def _racing(parsed: argparse.Namespace) -> int:
    from deepracer_admin.compose import compose
    from deepracer_admin.settings import load_settings
    from deepracer_admin.status import racing_report

    console = compose(load_settings())
    try:
        report = racing_report(console, parsed.event)
    finally:
        console.close()
    sys.stdout.write(json.dumps(report, indent=2 if parsed.json else None, ensure_ascii=False) + "\n")
    return 0


def _rehearse(parsed: argparse.Namespace) -> int:
    from deepracer_admin.rehearse import Plan, rehearse

    plan = Plan(
        attendees=parsed.attendees,
        speed=parsed.speed,
        hours=parsed.hours,
        slots=parsed.slots,
        seed=parsed.seed,
        home=parsed.home,
        version=parsed.version,
        drill=parsed.drill,
        room=parsed.room,
    )
    report = rehearse(plan, say=lambda line: print(line, file=sys.stderr, flush=True))
    if parsed.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        for key, value in report.items():
            sys.stdout.write(f"{key}: {value}\n")
    return 0


if __name__ == "__main__":
    make_private()
    raise SystemExit(main())
