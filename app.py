"""The console. The server imports this file for `app`; Streamlit runs it as the script of every session.

`st.navigation` at import switches off Streamlit's discovery of the `pages/` folder for the whole process: without it a
visitor could reach a page file before this script ever ran (a test starts a fresh server and shows it).

The server answers before what only pages and their services need is loaded (two seconds of work); that follows behind
the first page.
"""

import gc

import streamlit as st
from streamlit import runtime

if not runtime.exists():  # imported by the server, before the first visitor
    gc.disable()  # what is loaded stays: looking through it for garbage takes a fifth of the start
    from deepracer_admin.ui.frame import net
    from deepracer_admin.web import server

    def load_pages() -> None:
        """What the first session would wait for."""
        from deepracer_admin.ui.frame.behind import load

        load()

    server.prepare(then=load_pages)
    st.navigation([st.Page(net.nothing)])
    app = st.App(
        __file__,
        routes=server.routes(),
        middleware=server.middleware(),
        lifespan=server.lifespan,
        on_script_error=net.on_script_error,
    )
    gc.freeze()
    gc.enable()
else:  # the script of one session, and of AppTest
    from deepracer_admin.ui.frame import frame

    frame.run()
