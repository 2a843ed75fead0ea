"""The whole check of a list: bytes in, accepted people and findings out.

Invariant: every data row ends as exactly one of accepted, duplicate, rejected, left out; the first row of an address
wins; blank rows do not count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.accepted import People
from deepracer_admin.rules.roster.cells import holds_address
from deepracer_admin.rules.roster.choices import NameOrder
from deepracer_admin.rules.roster.columns import Guess, Header, find_header, guess_columns
from deepracer_admin.rules.roster.findings import (
    AcceptedRows,
    Column,
    LeftOut,
    Limits,
    RosterCheck,
    UnreadableRoster,
    cut,
)
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.headings import Rank, is_known, read_heading
from deepracer_admin.rules.roster.judging import NO_EMAIL_COLUMN, Source, judge, reject_all
from deepracer_admin.rules.roster.name_parts import with_further_parts
from deepracer_admin.rules.roster.people import fold
from deepracer_admin.rules.roster.reading import read_list
from deepracer_admin.rules.roster.sections import OTHERS, rows_of_others
from deepracer_admin.rules.roster.shape import Shape
from deepracer_admin.rules.roster.status import Status, find_statuses
from deepracer_admin.rules.roster.surroundings import elsewhere_of, head_of, status_found
from deepracer_admin.rules.roster.tables import (
    addresses_above,
    further_tables,
    rows_above,
    title_above,
    without_second_headings,
)
from deepracer_admin.rules.roster.teams import by_cells, by_columns
from deepracer_admin.rules.roster.text_marks import without_text_marks

__all__ = ["ABOVE", "DECLINED", "HIDDEN", "STRUCK", "check"]

HIDDEN, STRUCK, DECLINED, ABOVE = "hidden", "struck", "declined", "above"
_SECTION_TITLE = re.compile(r"\s*\d+\.\s+\S")
_SHOWN = 5
_LIMITS = Limits()


def check(
    data: bytes,
    *,
    filename: str,
    mapping: Mapping[str, str | int] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    include: Collection[str] = (),
    tables_aside: Collection[int] = (),
    teams_apart: bool | None = None,
    name_order: NameOrder | None = None,
    status_column: int | str | None = None,
    let_in: Collection[tuple[str, str]] = (),
    keep_out: Collection[tuple[str, str]] = (),
    service_rule: str | None = None,
    limits: Limits = _LIMITS,
) -> RosterCheck:
    """Read any attendee list and judge every row.

    `mapping` maps a field of `columns.FIELDS` to a heading, a position (from 0) or "" (not in the list), and overrules
    the guess. `encoding`, `delimiter`, `sheet` and `header_row` (1-based line, 0 for none) overrule theirs. `include`
    lets in what is left out by default: "hidden" rows of a workbook, rows "struck" through, "declined" people, rows
    "above" the heading.
    `tables_aside`, `teams_apart`, `name_order`, `status_column`, `let_in` and `keep_out` as in
    `choices.ReadingChoices`.
    `service_rule` names the racing service whose refusals are marked on accepted rows (see `service_refusal`).

    Raises UnreadableRoster when there is no list to judge; never for the fault of a single row.
    """
    reading = read_list(data, limits=limits, encoding=encoding, delimiter=delimiter, sheet=sheet)
    grid = without_text_marks(reading.grid) if reading.delimiter is not None else reading.grid
    header = _header(grid, reading, header_row)
    heading = reading.heading or (grid.record(header.place) if header.place is not None else [])
    warnings = list(reading.warnings)
    if header_row and header.place is not None and grid.lines[header.place] != header_row:
        warnings.append(f"Line {header_row} holds no cells, so the heading was looked for.")
    far = addresses_above(grid, header)
    body, cut_off = _body(grid, header, warnings)
    if body.height > limits.rows:
        raise UnreadableRoster(f"The list has more than {limits.rows:,} rows: import it in parts.")
    body, of_others, others = _without_others(body, title_above(grid, header), include, warnings)
    if heading and reading.heading is None:
        body = without_second_headings(heading, body, warnings)
    guess = guess_columns(heading, body, hidden=reading.hidden_columns)
    tables = None
    is_table = bool(heading) and reading.heading is None
    if is_table and (guessed := _taken_for(guess, "email")) is not None:
        first = (grid.lines[header.place] if header.place is not None else 0, title_above(grid, header))
        tables = further_tables(heading, body, guessed.position, warnings, first=first, aside=tables_aside)
    if tables:
        heading, body = tables.heading, tables.body
        guess = guess_columns(heading, body, hidden=reading.hidden_columns)
    further, has_teams = 0, False
    # A column that is named by its heading is one of the file, not one of those that a team's row is taken apart into.
    is_apart = teams_apart is not False and not any(isinstance(at, str) and at for at in (mapping or {}).values())
    if is_apart and (teams := by_columns(heading, body, warnings)):
        heading, body, further = teams
        has_teams = bool(heading or further)
        guess = guess_columns(heading, body)
    if mapping:
        guess = guess_columns(heading, body, mapping, frozenset() if has_teams else reading.hidden_columns)
    if teams_apart is not False and (teams := by_cells(heading, body, guess, warnings)):
        _, body, more = teams
        further += more
        has_teams = True
    body = with_further_parts(heading, body, guess)
    email = _taken_for(guess, "email")
    columns = tuple(
        column for column in guess.columns if column.position < len(heading) or any(body.columns[column.position])
    )
    statuses = find_statuses(columns, body.columns, chosen=status_column, let_in=let_in, keep_out=keep_out)
    shown_statuses = tuple(status_found(status, body, is_in=DECLINED in include) for status in statuses)
    hidden_rows = sum(line in reading.hidden for line in body.lines) if reading.hidden else 0
    struck_rows = sum(line in reading.struck for line in body.lines) if reading.struck else 0
    body, left_out = _leave_out(body, reading, columns, statuses, include, warnings)
    body, above = _from_above(grid, header, body, include, warnings)
    left_out = [*above, *left_out, *of_others, *(tables.left if tables else ())]
    # Only in a text can a separator have moved the cells of a row; a sheet's note beside the table is a note.
    usual = max(len(heading), _usual_width(body, len(heading))) if reading.delimiter is not None else body.width
    aside = [column for column in columns if column.position in guess.aside]
    if email is not None and email.position < body.width:
        second = [column for column in columns if column.position in guess.second]
        source = Source(email, second, columns, reading.formulas, is_text=reading.delimiter is not None)
        judged = judge(body, source, usual, warnings)
    else:
        judged = reject_all(body, aside)
    people = People(body, judged, columns, limits, service_rule, name_order)
    warnings += people.warnings()
    warnings += _narrow(body, usual, reading)
    shape = Shape(
        kind=reading.kind,
        head=head_of(reading.grid, header, tables, cut_off),
        tables=tables.found if tables else (),
        statuses=shown_statuses,
        elsewhere=elsewhere_of(reading, body, judged.emails, aside if email is not None else (), far, cut_off),
        hidden_sheets=reading.hidden_sheets,
        hidden_rows=hidden_rows,
        struck_rows=struck_rows,
        rows_above=rows_above(grid, header),
        rows_of_others=others,
        has_teams=has_teams,
    )
    if sentence := shape.told_elsewhere(with_sheets=False):
        warnings.append(sentence)
    if email is not None and not mapping and (sentence := _doubtful_column(heading, email)):
        warnings.append(sentence)
    if email is not None and email.position in reading.hidden_columns:
        warnings.append(f"Column {email.name}, where the addresses were taken from, is hidden in the sheet.")
    if not body.height and not left_out:
        warnings.append("The list has a header but no rows below it." if heading else "The list has no rows.")
    elif email is None:
        warnings.append(NO_EMAIL_COLUMN.reason)
    return RosterCheck(
        file=filename,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        sheet=reading.sheet,
        sheets=reading.sheets,
        header_row=grid.lines[header.place] if header.place is not None else None,
        columns=columns,
        rows=body.height + len(left_out) - further,
        accepted=AcceptedRows(len(judged.emails), people.columns),
        duplicates=tuple(judged.duplicates),
        rejected=tuple(judged.rejected),
        warnings=tuple(warnings),
        left_out=tuple(left_out),
        candidates=reading.candidates,
        further_people=further,
        shape=shape,
    )


def _doubtful_column(heading: Sequence[str], email: Column) -> str | None:
    """A sentence where the heading names sign-in names, or an address and something that is no word for an attendee."""
    text = heading[email.position] if email.position < len(heading) else ""
    found = read_heading(text)
    if found.field == "email" and found.rank is Rank.ACCOUNT:
        return f"The addresses were taken from sign-in names (column {email.name}): check that they are mailboxes, too."
    if found.field != "email" or found.rank is not Rank.PLAIN or is_known(text):
        return None
    return f"The addresses were taken from column {email.name}: check that they are the attendees' own."


def _taken_for(guess: Guess, field: str) -> Column | None:
    return next((column for column in guess.columns if column.field == field), None)


def _leave_out(
    body: Grid,
    reading: Reading,
    columns: Sequence[Column],
    statuses: Sequence[Status],
    include: Collection[str],
    warnings: list[str],
) -> tuple[Grid, list[LeftOut]]:
    """The records that stay, and those that a careful reader would not invite without asking."""
    left: dict[int, LeftOut] = {}
    email = next((column.position for column in columns if column.field == "email"), None)

    def value(place: int) -> str:
        cells = body.record(place) if email is None else [body.columns[email][place]]
        return cut(fold(" ".join(filter(None, cells))))

    for kind, lines, does, verb, reason in (
        (HIDDEN, reading.hidden, "hides", "is hidden", "The row is hidden or filtered away in the sheet."),
        (STRUCK, reading.struck, "strikes through", "is struck through", "The row is struck through in the sheet."),
    ):
        places = [place for place, line in enumerate(body.lines) if line in lines] if lines else []
        if not places:
            continue
        shown = _and_more([f"row {body.lines[place]} {verb}" for place in places])
        done = "read" if kind in include else "left out"
        warnings.append(f"The sheet {does} {counted(len(places), 'row')}, {done}: {shown}.")
        if kind not in include:
            fresh = [place for place in places if place not in left]
            left |= {place: LeftOut(body.lines[place], value(place), kind, reason) for place in fresh}
    for status in statuses:
        cells = body.columns[status.column.position]
        away = [place for place, cell in enumerate(cells) if cell in status.away and place not in left]
        shown = _and_more([f"row {body.lines[place]}: {cut(fold(cells[place])) or 'empty'}" for place in away])
        done = "read all the same" if DECLINED in include else "left out"
        if away:
            people = counted(len(away), "person", "people")
            warnings.append(f"Column {status.column.name} says that {people} will not come, {done} ({shown}).")
        silent = [place for place, cell in enumerate(cells) if cell in status.unsaid and place not in left]
        if silent:
            rows = _and_more([f"row {body.lines[place]}" for place in silent])
            warnings.append(f"Column {status.column.name} is empty in {counted(len(silent), 'row')}, taken ({rows}).")
        if DECLINED not in include:
            for place in away:
                says = cut(fold(cells[place]))
                reason = (
                    f"Column {status.column.name} says: {says}." if says else f"Column {status.column.name} is empty."
                )
                left[place] = LeftOut(body.lines[place], value(place), DECLINED, reason)
    if not left:
        return body, []
    return body.keep([place not in left for place in range(body.height)]), [left[place] for place in sorted(left)]


def _without_others(
    body: Grid, title: str, include: Collection[str], warnings: list[str]
) -> tuple[Grid, list[LeftOut], int]:
    """Without the hosts and panelists of a report, and those who stand below a title such as "Declined"; how many rows
    with an address are of hosts and the like, left out or not.
    """
    every = rows_of_others(body, title)
    found = {place: part for place, part in every.items() if part.kind not in include}
    others = sum(part.kind == OTHERS and any(map(holds_address, body.record(place))) for place, part in every.items())
    holding = [place for place in found if any(map(holds_address, body.record(place)))]
    if not holding:
        return body, [], others
    shown = _and_more([f"row {body.lines[place]}" for place in holding])
    warnings.append(f"{counted(len(holding), 'row')} of people who are no attendees, left out ({shown}).")
    left = [
        LeftOut(body.lines[place], cut(fold(" ".join(filter(None, body.record(place))))), found[place].kind,
                "The row is the template's example." if not found[place].title
                else f"The row stands below “{cut(found[place].title)}”, so it is of no attendee.")
        for place in holding
    ]  # fmt: skip
    return body.keep([place not in found for place in range(body.height)]), left, others


def _from_above(
    grid: Grid, header: Header, body: Grid, include: Collection[str], warnings: list[str]
) -> tuple[Grid, list[LeftOut]]:
    """Rows right above the heading that look like its own: they may be people, or whoever sent the list."""
    count = rows_above(grid, header)
    if not count or header.place is None:
        return body, []
    above = grid.cut(header.place - count, header.place)
    done = "read all the same" if ABOVE in include else "left out"
    rows = counted(count, "row")
    shown = _and_more([f"row {line}" for line in above.lines])
    verb = "stands" if count == 1 else "stand"
    warnings.append(
        f"{rows} with an address {verb} above the heading in line {grid.lines[header.place]}, {done} ({shown})."
    )
    if ABOVE not in include:
        reason = f"The row stands above the heading in line {grid.lines[header.place]}."
        values = [cut(fold(" ".join(above.record(place)))) for place in range(count)]
        return body, [LeftOut(line, value, ABOVE, reason) for line, value in zip(above.lines, values, strict=True)]
    records = [above.record(place) for place in range(count)]
    records += [body.record(place) for place in range(body.height)]
    return Grid.of_records(records, [*above.lines, *body.lines]), []


def _and_more(shown: Sequence[str]) -> str:
    more = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _narrow(body: Grid, usual: int, reading: Reading) -> list[str]:
    """A sentence about rows that end early in a text: a separator may be missing there."""
    if body.widths is None or reading.delimiter is None or _usual_width(body, usual) < usual:
        return []
    lines = [f"row {line}" for line, width in zip(body.lines, body.widths, strict=True) if width < usual]
    return [f"Fewer cells than the heading has: {_and_more(lines)}; check them."] if lines else []


def _header(grid: Grid, reading: Reading, wanted: int | None) -> Header:
    if reading.heading is not None or wanted == 0:
        return Header(None, 0)
    if wanted is not None and wanted in grid.lines:
        place = grid.lines.index(wanted)
        return Header(place, place + 1)
    return find_header(grid)


def _body(grid: Grid, header: Header, warnings: list[str]) -> tuple[Grid, tuple[int, Grid] | None]:
    """The data records that hold anything, and what was cut off below them, with its first line."""
    end = None
    if header.place and _is_section_title(grid.record(header.place - 1)):
        # A meeting report: numbered sections, each with a header of its own. Ours ends where the next begins.
        places = range(header.first, grid.height)
        end = next((place for place in places if _is_section_title(grid.record(place))), None)
        if end is not None:
            title = "".join(grid.record(end)).strip()
            warnings.append(f"Everything from line {grid.lines[end]} on ({cut(title)}) was left out.")
    below = None if end is None else (grid.lines[end], grid.cut(end))
    return grid.cut(header.first, end).without_blank(), below


def _is_section_title(record: Sequence[str]) -> bool:
    filled = [cell for cell in record if cell.strip()]
    return len(filled) == 1 and _SECTION_TITLE.match(filled[0]) is not None


def _usual_width(body: Grid, headed: int) -> int:
    """How wide most records are; of two widths that are as frequent, the one nearer to the heading's."""
    widths = [body.width_of(place) for place in range(min(body.height, 200))]
    return max(set(widths), key=lambda width: (widths.count(width), -abs(width - headed))) if widths else 0
