"""A file's reader may hang, abort, eat memory or talk nonsense: the console says one sentence and goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deepracer_admin.errors import BadInput, ConsoleError
from deepracer_admin.files import Answer, FileRefused, Outcome, ReadingLimits, Use
from deepracer_admin.files.memory import peak_of, peak_of_self
from deepracer_admin.files.process import ChildProcessReader

MB = 1024 * 1024
PATIENT = ReadingLimits(
    seconds=600.0, start_seconds=600.0
)  # where no limit is meant to be met, however slow the machine

HELLO = """
import os, struct, sys, time, json
def frame(head, *blocks):
    raw = json.dumps({**head, "blocks": [len(block) for block in blocks]}).encode()
    return struct.pack(">I", len(raw)) + raw + b"".join(blocks)
def say(raw):
    sys.stdout.buffer.write(raw); sys.stdout.buffer.flush()
say(frame({"ready": os.getpid(), "confined": False}))
"""
CHILD = "from deepracer_admin.files.child import serve\n"


class Watch:
    """A clock on which a second passes whenever it is looked at."""

    def __init__(self) -> None:
        self._looks = 0

    def __call__(self) -> float:
        self._looks += 1
        return float(self._looks)


SHORT = ReadingLimits(seconds=5.0, patience=10.0, start_seconds=1e9)


def reader_of(
    script: str, seen: list[Use] | None = None, limits: ReadingLimits = PATIENT, **more
) -> ChildProcessReader:
    command = [sys.executable, "-c", script]
    return ChildProcessReader(
        "", command=command, limits=limits, seen=(seen if seen is not None else []).append, **more
    )


def sentence_of(script: str, seen: list[Use], limits: ReadingLimits = PATIENT, **more) -> str:
    with pytest.raises(FileRefused) as refused:
        reader_of(script, seen, limits, **more).ask("list", b"x" * 200_000, {})
    assert isinstance(refused.value, BadInput)
    sentence = refused.value.sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_child_answers_with_values_and_blocks() -> None:
    script = CHILD + (
        "def handler(data, options):\n    return {'size': len(data), **options}, [b'one', b'', data[:3]]\n"
        "serve({'list': handler}, memory=300 << 20, seconds=5)"
    )
    seen: list[Use] = []
    answer = reader_of(script, seen).ask("list", b"abcdef" * 50_000, {"word": "é"})
    assert isinstance(answer, Answer)
    assert answer.values == {"size": 300_000, "word": "é"}
    assert [bytes(block) for block in answer.blocks] == [b"one", b"", b"abc"]
    assert seen[0].outcome is Outcome.READ
    assert 0 < seen[0].memory < 300 * MB or sys.platform not in ("linux", "darwin", "win32")


def test_a_refusal_of_the_rules_arrives_as_it_was_said() -> None:
    script = CHILD + (
        "from deepracer_admin.errors import BadInput\ndef handler(data, options):\n    raise BadInput('No list.')\n"
        "serve({'list': handler}, memory=300 << 20, seconds=5)"
    )
    assert sentence_of(script, []) == "No list."


def test_a_child_that_hangs_is_killed_when_its_time_is_over() -> None:
    seen: list[Use] = []
    assert "takes longer" in sentence_of(HELLO + "time.sleep(3600)", seen, SHORT, now=Watch())
    assert seen[0].outcome is Outcome.SLOW


def test_a_child_that_works_without_end_is_killed_too() -> None:
    seen: list[Use] = []
    busy = HELLO + "sys.stdin.buffer.read(9)\nwhile True: pass"
    limits = replace(SHORT, processor_seconds=0.1, patience=1e9)
    assert "takes longer" in sentence_of(busy, seen, limits, now=Watch())
    assert seen[0].outcome is Outcome.SLOW
    assert seen[0].seconds < 1e6


def test_a_child_that_a_busy_machine_lets_wait_is_not_given_up_for_it() -> None:
    script = HELLO + "sys.stdin.buffer.read(9)\ntime.sleep(1)\nsay(frame({'values': {}}))"
    limits = replace(SHORT, processor_seconds=1e6, patience=1e9)
    assert reader_of(script, limits=limits, now=Watch()).ask("list", b"x", {}).values == {}


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(3)", "os.kill(os.getpid(), 9)", "raise SystemExit(0)"])
def test_a_child_that_dies_without_an_answer_is_one_sentence(end: str) -> None:
    seen: list[Use] = []
    assert "is damaged, or wants far more memory" in sentence_of(HELLO + f"sys.stdin.buffer.read(9)\n{end}", seen)
    assert seen[0].outcome is Outcome.DIED


@pytest.mark.skipif(sys.platform not in ("linux", "darwin", "win32"), reason="nobody can tell a process's memory here")
def test_a_child_that_nothing_confines_is_killed_for_the_memory_that_it_holds() -> None:
    seen: list[Use] = []
    script = HELLO + "sys.stdin.buffer.read(9)\nx = bytearray(b'x') * (150 << 20)\ntime.sleep(3600)"
    assert "takes more memory" in sentence_of(script, seen, replace(PATIENT, memory=80 * MB))
    assert seen[0].outcome is Outcome.LARGE
    assert seen[0].memory > 80 * MB


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS holds no memory limit; the parent watches, see above")
def test_a_child_that_confines_itself_stops_at_its_limit() -> None:
    seen: list[Use] = []
    script = CHILD + (
        "def handler(data, options):\n    x = [bytearray(10 << 20) for _ in range(1000)]\n    return {}, []\n"
        "serve({'list': handler}, memory=200 << 20, seconds=60)"
    )
    assert "takes more memory" in sentence_of(script, seen)
    assert seen[0].outcome is Outcome.LARGE
    assert seen[0].memory < 200 * MB


GARBAGE = {
    "text in place of a message": "say(b'Traceback (most recent call last): no room left' * 9)",
    "no JSON": "say(struct.pack('>I', 5) + b'hello')",
    "nested too deeply": "say(struct.pack('>I', 200000) + b'[' * 200000)",
    "a list in place of an object": "say(struct.pack('>I', 2) + b'[]')",
    "no blocks": "say(struct.pack('>I', 2) + b'{}')",
    "blocks of no length": "say(struct.pack('>I', 16) + b'{\"blocks\": [-1]}')",
    "blocks that are no numbers": "say(struct.pack('>I', 18) + b'{\"blocks\": [true]}')",
    "half a message": "say(frame({'values': {}}, b'12345678')[:-4])",
    "an object without an answer": "say(frame({'hello': 1}))",
    "an answer that is no object": "say(frame({'values': [1]}))",
    "a refusal that is no text": "say(frame({'refused': 1}))",
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
def test_an_answer_that_is_none_is_one_sentence(answer: str) -> None:
    seen: list[Use] = []
    assert "is damaged" in sentence_of(HELLO + "sys.stdin.buffer.read(9)\n" + answer, seen)
    assert seen[0].outcome is Outcome.GARBLED


def test_an_answer_longer_than_agreed_is_not_taken_in() -> None:
    seen: list[Use] = []
    script = HELLO + "sys.stdin.buffer.read(9)\nsay(frame({'values': {}}, b'x' * 3_000_000))"
    assert "takes more memory" in sentence_of(script, seen, replace(PATIENT, output=2 * MB))
    assert seen[0].outcome is Outcome.LARGE


def test_a_fault_of_ours_is_one_sentence_and_the_log_has_the_traceback(caplog: pytest.LogCaptureFixture) -> None:
    script = CHILD + (
        "def handler(data, options):\n    return 1 / 0\nserve({'list': handler}, memory=300 << 20, seconds=5)"
    )
    assert "by a fault of this program" in sentence_of(script, [])
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("script", ["raise SystemExit(1)", "print('no')", "import os; os.abort()"])
def test_a_child_that_never_gets_ready_is_our_fault_not_the_files(script: str) -> None:
    with pytest.raises(ConsoleError, match="did not start") as failed:
        reader_of(script).ask("list", b"x", {})
    assert not isinstance(failed.value, BadInput)


def test_a_child_that_starts_for_ever_is_given_up() -> None:
    with pytest.raises(ConsoleError, match="did not start"):
        reader_of("import time; time.sleep(3600)", limits=ReadingLimits(start_seconds=5.0), now=Watch()).ask(
            "list", b"x", {}
        )


def test_a_program_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(ConsoleError, match="could not be started"):
        ChildProcessReader("", command=["no-such-program-anywhere"]).ask("list", b"x", {})


def test_no_child_is_left_when_the_console_is_killed() -> None:
    script = (
        "import sys, os, time\nfrom deepracer_admin.files.process import ChildProcessReader\n"
        "reader = ChildProcessReader('deepracer_admin.reading_process')\nreader.warm()\n"
        "while not reader.is_warm(): time.sleep(0.01)\n"
        "print(reader._spare.pid, flush=True)\nos._exit(1)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=600)
    pid = int(done.stdout)
    pause = threading.Event()
    for _ in range(6_000):
        if not _lives(pid):
            return
        pause.wait(0.05)
    raise AssertionError("the child still runs")


def _lives(pid: int) -> bool:
    if sys.platform == "linux":
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"
    return peak_of(pid) > 0


@pytest.fixture
def real() -> Iterator[ChildProcessReader]:
    reader = ChildProcessReader("deepracer_admin.reading_process", limits=PATIENT)
    yield reader
    reader.close()


def test_a_child_kept_ready_takes_the_next_file_and_another_one_follows(real: ChildProcessReader) -> None:
    real.warm()
    first = real._spare
    real.warm()
    assert real._spare is first
    assert real.ask("settings", b"{}", {}).values == {"settings": {}}
    assert first is not None
    assert first.process.wait(60) is not None
    assert real._spare is not first
    real.close()
    assert real._spare is None


def test_a_system_that_grants_no_wider_pipe_reads_all_the_same(
    real: ChildProcessReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such call, and asks for none")
    asked: list[int] = []

    def refuses(_: int, what: int, *__: int) -> int:
        asked.append(what)
        raise PermissionError("pipe-max-size")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "fcntl", refuses)
        assert real.ask("settings", b"{}", {}).values == {"settings": {}}
    assert asked or sys.platform != "linux"


def test_a_spare_that_died_meanwhile_is_replaced(real: ChildProcessReader) -> None:
    real.warm()
    spare = real._spare
    assert spare is not None
    spare.process.kill()
    spare.process.wait()
    assert real.ask("settings", b"{}", {}).values == {"settings": {}}


def test_only_so_many_files_are_read_at_once() -> None:
    limits = replace(PATIENT, at_once=1, queue_seconds=0.0)
    reader = reader_of(HELLO + "time.sleep(3600)", limits=limits)
    reader._turns.acquire()
    with pytest.raises(ConsoleError, match="Other files are being read"):
        reader.ask("list", b"x", {})


def test_the_child_knows_nobodys_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    monkeypatch.setenv("DEEPRACER_ADMIN_DEEPRACER_PASSWORD", "planted")
    script = CHILD + (
        "import os\ndef handler(data, options):\n    return {'environment': dict(os.environ)}, []\n"
        "serve({'list': handler}, memory=300 << 20, seconds=5)"
    )
    environment = reader_of(script).ask("list", b"", {}).values["environment"]
    assert "planted" not in environment.values()


@pytest.mark.skipif(sys.platform not in ("linux", "darwin", "win32"), reason="nobody can tell a process's memory here")
def test_the_peak_of_a_process_is_known_and_that_of_none_is_zero() -> None:
    assert peak_of_self() == pytest.approx(peak_of(os.getpid()), rel=0.2)
    assert MB < peak_of_self() < 8_000 * MB
    assert peak_of(2**22 + 12_345) == 0
