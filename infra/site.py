"""The static page's own copies of the console's words and looks: `python -m infra.site` writes them anew.

One source: deepracer_admin/web/portal/. A test fails when the copies in portal/ are not what this module writes.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["PORTAL", "copies", "main"]

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "deepracer_admin" / "web" / "portal"
PORTAL = ROOT / "portal"
UNUSED = ("months", "weekdays")  # the browser writes dates
OWN: dict[str, dict[str, dict[str, str]]] = {  # what only the page with a script has to say
    "en": {
        "page": {"footer": "This page uses no cookies and loads nothing from elsewhere."},
        "form": {
            "sending": "Sending: your browser shows that no robot sends this. It takes a moment.",
            "full": "All places are taken right now: whoever registers comes onto the waiting list.",
        },
        "problem": {"form_too_long": "An answer is too long: shorten it and send the form again."},
    },
    "it": {
        "page": {"footer": "Questa pagina non usa cookie e non carica nulla da altrove."},
        "form": {
            "sending": "Invio: il tuo browser mostra che non è un robot. Ci vuole un attimo.",
            "full": "I posti ora sono tutti occupati: chi si iscrive entra in lista d'attesa.",
        },
        "problem": {"form_too_long": "Una risposta è troppo lunga: accorciala e invia di nuovo il modulo."},
    },
}


def copies() -> dict[str, str]:
    """By file name, what stands in portal/."""
    words: dict[str, Any] = {}
    for path in sorted(SOURCE.glob("*.toml")):
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        own = OWN[path.stem]
        words[path.stem] = {
            name: {**part, **own.get(name, {})} if isinstance(part, dict) else part
            for name, part in found.items()
            if name not in UNUSED
        }
    return {
        "words.json": json.dumps(words, ensure_ascii=False, separators=(",", ":")) + "\n",
        "portal.css": (SOURCE / "portal.css").read_text(encoding="utf-8"),
    }


def main() -> None:
    for name, text in copies().items():
        (PORTAL / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
