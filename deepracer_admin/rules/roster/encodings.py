"""Old encodings, in which the same bytes are other letters: which one, how sure, and what else it could be.

UTF-8 proves itself; of the others the likeliest is taken, and the rest offered with what it would read. Statistics
over whole texts (charset-normalizer) go wrong on lists of names, so what counts here is what names look like: capitals
at the beginning, letters of one alphabet, and in East Asian encodings characters of everyday use.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from deepracer_admin.rules.roster.findings import Candidate

__all__ = ["candidates_of", "guess_legacy"]

_SAMPLES = 2
_PIECE = re.compile(r"[^\s,;|\t\"<>()@]+")
_INSIDE = frozenset("’‘´·–—")
_SINGLE = (
    "cp1252",
    "cp1250",
    "iso8859_2",
    "cp1254",
    "cp1257",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1255",
    "cp1256",
    "mac_roman",
    "cp852",
    "cp866",
)
_DOUBLE = ("cp932", "gb18030", "cp949", "big5", "euc_jp")
# Lead bytes of the characters of everyday use (JIS X 0208 level 1 and kana, GB 2312 level 1, KS X 1001 Hangul, Big5
# level 1), and the smallest byte that may follow one.
_COMMON: dict[str, tuple[Iterable[int], int]] = {
    "cp932": ({0x82, 0x83, *range(0x88, 0x98)}, 0x40),
    "gb18030": (range(0xB0, 0xD8), 0xA1),
    "cp949": (range(0xB0, 0xC9), 0xA1),
    "big5": (range(0xA4, 0xC7), 0x40),
    "euc_jp": ({0xA4, 0xA5, *range(0xB0, 0xD0)}, 0xA1),
}
_SURNAMES = {
    "cp932": "佐鈴高髙田中伊渡山小加吉松井木林清斎齋藤橋村石前岡長近後坂遠青西福太三金原野和河上森池内",
    "euc_jp": "佐鈴高田中伊渡山小加吉松井木林清斎藤橋村石前岡長近後坂遠青西福太三金原野和河上森池内",
    "gb18030": "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶",
    "cp949": "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구나민진",
    "big5": "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴周徐蘇葉莊呂江何蕭羅高潘簡朱鍾游彭詹胡施沈余趙盧梁顏",
}
_NOT_LATIN = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256")
_SCRIPTS = (
    ("\u0370", "\u03ff", "greek"),
    ("\u0400", "\u04ff", "cyrillic"),
    ("\u0590", "\u05ff", "hebrew"),
    ("\u0600", "\u06ff", "arabic"),
)
# Letters beyond ASCII of the languages that an encoding was made for, small ones. A word has those of one language.
_ALPHABETS: dict[str, tuple[frozenset[str], ...]] = {
    name: tuple(map(frozenset, text.split()))
    for name, text in {
        "cp1252": "äöüß àâæçéèêëîïôœùûüÿ áéíóúñü áâãàçéêíóôõúü àèéìíîòóùú åäöæøé áéíóúýæöðþ àçéèíïóòúü éëïöüáíóú äöåé",
        "cp1250": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű čćđšž ăâîşţ äöüß",
        "cp1254": "çöüğışiâîû",
        "cp1257": "ąčęėįšųūž āčēģīķļņšūžōŗ äõöüšž",
    }.items()
}
_ALPHABETS["iso8859_2"] = _ALPHABETS["cp1250"]
_STRANGE = {
    "cp1252": 0.6,
    "cp1250": 0.65,
    "iso8859_2": 0.66,
    "cp1254": 0.7,
    "cp1257": 0.7,
}  # a word with letters of no one language
_HOME = {"cp1252": 0.0, "cp1250": 0.05, "iso8859_2": 0.06, "cp1254": 0.02, "cp1257": 0.1}
_ICELANDIC = frozenset("áéíóúæÁÉÍÓÚÆ")
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxz")
_VOWELS = frozenset("аеёиоуыэюяіїєўαεηιουωάέήίόύώϊϋΐΰ")


def guess_legacy(data: bytes, *, is_old_mac: bool = False) -> str | None:
    """The likeliest encoding of bytes that are no UTF; None when nothing reads them."""
    if is_old_mac:
        return "mac_roman"
    double = [(score, name) for name in _DOUBLE if (score := _east_asian(data, name)) > 0]
    if double:
        return max(double)[1]
    readings = {name: text for name in _SINGLE if (text := _decoded(data, name)) is not None}
    if not readings:
        return None
    scores = {name: (_odd(text, name), _SINGLE.index(name)) for name, text in readings.items()}
    return min(scores, key=scores.__getitem__)


def candidates_of(data: bytes, taken: str) -> tuple[Candidate, ...]:
    """The encoding that was taken and others that give other letters, each with two cells as they would read."""
    places = list(_odd_places(data))
    found: dict[tuple[str, ...], str] = {}
    for name in (taken, *_SINGLE, *_DOUBLE):
        is_likely = name not in _DOUBLE or _east_asian(data, name) > 0
        if name != taken and (not is_likely or _decoded(data, name) is None):
            continue
        samples = tuple(sample for place in places if (sample := _reading(place, name)))
        if name == taken:
            samples = tuple(place.decode(name, errors="replace") for place in places)
        if name == taken or (len(samples) == len(places) and _odd("\n".join(samples), name) < 1.5 * len(samples)):
            found.setdefault(samples, name)
    return tuple(Candidate(name, samples) for samples, name in found.items())[:8]


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _odd_places(data: bytes) -> Iterable[bytes]:
    """Up to two cells that hold letters beyond ASCII."""
    count = 0
    for line in data.splitlines()[:2_000]:
        for cell in re.split(rb"[,;|\t\"]", line):
            if not cell.isascii() and len(cell) < 80:
                yield cell.strip()
                count += 1
                if count == _SAMPLES:
                    return


def _reading(cell: bytes, name: str) -> str | None:
    try:
        return cell.decode(name)
    except UnicodeDecodeError:
        return None


def _east_asian(data: bytes, name: str) -> float:
    """How much the bytes look like names in this encoding: 0 not at all; more than 1 with well-known surnames."""
    text = _decoded(data, name)
    if text is None:
        return 0.0
    leads, least = _COMMON[name]
    wide = [letter for letter in text if letter > "\x7f"]
    if not wide or any("\uff61" <= letter <= "\uff9f" or "\ue000" <= letter <= "\uf8ff" for letter in wide[:2_000]):
        return 0.0  # half-width kana and private characters: another encoding read wrongly
    common = 0
    for letter in wide[:2_000]:
        raw = letter.encode(name, errors="replace")
        common += len(raw) == 2 and raw[0] in leads and raw[1] >= least
    share = common / len(wide[:2_000])
    if share < 0.6:
        return 0.0
    words = [piece for piece in _PIECE.findall(text[:20_000]) if not piece.isascii()]
    if 2 * sum(any(letter.isascii() and letter.isalpha() for letter in word) for word in words) > len(words):
        return 0.0  # Latin letters within most words: another encoding read wrongly
    pieces = [piece for piece in words if piece[0] > "\x7f"]
    known = sum(piece[0] in _SURNAMES[name] for piece in pieces)
    return share + 2 * known / max(len(pieces), 1)


def _odd(text: str, name: str) -> float:
    """How many words no person's name has; small differences settle what is odd in several readings."""
    odd = 0.0
    for piece in _PIECE.findall(text):
        if piece.isascii():
            continue
        inner = piece.strip("'’‘“”„«».…–—-*•·°")
        if any(map(_is_sign, inner)):
            odd += 2
            continue
        odd += _odd_word(inner, name)
    return odd


def _is_sign(letter: str) -> bool:
    """Signs, fractions and lines: inside a word they are letters of another encoding."""
    return letter > "\x7f" and letter not in _INSIDE and unicodedata.category(letter)[0] not in "LM"


def _odd_word(word: str, name: str) -> float:
    odd = 0.0
    for part in re.split(r"[-'’´.]", word):
        if not part or part.isascii():
            continue
        lower = any(letter.islower() for letter in part)
        # A capital after a small letter, but for McDonald and the like.
        if lower and any(a.islower() and b.isupper() and b > "\x7f" for a, b in pairwise(part)):
            odd += 1
        if lower and part[0] > "\x7f" and part[0].islower() and name in ("cp1251", "koi8_r", "cp1253"):
            odd += 0.5
    letters = {letter for letter in word if letter > "\x7f" and letter.isalpha()}
    if not letters:
        return odd
    scripts = {_script(letter) for letter in word if letter.isalpha() or (letter > "\x7f" and letter not in _INSIDE)}
    if len(scripts) > 1:
        odd += 1.5
    elif scripts == {"latin"} and name in _NOT_LATIN:
        odd += 0.75
    if name in _ALPHABETS:
        small = {lower for letter in letters for lower in letter.lower() if lower > "\x7f" and lower.isalpha()}
        at_home = any(small <= alphabet for alphabet in _ALPHABETS[name])
        odd += _HOME[name] if at_home else _STRANGE[name]
    elif name in ("cp852", "cp866", "mac_roman"):
        odd += 0.75
    if name == "cp1252":
        odd += _not_western(word, letters)
    elif name in ("cp1251", "koi8_r", "cp1253") and len(word) > 3:
        vowels = sum(letter in _VOWELS for letter in word.lower())
        odd += 0.7 * (vowels < 0.2 * len(word))
    return odd


def _not_western(word: str, letters: set[str]) -> float:
    odd = 0.0
    # Icelandic has the thorn at the beginning of words alone, and the eth nowhere but there.
    if any(letter in "þÞ" for letter in word[1:]) or word[0] in "ðý":
        odd += 1
    elif letters & frozenset("ðÐýÝþÞ") and not letters & _ICELANDIC:
        odd += 0.6
    if sum(letter > "\x7f" for letter in word) > max(2, 0.6 * len(word)):
        odd += 1
    if word.endswith("æ") or (word[0] in "ÈØÒ" and len(word) > 1 and word[1] in _CONSONANTS):
        odd += 0.3
    return odd


def _script(letter: str) -> str:
    if letter < "\u0250" or "\u1e00" <= letter <= "\u1eff":
        return "latin"
    return next((name for first, last, name in _SCRIPTS if first <= letter <= last), "other")
