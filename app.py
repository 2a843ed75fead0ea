"""The console. The server imports this file for `app`; Streamlit runs it as the script of every session.

`st.navigation` at import switches off Streamlit's discovery of the `pages/` folder for the whole process: without it a
visitor could reach a page file before this script ever ran (a test starts a fresh server and shows it).
"""

import streamlit as st
from streamlit import runtime

from deepracer_admin.ui.frame import frame

if not runtime.exists():  # imported by the server, before the first visitor
    from deepracer_admin.web import server

    server.prepare()
    st.navigation([st.Page(frame.nothing)])
    app = st.App(
        __file__,
        routes=server.routes(),
        middleware=server.middleware(),
        lifespan=server.lifespan,
        on_script_error=frame.on_script_error,
    )
else:  # the script of one session, and of AppTest
    frame.run()
