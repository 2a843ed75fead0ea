"""How long a list takes to check, beside pandas.read_csv of the same file. Prints JSON.

    python benchmarks/roster.py [ROWS ...]     (default: 10000 100000)

`check` is the whole judgement as the page asks for it: the file goes to a child process that was started when the page
was opened, encoding, delimiter, header, every address, duplicates and findings are judged there, and the answer comes
back over the pipe. `rows` also makes each accepted record into an object. `cold` is `check` with the start of the
child. `pandas_text` is pandas asked to leave every cell as text, which is what a list needs. Each measurement runs in a
process of its own; `peak_mb` is the most that this process took beyond what it held before, `child_mb` the child's
whole resident peak.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if TYPE_CHECKING:
    from deepracer_admin.files import Use
    from deepracer_admin.files.process import ChildProcessReader

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 9
MB = 1024 * 1024
GIVEN = ["Zoë", "Anh", "Björk", "Chiara", "Kwame", "Łukasz", "Priya", "Seán", "Ольга", "محمد"]
FAMILY = ["Rossi", "Müller", "O'Brien", "Świątek", "Nguyen", "Berg", "Tanaka", "Haddad", "Silva", "Dupont"]
DOMAINS = ["corp.example.com", "it.example.com", "partner.example.org"]
OFFICES = ["Milano", "Dublin", "Kraków", "São Paulo", "Remote"]


def write_list(path: Path, rows: int) -> None:
    """A list with the dirt of an ordinary export: 2 % repeated, 1 % broken, capitals and stray spaces."""
    chance = random.Random(rows)
    lines = ["Last name,First name,Email address,Office,Cost centre,New to AI/ML,New to AWS"]
    for number in range(rows):
        email = f"racer.{number if chance.random() > 0.02 else number // 2}@{chance.choice(DOMAINS)}"
        if chance.random() < 0.01:
            email = chance.choice(["n/a", "nobody@", "two@@corp.example.com", "dot..dot@corp.example.com", ""])
        elif chance.random() < 0.1:
            email = f" {email.upper()} "
        lines.append(
            f"{chance.choice(FAMILY)},{chance.choice(GIVEN)},{email},{chance.choice(OFFICES)},"
            f"CC-{chance.randrange(100, 999)},{chance.choice(['yes', 'no'])},{chance.choice(['yes', 'no'])}"
        )
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig") + b"\r\n")


def measure(what: str, path: Path) -> dict[str, float]:
    """Best of nine runs in seconds, and the peak of memory in MB, of this process."""
    uses: list[Use] = []
    reader: ChildProcessReader | None = None
    if what.startswith("pandas"):
        import pandas

        kind = str if what == "pandas_text" else None

        def run() -> int:
            return len(pandas.read_csv(path, dtype=kind))
    else:
        from deepracer_admin.files.process import ChildProcessReader
        from deepracer_admin.services.file_desk import FileDesk

        reader = ChildProcessReader("deepracer_admin.reading_process", seen=uses.append)

        def run() -> int:
            # A desk of its own each time: it remembers what it has read.
            limits = {"file_bytes": path.stat().st_size}
            found = FileDesk(reader).check_list(
                path.read_bytes(), filename=path.name, limits=limits, service_rule="on_aws"
            )
            if what == "rows":
                assert list(found.accepted)
            return found.rows

    before = _peak_mb()
    times: list[float] = []
    rows = 0
    for _ in range(REPEATS):
        if reader is not None and what != "cold":
            reader.warm()
            while not reader.is_warm():
                time.sleep(0.01)
        elif reader is not None:
            reader.close()
        start = time.perf_counter()
        rows = run()
        times.append(time.perf_counter() - start)
    if reader is not None:
        reader.close()
    child = max((use.memory for use in uses), default=0) / MB
    return {"seconds": min(times), "rows": rows, "peak_mb": _peak_mb() - before, "child_mb": child}


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows keeps no such figure
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def compare(rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        write_list(path, rows)
        figures = {}
        for what in ("pandas", "pandas_text", "check", "rows", "cold"):
            done = subprocess.run(
                [sys.executable, __file__, "--measure", what, str(path)],
                check=True,
                capture_output=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            figures[what] = json.loads(done.stdout)
        return {
            "rows": rows,
            "file_mb": round(path.stat().st_size / 1e6, 2),
            **{f"{what}_seconds": round(figure["seconds"], 4) for what, figure in figures.items()},
            "ratio": round(figures["check"]["seconds"] / figures["pandas"]["seconds"], 2),
            "ratio_with_rows": round(figures["rows"]["seconds"] / figures["pandas"]["seconds"], 2),
            "ratio_with_rows_to_text": round(figures["rows"]["seconds"] / figures["pandas_text"]["seconds"], 2),
            "peak_mb": round(figures["rows"]["peak_mb"], 1),
            "child_mb": round(figures["rows"]["child_mb"], 1),
        }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("rows", nargs="*", type=int, default=[10_000, 100_000])
        sizes = parser.parse_args().rows
        print(json.dumps([compare(rows) for rows in sizes], indent=1))
