"""Who may enter a private race, where the service keeps that list: let many in, take some out, make a new link.

Everything counts by a listing. Letting in and taking out may be repeated without harm; a new link made twice is merely
newer. What if it dies here? Items that were not settled are looked at again, and only what is missing is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import NotThere, Refused
from deepracer_admin.flows.engine.jobs import Later, settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.races.race_jobs import refresh_races
from deepracer_admin.model import Job, JobItem, Lease, State
from deepracer_admin.racing import RacingService
from deepracer_admin.records.entrants import PARTICIPANTS, Participants
from deepracer_admin.records.erasures import SUPPRESSED

__all__ = ["AdmitHandler", "ExpelHandler", "LinkHandler", "read_participants"]

BATCH = 500  # people let in between two records; a call of the managed service takes 50
TAKEN_OUT = 50  # each is a call of its own
SET = "set"  # asked for; it counts once a listing says so, and one listing serves everybody


def read_participants(ports: Ports, event: str, race_id: str, lease: Lease) -> dict[str, str]:
    """User id -> alias of those who may enter, listed now and kept for the pages."""
    erased = ports.store.read(event, SUPPRESSED)
    listed = {user: alias for user, alias in ports.racing().participants(race_id) if not erased.holds(user)}
    read = Participants(listed, ports.clock.now())
    ports.store.change_rows(event, PARTICIPANTS, lambda _: {race_id: read}, keys=(race_id,), lease=lease)
    return listed


class AdmitHandler:
    """Job `race.admit`: plan {"race": id}; items by attendee, `after` holds the profile."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        race_id = str(job.plan["race"])
        todo = ports.store.job_items(job.id, state=State.TODO)
        fresh = [item for item in todo if item.reason != SET][:BATCH]
        if fresh:
            refused = _let_in(ports.racing(), race_id, [_user(item) for item in fresh])
            settle_items(ports, job, [_asked(item, refused.get(_user(item))) for item in fresh], lease)
            return None
        inside = read_participants(ports, job.event, race_id, lease)
        if todo:
            settle_items(ports, job, [_seen(item, _user(item) in inside) for item in todo], lease)
            _look_again(todo, {item.key for item in todo if _user(item) in inside})
            return None
        refresh_races(ports, job, lease)
        return f"{_done(ports, job)} may enter the race (the service lists {len(inside):,} in all)."


def _let_in(racing: RacingService, race_id: str, users: Sequence[str]) -> dict[str, str]:
    """Lets all in at once; the service refuses as a whole, so the whole is halved until the refusal has one name."""
    if not users:
        return {}
    try:
        racing.add_participants(race_id, users)
    except (NotThere, Refused) as error:
        if len(users) == 1:
            return {users[0]: error.sentence}
        middle = len(users) // 2
        return _let_in(racing, race_id, users[:middle]) | _let_in(racing, race_id, users[middle:])
    return {}


class ExpelHandler:
    """Job `race.expel`: plan {"race": id}; items by the service's user id."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        race_id = str(job.plan["race"])
        todo = ports.store.job_items(job.id, state=State.TODO)
        fresh = [item for item in todo if item.reason != SET][:TAKEN_OUT]
        if fresh:
            settled = [_asked(item, _take_out(ports.racing(), race_id, item.key)) for item in fresh]
            settle_items(ports, job, settled, lease)
            return None
        inside = read_participants(ports, job.event, race_id, lease)
        if todo:
            settle_items(ports, job, [_seen(item, item.key not in inside) for item in todo], lease)
            _look_again(todo, {item.key for item in todo if item.key not in inside})
            return None
        refresh_races(ports, job, lease)
        return f"{_done(ports, job)} may not enter the race any more (the service lists {len(inside):,} who may)."


def _take_out(racing: RacingService, race_id: str, user: str) -> str | None:
    """None when it was asked for, else why the service refuses. Who is gone already is as good as taken out."""
    try:
        racing.remove_participant(race_id, user)
    except NotThere:
        return None
    except Refused as error:
        return error.sentence
    return None


def _asked(item: JobItem, refusal: str | None) -> JobItem:
    if refusal is not None:
        return replace(item, state=State.REFUSED, reason="refused", sentence=refusal)
    return replace(item, reason=SET, sentence="Asked for; it counts once the service lists it.")


def _seen(item: JobItem, is_so: bool) -> JobItem:
    if is_so:
        return replace(item, state=State.DONE, reason="read_back", sentence="")
    return replace(item, reason="again", sentence="The service does not show it yet; asked again.")


def _look_again(todo: Sequence[JobItem], so: set[str]) -> None:
    """Raises Later when the listing contradicts somebody: they are asked for once more after a while."""
    left = len(todo) - len(so)
    if left:
        raise Later(f"{left:,} of {counted(len(todo), 'person', 'people')} are not listed yet; the console asks again.")


class LinkHandler:
    """Job `race.link`: a new share link; the former one lets nobody in any more."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        race_id = str(job.plan["race"])
        former = str(job.plan.get("former", ""))
        link = ports.racing().share_link(race_id, reset=True)
        found = {race.id: race for race in refresh_races(ports, job, lease)}
        if race_id not in found:
            return "The race is gone, and its link with it."
        if link == former:
            raise Later("The service gave the former link again; the console asks once more.")
        return f"The race “{found[race_id].draft.name}” has a new link; the former one lets nobody in any more."


def _user(item: JobItem) -> str:
    return str(item.after["profile"])


def _done(ports: Ports, job: Job) -> str:
    items = ports.store.job_items(job.id)
    done = sum(1 for item in items if item.state.is_done)
    return f"{done:,} of {counted(len(items), 'person', 'people')}"
