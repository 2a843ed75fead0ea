"""Leaderboard: standings live, what may be done to a board, and the big screen."""

import streamlit as st

from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.masthead import link_to, masthead
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.races.board_desk import links_desk, marks_desk
from deepracer_admin.ui.races.boards import live_board
from deepracer_admin.ui.races.final_desk import final_desk
from deepracer_admin.ui.races.names_desk import names_desk
from deepracer_admin.ui.races.race_form import status_words

who = session.require("boards.view")
desk = session.desk()
event = masthead(who, "Leaderboard", "Who leads, by how much, and the link for the projector.")
rows, _ = desk.races.list(who)
if not rows:
    st.info("There is no race yet; the board appears with the first one.", icon=":material/sports_score:")
    link_to(who, "races", "Create a race")
    st.stop()

status = {row.race.id: row for row in rows}
race_id = choose_place(
    "Race",
    [*status],
    key="board-race",
    format_func=lambda key: f"{status[key].race.draft.name} · {status_words(status[key])}",
)
live_board(race_id)

if session.may(who, "boards.run"):
    screen, running, table = st.tabs(["Big screen", "Run the board", "Export"], key="board-tabs", bind="query-params")
    if screen.open:
        with screen:
            links_desk(who, event, race_id, {key: row.race.draft.name for key, row in status.items()})
    elif running.open:
        with running:
            final_desk(who, event, status[race_id].race)
            marks_desk(who, race_id)
            names_desk(who, race_id)
    else:
        with table:
            st.caption("Racer names and times of all places, inert in spreadsheets; that it was taken is in the audit.")
            if session.may(who, "boards.export"):
                download(
                    "Download standings.csv",
                    lambda asking: desk.boards.export(asking, race_id),
                    "standings.csv",
                    "text/csv",
                    key="board-export",
                )
