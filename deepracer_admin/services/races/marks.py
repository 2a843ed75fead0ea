"""What may be done to a board: hold it still, hide a racer's name, mask words, disqualify."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.races.board_marks import read_marks, words_of
from deepracer_admin.model import Actor, Standing
from deepracer_admin.records.boards import (
    BOARD_MARKS,
    FROZEN_BOARDS,
    MASKED_WORDS,
    BoardMark,
    FrozenBoard,
    MaskedWords,
    mark_key,
)
from deepracer_admin.rules.racers import Racer, racers_of
from deepracer_admin.rules.rude_names import cleaned_word, is_rude
from deepracer_admin.services.races.board_views import BoardMarksView, MarkedRacer
from deepracer_admin.services.races.screens import ScreensDesk

__all__ = ["MarksDesk"]

MOST_WORDS, LONGEST_WORD = 200, 40


class MarksDesk(ScreensDesk):
    """The part of the boards, beside their screens, that changes what everybody sees of one."""

    def marks(self, actor: Actor, race_id: str) -> BoardMarksView:
        """Who is hidden, who is out and why, and whether the board is held."""
        self._authorise(actor, "boards.run")
        event = self._event().id
        self._race(event, race_id)
        frozen = self._frozen_at(event, race_id)
        rows, _ = self._standings(event, race_id, frozen)
        marks = read_marks(self.store, event, race_id, rows)
        kept = sorted(marks.kept.values(), key=lambda mark: mark.racer.alias.casefold())
        return BoardMarksView(
            frozen_at=frozen,
            hidden=[MarkedRacer(mark.racer.id, mark.racer.alias) for mark in kept if mark.hidden],
            disqualified=[
                MarkedRacer(mark.racer.id, mark.racer.alias, mark.disqualified) for mark in kept if mark.disqualified
            ],
            unclear=marks.unclear,
        )

    def hide(self, actor: Actor, race_id: str, racer: str, *, hidden: bool) -> None:
        """Mask a racer's alias on every screen at once; the original stays in the audit. `racer`: id of an entry or of
        a mark. One that the list of words masks is shown for as long as the racer keeps it.
        Raises Missing, BadInput when two racers cannot be told apart.
        """

        def changed(mark: BoardMark, now: Racer) -> BoardMark:
            is_masked = not hidden and is_rude(now.alias, words)
            return replace(mark, hidden=hidden, shown=now.alias if is_masked else "")

        words = words_of(self.store, self._event().id)
        self._mark(actor, race_id, racer, changed, {"hidden": hidden})

    def disqualify(self, actor: Actor, race_id: str, racer: str, *, reason: str | None) -> None:
        """Take a racer out of the board with a reason; `reason=None` puts them back. Ids and errors as of `hide`."""
        if reason is not None and len(reason.strip()) < 3:
            raise BadInput("Write the reason for the disqualification; it is kept in the audit.")
        word = (reason or "").strip()
        self._mark(actor, race_id, racer, lambda mark, _: replace(mark, disqualified=word), {"disqualified": reason})

    def freeze(self, actor: Actor, race_id: str, *, frozen: bool) -> None:
        """Hold the board still (for the ceremony); standings go on being collected. One that is held stays as it was
        held."""
        self._authorise(actor, "boards.run", target=race_id)
        event = self._event().id
        self._race(event, race_id)
        row = FrozenBoard(self.clock.event_now()) if frozen else None
        self.store.change_rows(
            event, FROZEN_BOARDS, lambda held: {race_id: row and held.get(race_id, row)}, keys=(race_id,)
        )
        self._audit(actor, "boards.run", target=race_id, after={"frozen": frozen})

    def _mark(
        self,
        actor: Actor,
        race_id: str,
        racer_id: str,
        change: Callable[[BoardMark, Racer], BoardMark],
        after: Mapping[str, object],
    ) -> None:
        self._authorise(actor, "boards.run", target=race_id)
        event = self._event().id
        self._race(event, race_id)
        start, keys = self._named(event, race_id, racer_id)

        def changed(rows: Mapping[str, BoardMark]) -> dict[str, BoardMark | None]:
            marks = {key: change(rows.get(key, start), start.racer) for key in keys}
            return {
                key: mark if mark.hidden or mark.disqualified or mark.shown else None for key, mark in marks.items()
            }

        self.store.change_rows(event, BOARD_MARKS, changed, keys=keys)
        self._audit(actor, "boards.run", target=race_id, after={"alias": start.racer.alias, "racer": racer_id, **after})

    def _named(self, event: str, race_id: str, racer_id: str) -> tuple[BoardMark, Sequence[str]]:
        """The mark of this racer, as known now, as it would begin, and the rows that hold what was done to them so
        far."""
        rows, _ = self._standings(event, race_id, self._frozen_at(event, race_id))
        marks, racers = read_marks(self.store, event, race_id, rows), racers_of(rows)
        for key, mark in marks.kept.items():
            if mark.racer.id == racer_id:
                now = (racer for racer in racers if key in marks.of.get(racer.id, ()))
                return BoardMark(race_id, next(now, mark.racer)), (key,)
        meant = [racer for racer in racers if racer.id == racer_id]
        if not meant:  # somebody who came in since the board was held
            meant = [racer for racer in racers_of(self._standings(event, race_id, None)[0]) if racer.id == racer_id]
        if not meant:
            raise Missing("That racer is not on this board any more; choose again.")
        if len(meant) > 1:
            raise BadInput(
                f"{len(meant)} racers share the name “{meant[0].alias}” and nothing tells them apart: let one of them "
                "take another name, then choose again."
            )
        return BoardMark(race_id, meant[0]), marks.of.get(racer_id, ()) or (mark_key(race_id, meant[0]),)

    def words(self, actor: Actor) -> tuple[str, ...]:
        """What the boards of this event mask besides the words that come with the console."""
        self._authorise(actor, "boards.run")
        return words_of(self.store, self._event().id)

    def mask_words(self, actor: Actor, text: str, *, before: Collection[str] = ()) -> tuple[str, ...]:
        """Mask names with these words too; returns all that are kept. `text`: words between blanks, commas or lines,
        each with * at its end where it counts inside longer words as well. `before`: those that stood there before it
        was changed; what of them is not in `text` is taken out, and words that somebody else added meanwhile stay.
        Raises BadInput for one of less than three letters, or for too many.
        """
        self._authorise(actor, "boards.run")
        event = self._event().id
        typed = text.replace(",", " ").replace(";", " ").split()
        if short := [word for word in typed if not cleaned_word(word)]:
            raise BadInput(f"“{short[0][:LONGEST_WORD]}” has less than three letters from a to z: write a longer word.")
        if long := [word for word in typed if len(word) > LONGEST_WORD]:
            raise BadInput(f"“{long[0][:LONGEST_WORD]}…” is too long: at most {LONGEST_WORD} letters a word.")
        wanted = {*map(cleaned_word, typed)}

        def changed(kept: MaskedWords) -> MaskedWords:
            words = ({*kept.words} - {*before}) | wanted
            if len(words) > MOST_WORDS:
                raise BadInput(f"At most {MOST_WORDS} words: take some out.")
            return MaskedWords(tuple(sorted(words)))

        words = self.store.update(event, MASKED_WORDS, changed).words
        self._audit(actor, "boards.run", target=event, count=len(words), after={"words": [*words]})
        return words

    def _frozen_at(self, event_id: str, race_id: str) -> datetime | None:
        frozen = self.store.row(event_id, FROZEN_BOARDS, race_id)
        return frozen.at if frozen else None

    def _standings(
        self, event_id: str, race_id: str, frozen: datetime | None
    ) -> tuple[Sequence[Standing], datetime | None]:
        if frozen:
            return self.house.history.standings_before(event_id, race_id, frozen), frozen
        return self.house.history.standings(event_id, race_id)
