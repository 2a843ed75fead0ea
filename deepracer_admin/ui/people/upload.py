"""A list comes in: a file or pasted text, how its columns were understood, and what its import would do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.roster import FIELDS, RosterCheck
from deepracer_admin.services.people.dry_run import DryRun, report_lines
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.words import count, plain

__all__ = ["confirm_import", "counts", "given_list", "leavers", "preview", "report"]

MAX_MB = 5
_SMALLER = "remove the columns that are not needed, or split the list and import the parts one after the other"
_ROUND = "upload-round"
_ASIDE = "(not in the list)"
_WORDS = {
    "email": "E-mail address",
    "name": "Full name",
    "given": "Given name",
    "family": "Family name",
    "office": "Office",
    "cost_centre": "Cost centre",
    "new_to_ml": "New to AI/ML",
    "new_to_aws": "New to AWS",
}
_RESULTS = {
    "new": "+ new",
    "changed": "~ changed",
    "same": "= same",
    "duplicate": "✗ duplicate",
    "rejected": "✗ rejected",
    "left out": "✗ left out",
    "missing": "– not in the list",
}


def given_list(who: Actor) -> DryRun | None:
    """Ask for a list and its columns; the dry run, or None while there is nothing to read. Writes nothing."""
    data, name = _bytes()
    if not data:
        session.console().files.expect()
        st.caption("Any table will do: CSV, Excel, a meeting report, or addresses pasted from a mail.")
        return None
    digest = hashlib.sha256(data).hexdigest()[:12]
    try:
        first = session.desk().attendees.dry_run(who, data, filename=name)
        mapping = _columns(first.check, digest)
        if mapping is None:
            return first
        return session.desk().attendees.dry_run(who, data, filename=name, mapping=mapping)
    except ConsoleError as error:
        st.error(plain(error.sentence), icon=":material/error:")
        return None


def _bytes() -> tuple[bytes, str]:
    turn = st.session_state.get(_ROUND, 0)
    how = st.segmented_control("The list", ["File", "Paste"], default="File", required=True, key="upload-how")
    if how == "Paste":
        text = st.text_area(
            "Paste names and addresses",
            key=f"upload-text-{turn}",
            height=160,
            placeholder="Ada Lovelace <ada@example.com>; Alan Turing <alan@example.com>",
        )
        return (text or "").strip().encode(), "pasted text"
    # Streamlit refuses a larger file in the browser and the script never hears of it, so this is said beforehand.
    st.caption(f"At most {MAX_MB} MB. A larger file is shown in red and not taken: {_SMALLER}.")
    given = st.file_uploader(f"File, at most {MAX_MB} MB", key=f"upload-file-{turn}", max_upload_size=MAX_MB)
    if given is None:
        return b"", ""
    if given.size > MAX_MB * 1024 * 1024:
        st.error(f"The file is larger than {MAX_MB} MB: {_SMALLER}.", icon=":material/error:")
        return b"", ""
    if not given.size:
        st.error("The file is empty: export the list again and choose that file.", icon=":material/error:")
    return given.getvalue(), given.name


def _forget() -> None:
    """After an import: an empty uploader for the next list."""
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _columns(check: RosterCheck, digest: str) -> dict[str, str | int] | None:
    """How each field was understood, to be corrected; None while the guess stands."""
    guess: dict[str, str | int] = {field: check.mapping.get(field, "") for field in FIELDS}
    names = {column.position: f"{column.name or 'column'} ({column.position + 1})" for column in check.columns}
    options: list[str | int] = ["", *names]
    with st.expander("Columns: guessed, correct what is wrong", expanded="email" not in check.mapping):
        chosen: dict[str, str | int] = {}
        for column, field in zip([*st.columns(4), *st.columns(4)], FIELDS, strict=True):
            chosen[field] = column.selectbox(
                _WORDS[field],
                options,
                index=options.index(guess[field]),
                format_func=lambda place: _ASIDE if place == "" else names[int(place)],
                key=f"columns-{digest}-{field}",
            )
        st.caption("A correction is remembered for lists with the same headings.")
    return None if chosen == guess else chosen


def preview(dry: DryRun) -> None:
    """What was read of the first rows, and what the reader wondered about."""
    found = dry.check
    parts = [count(found.rows, "row"), found.sheet and f"sheet “{found.sheet}”", found.encoding]
    st.caption(f"{plain(found.file)}: {plain(', '.join(part for part in parts if part))}")
    for warning in found.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    if found.accepted:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Row": row.row,
                        "Address": row.email,
                        "Name": row.name,
                        "Office": row.office,
                        "Cost centre": row.cost_centre,
                        "New to AI/ML": {True: "yes", False: "no", None: ""}[row.new_to_ml],
                        "New to AWS": {True: "yes", False: "no", None: ""}[row.new_to_aws],
                    }
                    for row in found.accepted[:5]
                ]
            ),
            hide_index=True,
            key="upload-preview",
            alt="The first five people as they were read",
        )


def counts(dry: DryRun) -> None:
    """The dry run in numbers; every row of the list is in exactly one of the first six."""
    number = dry.plan.counts
    titles = {
        "new": ("New", "They are added."),
        "changed": ("Changed", "Something about them is new; empty cells erase nothing."),
        "same": ("Same", "Nothing to do."),
        "duplicate": ("Duplicate", "The address stands in an earlier row, which wins."),
        "rejected": ("Rejected", "The row has no usable address; see why below."),
        "left_out": ("Left out", "Hidden in the sheet, or a status column says no; see why below."),
        "missing": ("Not in it", "On the event's list; they stay, unless you take them out below."),
        "refused": ("Service refuses", "Imported, but the racing service will not take the address."),
    }
    for column, (key, (title, hint)) in zip(st.columns(len(titles)), titles.items(), strict=True):
        column.metric(title, f"{number[key]:,}", help=hint)


def report(who: Actor, dry: DryRun) -> None:
    """Every row with its result; problems first at hand."""
    lines = report_lines(dry)
    kinds = ["Problems", "Everything"]
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    shown = left.segmented_control("Rows", kinds, default="Problems", required=True, key="report-kind")
    right.download_button(
        "Download the report",
        lambda: session.desk().attendees.report(who, dry),
        "import-report.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    if shown == "Problems":
        lines = [line for line in lines if line.refused or line.result in ("rejected", "duplicate", "left out")]
    if not lines:
        st.caption("No row has a problem.")
        return
    frame = pd.DataFrame(
        {
            "Row": [line.row or None for line in lines],
            "Address or value": [line.address for line in lines],
            "Result": [_RESULTS[line.result] + (", ✗ refused" if line.refused else "") for line in lines],
            "Column": [line.column for line in lines],
            "Why": [line.why for line in lines],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        key=f"report-{shown}",
        placeholder="–",
        column_config={
            "Row": st.column_config.NumberColumn(width=60),
            "Address or value": st.column_config.TextColumn(width=230),
            "Result": st.column_config.TextColumn(width=120),
            "Column": st.column_config.TextColumn(width=110),
            "Why": st.column_config.TextColumn(width="large"),
        },
        alt="Each row of the list and what would happen to it",
    )


def leavers(dry: DryRun, names: dict[str, str]) -> Sequence[str]:
    """People of the event who are not in the list; the addresses chosen to be taken out (none by itself)."""
    missing = dry.plan.missing
    if not missing:
        return ()
    known = count(len(missing), "person on the event's list is", "people on the event's list are")
    with st.expander(f"{known} not in this one: leavers?"):
        st.caption("Nobody is taken out by itself. Choose those who left; they lose access.")
        choice = st.dataframe(
            pd.DataFrame({"Address": list(missing), "Name": [names.get(email, "") for email in missing]}),
            hide_index=True,
            key=f"leavers-{dry.stamp}",
            on_select="rerun",
            selection_mode="multi-row",
            alt="People who are not in the new list",
        )
    rows = choice.selection.rows  # type: ignore[union-attr]
    return [missing[row] for row in rows if row < len(missing)]


def confirm_import(who: Actor, event: Event, dry: DryRun, leaving: Sequence[str]) -> None:
    """The button that imports, after saying whom it adds, changes, skips and takes out."""
    number = dry.plan.counts
    nothing = not (number["new"] or number["changed"] or leaving)
    if nothing:
        st.caption("Nothing to import: everybody with a usable address is on the list as they are.")
    if not st.button("Import …", type="primary", disabled=nothing, key="import-go"):
        return
    facts = [
        f"Adds {count(number['new'], 'person', 'people')}, changes {number['changed']:,}.",
        f"Skips {count(number['same'] + number['duplicate'] + number['rejected'], 'row')}.",
        *([f"Takes out {count(len(leaving), 'person', 'people')}; they lose access."] if leaving else []),
        "Can be undone until somebody of it is invited.",
    ]

    def run(typed: str = "") -> None:
        session.desk().attendees.run_import(who, dry, take_out=leaving, typed_name=typed)
        _forget()

    if leaving:
        confirm_typed("Import and take out", facts=facts, name=event.name, button="Import", run=run, done="Imported.")
    else:
        confirm("Import the list", facts=facts, button="Import", run=run, done="Imported.")
