"""Report: what came of the event, to hand over; and personal data, when it goes and what went."""

import streamlit as st

from deepracer_admin.rules.report.words import LANGUAGES
from deepracer_admin.ui.closeout import personal_data, report
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.kit.place import choose_place

who = session.require("closeout.view")
event = masthead(who, "Report", "What came of the event, for those who paid for it; and when personal data goes.")
desk = session.desk().report

report.headline(who, event)
with st.container(horizontal=True, vertical_alignment="bottom"):
    language = choose_place(
        "Language",
        [*LANGUAGES],
        first=event.language,
        format_func=LANGUAGES.__getitem__,
        key="report-language",
        width=180,
    )
    download(
        "Report (page, prints on A4)",
        lambda asking: desk.page(asking, language),
        f"report-{event.id}-{language}.html",
        "text/html",
        key="report-page",
        icon=":material/description:",
    )
    download(
        "Figures (CSV, ZIP)",
        lambda asking: desk.tables(asking, language),
        f"report-{event.id}-{language}.zip",
        "application/zip",
        key="report-tables",
        icon=":material/folder_zip:",
    )

report.racer_certificates(who, event, language)
report.preview(who, language)
st.subheader("Personal data", anchor=False)
personal_data.show(who, event)
