"""The close-out on screen: the steps in order with their evidence, and who can still sign in."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepracer_admin.counted import counted
from deepracer_admin.model import Actor, Event, JobItem, State
from deepracer_admin.rules.finish import finish_words
from deepracer_admin.rules.still_in import number_of, still_in_words
from deepracer_admin.services.closeout.view import CloseView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.cached import close_view
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.refresh import rerun_unasked
from deepracer_admin.ui.kit.table import counts
from deepracer_admin.ui.kit.words import as_of, clock_time, count, plain, when

__all__ = [
    "asks_to_wait",
    "how_to_verify",
    "is_live",
    "leftovers",
    "live_steps",
    "proof",
    "start_facts",
    "verdict",
    "waiting_fact",
]

SHOWN = 5  # reasons of a verdict on the page; the certificate has all

_MARKS = {
    State.DONE: ("done", ":material/check_circle:", "green"),
    State.ALREADY: ("done", ":material/check_circle:", "green"),
    State.WAITING: ("working", ":material/progress_activity:", "blue"),
    State.REFUSED: ("needs you", ":material/error:", "red"),
    State.UNKNOWN: ("not known", ":material/help:", "orange"),
}
SEEN, IN_DIRECTORY = "seen at the service", "seen in the directory"
"""How evidence says where it was looked at; here the time is put beside it."""
_AHEAD = ("to do", ":material/radio_button_unchecked:", "gray")
_WHY = {
    "staff": "runs the service",
    "adopted": "had access before the event",
    "manual": "linked by hand: had access before the event",
    "created": "made by this event, not deleted yet",
    "account": "has an account in the user pool, without a profile",
    "group_before": "in the Entra group since before the event",
    "identity_center": "still in IAM Identity Center, and no profile of theirs is disabled",
}


@st.fragment(run_every=2)
def live_steps(*, drawn_live: bool) -> None:
    """The steps, drawn anew every two seconds; the order is the only safe one.

    `drawn_live`: the page around was drawn while the close-out ran; when that is over, the whole page is drawn once.
    """
    who = session.actor()
    view = close_view(who)
    if is_live(view) != drawn_live:
        rerun_unasked()
    if view.job and is_live(view):
        done = sum(1 for _, item in view.steps if item and item.state.is_done)
        st.progress(done / len(view.steps), text=f"{done} of {len(view.steps)} steps done")
        if view.job.sentence:
            st.caption(plain(view.job.sentence))
    zone = session.desk().events.event()
    with st.container(border=True, gap="xsmall"):
        for number, (step, item) in enumerate(view.steps, start=1):
            mark, title, evidence = st.columns([2, 4, 9], vertical_alignment="top")
            word, icon, colour = _MARKS.get(item.state, _AHEAD) if item else _AHEAD
            mark.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
            title.markdown(f"**{number}. {step.title}**")
            evidence.markdown(plain(_evidence(item, view, zone.zone if zone else "UTC")) or f":gray[{plain(step.why)}]")
    _decide(view)


def is_live(view: CloseView) -> bool:
    """Does a close-out run now?"""
    return view.job is not None and view.job.state.is_live


def _evidence(item: JobItem | None, view: CloseView, zone: str) -> str:
    if item is None or not item.sentence:
        return ""
    seen = view.read_back(item.key)
    if seen is None or not item.state.is_done:
        return item.sentence
    for where in (SEEN, IN_DIRECTORY):
        if where in item.sentence:
            return item.sentence.replace(where, f"{where} at {clock_time(seen, zone)}", 1)
    return f"{item.sentence.rstrip('.')}; looked at {clock_time(seen, zone)}."


def _decide(view: CloseView) -> None:
    """A way on for a human, when a step waits for something that may never be."""
    step = view.waiting
    if step is None:
        return
    closeout = session.desk().closeout
    with st.expander(f"Decide about “{step.title}” …"):
        st.caption(
            plain(
                "It ends by itself when nothing moves any more. Skipping leaves it undone: "
                f"{step.way_out} {step.cost} Waiting gives it its whole time once more. Stopping ends the close-out "
                "here; start it again to go on. The certificate shows the reason."
            )
        )
        reason = st.text_input("Reason", key=f"closeout-skip-reason-{step.key}") or ""
        with st.container(horizontal=True):
            press(
                "Skip this step",
                lambda asking: closeout.skip(asking, step.key, reason=reason),
                key=f"closeout-skip-{step.key}",
                done=f"“{step.title}” is skipped at its next try.",
                line=False,
                icon=":material/skip_next:",
            )
            press(
                "Wait on",
                lambda asking: closeout.wait(asking, step.key, reason=reason),
                key=f"closeout-wait-{step.key}",
                done=f"“{step.title}” has its whole time once more.",
                line=False,
                icon=":material/hourglass_top:",
            )
            press(
                "Stop at this step",
                lambda asking: closeout.stop(asking, step.key, reason=reason),
                key=f"closeout-halt-{step.key}",
                done="Stopped; start it again to go on.",
                line=False,
                icon=":material/stop_circle:",
            )
        said(f"closeout-skip-{step.key}", f"closeout-wait-{step.key}", f"closeout-halt-{step.key}")


_COLOURS = {"green": st.success, "amber": st.warning, "red": st.error}
_ICONS = {"green": ":material/verified:", "amber": ":material/warning:", "red": ":material/gpp_bad:"}


def verdict(view: CloseView) -> None:
    """What the certificate says as a whole, once the close-out has ended; why it is not green."""
    found = view.verdict
    if found is None or is_live(view):
        return
    shown = found.because[:SHOWN]
    more = len(found.because) - len(shown)
    lines = [f"**{plain(found.sentence)}**", *(f"- {plain(each)}" for each in shown)]
    if more:
        lines.append(f"- … and {counted(more, 'more reason is', 'more reasons are')} in the certificate.")
    _COLOURS[found.colour]("\n".join(lines), icon=_ICONS[found.colour])


def how_to_verify(who: Actor) -> None:
    """The key's fingerprint, and what a stranger needs beside the file."""
    with st.expander("How somebody else verifies it"):
        st.markdown(
            "A certificate and an audit export are signed by this console: whoever has the file can see whether a byte "
            "was changed, and where. That the key is yours they cannot see from the file: tell them this fingerprint "
            "another way, on paper, by telephone or on a page of your company."
        )
        shown = session.desk().closeout.fingerprint(who)
        st.code(shown, language=None)
        st.code(f'python -m deepracer_admin verify certificate.json --key "{shown}"', language=None)
        st.caption(
            "Without this console: `docs/verify_certificate.py` needs Python and the package cryptography. Whoever has "
            "this console's data folder can sign as you, so keep it as you keep a key."
        )


def leftovers(view: CloseView) -> None:
    """What is left, what it costs and how to end it; starting again takes it up."""
    left = view.leftovers
    if not left:
        return
    st.subheader("What is left", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "What": [f"{each.what[:1].upper()}{each.what[1:]}" for _, each in left],
                "How many": [each.count for _, each in left],
                "Why": [each.why for _, each in left],
                "What it costs": [each.cost for _, each in left],
                "How to end it": [each.way_out or step.way_out for step, each in left],
            }
        ),
        hide_index=True,
        row_height=64,
        key="closeout-left",
        placeholder=NOTHING,
        column_config={
            "What": st.column_config.TextColumn(width="medium"),
            **counts("How many", width="small"),
        },
        alt="What the close-out left, with its reason, cost and way out",
    )
    if not is_live(view):
        st.caption("“Check and close again …” takes all of it up once more; whatever is done is only looked at.")


def proof(view: CloseView, event: Event) -> None:
    """Who can still sign in, by a fresh listing; an empty group alone proves nothing."""
    people = view.can_still_sign_in
    if people is None:
        st.info("Not known yet; the last step lists it.", icon=":material/help:")
        return
    quiet = not people and not view.not_known
    icon, colour = (":material/check_circle:", "green") if quiet else (":material/warning:", "orange")
    words = still_in_words(number_of(people), number_of(view.not_known))
    st.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
    if view.not_known:
        st.warning(
            plain(f"Not known for {count(len(view.not_known), 'person', 'people')}: {view.settle}"),
            icon=":material/help:",
        )
    st.caption(as_of(view.read_back_at, f"listing of {view.source}", event.zone))
    if view.in_group is not None:
        st.caption(f"{count(view.in_group, 'person', 'people')} of the event in the Entra group, by that listing.")
    if view.group_before:
        one = "person of the list was in that group before the event, and stays in it"
        many = "people of the list were in that group before the event, and stay in it"
        st.caption(f"{count(view.group_before, one, many)}.")
    if view.in_identity_center is not None:
        listed = count(view.in_identity_center, "person", "people")
        st.caption(f"{listed} of the event listed in IAM Identity Center, by that listing.")
    if view.elsewhere:
        st.caption(
            f"{count(len(view.elsewhere), 'person', 'people')} can sign in because another open event wants them; its "
            "close-out ends that."
        )
    if people or view.not_known or view.elsewhere:
        everybody = (*people, *view.elsewhere, *view.not_known)
        st.dataframe(
            pd.DataFrame(
                {
                    "Name": [row.name for row in everybody],
                    "Racer name": [row.alias for row in everybody],
                    "Why": [_WHY.get(row.why, row.why) for row in (*people, *view.elsewhere)]
                    + ["not known"] * len(view.not_known),
                }
            ),
            hide_index=True,
            key="closeout-proof",
            placeholder=NOTHING,
            alt="People who can still sign in",
        )


def asks_to_wait(who: Actor, event: Event, *, is_live: bool) -> bool:
    """What is not final yet, and whether closing waits for it."""
    if is_live or event.closed_at:
        return True
    unfinished = session.desk().races.unfinished(who)
    for race, view in unfinished:
        words = finish_words(view, lambda at: clock_time(at, event.zone))
        st.warning(f"**{plain(race.draft.name)}**: {plain(words)}", icon=":material/hourglass_top:")
    return not st.checkbox(
        "Close without waiting for the last results",
        key="closeout-no-wait",
        help="Submissions that are still on their way are then lost when their models are deleted.",
    )


def waiting_fact(*, wait: bool) -> str:
    """The fact of the dialog about results that are still to come."""
    if wait:
        return "Nothing is deleted before the last results are in, or until you skip that step."
    return "**Results that are still on their way are not waited for, and are lost.**"


def start_facts(view: CloseView, event: Event) -> list[str]:
    """Whom closing reaches and what it does, before it is started."""
    if view.managed:
        return _managed_facts(view, event)
    facts = [
        "This event's races end now and all standings are frozen; other people's races go on. The exports are written "
        "before anything is deleted.",
        view.models_fact,
        f"{count(view.created_profiles, 'profile')} that this event made are deleted: these people lose access.",
        f"{count(view.adopted_profiles, 'profile')} that were there before stay.",
        "It cannot be undone. It is safe to start again after a stop: each step looks first.",
    ]
    facts[-1:-1] = view.shared_facts
    if event.group_id:
        facts.insert(4, "The event's people leave the Entra group; nobody is deleted from the directory.")
    if event.closed_at:
        facts.insert(0, f"It was closed on {when(event.closed_at, event.zone)}; this checks everything anew.")
    return facts


def _managed_facts(view: CloseView, event: Event) -> list[str]:
    """The same for AWS DeepRacer (managed), where the directory lets people in and the mode is the account's."""
    people = count(view.created_profiles + view.adopted_profiles, "profile")
    facts = [
        "This event's races end now and all standings are frozen; other people's races go on. The exports are written "
        "before anything is deleted.",
        f"{people} of the event are paused, trainings stopped, models deleted, older ones too; and so it goes with "
        "profiles that appeared since the event turned multi-user mode on.",
        "These profiles are disabled; who was there before the event gets back what they had.",
        "The directory's cycle takes people out of IAM Identity Center: about 40 minutes, and closing waits for it."
        if event.group_id
        else "No group was set: the company takes people out of IAM Identity Center by itself.",
        "Multi-user mode goes off for the whole account: models that are left would go on costing storage, unseen.",
        "It cannot be undone. It is safe to start again after a stop: each step looks first.",
    ]
    if view.sponsoring:
        facts.pop(4)
    facts[-1:-1] = view.shared_facts
    if event.group_id:
        facts.insert(3, "The event's people leave the Entra group; nobody is deleted from the directory.")
    if event.closed_at:
        facts.insert(0, f"It was closed on {when(event.closed_at, event.zone)}; this checks everything anew.")
    return facts
