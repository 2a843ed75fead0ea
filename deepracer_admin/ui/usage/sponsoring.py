"""What can be done to the chosen profiles: quota, extra hours, pause, delete models; first whom and how much."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from deepracer_admin.model import UNLIMITED, Actor, Event, Job, Role
from deepracer_admin.services.setup.capacity import QueueEffect
from deepracer_admin.services.usage.rows import ProfileRow
from deepracer_admin.services.usage.usage import GRANT_MAX_HOURS, QuotaPlan, QuotaReadBack
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press, said
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.limits import ask_limit, limit_words
from deepracer_admin.ui.kit.reached import Whom, whom
from deepracer_admin.ui.kit.words import SHOWN_LATER, as_of, count, hours, money, plain, whole
from deepracer_admin.ui.usage.live import Stamp

__all__ = ["grant_hours", "pause_or_delete", "says_whom", "set_quota"]


def says_whom(chosen: Sequence[ProfileRow], *, lead: str = "") -> Whom:
    """How many are chosen, and the first few by name."""
    return whom(_names(chosen), lead=lead)


def _names(chosen: Sequence[ProfileRow]) -> list[str]:
    return [row.name or row.alias for row in chosen]


def _shared(people: Sequence[str], what: str) -> list[str]:
    """A fact about those whom another open event gives hours too; none where there is nobody."""
    found = ask(lambda who: session.desk().usage.given_elsewhere(who, people))
    if not found or not found[0]:
        return []
    number, names = found
    are = count(number, "of them is", "of them are")
    return [plain(f"{are} in {names} too, which {'give' if ' and ' in names else 'gives'} them hours: {what}")]


def set_quota(event: Event, chosen: Sequence[ProfileRow], stamp: Stamp) -> None:
    """A quota for all chosen: the most that it can cost, then the job. `stamp`: what the rows were read from."""
    usage = session.desk().usage
    people = [row.attendee for row in chosen]
    now = event.quota
    start = float(UNLIMITED) if now.minutes == UNLIMITED else now.minutes / 60
    left, right = st.columns(2)
    wanted = ask_limit(
        left, "Training hours each", start, key="quota-hours", least=0.0, most=744.0, step=0.5, otherwise=5.0
    )
    models = ask_limit(right, "Models each", now.models, key="quota-models", least=0, most=1000, step=1, otherwise=5)
    plan = ask(lambda who: _planned(stamp, "\n".join(people), wanted, models, who.roles, people, who))
    if plan is None:
        return
    words = count(plan.people, "person", "people")
    each = f"{hours(wanted)} and {'any number of' if models < 0 else f'{whole(models)}'} models each"
    added = "any number of hours" if math.isinf(plan.most_hours) else hours(plan.most_hours)
    usd = "without end" if math.isinf(plan.most_usd) else money(plan.most_usd)
    most = f"Can add at most **{added}** and **{usd}** (estimate) a month."
    st.markdown(f"Changes **{words}** to {each}, {whole(plan.same)} have it already. {most}")
    for sentence in plan.meets:
        st.caption(plain(sentence))
    if plan.people:
        _say_effect(*plan.mean_h)
    if st.button("Set this quota …", type="primary", disabled=not plan.people, icon=":material/tune:", key="quota-set"):
        changed = {item.key for item in plan.items}
        named = [row for row in chosen if row.attendee in changed]
        confirm(
            "Set a quota",
            key="quota-set",
            facts=[
                says_whom(named),
                f"They get {each}.",
                *_shared([row.attendee for row in named], _LARGER),
                most,
                *map(plain, plan.meets),
                *_effect_by_now(*plan.mean_h),
            ],
            button="Set the quota",
            run=lambda who: usage.set_quotas(who, [row.attendee for row in named], hours=wanted, models=models),
            done=lambda job: f"Setting {hours(wanted)} each for {_so_many(job)}; {SHOWN_LATER}.",
        )
    said("quota-set")
    _read_back(event, stamp)


@st.cache_resource(ttl=60, max_entries=16, show_spinner=False)
def _planned(
    stamp: Stamp,
    ids: str,
    wanted: float,
    models: int,
    roles: frozenset[Role],
    _people: Sequence[str],
    _who: Actor,
) -> QuotaPlan:
    """At most a minute old, for time goes on: `ids` names `_people` as one text, which is compared sooner."""
    return session.console().of(stamp[0]).usage.plan_quotas(_who, _people, hours=wanted, models=models)


def _say_effect(before_h: float, after_h: float) -> None:
    """What it does to the wait: simulated beside the page's work, and said once it is known."""
    found = _effect(before_h, after_h)
    if found is not None and found.is_working:
        _effect_live(before_h, after_h)
    elif found is not None:
        st.caption(plain(found.sentence))


@st.fragment(run_every=2)
def _effect_live(before_h: float, after_h: float) -> None:
    found = _effect(before_h, after_h)
    if found is not None:
        st.caption("What it does to the queue is being worked out …" if found.is_working else plain(found.sentence))


def _effect_by_now(before_h: float, after_h: float) -> list[str]:
    found = _effect(before_h, after_h)
    return [plain(found.sentence)] if found and found.sentence else []


def _effect(before_h: float, after_h: float) -> QueueEffect | None:
    """To a twentieth of an hour, so that what is known once is known for much the same wish."""
    before_h, after_h = (round(20 * each) / 20 for each in (before_h, after_h))
    if before_h == after_h:
        return QueueEffect("So little, over everybody, is not noticed in the queue.")
    return ask(lambda who: session.desk().capacity.queue_effect(who, before_h=before_h, after_h=after_h))


@st.cache_resource(max_entries=4, show_spinner=False)
def _last_change(stamp: Stamp, roles: frozenset[Role], _who: Actor) -> QuotaReadBack | None:
    return session.console().of(stamp[0]).usage.read_back(_who)


def _read_back(event: Event, stamp: Stamp) -> None:
    """What came of the last change of quotas, by what the service lists since."""
    found = ask(lambda who: _last_change(stamp, who.roles, who))
    if found is None:
        return
    if not found.listed_since:
        st.caption("Last change of quotas: done; the service was not listed again since, so what it has is not known.")
        return
    said_ = (
        f"Last change of quotas, as the service lists it: {count(found.agree, 'person has', 'people have')} the new one"
    )
    if found.beside:
        said_ += f", {whole(found.beside)} another for a reason (paused, closed, or another event gives more)"
    if found.differ:
        said_ += f", {whole(found.differ)} still another: set it once more for them"
    st.caption(f"{said_}. {as_of(found.as_of, 'racing service', event.zone)}")


def grant_hours(event: Event, row: ProfileRow) -> None:
    """More hours for one person."""
    usage = session.desk().usage
    extra = float(st.number_input("Extra hours", 0.5, GRANT_MAX_HOURS, 1.0, 0.5, key="grant-hours"))
    limit = row.hours_limit
    now = "a limit that was not read yet" if limit is None else hours(limit) if limit < math.inf else limit_words(limit)
    name = row.name or row.alias
    st.markdown(
        f"**{plain(name)}** has {now} and would get {hours(extra)} more: at most "
        f"**{money(extra * event.prices.per_hour)}** (estimate)."
    )
    press(
        "Grant the hours",
        lambda who: usage.grant(who, row.attendee, extra_hours=extra),
        key="usage-grant",
        done=f"{name}: adding {hours(extra)}; {SHOWN_LATER}.",
        type="primary",
        icon=":material/more_time:",
    )


def pause_or_delete(event: Event, chosen: Sequence[ProfileRow]) -> None:
    """Pause, resume, delete models."""
    going, paused = [row for row in chosen if not row.paused], [row for row in chosen if row.paused]
    queued = sum(row.hours_queued for row in chosen)
    goes_on = (
        f"Pausing stops new trainings and evaluations only: what is queued or running ({hours(queued)}, "
        f"{money(queued * event.prices.per_hour)}, estimate) goes on and is billed, and so do submissions to races."
    )
    st.markdown(goes_on)
    with st.container(horizontal=True):
        if st.button("Pause …", icon=":material/pause:", disabled=not going, key="usage-pause"):
            _ask_sponsor(going, active=False, fact=goes_on)
        if st.button("Resume …", icon=":material/play_arrow:", disabled=not paused, key="usage-resume"):
            _ask_sponsor(paused, active=True, fact="They can start trainings again, within their hours.")
        if st.button("Delete their models …", icon=":material/delete:", type="tertiary", key="usage-models"):
            _ask_delete(event, chosen)
    said("usage-pause", "usage-resume", "usage-models")


def _ask_sponsor(chosen: Sequence[ProfileRow], *, active: bool, fact: str) -> None:
    usage = session.desk().usage
    people = [row.attendee for row in chosen]
    words = count(len(people), "person", "people")
    confirm(
        f"Resume {words}" if active else f"Pause {words}",
        key="usage-resume" if active else "usage-pause",
        facts=[says_whom(chosen), fact, *([] if active else _shared(people, _GO_ON))],
        button="Resume them" if active else "Pause them",
        run=lambda who: usage.sponsor(who, people, active=active),
        done=lambda job: f"{'Resuming' if active else 'Pausing'} {_so_many(job)}; {SHOWN_LATER}.",
    )


def _so_many(job: Job) -> str:
    """Whom the act reaches: of those chosen, who needs it at the press."""
    return count(job.total, "person", "people")


def _ask_delete(event: Event, chosen: Sequence[ProfileRow]) -> None:
    usage = session.desk().usage
    people = [row.attendee for row in chosen]
    made = sum(row.models or 0 for row in chosen)
    words = count(len(people), "person", "people")
    confirm_typed(
        f"Delete models of {words}",
        key="usage-models",
        facts=[
            says_whom(chosen),
            f"Deletes every model they have ({count(made, 'model was', 'models were')} made this month, older "
            "ones go too); they cannot be brought back.",
            "Results in races stay.",
        ],
        name=event.name,
        button="Delete models",
        run=lambda who, typed: usage.delete_models(who, people, typed_name=typed),
        done=lambda job: f"Deleting the models of {_so_many(job)}; they are counted again until none is left.",
    )


_LARGER = "the larger of the two limits is in force for them."
_GO_ON = "they are paused in this event alone, and can go on within that limit until they are paused there too."
