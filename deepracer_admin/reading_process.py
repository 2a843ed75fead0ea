"""The child that reads people's files: `python -m deepracer_admin.reading_process`, started by files/process.py.

The only place where the readers of lists and of settings files are called in the console.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from deepracer_admin.files.child import Handler, serve
from deepracer_admin.rules.roster.carried import pack
from deepracer_admin.rules.roster.check import check
from deepracer_admin.rules.roster.choices import ReadingChoices
from deepracer_admin.rules.roster.findings import Limits
from deepracer_admin.rules.settings_file import read_values

__all__ = ["HANDLERS", "main", "warm_up"]

_LIMITS = frozenset(field.name for field in fields(Limits))


def read_list(data: bytes, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """An attendee list, judged: `check` with `options`, packed. `options["choices"]` is a ReadingChoices as JSON,
    `options["limits"]` holds what differs of Limits."""
    words = dict(options)
    words |= ReadingChoices.of_json(words.pop("choices", {})).options()
    limits = Limits(**{name: value for name, value in words.pop("limits", {}).items() if name in _LIMITS})
    return pack(check(data, limits=limits, **words))


def read_settings(data: bytes, _: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """The values of a settings file."""
    return {"settings": read_values(data)}, ()


HANDLERS: Mapping[str, Handler] = {"list": read_list, "settings": read_settings}
"""Who reads which kind of file."""


def warm_up() -> None:
    """Load and use what only large lists need, so that the next file finds all of it ready."""
    from deepracer_admin.rules.roster.addresses import AddressJudge
    from deepracer_admin.rules.roster.bulk import BulkEmails, first_of
    from deepracer_admin.rules.roster.lazy_column import read_columns

    sample = b"Name,Email,New to AWS\r\nAda,ada@example.com,yes\r\nBo,nobody@,no\r\n"
    pack(check(sample, filename="sample", service_rule="on_aws"))
    columns = read_columns(sample, ",", 3, is_quoted=False)
    if columns:
        first_of(BulkEmails(columns[1], AddressJudge()).normal, {2: None})
        columns[0].mapped(str.strip).beside(columns[2]).joined(" ")


def main(argv: Sequence[str] | None = None) -> int:
    """Answer one request from standard input."""
    parser = argparse.ArgumentParser(prog="reading_process", description=__doc__)
    parser.add_argument("--memory", type=int, required=True, help="bytes that this process may hold")
    parser.add_argument("--seconds", type=float, required=True, help="how long its parent will wait")
    parser.add_argument("--warm", action="store_true", help="load what only large lists need, too")
    words = parser.parse_args(argv)
    gc.disable()  # one file, then the end: looking for rubbish among a million cells costs more than it finds
    if words.warm:
        warm_up()
    return serve(HANDLERS, memory=words.memory, seconds=words.seconds)


if __name__ == "__main__":
    raise SystemExit(main())
