"""The addresses of a large list, judged a whole column at a time in Arrow's buffers.

The verdicts are those of `AddressJudge`; only what is not plain is looked at one by one.
"""

from __future__ import annotations

from typing import Any

from deepracer_admin.rules.roster.addresses import GUEST, AddressJudge
from deepracer_admin.rules.roster.lazy_column import LazyColumn, operations

__all__ = ["BulkEmails", "First", "first_of"]

_ATOM = r"[a-z0-9!#$%&'*+/?^_`{|}~-]"
_PLAIN = rf"^[a-z0-9!#$%&*+/?^_`{{|}}~-]{_ATOM}*(\.{_ATOM}+)*@[a-z0-9.-]+$"
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 189  # characters; see addresses.py


class BulkEmails:
    """The normal form of a column of addresses in ASCII, and which of them are plain and certainly valid.

    Raises ValueError when a cell is not ASCII.
    """

    def __init__(self, column: LazyColumn, judge: AddressJudge) -> None:
        compute = operations()

        def call(name: str, *arguments: Any) -> Any:
            return compute.call_function(name, list(arguments))

        if not call("all", call("string_is_ascii", column.cells)).as_py():
            raise ValueError("Not every cell is in ASCII.")
        normal = call("ascii_lower", call("ascii_trim_whitespace", column.cells))
        plain = compute.match_substring_regex(normal, _PLAIN)
        at = compute.find_substring(normal, "@")
        length = call("binary_length", normal)
        plain = call("and", plain, call("less_equal", at, _LONGEST_LOCAL))
        plain = call("and", plain, call("less_equal", call("subtract", length, at), _LONGEST_DOMAIN + 1))
        plain = call("and_not", plain, compute.match_substring(normal, GUEST))
        found = LazyColumn(normal.filter(plain)).domains()
        refused = [domain for domain in found if not judge.accepts_domain(domain)]
        if refused:
            from pyarrow import array, string

            domains = compute.replace_substring_regex(normal, "^[^@]*@", "")
            plain = call("and_not", plain, compute.is_in(domains, array(refused, string())))
        self.normal = normal
        self.plain = plain.to_numpy(zero_copy_only=False)


class First:
    """Which records are the first of their address. `places[k]` is the first record of the k-th address."""

    def __init__(self, codes: Any) -> None:
        import numpy

        before = numpy.empty_like(codes)
        if len(codes):
            before[0] = -1
            numpy.maximum.accumulate(codes[:-1], out=before[1:])
        self.codes = codes
        self.is_first = codes > before
        self.places = numpy.flatnonzero(self.is_first)
        self.again = numpy.flatnonzero(~self.is_first & (codes >= 0)).tolist()


def first_of(normal: Any, changed: dict[int, str | None]) -> tuple[First, Any]:
    """(which records are first, the addresses): `changed` are the records with another address, or with none."""
    from pyarrow import array, string
    from pyarrow.compute import call_function

    if changed:
        import numpy

        places = sorted(changed)
        mask = numpy.zeros(len(normal), dtype=bool)
        mask[places] = True
        normal = call_function(
            "replace_with_mask", [normal, array(mask), array([changed[place] for place in places], string())]
        )
    codes = normal.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return First(codes), normal
