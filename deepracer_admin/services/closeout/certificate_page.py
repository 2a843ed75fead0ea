"""The certificate as one page to read and print: no script, no request, every text escaped, a line for each claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["certificate_page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}p{margin:.5rem 0}small{color:#555}
table{border-collapse:collapse;width:100%}td,th{border-top:1px solid #ccc;padding:.35rem .5rem;text-align:left;
vertical-align:top;overflow-wrap:anywhere}th{font-weight:600;overflow-wrap:normal}td.n{text-align:right;font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}
.verdict{border-left:.5rem solid;padding:.5rem 1rem;margin:1rem 0;background:#f5f5f5}.green{border-color:#116329}
.amber{border-color:#8a4b00}.red{border-color:#a4001d}.mark{background:#8a4b00;color:#fff;padding:.3rem .6rem}
tr{break-inside:avoid}@page{size:A4;margin:15mm}@media print{body{margin:0;max-width:none}}
"""
_COLOURS = {"green": "✓ Green", "amber": "! Amber", "red": "✗ Red"}


def certificate_page(document: Mapping[str, Any]) -> bytes:
    """UTF-8 HTML of a certificate's document, to be sealed: it ends with a line break."""
    event, found = document["event"], document["verdict"]
    title = f"Close-out certificate: {escape(event['name'])}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        *(['<p class="mark">REHEARSAL: simulated people and services.</p>'] if document["rehearsal"] else []),
        f"<h1>{title}</h1>",
        f"<p><small>Issued {escape(document['issued_at'])}</small></p>",
        f'<div class="verdict {escape(found["colour"])}">',
        f"<p><b>{_COLOURS.get(found['colour'], '')}. {escape(found['sentence'])}</b></p>",
        *_list(found["because"]),
        "</div>",
        *_pairs("Event", event),
        "<h2>Who can still sign in</h2>",
        f"<p>{escape(document['people']['said'])}<br>",
        f"<small>Read at {escape(document['people']['read_at'])}</small></p>",
        *_table(document["people"].get("how", []), {"answer": "Answer", "people": "People", "seen": "What was seen"}),
        "<h2>Each step and its evidence</h2>",
        *_table(
            [*document["claims"], *document["also"]],
            {"claim": "Step", "answer": "Answer", "evidence": "Evidence", "read_at": "Read at"},
        ),
    ]
    left = {"what": "What", "count": "How many", "why": "Why", "costs": "What it costs", "way_out": "How to end it"}
    decided = {"step": "Step", "decision": "Decision", "by": "By", "reason": "Reason", "at": "When", "of": "In"}
    persons = {"answer": "Answer", "people": "People", "seen": "What was seen", "at": "Read at", "person": "Who"}
    parts += _section("What is left", document["left"], left, "Nothing.")
    parts += _section(
        "Decided by people", document["decided"], decided, "No step was skipped, waited for or stopped at."
    )
    acts = [{**act, "at": act["at"], "what": f"{act['action']} {act['target']}"} for act in document["acts"]]
    parts += _section(
        "Acts of the close-out in the audit",
        acts,
        {"seq": "No.", "at": "When (UTC)", "actor_name": "Who", "what": "What", "digest": "Digest"},
        "None.",
    )
    parts += _pairs("The audit's chain", document["chain"])
    parts += _section(
        "Each person", _together(document["persons"]), persons, "No answer of single persons stands here."
    )
    parts += ["<h2>How to verify</h2>", f"<p>{escape(document['about'])}</p>", "</body></html>"]
    return ("\n".join(parts) + "\n").encode()


def _together(persons: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Those of whom the same was seen at the same time on one line: thousands fit on few pages."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for each in persons:
        groups.setdefault((each["answer"], each["seen"], each["at"], each.get("settle", "")), []).append(each["person"])
    return [
        {"answer": answer, "people": len(who), "seen": f"{seen} {settle}".rstrip(), "at": at, "person": ", ".join(who)}
        for (answer, seen, at, settle), who in sorted(groups.items())
    ]


def _list(sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield "<ul>"
        yield from (f"<li>{escape(each)}</li>" for each in sentences)
        yield "</ul>"


def _pairs(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    yield "<table>"
    for name, value in values.items():
        shown = _shown(value)
        yield f"<tr><th>{escape(name.replace('_', ' ').capitalize())}</th><td><code>{escape(shown)}</code></td></tr>"
    yield "</table>"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _section(title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], empty: str) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    if rows:
        yield from _table(rows, columns)
    else:
        yield f"<p>{escape(empty)}</p>"


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> Iterator[str]:
    if not rows:
        return
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{escape(title)}</th>' for title in columns.values())}</tr>"
    for row in rows:
        yield f"<tr>{''.join(_cell(row.get(name, '')) for name in columns)}</tr>"
    yield "</table>"


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"
