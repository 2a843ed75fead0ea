"""Ready to open? The pre-flight on the Set up page: one line a check, the worst first, each with its fix."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Event, Finding
from deepracer_admin.services.setup.preflight import PreflightView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.words import as_of, level, plain, whole

__all__ = ["canary", "preflight"]

RANK = ("red", "amber", "unknown", "green", "na")
VERDICTS = {
    "red": ("Not ready: something must be fixed", ":material/error:", "red"),
    "amber": ("Ready, with points to look at", ":material/warning:", "orange"),
    "green": ("Ready to open", ":material/check_circle:", "green"),
}


def preflight() -> None:
    """Start it; what it finds comes in live."""
    st.caption("Reads everything once, changes nothing, and says what is missing, why it matters and how to mend it.")
    with st.container(horizontal=True, vertical_alignment="center"):
        press(
            "Run the pre-flight",
            session.desk().preflight.run,
            key="check-run",
            done="The pre-flight runs; what it finds appears below.",
            redraw=False,
            line=False,
            type="primary",
            icon=":material/network_check:",
        )
        download(
            "Page for sign-off (HTML)",
            session.desk().preflight.page,
            "pre-flight.html",
            "text/html",
            key="check-page",
        )
    _live()


def canary(who: Actor, event: Event) -> None:
    """One account the whole way in and out again, before everybody's."""
    desk = session.desk()
    if (event.service or desk.settings.racing) == "managed":
        return  # people come in by the directory's cycle there
    local, _, domain = (who.email or "").partition("@")
    with st.expander("Send a canary through", icon=":material/airline_stops:"):
        st.caption(
            "A fresh address is invited, gets a profile, ten minutes and one model, and our access mail; then it is "
            "taken out again, and looked for. It takes a minute or two; the address gets the mails that a racer gets."
        )
        address = st.text_input(
            "Address that nobody has here",
            f"{local}+canary@{domain}" if domain else "",
            key="canary-address",
            persist_state="page",
            autocomplete="off",
            help="Many mail systems bring you+canary@… to your own mailbox.",
        )
        press(
            "Send it through",
            lambda asking: desk.preflight.send_canary(asking, address or ""),
            key="canary-go",
            done="It is on its way; what becomes of it appears above, and in the next pre-flight.",
            redraw=False,
            icon=":material/send:",
        )


@st.fragment(run_every=2)
def _live() -> None:
    who, desk = session.actor(), session.desk()
    event = desk.events.event()
    if event is None:
        return
    _shown(desk.preflight.view(who), event)


def _shown(view: PreflightView, event: Event) -> None:
    if view.as_of is None or not view.findings:
        st.caption("Not run yet. It takes some seconds.")
        return
    word, icon, colour = VERDICTS[view.worst]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.markdown(plain(f"{view.words}."))
    by = f", asked for by {plain(view.by)}" if view.by else ", run by itself"
    st.caption(f"{as_of(view.as_of, 'pre-flight', event.zone)}{by}")
    _changed(view, event)
    for name in RANK:
        if found := [finding for finding in view.findings if finding.level == name]:
            _lines(found, name)


def _changed(view: PreflightView, event: Event) -> None:
    """What answers otherwise than the last time, the worse first."""
    if view.before_as_of is None:
        return
    if not view.changes:
        st.caption(f"Nothing changed since the run before ({as_of(view.before_as_of, 'pre-flight', event.zone)}).")
        return
    with st.expander(f"Changed since the run before: {whole(len(view.changes))}", icon=":material/compare_arrows:"):
        for change in sorted(view.changes, key=lambda each: not each.worse):
            was = level(change.before)[0] if change.before else "not checked"
            st.markdown(f"- **{plain(change.title)}**: {was} → {level(change.now)[0]}")


def _lines(found: list[Finding], name: str) -> None:
    """What needs somebody stands open; what is in order, or does not apply, is folded."""
    word, icon, _ = level(name)
    if name in ("green", "na"):
        with st.expander(f"{word}: {whole(len(found))}", icon=icon), st.container(gap="xsmall"):
            for finding in found:
                _line(finding)
        return
    with st.container(border=True, gap="small"):
        for finding in found:
            _line(finding)


def _line(finding: Finding) -> None:
    word, icon, colour = level(finding.level)
    with st.container(horizontal=True, vertical_alignment="top"):
        st.badge(word, icon=icon, color=colour, width=130)  # type: ignore[arg-type]
        with st.container(gap="xxsmall"):
            fix = f"  \n→ {plain(finding.fix)}" if finding.fix else ""
            st.markdown(f"**{plain(finding.title)}** · {plain(finding.evidence)}{fix}")
            if finding.copy:
                st.code(finding.copy, language=None, wrap_lines=True)
            if finding.link:
                st.code(finding.link, language=None, wrap_lines=True)
            if finding.level != "na":
                st.caption(f"{plain(finding.why)} Read: {plain(finding.source)}.")
