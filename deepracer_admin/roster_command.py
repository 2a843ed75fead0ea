"""`roster check FILE [--json]`: what a list holds, without importing it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from deepracer_admin.counted import counted
from deepracer_admin.errors import ConsoleError
from deepracer_admin.files.process import ChildProcessReader
from deepracer_admin.rules.roster.choices import INCLUDE, ReadingChoices
from deepracer_admin.rules.roster.findings import Limits, RosterCheck, UnreadableRoster
from deepracer_admin.services.file_desk import FileDesk

__all__ = ["main"]

_UNREADABLE = 2
_OTHER_KINDS = frozenset({"entries", "page"})  # JSON, contact cards, web pages: a script expects a list
_SHOWN = 20


def main(argv: list[str]) -> int:
    """Run `check FILE` and return the exit code.

    0 when the list could be read, even if rows are rejected; 2 with one line on standard error when it could not, or
    when the file is no list by its kind and `--any-kind` does not say that its people are wanted all the same.
    """
    options = _parser().parse_args(argv)
    logging.getLogger("deepracer_admin").addHandler(logging.NullHandler())  # one line on standard error, not two
    try:
        data = _read(options.file, options.max_mb)
        found = FileDesk(ChildProcessReader("deepracer_admin.reading_process")).check_list(
            data,
            filename=Path(options.file).name,
            choices=ReadingChoices(
                sheet=options.sheet,
                encoding=options.encoding,
                delimiter=options.delimiter,
                header_row=options.header_row,
                tables_aside=tuple(options.leave_table or ()),
                columns=_mapping(options.map),
                name_order="family first" if options.family_first else None,
                let_in=tuple(("", word) for word in options.let_in or ()),
                keep_out=tuple(("", word) for word in options.keep_out or ()),
                teams_apart=False if options.one_person_a_row else None,
                include=tuple(options.include or ()),
            ),
            service_rule=options.service,
            limits={"file_bytes": round(options.max_mb * 1024 * 1024)},
        )
    except ConsoleError as unreadable:
        print(unreadable.sentence, file=sys.stderr)
        return _UNREADABLE
    if found.shape.kind in _OTHER_KINDS and not options.any_kind:
        print(_of_other_kind(found), file=sys.stderr)
        return _UNREADABLE
    output = json.dumps(found.as_json(), ensure_ascii=False, indent=1) if options.json else _summary(found)
    # Written as UTF-8 whatever the console's code page is: a name must not stop the command.
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        print(output)
    else:
        stream.write(output.encode("utf-8", errors="replace") + b"\n")
        stream.flush()
    return 0


def _of_other_kind(found: RosterCheck) -> str:
    said = next(
        (warning for warning in found.warnings if warning.startswith("This is")), "This is no list by its kind."
    )
    people = counted(len(found.accepted), "person", "people")
    return f"{said} It holds {people} to accept: add --any-kind to take it as a list."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deepracer_admin roster", description="Attendee lists.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("check", help="read a list and report every row, without importing it")
    command.add_argument("file", help="the list: text, a workbook, JSON, cards, a web page; - for standard input")
    command.add_argument("--json", action="store_true", help="the whole report as JSON")
    command.add_argument(
        "--map", action="append", default=[], metavar="FIELD=COLUMN", help="correct the guessed mapping"
    )
    command.add_argument("--encoding", help="overrule the guessed encoding")
    command.add_argument("--delimiter", help="overrule the guessed delimiter")
    command.add_argument("--header-row", type=_line, help="overrule the guessed heading's line (0: there is none)")
    command.add_argument(
        "--include",
        action="append",
        choices=INCLUDE,
        help="let in hidden rows, rows struck through, people who will not come, rows above the heading, or hosts and "
        "panelists",
    )
    command.add_argument(
        "--leave-table", action="append", type=_line, metavar="LINE", help="leave out the list whose heading is there"
    )
    command.add_argument("--let-in", action="append", metavar="WORD", help="people of this status come all the same")
    command.add_argument("--keep-out", action="append", metavar="WORD", help="people of this status do not come")
    command.add_argument("--one-person-a-row", action="store_true", help="take no row apart into a team's members")
    command.add_argument("--family-first", action="store_true", help="full names begin with the family name")
    command.add_argument("--any-kind", action="store_true", help="take people out of JSON, contact cards, web pages")
    command.add_argument("--sheet", help="the workbook's sheet to read")
    command.add_argument("--service", choices=["on_aws"], help="mark the addresses that this racing service refuses")
    command.add_argument("--max-mb", type=float, default=Limits().file_bytes / 1024 / 1024, help="largest file to read")
    return parser


def _line(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a line is a whole number, 0 or more")
    return int(text)


def _read(file: str, max_mb: float) -> bytes:
    """The bytes, but no more than decide that the file is too large."""
    most = round(max_mb * 1024 * 1024) + 1
    if file == "-":
        return sys.stdin.buffer.read(most)
    try:
        with Path(file).open("rb") as source:
            return source.read(most)
    except (OSError, ValueError) as cause:
        why = getattr(cause, "strerror", None) or "the name is not valid"
        raise UnreadableRoster(f"The file {file} cannot be opened ({why}): check its name and folder.") from None


def _mapping(pairs: list[str]) -> dict[str, str | int]:
    mapping: dict[str, str | int] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals:
            raise UnreadableRoster(f"The mapping {pair} is not of the form FIELD=COLUMN.")
        mapping[field] = column
    return mapping


def _summary(found: RosterCheck) -> str:
    form = ", ".join(filter(None, (found.encoding, repr(found.delimiter) if found.delimiter else "", found.sheet)))
    lines = [
        f"{found.file} ({form}): {counted(found.rows, 'row')}, {len(found.accepted):,} accepted, "
        f"{counted(len(found.duplicates), 'duplicate')}, {len(found.rejected):,} rejected"
        + (f", {len(found.left_out):,} left out" if found.left_out else "")
    ]
    lines += [f"  {column.name} -> {column.field or 'kept as extra'}" for column in found.columns]
    lines += [f"  row {bad.row}, {bad.column}: {bad.value!r}. {bad.reason}" for bad in found.rejected[:_SHOWN]]
    if len(found.rejected) > _SHOWN:
        lines.append(f"  and {counted(len(found.rejected) - _SHOWN, 'more rejected row')} (--json lists them all)")
    lines += [f"  row {out.row} left out: {out.value!r}. {out.reason}" for out in found.left_out[:_SHOWN]]
    lines += [f"  note: {warning}" for warning in found.warnings]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
