"""Columns that say whether somebody comes: denied, declined, cancelled, waiting, refunded people are left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from deepracer_admin.rules.roster.findings import Column, UnreadableRoster
from deepracer_admin.rules.roster.headings import plain_heading
from deepracer_admin.rules.roster.lazy_column import distinct
from deepracer_admin.rules.roster.people import fold

__all__ = ["Status", "find_status", "find_statuses", "says_no", "word_of"]

_HEADING = re.compile(
    r"\w*status\b|\b(state|approval|approved|rsvp|response|attending|attendance|going|registration|accepted|confirmed|"
    r"enabled|active|stato|approvazione|conferma|risposta|partecipa|statut|reponse|inscription|presence|participation|"
    r"freigabe|antwort|zusage|teilnahme|anmeldestatus|estado|respuesta|asistencia|asiste|aprobacion|situacao|resposta|"
    r"aprovacao|antwoord|aanwezig|odpowiedz|obecnosc|zatwierdzenie|svar|narvaro)\b"
    "|" + "|".join(map(plain_heading, ("ステータス", "状態", "状況", "承認", "出欠", "回答", "参加可否", "出席")))
)
# "MFA enabled", "E-mail verified": no word about who comes.
_OTHER = re.compile(
    r"\b(mfa|verified|phone|sms|newsletter|consent|marketing|payment|paid|licen[sc]e\w*|sync\w*|country|home state)\b"
)
_AWAY = re.compile(
    r"\b("
    r"denied|declined|cancell?ed|cancell?ation|wait ?list(?:ed)?|waiting ?list|waiting|refund(?:ed)?|not approved|"
    r"unapproved|rejected|refused|withdrawn|withdrew|no show|not attending|not going|not coming|will not attend|"
    r"won t attend|can t attend|cannot attend|can t go|expired|void(?:ed)?|deleted|removed|disabled|deactivated|"
    r"can t make it|cannot make it|unable to|not able to|won t be|will not be|regrets?|sorry|"
    r"terminated|inactive|invalid|revoked|blocked|pending approval|awaiting approval|approval pending|opted out|"
    r"unregistered|suspended|on hold|archived|dropped|gesperrt|deaktiviert|sospes[oa]|suspendid[oa]|suspendue?|"
    r"geschorst|zawieszon\w*|avstangd|"
    r"rifiutat[oaie]|annullat[oaie]|cancellat[oaie]|negat[oaie]|rimborsat[oaie]|lista d attesa|in attesa|"
    r"non approvat[oaie]|non partecipa|disdett[oa]|rinunciat[oa]|assente|"
    r"abgelehnt|abgesagt|storniert|annulliert|warteliste|erstattet|zuruckerstattet|nicht genehmigt|absage|verweigert|"
    r"nimmt nicht teil|zuruckgezogen|"
    r"refusee?s?|annulee?s?|declinee?s?|liste d attente|en attente|remboursee?s?|non approuvee?|desistement|absente?|"
    r"ne participe pas|rejetee?s?|"
    r"rechazad[oa]s?|cancelad[oa]s?|denegad[oa]s?|lista de espera|en espera|reembolsad[oa]s?|no aprobad[oa]|"
    r"anulad[oa]s?|"
    r"no asiste|no asistira|recusad[oa]s?|negad[oa]s?|nao aprovad[oa]|desistiu|ausente|"
    r"geannuleerd|afgewezen|wachtlijst|terugbetaald|geweigerd|afgemeld|niet goedgekeurd|"
    r"anulowan[oaey]\w*|odrzucon[oaey]\w*|odmowa|rezerwow\w*|zwrocon[oaey]\w*|lista oczekujacych|"
    r"avbokad|avbojd|reservlista|nekad|vantelista|aterbetald|avbojt|avanmald|installd"
    r")\b|"
    + "|".join(map(plain_heading, ("キャンセル", "却下", "拒否", "辞退", "不参加", "欠席", "返金", "保留", "未承認")))
)
_HERE = re.compile(r"\b(not|no longer) (cancell?ed|denied|declined|refunded|rejected|waitlisted)\b")
_NO = frozenset(
    ["no", "n", "false", "0", "nein", "non", "nee", "nie", "nej", "nao", "falsch", "falso", "faux", "いいえ"]
)
_CROSSES = frozenset("✗✘❌☒☐🚫⛔")
_ASKS = re.compile(
    r"\b(approved|rsvp|attending|going|accepted|confirmed|enabled|active|attendance|partecipa|conferma|zusage|"
    r"teilnahme|"
    r"presence|participation|asiste|asistencia|aanwezig|obecnosc|narvaro|registered)\b"
)
_PENDING = frozenset(
    (
        "pending",
        "ausstehend",
        "offen",
        "pendiente",
        "pendente",
        "in afwachting",
        "oczekuje",
        "oczekujace",
        "vantar",
        "vantande",
    )
)
# "Cancelled", "Blocked": here it is a yes, or the day on which it happened, that takes somebody out.
_AGAINST = re.compile(
    r"\b(block(?:ed)?|disabled|cancell?ed|cancellation|declined|refund(?:ed)?|withdrawn|deleted|removed|opted out|"
    r"annullat[oa]|rimborsat[oa]|storniert|storno|abgesagt|annulee?|desistement|cancelad[oa]|anulad[oa]|geannuleerd|"
    r"anulowan[oey]|avbokad|avanmald)\b|" + plain_heading("キャンセル")
)
_YES = frozenset(
    ["yes", "y", "true", "1", "x", "si", "ja", "oui", "sim", "tak", "はい", "wahr", "vero", "verdadero", "vrai"]
)
_DAY = re.compile(r"\d{1,4} \d{1,2} \d{1,4}(?: .*)?")
_MOST_WORDS = 60
_LONGEST = 60


class Status(NamedTuple):
    """A column that says who comes: all its values, those that say no by themselves, and those that are left out.

    Where the heading asks ("Approved?"), empty cells are a value as well: nobody has said yes.
    """

    column: Column
    values: frozenset[str]
    saying_no: frozenset[str]
    away: frozenset[str]

    @property
    def unsaid(self) -> frozenset[str]:
        """Empty values whose people are taken."""
        return frozenset(value for value in self.values - self.away if not value.strip())


def find_status(
    columns: Sequence[Column],
    cells: Sequence[Sequence[str]],
    *,
    chosen: int | str | None = None,
    let_in: Collection[tuple[str, str]] = (),
    keep_out: Collection[tuple[str, str]] = (),
) -> Status | None:
    """The first column without a field whose values say of some people that they do not come, else the first whose
    heading asks who comes and that has at least two values; None without one.

    `chosen` is the position of another column ("": none is). `let_in` and `keep_out` are values of which a person
    says the contrary, each with the heading of its column ("": of any). Raises UnreadableRoster when the column that
    was chosen holds too many values.
    """
    if chosen == "":
        return None
    second: Status | None = None
    for column in columns:
        if column.position >= len(cells) or (column.position != chosen if chosen is not None else column.field):
            continue
        heading = plain_heading(column.name)
        is_against = chosen is None and _AGAINST.search(heading) is not None and len(heading) < _LONGEST
        if chosen is None and (
            len(heading) > _LONGEST * 2 or not (is_against or _HEADING.search(heading)) or _OTHER.search(heading)
        ):
            continue
        values = frozenset(
            value for value in distinct(cells[column.position]) if value.strip() and len(value) <= _LONGEST
        )
        if not is_against and len(values) > max(_MOST_WORDS, len(cells[column.position]) // 5):
            if chosen is not None:
                raise UnreadableRoster(
                    f"Column {column.name} holds too many different values to say who comes: choose another column."
                )
            continue  # sentences, each another: no states
        asks = chosen is not None or _ASKS.search(heading) is not None
        if asks and values and not is_against:  # who is asked and has no answer may be anything
            values |= {value for value in distinct(cells[column.position]) if not value.strip()}
        saying_no = frozenset(
            value
            for value in values
            if (_says_so(plain_heading(value)) if is_against else _says_no(plain_heading(value), asks=asks))
            or (asks and not is_against and value.strip() in _CROSSES)
        )
        out = _of(values, column, keep_out)
        found = Status(column, values, saying_no, (saying_no - _of(saying_no, column, let_in)) | out)
        if saying_no or out or chosen is not None:
            return found
        if second is None and not is_against and len(values) > 1:
            second = found
    return second


def _of(values: Collection[str], column: Column, words: Collection[tuple[str, str]]) -> set[str]:
    wanted = {word_of(word) for heading, word in words if heading in ("", column.name)}
    return {value for value in values if word_of(value) in wanted} if wanted else set()


def word_of(value: str) -> str:
    """What two cells share that say the same: white space and capitals apart."""
    return fold(value).casefold()


def find_statuses(
    columns: Sequence[Column],
    cells: Sequence[Sequence[str]],
    *,
    chosen: int | str | None = None,
    let_in: Collection[tuple[str, str]] = (),
    keep_out: Collection[tuple[str, str]] = (),
) -> list[Status]:
    """What `find_status` finds, and behind it every other column that says no: the order is paid, and nobody comes.

    Where a person chose the column, it is the only one. Raises UnreadableRoster as `find_status` does.
    """
    status = find_status(columns, cells, chosen=chosen, let_in=let_in, keep_out=keep_out)
    if status is None:
        return []
    found, rest = [status], list(columns)
    while chosen is None:
        rest = [column for column in rest if column.position != found[-1].column.position]
        status = find_status(rest, cells, let_in=let_in, keep_out=keep_out)
        if status is None or not (status.away or status.saying_no):
            break
        found.append(status)
    return found


def says_no(plain: str) -> bool:
    """Whether words in the form of `plain_heading` say that somebody does not come."""
    return _says_no(plain, asks=False)


def _says_so(value: str) -> bool:
    return value in _YES or _DAY.fullmatch(value) is not None or _AWAY.fullmatch(value) is not None


def _says_no(value: str, *, asks: bool) -> bool:
    if (asks and value in _NO) or value in _PENDING:
        return True
    return _AWAY.search(value) is not None and _HERE.search(value) is None
