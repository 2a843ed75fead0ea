"""Who is in the group: adding and taking out people through Microsoft Graph (identity-and-mail.md 1.2 and 1.3).

Adding goes twenty at a time in one PATCH that does all or nothing. When Graph refuses a chunk, each of its people is
added alone inside one batch, so that everybody gets an outcome of their own. Repeating any of it is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from deepracer_admin.directory.graph_batch import BATCH, Part, Reply, send_batch
from deepracer_admin.directory.graph_client import Graph, error_of, retry_after
from deepracer_admin.directory.graph_urls import directory_object, group_url, guid, membership_url, new_member_url
from deepracer_admin.edge.answers import body_of
from deepracer_admin.model import Outcome, State, Step

__all__ = ["add_people", "remove_people"]

CHUNK = 20  # references in one PATCH
_REPLICATION_S = 15.0  # a person made moments ago is not known everywhere yet

_ALREADY = re.compile(r"references? already exist", re.IGNORECASE)
_ABSENT = re.compile(r"do(es)? not exist", re.IGNORECASE)


def add_people(
    graph: Graph, group_id: str, ids: Sequence[str], members: Callable[[], AbstractSet[str]]
) -> Iterator[Outcome]:
    """Add people, chunk by chunk as the caller iterates. `members` re-reads the group, where a refusal is unclear."""
    good, bad = _usable(ids)
    yield from bad
    for chunk in _chunks(good, CHUNK):
        body = {"members@odata.bind": [directory_object(graph.base_url, i) for i in chunk]}
        answer = graph.exchange("PATCH", group_url(group_id), "members", body)
        if answer.status_code < 300:
            yield from (_outcome(i, State.DONE, "added") for i in chunk)
        elif answer.status_code in (400, 404, 409):
            yield from _add_each(graph, group_id, chunk, members)
        else:
            raise error_of(answer.status_code, body_of(answer.content), "members")


def remove_people(graph: Graph, group_id: str, ids: Sequence[str]) -> Iterator[Outcome]:
    """Take people out of the group, twenty a batch. Who is not in it (404) was out already."""
    good, bad = _usable(ids)
    yield from bad
    for chunk in _chunks(good, BATCH):
        replies = send_batch(graph, [Part("DELETE", membership_url(group_id, i)) for i in chunk], "members")
        for person, reply in zip(chunk, replies, strict=True):
            if reply.ok:
                yield _outcome(person, State.DONE, "removed")
            elif reply.status == 404 and reply.is_final:
                yield _outcome(person, State.ALREADY, "not_a_member")
            else:
                yield _unfinished(person, reply) or _refused(person, reply, "did not take this person out of the group")


def _add_each(
    graph: Graph, group_id: str, chunk: Sequence[str], members: Callable[[], AbstractSet[str]]
) -> Iterator[Outcome]:
    url = new_member_url(group_id)
    parts = [Part("POST", url, {"@odata.id": directory_object(graph.base_url, i)}) for i in chunk]
    absent: list[str] = []
    for person, reply in zip(chunk, send_batch(graph, parts, "members"), strict=True):
        if reply.ok:
            yield _outcome(person, State.DONE, "added")
        elif reply.status == 400 and _ALREADY.search(reply.message):
            yield _outcome(person, State.ALREADY, "already_a_member")
        elif reply.is_final and (reply.status == 404 or (reply.status == 400 and _ABSENT.search(reply.message))):
            absent.append(person)
        elif outcome := _unfinished(person, reply):
            yield outcome
        elif person in members():  # the phrase may come in another language; the listing does not
            yield _outcome(person, State.ALREADY, "already_a_member")
        else:
            yield _refused(person, reply, "did not take this person into the group")
    if absent:
        yield from _explain_absent(graph, absent)


def _explain_absent(graph: Graph, people: Sequence[str]) -> Iterator[Outcome]:
    """Graph says the same for somebody it has not yet copied everywhere and for somebody who is gone: look."""
    parts = [Part("GET", f"/users/{guid(i)}?$select=id") for i in people]
    for person, reply in zip(people, send_batch(graph, parts, "resolve"), strict=True):
        if reply.ok:
            reason, sentence = "not_replicated", "The directory has not copied this new person everywhere yet."
        else:
            reason = "not_in_directory"
            sentence = "The directory does not know this person (yet): the console asks again."
        yield Outcome(person, Step.GROUP, State.RETRY, reason, sentence, _REPLICATION_S)


def _unfinished(person: str, reply: Reply) -> Outcome | None:
    """RETRY for what a repeat may cure, None for what it will not. Raises what stops the whole run (401, 403)."""
    if reply.status in (401, 403):
        raise reply.error("members")
    if not reply.is_final:
        error = reply.error("members")
        wait = retry_after(reply.headers) or 10.0
        return Outcome(person, Step.GROUP, State.RETRY, error.code or "lost_answer", error.sentence, wait)
    return None


def _refused(person: str, reply: Reply, what: str) -> Outcome:
    sentence = f"The directory {what}: {reply.message[:200] or f'status {reply.status}'}"
    return Outcome(person, Step.GROUP, State.REFUSED, reply.error("members").code, sentence)


def _usable(ids: Sequence[str]) -> tuple[list[str], list[Outcome]]:
    """Distinct ids in Graph's own spelling, and a refusal for each thing that is none."""
    good: list[str] = []
    bad: list[Outcome] = []
    for person in dict.fromkeys(ids):
        try:
            good.append(guid(person))
        except ValueError:
            sentence = "This is no directory id: press “Retry this person” on their card, under “Find a person”."
            bad.append(Outcome(person, Step.GROUP, State.REFUSED, "not_an_id", sentence))
    return good, bad


def _outcome(person: str, state: State, reason: str) -> Outcome:
    return Outcome(person, Step.GROUP, state, reason, ref=person)


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[i : i + size] for i in range(0, len(ids), size))
