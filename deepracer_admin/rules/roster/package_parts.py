"""Parts of a package (ISO/IEC 29500-2, 9.3): which parts and mailboxes another part points to."""

from __future__ import annotations

import posixpath
import re
import zipfile
from urllib.parse import unquote

from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.sheets import Budget, parse_xml

__all__ = ["MOST_LINKS", "clean", "local", "mail_links", "related"]

MOST_LINKS = 200_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # ISO/IEC 29500-1, 22.9.2.19: what XML cannot hold
_LONGEST_LINK = 1_000
_MAILTO = re.compile(r"\s*mailto:\s*([^?\s]+)", re.IGNORECASE)


def local(tag: str) -> str:
    """An element's or attribute's name without its prefix."""
    return tag.rpartition(":")[2]


def mail_links(package: zipfile.ZipFile, part: str, budget: Budget) -> dict[str, str]:
    """Relation -> address, of the relations of a part that lead to a mailbox."""
    found: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if local(tag) == "Relationship" and len(found) < MOST_LINKS:
            link = _MAILTO.match(attributes.get("Target", "")[:_LONGEST_LINK])
            if link:
                found[attributes.get("Id", "")] = clean(unquote(link[1]))

    entry = _relations_of(package, part)
    if entry is not None:
        with package.open(entry) as source:
            parse_xml(source, budget, start=start)  # type: ignore[arg-type]
    return found


def _relations_of(package: zipfile.ZipFile, part: str) -> zipfile.ZipInfo | None:
    folder, name = posixpath.split(part)
    wanted = posixpath.join(folder, "_rels", f"{name}.rels").lower()
    return next((entry for entry in package.infolist() if entry.filename.lower() == wanted), None)


def related(package: zipfile.ZipFile, part: str, budget: Budget) -> dict[str, tuple[str, str]]:
    """Relation -> (part, type) of a part, or of the whole package for "" (ISO/IEC 29500-2, 9.3)."""
    folder, _ = posixpath.split(part)
    entry = _relations_of(package, part)
    found: dict[str, tuple[str, str]] = {}
    if entry is None:
        return found

    def start(tag: str, attributes: dict[str, str]) -> None:
        if local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[attributes.get("Id", "")] = posixpath.normpath(whole), attributes.get("Type", "")

    with package.open(entry) as source:
        parse_xml(source, budget, start=start)  # type: ignore[arg-type]
    return found


def clean(value: str) -> str:
    """A text without the escapes of the format and without control characters."""
    if "_x" in value:
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return UNWANTED.sub("", value) if UNWANTED.search(value) else value
