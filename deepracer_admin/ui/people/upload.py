"""A list comes in: a file or pasted text, how its columns were understood, and what its import would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event, Job
from deepracer_admin.services.people.dry_run import DryRun, report_lines
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.reached import whom
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import count, plain, whole
from deepracer_admin.ui.people.open_list import close_list, read_open
from deepracer_admin.ui.people.reading_choices import by_hand, first_rows, reading_choices
from deepracer_admin.ui.people.way_back import remembered_reading, way_back

__all__ = ["confirm_import", "counts", "given_list", "leavers", "report"]

MAX_MB = 5
_SMALLER = "remove the columns that are not needed, or split the list and import the parts one after the other"
_ROUND = "upload-round"
_SHOWN = 10  # people
_WARNING = ":material/warning:"
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
        close_list()
        session.console().files.expect()
        st.caption("Any table will do: CSV, Excel, a meeting report, or addresses pasted from a mail.")
        return None
    dry, now = read_open(who, data, name)
    if dry is None:
        by_hand(now)
        return None
    balance, back = st.columns([4, 1], vertical_alignment="center")
    balance.markdown(f"**{plain(dry.balance)}**")
    with back:
        way_back(dry, now)
    _told(dry)
    remembered_reading(dry, now)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        reading_choices(dry, now)
    with right:
        _preview(dry)
    return dry


def _bytes() -> tuple[bytes, str]:
    turn = st.session_state.get(_ROUND, 0)
    how = st.segmented_control(
        "The list",
        ["File", "Paste"],
        default="File",
        required=True,
        key="upload-how",
        label_visibility="collapsed",
        bind="query-params",
    )
    if how == "Paste":
        text = st.text_area(
            "Paste names and addresses",
            key=f"upload-text-{turn}",
            height=160,
            placeholder="Ada Lovelace <ada@example.com>; Alan Turing <alan@example.com>",
        )
        return (text or "").strip().encode(), "pasted text"
    # Streamlit refuses a larger file in the browser and the script never hears of it, so this is said beforehand.
    hint = st.empty()
    given = st.file_uploader(
        f"File, at most {MAX_MB} MB", key=f"upload-file-{turn}", max_upload_size=MAX_MB, label_visibility="collapsed"
    )
    if given is None:
        hint.caption(f"At most {MAX_MB} MB. A larger file is shown in red and not taken: {_SMALLER}.")
        return b"", ""
    if given.size > MAX_MB * 1024 * 1024:
        st.error(f"The file is larger than {MAX_MB} MB: {_SMALLER}.", icon=":material/error:")
        return b"", ""
    if not given.size:
        st.error("The file is empty: export the list again and choose that file.", icon=":material/error:")
    return given.getvalue(), given.name


def _forget() -> None:
    """After an import: an empty uploader for the next list."""
    close_list()
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _told(dry: DryRun) -> None:
    """What else stands in the file, and what the reader wondered about."""
    found = dry.check
    elsewhere = found.shape.told_elsewhere()
    parts = [found.sheet and f"sheet “{plain(found.sheet)}”", plain(found.encoding or "")]
    how = ", ".join(part for part in parts if part)
    st.caption(f"{plain(found.file)}: {how}{f'. {plain(elsewhere)}' if elsewhere else ''}")
    told = [each for each in found.warnings if each != found.shape.told_elsewhere(with_sheets=False)]
    if told:
        st.warning("\n".join(f"- {plain(each)}" for each in told) if told[1:] else plain(told[0]), icon=_WARNING)


def _preview(dry: DryRun) -> None:
    """The first people as they were read; the first rows as they stand in the file."""
    people, rows = st.tabs(["People as read", "First rows of the file"], key="dry-run-shows")
    with rows:
        first_rows(dry.check)
    with people:
        if not dry.check.accepted:
            st.error("Nobody is found this way: choose another sheet, heading or column.", icon=":material/error:")
            return
        shown = dry.check.accepted[:_SHOWN]
        answers = {True: "yes", False: "no", None: ""}
        columns = {
            "Row": [row.row for row in shown],
            "Address": [row.email for row in shown],
            "Name": [row.name for row in shown],
            "Office": [row.office for row in shown],
            "Cost centre": [row.cost_centre for row in shown],
            "New to AI/ML": [answers[row.new_to_ml] for row in shown],
            "New to AWS": [answers[row.new_to_aws] for row in shown],
        }
        always = ("Row", "Address", "Name")
        st.dataframe(
            pd.DataFrame({title: cells for title, cells in columns.items() if title in always or any(cells)}),
            hide_index=True,
            key="upload-preview",
            placeholder=NOTHING,
            height="content",
            column_config={"Row": st.column_config.NumberColumn(width=50)},
            alt="The first people as they were read",
        )
        if len(dry.check.accepted) > len(shown):
            st.caption(f"And {whole(len(dry.check.accepted) - len(shown))} more.")


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
        column.metric(title, f"{whole(number[key])}", help=hint)


def report(dry: DryRun) -> None:
    """Every row with its result; problems first at hand."""
    lines = report_lines(dry)
    kinds = ["Problems", "Everything"]
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    shown = left.segmented_control("Rows", kinds, default="Problems", required=True, key="report-kind")
    people = session.desk().attendees
    with right:
        download(
            "Download the report",
            lambda asking: people.report(asking, dry),
            "import-report.csv",
            "text/csv",
            key="report-download",
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
        key="report",
        placeholder=NOTHING,
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
        return choose(
            pd.DataFrame({"Address": list(missing), "Name": [names.get(email, "") for email in missing]}),
            missing,
            key="leavers",
            names=[names.get(email) or email for email in missing],
            scope=dry.check.file,
            alt="People who are not in the new list",
        )


def confirm_import(event: Event, dry: DryRun, leaving: Sequence[str], names: Mapping[str, str]) -> None:
    """The button that imports, after saying whom it adds, changes, skips and takes out."""
    number = dry.plan.counts
    nothing = not (number["new"] or number["changed"] or leaving)
    said("import-list")
    if nothing:
        st.caption("Nothing to import: everybody with a usable address is on the list as they are.")
    if not st.button("Import …", type="primary", disabled=nothing, key="import-list"):
        return
    facts = [
        f"Adds {count(number['new'], 'person', 'people')}, changes {whole(number['changed'])}.",
        f"Skips {count(number['same'] + number['duplicate'] + number['rejected'], 'row')}.",
        *(
            [whom([names.get(email) or email for email in leaving], lead="Takes out ", tail="; they lose access.")]
            if leaving
            else []
        ),
        "Can be undone until somebody of it is invited.",
    ]

    people = session.desk().attendees

    def run(asking: Actor, typed: str = "") -> Job:
        made = people.run_import(asking, dry, take_out=leaving, typed_name=typed)
        _forget()
        return made

    def done(made: Job) -> str:
        return f"Imported: {made.sentence}"

    key, button = "import-list", "Import"
    if leaving:
        confirm_typed("Import and take out", key=key, facts=facts, name=event.name, button=button, run=run, done=done)
    else:
        confirm("Import the list", key=key, facts=facts, button=button, run=run, done=done)
