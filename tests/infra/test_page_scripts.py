"""The static page's own code in Node: the normal form of an address, the proof of work; and the page's size."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from infra import site
from infra.functions.proof import is_proven, prove
from infra.local.resolvers import RESOLVERS, find_node

PORTAL = Path(site.PORTAL)
LARGEST = 50_000  # bytes, all files together


def node(code: str) -> Any:
    done = subprocess.run(
        [find_node(), "--no-warnings", "--input-type=module", "-e", code],
        capture_output=True, text=True, encoding="utf-8", check=True, cwd=PORTAL,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_page_brings_every_address_into_the_form_that_the_console_keeps() -> None:
    vectors = json.loads((RESOLVERS / "email_vectors.json").read_text(encoding="utf-8"))["vectors"]
    code = f"""import {{ normalAddress }} from './address.js';
        console.log(JSON.stringify({json.dumps([each["typed"] for each in vectors])}.map(normalAddress)));"""
    assert node(code) == [each["normal"] for each in vectors]


def test_the_pages_digest_is_sha_256() -> None:
    texts = ["", "abc", "ä" * 40, "x" * 55, "x" * 56, "x" * 64, "x" * 119, "long " * 500]
    code = f"""import {{ sha256 }} from './proof.js';
        const word = (each) => each.toString(16).padStart(8, '0');
        const hex = (text) => [...sha256(new TextEncoder().encode(text))].map(word).join('');
        console.log(JSON.stringify({json.dumps(texts)}.map(hex)));"""
    assert node(code) == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_the_authoriser_takes_the_pages_proof_and_no_other() -> None:
    code = """import { proven } from './proof.js';
        console.log(JSON.stringify(await proven('spring', 'ada@example.com', 12, 1000)));"""
    scope, at, nonce = str(node(code)).split(".")
    assert (scope, at) == ("register", "1000")
    assert nonce == prove("spring", "ada@example.com", 1000, bits=12)
    assert is_proven("spring", "ada@example.com", 1000, nonce, bits=12, now=1000)
    assert not is_proven("autumn", "ada@example.com", 1000, nonce, bits=12, now=1000)
    assert not is_proven("spring", "eve@example.com", 1000, nonce, bits=12, now=1000)
    assert not is_proven("spring", "ada@example.com", 1000, nonce, bits=12, now=1601)


def test_words_and_looks_are_copies_of_the_consoles() -> None:
    for name, text in site.copies().items():
        assert (PORTAL / name).read_text(encoding="utf-8") == text, f"run `python -m infra.site`: {name} is stale"


def test_the_page_is_small_and_loads_nothing_from_elsewhere() -> None:
    files = [path for path in PORTAL.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "innerHTML" not in text
        assert "https://" not in text.replace("https?:", ""), path.name


def test_each_problem_of_a_form_has_a_sentence_in_every_language() -> None:
    words = json.loads(site.copies()["words.json"])
    assert {*words} == {"en", "it"}
    for language in words.values():
        assert {*language["problem"]} == {*words["en"]["problem"]}
        assert "form_too_long" in language["problem"]
